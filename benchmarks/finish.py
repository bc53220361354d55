"""Runs in progress: how far forecasts of a run's end are off, on public curves and on simulated ones.

ISOFLOP_DATA=DIR python benchmarks/finish.py
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isoflop import datasets
from isoflop.beyond.finish import LossCurve, Schedule, finish, read_curve
from isoflop.data.runs import Runs
from isoflop.fitting.fit import fit
from isoflop.forecasting.curves.known_schedule import follow, seen
from isoflop.forecasting.curves.loss_curve import thinned
from isoflop.forecasting.curves.responses import blocks
from isoflop.forecasting.curves.schedule_fit import FORMS, fit_jointly
from isoflop.forecasting.curves.unknown_schedule import extrapolate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from luo import FITTED, OTHERS, PEAK, SCHEDULES

Array = NDArray[np.float64]

REACH = 1.6449
"""Standard errors of a 90 % interval."""
AIMS = {"25": (0.998, 0.0047), "100": (0.998, 0.0060)}


def other_schedules() -> None:
    """Fit each law to three schedules, and say how far the other six are off."""
    print("laws of whole schedules, fitted to three curves: mean R2 and RMSE on the other six, CPU seconds of the fit")
    for size, aim in AIMS.items():
        runs = _public(size)
        for form in FORMS:
            began = time.process_time()
            found = fit_jointly(form, [seen(runs[name], SCHEDULES[name]) for name in FITTED])
            spent = time.process_time() - began
            shares, errors = [], []
            for name in OTHERS:
                run = runs[name]
                missed = np.exp(found.log_loss(blocks(SCHEDULES[name], run.at.astype(int)))) - run.loss
                shares.append(1 - np.mean(missed**2) / np.var(run.loss))
                errors.append(np.sqrt(np.mean(missed**2)))
            good = np.mean(shares) >= aim[0] and np.mean(errors) <= aim[1]
            print(f"  {size:>3}M {form.name:12} {np.mean(shares):.5f} {np.mean(errors):.5f} {spent:6.2f}"
                  f"   aim {aim[0]}, {aim[1]:.4f}: {'reached' if good else 'missed'}")  # fmt: skip


def ends() -> None:
    """Cut curves off on their way, and say how far the forecast of their last rows is off."""
    print("ends of decayed runs, forecast from a part of their rows: error, and share inside the 90 % interval")
    whole = [name for name in SCHEDULES if SCHEDULES[name][-1] < PEAK and not name.startswith("wsdcon")]
    for past in ((), ("constant_24000", "wsdcon_9")):
        for part in (0.3, 0.5, 0.7, 0.9):
            off, inside = [], []
            for size in AIMS:
                runs = _public(size)
                like = [(runs[name], SCHEDULES[name]) for name in past]
                for name in whole:
                    run = runs[name]
                    made = follow(run.until(part * run.last), SCHEDULES[name], like)
                    found = made.forecast(SCHEDULES[name], np.array([run.last]))
                    error = float(found.mean[0] - np.log(run.loss[-1]))
                    off.append(abs(error))
                    inside.append(abs(error) <= REACH * np.hypot(found.error[0], made.noise))
            print(f"  {part:.0%} of the rows, {len(past)} finished runs: {np.mean(off):.2%} off on average, "
                  f"at most {max(off):.2%}, {sum(inside)} of {len(inside)} inside")  # fmt: skip


def _public(size: str) -> dict[str, LossCurve]:
    folder = Path(os.environ["ISOFLOP_DATA"]) / "multipowerlaw" / f"csv_{size}"
    return {name: read_curve(folder / f"{name}.csv") for name in SCHEDULES}


METHODS = ("M1", "M2", "M3", "M4", "last value")


def learning_curves() -> None:
    """Extrapolate the 92 learning curves of Alabdulmohsin et al. 2022 by trend, by their laws and by the last value."""
    print("92 learning curves: mean RMSE of log loss, mean over the curves of a domain")
    errors: dict[str, dict[str, list[float]]] = {}
    inside: dict[str, list[Array]] = {}
    spent = 0.0
    for domain, begin, end in _curves():
        began = time.process_time()
        run = LossCurve("curve", begin["x"], begin["loss"], unit="examples")
        found, _ = extrapolate(run, end["x"])
        spent += time.process_time() - began
        off = found.mean - np.log(end["loss"])
        held = np.abs(off) <= REACH * np.hypot(found.error, thinned(run).noise)
        inside.setdefault(domain, []).append(held)
        of_domain = errors.setdefault(domain, {})
        of_domain.setdefault("isoflop", []).append(float(np.sqrt(np.mean(off**2))))
        for method in METHODS:
            of_domain.setdefault(method, []).append(_error(method, begin, end))
    print(f"  {'':6}" + "".join(f"{name:>11}" for name in ("isoflop", *METHODS)) + "   points, curves in 90 % interval")
    for domain, methods in errors.items():
        shares = [float(np.mean(one)) for one in inside[domain]]
        print(f"  {domain:6}" + "".join(f"{np.mean(one):11.5f}" for one in methods.values())
              + f"   {np.concatenate(inside[domain]).mean():.1%} {np.mean(shares):.1%}")  # fmt: skip
    every = [one for some in inside.values() for one in some]
    print(f"  all 92 curves: {np.concatenate(every).mean():.1%} of the points inside, "
          f"{np.mean([one.mean() for one in every]):.1%} of a curve on average; {spent:.2f} CPU seconds")  # fmt: skip


def _curves() -> Iterator[tuple[str, Runs, Runs]]:
    for name in ("revisiting-vision", "revisiting-language"):
        runs = datasets.load(name)
        parts = zip(*(runs[key] for key in ("Domain", "Task", "Model")), strict=True)
        keys = np.array(["|".join(part) for part in parts])
        for key in dict.fromkeys(keys.tolist()):
            begin, end = (runs.take((keys == key) & (runs["Training"] == part)) for part in (1, 0))
            yield key.split("|")[0], begin.take(np.argsort(begin["x"], kind="stable")), end


def _error(method: str, begin: Runs, end: Runs) -> float:
    predicted = begin["loss"][-1]
    if method != "last value":
        # M2 is the floor law; a floor above what was already reached fits noise.
        bounds = {"e_inf": (0.0, float(begin["loss"].min()))} if method == "M2" else {}
        found = fit(method, begin, objective="squares", draws=0, starts=8, bounds=bounds)
        predicted = found.curve(x=end["x"])
    return float(np.sqrt(np.mean((np.log(predicted) - np.log(end["loss"])) ** 2)))


def simulated(worlds: int = 300) -> None:
    """Simulate curves whose end is known: power laws to a floor, with noise, and with a second fall."""
    print(f"simulated curves, {worlds} of each kind: share of noisy ends in the 90 % interval, median half-width")
    generator = np.random.default_rng(0)
    for kind, ahead in (("floor", 2.0), ("floor", 5.0), ("two falls", 2.0), ("broken", 2.0)):
        held, width = [], []
        for _ in range(worlds):
            x = np.geomspace(100, 1e4, int(generator.integers(20, 400)))
            noise, end = float(np.exp(generator.uniform(-7, -3.5))), np.array([ahead * 1e4])
            true = _world(kind, generator, np.concatenate([x, end])) * np.exp(noise * generator.normal(size=len(x) + 1))
            found, _ = extrapolate(run := LossCurve("world", x, true[:-1]), end)
            reach = REACH * np.hypot(found.error[0], thinned(run).noise)
            held.append(abs(found.mean[0] - np.log(true[-1])) <= reach)
            width.append(reach)
        print(f"  {kind:10} to {ahead:g} times the rows: {np.mean(held):.1%}, {np.median(width):.2%}")


def _world(kind: str, generator: np.random.Generator, x: Array) -> Array:
    floor, c = generator.uniform(0, 2.5), generator.uniform(0.15, 0.8)
    fall = generator.uniform(0.5, 3) * (x / 100) ** -c
    if kind == "two falls":
        fall = fall + generator.uniform(0.1, 0.5) / (1 + (x / generator.uniform(500, 8000)) ** 2)
    if kind == "broken":
        fall = fall * (1 + (x / generator.uniform(500, 8000)) ** 4) ** (-generator.uniform(-0.5, 0.5) * c / 4)
    return np.asarray(floor + fall)


def own() -> None:
    """Forecast the end of one of our own runs, with and without a finished run half as long."""
    run, past = read_curve("tinylm-4m"), read_curve("tinylm-2m")
    print(f"tinylm-4m, which ended at {run.loss[-1]:.4f}")
    for now in (2500, 4000, 5200, 7000):
        for like in ([], [past]):
            loss = finish(run.until(now), schedule=Schedule("wsd", 7812, 100), like=like).loss
            print(
                f"  after {now} steps, {len(like)} finished runs: {loss.value:.4f}, {loss.low:.4f} to {loss.high:.4f}"
            )


if __name__ == "__main__":
    other_schedules()
    ends()
    learning_curves()
    simulated()
    own()
