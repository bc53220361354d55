"""What all tests share: generated examples are the same in every run and have no deadline."""

import pytest
from hypothesis import settings

# Files import these or take them as plugins, and may be collected in any order.
pytest.register_assert_rewrite("chromium", "commands", "logs", "plain_numbers", "web_fixtures")

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")
