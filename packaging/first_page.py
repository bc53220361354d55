"""Install a wheel alone into a fresh environment and type the first page of the site into it, line by line.

    python packaging/first_page.py dist/isoflop-*.whl [python3.13 ...]

For each Python: the wheel and what it depends on are installed, their number and size are held to the aims, and every
command and every Python block of docs/start.md must end well. Two lines are left out: the installation itself, and the
one that names a folder of the reader's own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "start.md"
MOST_PACKAGES, MOST_BYTES = 9, 70e6
"""The aims for an installation without extras, isoflop included; bytes without compiled files, pip or setuptools."""
LEFT_OUT = ("pip install", "isoflop finish wandb/")
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def typed(folder: Path) -> list[list[str]]:
    """Return the commands of the page, as words for the shell or Python; its tables are written into the folder."""
    found: list[list[str]] = []
    for kind, name, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "csv":
            (folder / name).write_text(text, encoding="utf-8")
        elif kind == "python":
            found.append(["python", "-c", text])
        elif kind in {"sh", "text"}:
            lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
            found += [["sh", "-c", line] for line in lines if line and not line.startswith(LEFT_OUT)]
    return found


def weigh(site: Path) -> tuple[int, float]:
    """Return how many packages an environment holds, and how many bytes they take."""
    packages = [one for one in site.glob("*.dist-info") if not one.name.startswith(("pip-", "setuptools-"))]
    files = (one for one in site.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
    own = (
        one for one in files if not one.relative_to(site).parts[0].startswith(("pip", "setuptools", "pkg_resources"))
    )
    return len(packages), sum(one.stat().st_size for one in own)


def try_page(wheel: str, python: str) -> bool:
    """Install, weigh and type; print what came of it and return whether all went well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([python, "-m", "venv", folder / "v"], check=True)
        programs = folder / "v" / ("Scripts" if os.name == "nt" else "bin")
        subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", wheel], check=True)
        count, size = weigh(next((folder / "v").rglob("site-packages")))
        environment = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": name,
            "LANG": "C",
            "COLUMNS": "80",
        }
        bad = [f"{count} packages"] * (count > MOST_PACKAGES) + [f"{size / 1e6:.0f} MB"] * (size > MOST_BYTES)
        commands = typed(folder)
        for words in commands:
            done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=False)
            if done.returncode or b"Traceback" in done.stderr:
                bad.append(f"{words[-1]!r}: exit code {done.returncode}, {done.stderr.decode(errors='replace')[-300:]}")
        print(f"{python}: {count} packages, {size / 1e6:.0f} MB, {len(commands)} commands; {bad or 'all well'}")
        return not bad


if __name__ == "__main__":
    results = [try_page(str(Path(sys.argv[1]).resolve()), one) for one in sys.argv[2:] or [sys.executable]]
    sys.exit(0 if all(results) else 1)
