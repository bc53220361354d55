"""What is written as study.toml is read as it was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from isoflop.errors import UsageError
from isoflop.experiments.study.description import read_description
from isoflop.experiments.study.settings import Settings
from isoflop.experiments.study.toml import toml
from isoflop.quantities import parse_quantity


def is_text(word):
    """Say whether a word stays a word: "7" and "70M" are numbers to a study."""
    try:
        parse_quantity(word)
    except UsageError:
        return True
    return False


words = some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=20).filter(is_text)
numbers = some.integers(-(2**53), 2**53) | some.floats(-1e300, 1e300).filter(lambda one: not one.is_integer())
configs = some.dictionaries(some.from_regex(r"x[a-z_]{0,8}", fullmatch=True), words | numbers | some.booleans())


@given(
    some.lists(words, min_size=1, max_size=4),
    some.dictionaries(some.from_regex(r"[a-z0-9][a-z0-9._-]{0,12}", fullmatch=True), configs, min_size=1, max_size=3),
)
def test_any_settings_and_runs_are_read_as_they_were_written(command, runs):
    command = tuple(word.replace("{", "(") for word in command)
    settings = Settings(
        "a-study", command, directory="../there", code="v1", data='the "best"\n', columns={"N": "params"}, workers=3,
        retries=0, heartbeat=2.5, threads=2, environment=("HOME",), flop_rule="kaplan", dollars_per_hour=1.25,
    )  # fmt: skip
    assert read_description(toml(settings, runs), "study.toml") == (settings, runs)


@pytest.mark.parametrize("settings", [Settings("s", ("train",)), Settings("s", ("train",), columns={"loss": "error"})])
def test_what_is_as_usual_is_not_said(settings):
    text = toml(settings, {"one": {"width": 64}})
    assert len(text.splitlines()) == (9 if settings.columns else 6)
    assert read_description(text, "study.toml") == (settings, {"one": {"width": 64}})
