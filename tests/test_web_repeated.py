"""What the page says gives the same elsewhere: typed into a terminal, or run as Python, it does, whatever was asked."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from importlib.resources import files

import pytest

import isoflop
from isoflop.faces.web import work
from isoflop.fitting.saved import to_json
from isoflop.planning.demand import TIERS, questions
from isoflop.quantities import show_hours, show_money

pytest_plugins = ["commands"]

BUDGET = {"flops": 1e22, "hardware": "H200", "price": 2.5, "mfu": 0.4}
SAID = {
    "max_params": "5B", "min_tokens": "1T", "token_worth": "0.5", "experts": "64", "top_k": "2", "shared_experts": "1",
    "granularity": "4", "vocabulary": "64k", "context": "8192", "batch_limit": "4M", "precision": "fp8",
    "serve_mfu": "0.2", "N": "8B", "D": "1T", "unique_tokens": 1e11, "serve_tokens": 1e12, "tiers": "2",
    "prices": "1,5", "serve_batch": "16", "beyond": True,
}  # fmt: skip
"""Every field that may stand beside a budget, as the page has it."""
WITH = {
    "top_k": ("experts",), "shared_experts": ("experts",), "granularity": ("experts",), "serve_mfu": ("serve_tokens",),
    "prices": ("tiers",), "serve_batch": ("tiers", "prices"),
}  # fmt: skip
"""Fields that others must stand beside."""
MACHINES = {"price": 2.5, "mfu": 0.4}
ASKED = [
    BUDGET,
    {"dollars": 2e6, "hardware": "H200", **MACHINES},
    {"gpu_hours": 1e5, "hardware": "H200", **MACHINES},
    {"gpus": "256xH100", "days": 21, **MACHINES},
    {"gpus": "256xH100", "deadline": "2099-01-01", **MACHINES},
    {"loss": 2.05, "hardware": "H200", **MACHINES},
    {"N": 8e9, "hardware": "H200", **MACHINES},
    *({**BUDGET, **{key: SAID[key] for key in (name, *WITH.get(name, ()))}} for name in SAID),
]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Give a function that runs a script beside the page's own, and gives what it prints as JSON."""
    folder = tmp_path_factory.mktemp("page")
    for place in ("isoflop.faces.pages", "isoflop.faces.web.page"):
        for one in files(place).iterdir():
            if one.name.endswith(".js"):
                (folder / one.name).write_text(one.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}')

    def node(script):
        (folder / "say.js").write_text(script)
        said = subprocess.run([shutil.which("node"), "say.js"], cwd=folder, capture_output=True, text=True, check=True)
        return json.loads(said.stdout)

    return node


@pytest.fixture(scope="module")
def repeated(node):
    """Give what the page says of each question: how, and the line."""
    return node(
        f'import {{ repeated }} from "./server.js"; const fields = {json.dumps(work.start()["fields"])};'
        f"console.log(JSON.stringify({json.dumps(ASKED)}.map("
        '(one) => Object.fromEntries(repeated({"curves": ["besiroglu2024"]}, one, fields)))));'
    )


def test_money_and_hours_read_the_same_on_the_page_and_in_a_terminal(node):
    amounts = [0.0, 1e-7, 0.00999, 0.01, 0.099, 0.1, 0.5, 12.3456, 258048.0, 3.2e9]
    money, hours = node(
        f'import {{ showCost, showHours }} from "./units.js"; const all = {json.dumps(amounts)};'
        "console.log(JSON.stringify([all.map(showCost), all.map(showHours)]));"
    )
    assert money == [show_money(one) for one in amounts]
    assert hours == [show_hours(one, "device") for one in amounts]
    assert money[1:4] == ["under a cent", "under a cent", "$0.0100"]


def test_every_field_is_asked():
    asked = {key for one in ASKED for key in one}
    assert {*questions(), *TIERS} - asked <= {"flop_rule"}


@pytest.mark.parametrize("place", range(len(ASKED)), ids=[" ".join(one) for one in ASKED])
def test_the_line_gives_the_same_in_a_terminal_and_in_python(repeated, run, place):
    lines = repeated[place]
    done = run(*shlex.split(lines["In a terminal"])[1:], "--json")
    assert (done.code, done.err) == (0, "")
    *before, asked = lines["In Python"].split("; ")
    space = {"isoflop": isoflop}
    exec("; ".join(before), space)  # noqa: S102 - our own page's line
    assert done.json == json.loads(to_json(eval(asked, space).as_dict()))  # noqa: S307 - the same
