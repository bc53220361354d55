"""Draw the gallery of docs/figures.md: each command that stands there above its picture, by `make gallery`.

A command names its picture with -o; the picture is drawn into docs/gallery/, at the width of a page.
"""

import re
import shlex
import sys
from pathlib import Path

HERE = Path(__file__).parent
ENTRY = re.compile(r"```text\nisoflop (.+) -o (\S+)\.png\n```\n\n!\[[^\]]+\]\(gallery/(\S+)\.png\)")
DPI = "90"


def entries() -> list[tuple[list[str], str]]:
    """Return the words of each command, and the name of its picture."""
    found = ENTRY.findall((HERE / "figures.md").read_text(encoding="utf-8"))
    return [(shlex.split(words), name) for words, name, shown in found if name == shown]


def main(wanted: list[str]) -> None:
    """Draw the pictures that are wanted, or all."""
    from isoflop.faces.cli import main as isoflop

    (HERE / "gallery").mkdir(exist_ok=True)
    for words, name in entries():
        if wanted and name not in wanted:
            continue
        picture = HERE / "gallery" / f"{name}.png"
        picture.unlink(missing_ok=True)
        sys.argv = ["isoflop", *words, "-o", str(picture), "--dpi", DPI]
        try:
            isoflop()
        except SystemExit as end:
            if end.code:
                raise


if __name__ == "__main__":
    main(sys.argv[1:])
