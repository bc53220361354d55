"""What the default forecast has been worth, blind, on papers that its constants were chosen on and on others.

    python benchmarks/truth.py [--list choose|report|both] [--far 10] [--matter]

Every cut of every table is a forecast from the runs up to it: `backtest` is that (tests/test_backtest.py). For
each paper, over its cuts: mean |error| and bias in per cent of the loss, the share inside the 90 % interval, and
the interval score (width + 20 x miss, per cent), its mean over cuts taken by logarithms, as some tables are a
hundred times harder than others. `--matter` does the same with each constant halved and doubled, on the list it was
chosen on: those of weights and widths, and with `--refit` those of fits too (three minutes).
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
from tables import CHOOSE, REPORT, tables

from isoflop.forecasting import constants, noise, priors, weights
from isoflop.forecasting.backtest import Backtest, roll, thinned
from isoflop.forecasting.ensemble import combine
from isoflop.forecasting.weights import look_back

MATTER = ("EXPECTED", "PRIOR_TESTS", "DRIFT", "PRIOR_SCALE", "PRIOR_ORIGINS", "CLIPPED_SCALE")
OF_FITS = {"GENTLE": (0.25, 0.75), "STEEP": (1.0, 2.0), "FORGOTTEN": (4.0, 12.0), "TAIL": (0.6, 0.9)}
"""Less and more of each constant that takes new fits."""
NEAR = 17.0
"""How many times the compute of the largest fitted run is scored, unless it is asked how far out forecasts hold."""


def rolled(papers: tuple[str, ...]) -> dict[str, list[Backtest]]:
    """Return the backtests of each paper's tables."""
    found: dict[str, list[Backtest]] = {}
    for paper, _, runs in tables(papers):
        found.setdefault(paper, []).append(combine(runs).backtest)
    return found


def scores(past: Backtest, *, least: float, most: float) -> list[tuple[float, ...]]:
    """Return |error|, bias, coverage and log score of each cut, on runs so many times its compute."""
    seen, found = look_back(past, level=0.9), []
    half, times = seen.factor * seen.width, 10**past.decades
    for origin in range(len(past.cuts)):
        here = (past.origin == origin) & (times >= least) & (times <= most * 1.01)
        if here.any():
            error, reach = seen.error[here], half[here]
            miss = np.maximum(np.abs(error) - reach, 0)
            score = 100 * float((2 * reach + 20 * miss).mean())
            found.append((100 * np.abs(error).mean(), 100 * error.mean(), (miss == 0).mean(), np.log(score)))
    return found


def summary(found: dict[str, list[Backtest]], *, least: float = 1.0, most: float = NEAR) -> dict[str, np.ndarray]:
    """Return |error|, bias, coverage, score of each paper, every cut alike, and of all papers alike."""
    each = {
        paper: [one for past in pasts for one in scores(past, least=least, most=most)] for paper, pasts in found.items()
    }
    mean = {paper: np.mean(rows, axis=0) for paper, rows in each.items() if rows}
    if mean:
        mean["all papers"] = np.mean(list(mean.values()), axis=0)
    return {paper: np.array([*row[:3], np.exp(row[3])]) for paper, row in mean.items()}


def report(title: str, found: dict[str, np.ndarray]) -> None:
    """Print a line for each paper."""
    print(f"\n{title}\n{'':14}{'error %':>9}{'bias %':>9}{'inside':>9}{'score':>9}")
    for paper, (error, bias, inside, score) in found.items():
        print(f"{paper:14}{error:9.2f}{bias:+9.2f}{inside:9.3f}{score:9.2f}")


def matter(found: dict[str, list[Backtest]]) -> None:
    """Print what halving and doubling each constant does, near and far."""
    print(f"\n{'constant':18}{'value':>8}{'':8}" + "".join(f"{name:>18}" for name in ("half", "as it is", "double")))
    for name in MATTER:
        value, cells = getattr(constants, name), []
        for times in (0.5, 1.0, 2.0):
            setattr(weights, name, value * times)
            cells.append(cell(found))
        setattr(weights, name, value)
        print(f"{name:18}{value:8g}{'':8}" + "".join(f"{one:>18}" for one in cells))
    print("each cell: score and share inside up to 17 times the compute, score from 10 times on")


def cell(found: dict[str, list[Backtest]]) -> str:
    """Return score and share inside, near, and the score far out."""
    near, far = (summary(found, least=low, most=high)["all papers"] for low, high in ((1, NEAR), (10, 1e9)))
    return f"{near[3]:6.2f} {near[2]:.2f} {far[3]:6.2f}"


def matter_of_fits(papers: tuple[str, ...]) -> None:
    """Print what less and more of each constant does that takes new fits."""
    print(f"\n{'constant':18}{'value':>8}{'less':>10}{'':18}{'more':>8}")
    for name, values in OF_FITS.items():
        kept = getattr(constants, name)
        told = "".join(f"{value:10g}{cell(refitted(papers, name, value)):>18}" for value in values)
        print(f"{name:18}{kept:8g}{told}", flush=True)


def refitted(papers: tuple[str, ...], name: str, value: float) -> dict[str, list[Backtest]]:
    """Return the backtests of each paper's tables with another value of a constant."""
    kept = getattr(constants, name)
    places = [module for module in (priors, noise) if hasattr(module, name)]
    powers = {"GENTLE": constants.GENTLE, "STEEP": constants.STEEP} | {name: value}
    coupled, valley = priors.FORMS
    forms = coupled._replace(power=powers["STEEP"]), valley._replace(power=powers["GENTLE"])
    found: dict[str, list[Backtest]] = {}
    for module in places:
        setattr(module, name, value)
    for paper, _, runs in tables(papers):
        found.setdefault(paper, []).append(roll(partial(priors.members, forms=forms), thinned(runs, "C"))[0])
    for module in places:
        setattr(module, name, kept)
    return found


def main() -> None:
    """Print both lists."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", choices=("choose", "report", "both"), default="both")
    parser.add_argument("--far", type=float, default=10.0, help="from how many times the compute a forecast is far")
    parser.add_argument("--matter", action="store_true", help="halve and double each constant, on the first list")
    parser.add_argument("--refit", action="store_true", help="with --matter, the constants of fits too")
    asked = parser.parse_args()
    for name, papers in (("choose", CHOOSE), ("report", REPORT)):
        if asked.list in (name, "both"):
            found = rolled(papers)
            report(f"{name}: up to {NEAR:g} times the compute", summary(found))
            report(f"{name}: from {asked.far:g} times on", summary(found, least=asked.far, most=np.inf))
            if asked.matter and name == "choose":
                matter(found)
                if asked.refit:
                    matter_of_fits(papers)


if __name__ == "__main__":
    main()
