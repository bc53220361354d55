"""Which settings give N parameters and D tokens is learnt from runs that have ended, or asked of the user."""

from __future__ import annotations

import pytest
from lawful import lawful

import isoflop
from isoflop.errors import DataError, UsageError
from isoflop.experiments.study.sizing import sized

WIDTHS = "[grid]\nwidth = [256, 320, 512, 1024]\nD = [100_000_000, 400_000_000]\n"


def size_of(width):
    return 24.0 * width**2


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    found = lawful(tmp_path_factory.mktemp("s"), ["--width", "{width}", "--tokens", "{D}"], WIDTHS)
    isoflop.launch(found)
    return found


def asked(study, N, *, flops=6e16, spread=1.0, **told):
    return sized(study, N, flops, within=(N / spread, N * spread), told=told)


def test_a_size_that_was_trained_is_taken_before_a_nearer_one_that_was_not(study):
    found = asked(study, size_of(550), spread=1.2)
    assert (found.chosen["width"], found.N, found.tried) == (512, size_of(512), True)
    assert pytest.approx(6e16 / 6 / size_of(512), abs=1) == found.D == found.config["D"]
    assert asked(study, size_of(550)).chosen["width"] == 512 + 64
    assert not asked(study, size_of(550)).tried


@pytest.mark.parametrize(("wanted", "width"), [(390, 384), (700, 704), (1500, 1472), (100, 128), (1, 64)])
def test_between_and_beyond_a_size_is_a_power_of_the_setting_in_its_steps(study, wanted, width):
    """The widths are multiples of 64, and so is what is chosen; N is what the law of the sizes says of it."""
    found = asked(study, size_of(wanted))
    assert found.config["width"] == width
    assert pytest.approx(size_of(width), rel=1e-9) == found.N
    assert pytest.approx(6e16, rel=1e-6) == 6 * found.N * found.D


def test_what_the_user_decides_decides(study):
    found = asked(study, size_of(512), spread=2, width="640")
    assert (found.config["width"], found.N) == (640, pytest.approx(size_of(640)))
    assert found.config["D"] == pytest.approx(6e16 / 6 / size_of(640), abs=1)
    assert asked(study, size_of(512), D="1M").D == 1e6
    with pytest.raises(UsageError, match=r'no run has a setting "widht". Did you mean "width"\?'):
        asked(study, 1e7, widht="80")
    with pytest.raises(UsageError, match=r"width=wide must be a number above zero"):
        asked(study, 1e7, width="wide")


def test_d_may_hang_on_steps_and_n_stand_for_itself(tmp_path):
    text = "[grid]\nN = [1e7, 4e7]\nsteps = [1000, 4000]\n"
    found = lawful(tmp_path / "s", ["--params", "{N}", "--steps", "{steps}"], text)
    with pytest.raises(DataError, match=r"none of its 4 runs has ended with N, D and a loss"):
        asked(found, 2e7)
    isoflop.launch(found)
    chosen = asked(found, 2e7)
    assert chosen.config == {"N": 20_000_000, "steps": round(6e16 / 6 / 2e7 / 1024)}
    assert pytest.approx(1024 * chosen.config["steps"]) == chosen.D


def test_a_study_that_names_n_and_d_needs_no_results(tmp_path):
    found = lawful(tmp_path / "s", ["--params", "{N}", "--tokens", "{D}"], "[grid]\nN = [1e7, 4e7]\nD = [1e9]\n")
    assert asked(found, 2.5e7).config == {"N": 25_000_000, "D": 400_000_000}


def test_settings_that_vary_together_are_asked_for_unless_their_size_was_trained(tmp_path):
    text = "".join(f"[[run]]\nwidth = {w}\ndepth = {d}\nD = 1e8\n" for w, d in ((256, 4), (512, 8), (1024, 16)))
    found = lawful(tmp_path / "s", ["--width", "{width}", "--tokens", "{D}"], text)
    isoflop.launch(found)
    known = asked(found, size_of(500), spread=1.1)
    assert (known.config["width"], known.config["depth"]) == (512, 8)
    with pytest.raises(UsageError, match=r"no setting alone gives N .* Say what gives it: --set depth=… --set width=…"):
        asked(found, size_of(700))
    told = asked(found, size_of(700), spread=1e3, width="704", depth="10")
    assert (told.config["width"], told.config["depth"]) == (704, 10)
    assert size_of(700) == told.N  # it is the N wanted until the run says what it has


def test_a_seed_that_happens_to_rise_with_no_size_is_not_taken_for_one(tmp_path):
    text = "".join(f"[[run]]\nwidth = {w}\nseed = {s}\nD = 1e8\n" for s, w in enumerate((256, 512, 512, 1024), start=1))
    found = lawful(tmp_path / "s", ["--width", "{width}", "--tokens", "{D}"], text)
    isoflop.launch(found)
    assert asked(found, size_of(768)).chosen["width"] == 768


def test_where_nothing_shows_d_it_is_asked_for(tmp_path):
    text = "".join(f"[[run]]\nwidth = {w}\nepochs = {e}\nparts = {p}\n" for w, e, p in ((256, 1, 3), (512, 3, 1)))
    found = lawful(tmp_path / "s", ["--width", "{width}", "--tokens", "{epochs}00{parts}000"], text)
    isoflop.launch(found)
    with pytest.raises(UsageError, match=r"no setting alone gives D .* Say what gives it: --set"):
        asked(found, size_of(256), spread=1.1)
