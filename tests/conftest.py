"""What all tests share: generated examples are the same in every run and have no deadline; answers are remembered."""

import pytest
from hypothesis import settings

from isoflop.data import remembered

# Files import these or take them as plugins, and may be collected in any order.
pytest.register_assert_rewrite("chromium", "commands", "logs", "plain_numbers", "web_fixtures")

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")

remembered.ANSWERS = 128
"""Most files ask of the same few tables: what is worked out from one is remembered longer than by a user's session."""
