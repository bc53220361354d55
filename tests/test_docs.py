"""The pages keep their word: their code runs, their links lead somewhere, generated ones are up to date."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from alike import alike

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *(page for folder in (".", "howto") for page in sorted((ROOT / "docs" / folder).glob("*.md"))),
]
CHAPTERS = sorted((ROOT / "docs" / "learn").glob("[0-9]*.md"))
BUILD = ROOT / "docs" / "build.py"

pages = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def steps(page):
    """Give each line of a page's shell blocks that calls isoflop, with what the page shows below it in a console."""
    fenced = re.findall(r"^```(sh|shell|bash|console)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    for language, block in fenced:
        if language == "console":
            parts = (part.partition("\n") for part in block.split("$ ")[1:])
            found = [(line, shown) for line, _, shown in parts]
        else:
            found = [(line.removeprefix("$ "), None) for line in block.splitlines()]
        yield from ((line, shown) for line, shown in found if line.startswith("isoflop "))


def commands(page):
    """Give the lines of a page's shell blocks that call isoflop, with or without a prompt before them."""
    return [line for line, _ in steps(page)]


def lay_out(page, folder):
    """Write the tables that a page shows, "```csv NAME", to a folder, where its commands find them."""
    for name, text in re.findall(r"^```(?:csv|json) (\S+)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        (folder / name).write_text(text)


def built(*arguments, docs=BUILD):
    return subprocess.run(
        [sys.executable, str(docs), *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize(
    "name",
    [
        *("why", "vocabulary", "choose-a-law", "tutorial", "plan", "design", "studies", "trainer"),
        *(
            "sensitivity",
            "landmarks",
            "findings",
            "laws",
            "cli",
            "readers",
            "inference",
            "recipes",
            "finish",
            "emergence",
            "downstream",
            "report",
            "domains",
        ),
    ],
)
def test_the_page_is_there_and_has_one_title(name):
    text = (ROOT / "docs" / f"{name}.md").read_text()
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)) == 1


@pages
def test_every_python_block_runs(page, tmp_path, *, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lay_out(page, tmp_path)
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), {"__name__": "__main__"})  # noqa: S102 - our own pages


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.stem for chapter in CHAPTERS])
def test_every_chapter_runs_from_its_first_cell_to_its_last(chapter, capsys):
    namespace = {"__name__": "__main__"}
    cells = blocks(chapter, r"\{code-cell\} python")
    assert cells
    for cell in cells:
        exec(compile(cell, chapter.name, "exec"), namespace)  # noqa: S102 - our own pages


@pages
def test_every_isoflop_command_runs_and_prints_what_the_page_shows(page, tmp_path, *, monkeypatch, capsys):
    from isoflop.faces.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    lay_out(page, tmp_path)
    for line, shown in steps(page):
        monkeypatch.setattr(sys, "argv", shlex.split(line, comments=True))
        with pytest.raises(SystemExit) as done:
            main()
        printed = capsys.readouterr()
        assert not done.value.code, f"{line}\n{printed.err}"
        assert printed.out.strip(), line
        if shown is not None:
            assert alike(printed.out, shown), f"{line}\n{printed.out}"


def test_the_tutorial_has_code_of_both_kinds():
    tutorial = ROOT / "docs" / "tutorial.md"
    assert len(blocks(tutorial, "python")) >= 4
    assert len(commands(tutorial)) >= 5


def test_what_the_tutorial_says_of_its_forecast_is_so():
    import isoflop

    runs = isoflop.read("tinylm", where='role == "sweep"')
    (found,), (alone,) = (
        isoflop.forecast(source, N=221184, D=4520960) for source in (runs, isoflop.fit("chinchilla", runs))
    )
    target = isoflop.read("tinylm", where='role == "target" and N == 221184')
    text = (ROOT / "docs" / "tutorial.md").read_text()
    words = r"about ([\d.]+), with a 90 % interval from ([\d.]+) to ([\d.]+)\. .*on average it reached ([\d.]+)\."
    said = [float(number) for number in re.search(words, text).groups()]
    assert said[:3] == pytest.approx([found.loss.value, found.loss.low, found.loss.high], abs=0.001)
    assert said[3] == pytest.approx(target["loss"].mean(), abs=0.0005)
    assert found.decades == pytest.approx(np.log10(8), abs=0.01)
    assert found.loss.low < target["loss"].mean() < found.loss.high
    words = r"says ([\d.]+) for that target \(([\d.]+) to ([\d.]+)\): too pessimistic by ([\d.]+) %"
    said = [float(number) for number in re.search(words, text).groups()]
    assert said[:3] == pytest.approx([alone.loss.value, alone.loss.low, alone.loss.high], abs=0.001)
    assert said[3] == pytest.approx(100 * (alone.loss.value / target["loss"].mean() - 1), abs=0.1)


def test_what_the_tutorial_says_of_backtests_is_so():
    import isoflop

    record = isoflop.backtest(isoflop.read("tinylm", where='role == "sweep"'))
    text = (ROOT / "docs" / "tutorial.md").read_text()
    said = re.search(r"([\d.]+) % off at two to four times the compute, ([\d.]+) % at four to eight", text).groups()
    assert [100 * error for error in record.errors["together"]] == pytest.approx([float(one) for one in said], abs=0.05)
    assert all(min(column) == column[0] for column in zip(*record.errors.values(), strict=True))


@pages
def test_every_link_to_a_page_leads_to_it(page):
    for target in re.findall(r"\]\(([^)#:]+\.\w+)(#[\w-]+)?\)", page.read_text()):
        path, anchor = page.parent / target[0], target[1].lstrip("#")
        assert path.exists(), f"{page.name} links to {target[0]}"
        if anchor:
            headings = re.findall(r"^#+ (.*)", path.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_the_generated_pages_are_up_to_date():
    done = built("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_out_of_date_is_named_and_rebuilt_and_that_of_a_law_that_is_gone_removed(tmp_path):
    copy = tmp_path / "build.py"
    copy.write_text(BUILD.read_text())
    old = tmp_path / "laws" / "phlogiston.md"
    old.parent.mkdir()
    old.write_text("# phlogiston\n")
    found = built("--check", docs=copy)
    for page in ("cli.md", "laws/phlogiston.md"):
        assert f"docs/{page} is out of date. Say make docs." in found.stdout
    assert found.returncode == 1
    assert not (tmp_path / "cli.md").exists()
    assert built(docs=copy).returncode == 0
    for page in ("laws.md", "cli.md", "reference/api.md"):
        assert (tmp_path / page).read_text() == (ROOT / "docs" / page).read_text()
    assert not old.exists()


def test_the_page_of_laws_leads_to_every_law():
    from isoflop.laws import FAMILIES, LAWS

    text = (ROOT / "docs" / "laws.md").read_text()
    for name, law in LAWS.items():
        section = text.split(f"\n## {law.family}\n")[1].split("\n## ")[0]
        assert f"[{name}](laws/{name}.md) | `{law.formula}` |" in section
    assert all(f"\n{what.capitalize()}.\n" in text for what in FAMILIES.values())


def test_every_law_has_a_page_with_its_curves_and_checks():
    from isoflop.laws import CURVES, LAWS

    pages = {name: (ROOT / "docs" / "laws" / f"{name}.md").read_text() for name in LAWS}
    for name, law in LAWS.items():
        assert pages[name].startswith(f"# {name}\n")
        assert f"```\n{law.formula}\n```" in pages[name]
        assert f"$$\n{law.formula.latex()}\n$$" in pages[name]
        assert law.cite in pages[name]
    for name, curve in CURVES.items():
        assert f"\n## {name}\n" in pages[curve.law.name]
        assert curve.caution in pages[curve.law.name]
        assert all(f"{value:.8g} |" in pages[curve.law.name] for _, value in curve.checks)


def test_the_page_of_commands_has_every_option():
    import typer

    from isoflop.faces.cli import application

    text = (ROOT / "docs" / "cli.md").read_text()
    for command in typer.main.get_command(application()).commands.values():
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert all(re.search(rf"[`, ]{re.escape(word)}\b", text) for word in parameter.opts), parameter.opts


def test_the_page_of_findings_has_every_code_there_is():
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    raised = set(re.findall(r'"([A-Z]\d\d)"', source))
    described = re.findall(r"^\| ([A-Z]\d\d) \|", (ROOT / "docs" / "findings.md").read_text(), re.MULTILINE)
    assert raised == set(described)
    assert len(described) == len(set(described)), "one code, one meaning"


def test_the_page_of_findings_lies_in_the_wheel_where_explain_looks_for_it():
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert built["force-include"] == {"docs/findings.md": "isoflop/findings.md"}


def test_explain_reads_the_page_in_the_package_where_there_is_one(tmp_path, monkeypatch):
    from isoflop.faces.pages import codes

    (tmp_path / "findings.md").write_text("| D09 | of the wheel | look |\n")
    monkeypatch.setattr(codes, "files", {"isoflop": tmp_path}.get)
    assert codes.explanations() == {"D09": "of the wheel. look"}
