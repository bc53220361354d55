"""What it gains to centre a grid anew on the runs so far, where the prior puts the best size off by a factor.

    python benchmarks/recentred.py

Simulated runs of a law whose best size is the prior's (besiroglu2024) times the factor at every budget, with noise.
Both designs spend four budgets of five sizes a factor 2 apart: `once` is centred by the prior throughout, `anew` by
the prior at the two lowest budgets, and by the runs so far at the third and the fourth.
"""

from __future__ import annotations

import argparse

import numpy as np

import isoflop
from isoflop import design
from isoflop.data.runs import Runs
from isoflop.laws.chinchilla import besiroglu2024

BUDGETS, TARGET, NOISE = (1e18, 4e18, 1.6e19, 6.4e19), 2.56e20, 0.003


def truth(factor: float) -> isoflop.Curve:
    """Give besiroglu2024 with its best size multiplied: its N counts for that much less."""
    values = dict(besiroglu2024.values)
    values["A"] *= factor ** (values["alpha"] + values["beta"])
    return besiroglu2024.law.at("truth", **values)


def trained(found: design.Design, law: isoflop.Curve, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Give the runs of a design, with losses by the law and noise."""
    N, D = (np.array([getattr(one, key) for one in found]) for key in ("N", "D"))
    return {"N": N, "D": D, "loss": law(N, D) * np.exp(NOISE * random.standard_normal(N.size))}


def swept(law: isoflop.Curve, seed: int, *, anew: bool) -> tuple[Runs, int]:
    """Give all runs of a sweep, and at how many budgets the least loss lies inside the sizes."""
    random, parts, inside = np.random.default_rng(seed), [], 0
    for place, budget in enumerate(BUDGETS):
        so_far = {key: np.concatenate([part[key] for part in parts]) for key in ("N", "D", "loss")} if parts else {}
        prior = Runs.of(**so_far) if anew and place >= 2 else besiroglu2024
        part = trained(design.grid([budget], sizes=5, prior=prior), law, random)
        inside += 0 < int(np.argmin(part["loss"])) < 4
        parts.append(part)
    return Runs.of(**{key: np.concatenate([part[key] for part in parts]) for key in ("N", "D", "loss")}), inside


def main() -> None:
    """Print a row for each factor and design."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    head = ("prior off by", "centred", "minima inside", "N off (median)", "loss off (median)", "held")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for factor in (1.0, 2.0, 4.0, 8.0):
        law = truth(factor)
        best = isoflop.plan(law, flops=TARGET)
        for anew in (False, True):
            rows = []
            for seed in range(seeds):
                runs, inside = swept(law, seed, anew=anew)
                found = isoflop.plan(runs, flops=TARGET)
                loss = float(law(found.N.value, found.D.value))
                rows.append((
                    inside, abs(np.log(found.N.value / best.N.value)), abs(found.loss.value / loss - 1),
                    found.loss.low <= loss <= found.loss.high,
                ))  # fmt: skip
            inside, size, off, held = np.array(rows, float).T
            cells = [
                f"{factor:g}", "anew" if anew else "once", f"{inside.sum():.0f} of {len(BUDGETS) * seeds}",
                f"{np.expm1(np.median(size)):.0%}", f"{np.median(off):.2%}", f"{held.sum():.0f} of {seeds}",
            ]  # fmt: skip
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
