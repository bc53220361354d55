"""What all tests share: generated examples are the same in every run and have no deadline; answers are remembered."""

import math
import os
import signal
from contextlib import suppress

import pytest
from hypothesis import settings

from isoflop import display
from isoflop.data import remembered

# Files import these or take them as plugins, and may be collected in any order.
pytest.register_assert_rewrite("chromium", "commands", "logs", "plain_numbers", "web_fixtures")

EXAMPLES = int(os.environ.get("ISOFLOP_EXAMPLES", "40"))
"""Of each property, unless a test says otherwise; `make bench` asks for more."""

settings.register_profile("steady", deadline=None, derandomize=True, database=None, max_examples=EXAMPLES)
settings.load_profile("steady")

# The terminal, the scheduler or the account in which the tests are started decides nothing.
SAID = {"COLUMNS", "LINES", "TERMINAL_WIDTH", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE",
        "TTY_COMPATIBLE", "TTY_INTERACTIVE", "GITHUB_ACTIONS", "SOURCE_DATE_EPOCH", "ISOFLOP_ALLOW_PRIVATE",
        "MPLBACKEND", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}  # fmt: skip
for name in [*os.environ]:
    if name.upper() in SAID or name.startswith(("SLURM_", "RAY_", "WANDB_", "MLFLOW_", "AWS_", "TORCH")):
        del os.environ[name]

# What starts the tests may ignore signals, as nohup and & do, and all that they start would inherit it. A handler that
# does nothing is not inherited.
for number in {signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)}:
    if signal.getsignal(number) == signal.SIG_IGN:
        with suppress(ValueError):  # not the main thread
            signal.signal(number, lambda *_: None)

display.PATIENCE = math.inf
"""No command says that it takes long where a test reads all that it says."""

remembered.ANSWERS = 128
"""Most files ask of the same few tables: what is worked out from one is remembered longer than by a user's session."""
