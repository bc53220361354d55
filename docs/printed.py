"""Print the commands of the pages again: each block ```console``` shows what its commands print today.

python docs/printed.py [PAGE…]   runs the commands of these pages, or of all, and writes what they print below them
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
WIDTH = "80"
"""Characters of the terminal in which the commands run."""


def pages() -> list[Path]:
    """Return the README and every page of docs/ that shows what a command prints."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in found if "```console\n" in page.read_text(encoding="utf-8")]


def printed(line: str) -> str:
    """Return what one command prints to stdout, without spaces at the ends of lines."""
    from isoflop.faces.cli import main

    out = io.StringIO()
    sys.argv = shlex.split(line)
    with redirect_stdout(out), redirect_stderr(io.StringIO()), suppress(SystemExit):
        main()
    return "\n".join(row.rstrip() for row in out.getvalue().splitlines()).rstrip()


def again(text: str) -> str:
    """Return a page with every console block printed again; the tables that it shows lie in the working folder."""
    for name, table in re.findall(r"^```(?:csv|json) (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        Path(name).write_text(table, encoding="utf-8")
    return re.sub(
        r"(?<=^```console\n)\$ .*?(?=^```)", lambda block: _block(block[0]), text, flags=re.MULTILINE | re.DOTALL
    )


def _block(text: str) -> str:
    commands = [part.partition("\n")[0] for part in f"\n{text}".split("\n$ ")[1:]]
    return "\n\n".join(f"$ {line}\n{printed(line)}" for line in commands) + "\n"


def main(arguments: Sequence[str]) -> Iterator[str]:
    """Write the pages that changed, and name them."""
    os.environ["COLUMNS"] = WIDTH
    for page in [Path(name).resolve() for name in arguments] or pages():
        before = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            after = again(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            yield str(page.relative_to(ROOT))


if __name__ == "__main__":
    for name in main(sys.argv[1:]):
        print(f"wrote {name}")
