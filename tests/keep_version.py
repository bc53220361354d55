"""Keep what this version writes, so that every later one is held to opening it: tests/versions/VERSION.

python tests/keep_version.py     once for each release, before its tag; what is kept is never written again
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import isoflop
from isoflop.experiments.launchers import launch
from isoflop.experiments.study import open_study
from isoflop.experiments.study.pack import pack
from isoflop.experiments.study.results import ABOUT

VERSIONS = Path(__file__).parent / "versions"
TRAIN = """
import json, sys
width, tokens = int(sys.argv[1]), float(sys.argv[2])
for step in range(1, 4):
    print(json.dumps({"step": step, "params": 12 * width**2, "tokens": tokens * step / 3, "loss": 2 + 3 / step}))
"""
STUDY = """\
name = "kept"
command = ["{python}", "train.py", "{width}", "{D}"]
workers = 2

[grid]
width = [16, 32]
D = ["1M", "2M"]
"""


def told(*words: str, folder: Path) -> str:
    """Return what a command prints, run in a folder."""
    command = [sys.executable, "-m", "isoflop", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def keep_study(folder: Path) -> None:
    """Run a small study, and keep nothing of this machine with it."""
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN, encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    launch(open_study(folder))
    for path in folder.glob(f"runs/*/{ABOUT}"):
        about = json.loads(path.read_text(encoding="utf-8"))
        about |= {"python": "python", "argv": ["python", *about["argv"][1:]], "code": "", "data": ""}
        about["hardware"] |= {"host": "laptop", "processor": "a processor"}
        path.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    for path in folder.glob("runs/*/claim-*.json"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'"(host|boot|namespace)": "[^"]*"', r'"\1": "another"', text), encoding="utf-8")
    for left in ("driver.lock", "train.py"):
        (folder / left).unlink(missing_ok=True)


def main() -> None:
    """Write everything of this version."""
    target = VERSIONS / isoflop.__version__
    if target.exists():
        sys.exit(f"{target} is kept already")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(VERSIONS / "0.1.0" / "runs.csv", folder / "runs.csv")
        told("fit", "runs.csv", "--draws", "50", "-o", "fit.json", folder=folder)
        told("plan", "fit.json", "--flops", "1e22", "-o", "plan.toml", folder=folder)
        (folder / "plan.json").write_text(told("plan", "fit.json", "--flops", "1e22", "--json", folder=folder), "utf-8")
        told("report", "runs.csv", "-o", "report.md", folder=folder)
        told("register", "the next", "forecast", "runs.csv", "N=2e9", "D=4e10", folder=folder)
        told("register", "another", "forecast", "runs.csv", "N=4e9", "D=8e10", folder=folder)
        (folder / "ended.csv").write_text("run,N,D,loss\nthe next,2e9,4e10,2.45\n", encoding="utf-8")
        told("register", "score", "ended.csv", folder=folder)
        keep_study(folder / "study")
        shutil.copytree(folder / "study", folder / "packed")
        pack(open_study(folder / "packed"))
        shutil.copytree(folder, target)
    print(f"kept as {target}")  # noqa: T201 - it is run by hand


if __name__ == "__main__":
    main()
