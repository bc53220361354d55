"""Figures in the form that a paper asks for, and a command line that can be read anywhere."""

import re

import pytest

pytest_plugins = ["commands"]

FRONTIER = ("plot", "frontier", "tinylm", "--where", 'role == "sweep"')


def points_wide(svg):
    return float(re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)[1])


def test_a_figure_is_as_wide_as_asked_its_letters_are_text_and_its_title_is_left_to_the_caption(run, tmp_path):
    done = run(*FRONTIER, "-o", tmp_path / "f.svg", "--width", "89mm", "--no-title", "--panel", "b")
    assert done.code == 0, done.err
    svg = (tmp_path / "f.svg").read_text()
    assert points_wide(svg) == pytest.approx(72 * 89 / 25.4, abs=0.5)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert "b" in texts
    assert any("FLOPs" in text for text in texts)
    assert not any("Loss falls" in text for text in texts)
    sizes = [float(size) for size in re.findall(r"font: ([\d.]+)px", svg) or re.findall(r"font-size: ([\d.]+)px", svg)]
    assert sizes
    assert min(sizes) >= 7.0


def test_a_grey_figure_has_no_colour(run, tmp_path):
    done = run(*FRONTIER, "-o", tmp_path / "f.svg", "--grey")
    assert done.code == 0, done.err
    colours = set(re.findall(r"#([0-9a-f]{6})", (tmp_path / "f.svg").read_text()))
    assert colours
    assert all(colour[:2] == colour[2:4] == colour[4:] for colour in colours)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--width", "wide"), "is no width"),
        (("--width", "500in"), "between 1in and 40in"),
        (("--dpi", "3"), "is no resolution"),
    ],
)
def test_a_wrong_form_is_refused_in_one_line(run, tmp_path, *, words, said):
    done = run(*FRONTIER, "-o", tmp_path / "f.png", *words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_the_form_of_a_figure_without_one_is_refused(run):
    done = run("backtest", "tinylm", "--where", 'role == "sweep"', "--width", "3.5in")
    assert done.code == 2
    assert "-o figure.pdf" in done.err


def test_help_comes_by_one_letter_in_groups(run):
    done = run("-h")
    assert done.code == 0
    assert all(name in done.out for name in ("Your runs", "Plan", "Experiments", "Beyond loss", "Published"))


def test_every_finding_is_explained(run):
    from isoflop.faces.pages.codes import explanations

    assert run("explain", "d09").out.startswith("D09")
    assert run("explain", "Z99").code == 2
    assert len(explanations()) > 60
    assert all(explanations().values())
