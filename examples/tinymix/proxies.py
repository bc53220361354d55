"""Write study.toml: twenty mixtures of three corpora at one scale, and six at four times the compute.

The first seven are corners, middles of edges and the centre, so that every share is tried from 0 to 1; the others are
drawn. Of the six larger runs the first is the mixture that `isoflop mix` chose from the twenty, for the mean of the
three losses; the second is the three alike, the third the best of the twenty as measured, the rest are drawn anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

DOMAINS = ("python", "text", "tables")
SMALL = {"width": 24, "D": 131_072}
LARGE = {"width": 32, "D": 294_912}  # 16/9 of the parameters, 9/4 of the tokens: four times the FLOPs


def designed() -> list[list[float]]:
    """Return corners, middles of edges, and the centre of the three shares."""
    corners = np.eye(3)
    return [*corners.tolist(), *((1 - corners) / 2).tolist(), [0.33, 0.33, 0.34]]


def drawn(count: int, seed: int) -> list[list[float]]:
    """Return mixtures drawn evenly, rounded to a hundredth."""
    found = np.round(np.random.default_rng(seed).dirichlet([1, 1, 1], count), 2)
    found[:, 2] = 1 - found[:, 0] - found[:, 1]
    rows: list[list[float]] = np.round(found, 2).tolist()
    return rows


def row(name: str, scale: dict[str, int], shares: list[float]) -> str:
    """Return a run as a line of the study; its role is the first part of its name."""
    told = ",".join(f"{domain}={share:g}" for domain, share in zip(DOMAINS, shares, strict=True))
    settings = f"width = {scale['width']}, D = {scale['D']}, batch = 2, validation_files = 20"
    role = name.partition("-")[0]
    return f'    {{ name = "{name}", {settings}, shares = "{told}", role = "{role}" }},'


def main() -> None:
    """Write the study; the arguments are the shares of the chosen mixture and of the best measured."""
    told = [list(map(float, word.split(","))) for word in sys.argv[1:]]
    rows = [row(f"proxy-{at:02}", SMALL, one) for at, one in enumerate(designed() + drawn(13, 0))]
    larger = [told[0], [0.33, 0.33, 0.34], told[1], *drawn(3, 2)] if told else []
    rows += [row(f"larger-{at}", LARGE, one) for at, one in enumerate(larger)]
    head = Path(__file__).with_name("head.toml").read_text()
    Path(__file__).with_name("study.toml").write_text(head + "run = [\n" + "\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()
