"""What pass@1 alone says of pass@k, on published models: each family of models foretold by the shapes of the others.

    python benchmarks/pass_at_1.py

The two kinds of Beta densities of beyond/test_time/difficulty_densities.py are learnt from all families but one, and
pass@1 of that one forecasts its pass@k at the most samples that were measured: is it inside the 90 % interval? Sources:
the table of the evaluation page of huggingface.co/spaces/codeparrot/code-generation-models (HumanEval, 164 problems),
and experiments/qwen3-1.7b-base-pass-rate/NOTES.md of github.com/halflearned/rlvr-experiments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isoflop import solved_by_beta
from isoflop.beyond.test_time import Attempts, Choosing, difficulty
from isoflop.beyond.test_time.difficulty_densities import SHARP, SPREAD, Kind, families

HUMANEVAL = 164
SHARPEST = 3.0
"""The a + b below which a shape is of the sharp kind."""


@dataclass(frozen=True)
class Published:
    """A model on a task: its family, problems, pass@1, and pass@k at the most samples, in per cent."""

    family: str
    name: str
    problems: int
    pass1: float
    k: int
    passed: float

    @property
    def shape(self) -> tuple[float, float]:
        """Return a and b of the Beta with this pass@1 and pass@k, by bisection in log a."""
        low, high = math.log(1e-4), math.log(50.0)
        for _ in range(60):
            a = math.exp((low + high) / 2)
            reached = float(solved_by_beta(a, a * (100 / self.pass1 - 1), k=self.k))
            low, high = (low, math.log(a)) if 100 * reached > self.passed else (math.log(a), high)
        return a, a * (100 / self.pass1 - 1)


CODE = (
    ("CodeParrot", "110M", 3.80, 12.78), ("CodeParrot", "1.5B", 3.58, 14.96), ("InCoder", "6.7B", 15.2, 47.0),
    ("PolyCoder", "160M", 2.13, 4.88), ("PolyCoder", "400M", 2.96, 11.59), ("PolyCoder", "2.7B", 5.59, 17.68),
    ("CodeGen", "350M", 12.76, 35.19), ("CodeGen", "2.7B", 23.70, 57.01), ("CodeGen", "6.1B", 26.13, 65.82),
    ("CodeGen", "16.1B", 29.28, 75.00), ("Codex", "25M", 3.21, 12.89), ("Codex", "300M", 13.17, 36.27),
    ("Codex", "12B", 28.81, 72.31), ("GPT-Neo", "125M", 0.75, 2.97), ("GPT-Neo", "1.5B", 4.79, 16.30),
    ("GPT-J", "6B", 11.62, 27.74),
)  # fmt: skip
PUBLISHED = (
    *(Published(family, name, HUMANEVAL, pass1, 100, passed) for family, name, pass1, passed in CODE),
    Published("Qwen3", "1.7B, GSM8K", 7473, 74.95, 1024, 99.81),
    Published("Qwen3", "1.7B, MATH 3", 1510, 41.7, 512, 92), Published("Qwen3", "1.7B, MATH 4", 1770, 28.5, 512, 89),
    Published("Qwen3", "1.7B, MATH 5", 2304, 16.4, 512, 79),
    Published("Qwen3", "1.7B, MBPP", 374, 26.58, 512, 89.6), Published("Qwen3", "1.7B, IFEval", 100, 7.61, 512, 27.0),
)  # fmt: skip


def learnt(others: Sequence[Published]) -> tuple[Kind, Kind]:
    """Return the two kinds as other families have them; the spread one is of models that are not in this table."""
    sharp = np.log([one.shape for one in others if sum(one.shape) < SHARPEST])
    middle, apart = sharp.mean(axis=0), sharp.std(axis=0, ddof=1)
    return SPREAD, Kind(a=(middle[0], apart[0]), b=(middle[1], apart[1]))


def main() -> None:
    """Print a row for each model, and the share inside: by the others alone, and by the kinds as they ship."""
    held: dict[str, list[bool]] = {"by the other families": [], "as shipped": []}
    for one in PUBLISHED:
        others = [other for other in PUBLISHED if other.family != one.family]
        model = Attempts(one.name, (), np.zeros(0), np.zeros(0), one.pass1 / 100, float(one.problems),
                         known_samples=200.0, rounding=1e-4)  # fmt: skip
        cells = []
        for way, kinds in (("by the other families", learnt(others)), ("as shipped", (SPREAD, SHARP))):
            said = difficulty(model, families=families(*kinds)).at(Choosing(), one.k)
            held[way].append(said.low <= one.passed / 100 <= said.high)
            cells.append(f"{100 * said.low:5.1f} to {100 * said.high:5.1f}{' ' if held[way][-1] else '*'}")
        a, b = one.shape
        print(f"{one.family:11}{one.name:14} a {a:5.3f} b {b:4.2f}  pass@1 {one.pass1:5.2f}  pass@{one.k:<4} "
              f"{one.passed:5.2f}   {'   '.join(cells)}")  # fmt: skip
    for way, each in held.items():
        print(f"{way}: {sum(each)} of {len(each)} inside nominal 90 % (* is outside)")


if __name__ == "__main__":
    main()
