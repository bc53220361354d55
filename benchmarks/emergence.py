"""How often `emergence` is right about simulated worlds: smooth models, true breaks, and what cannot be decided.

python benchmarks/emergence.py [--worlds 40] [--seed 0] [--kind NAME ...]

Every world has 8 to 40 runs over 2.5 to 5 decades, noise of 0.3 to 3 % in the loss (of which accuracy knows, or does
not: half the worlds each), a test of 100 to 10,000 items and answers of 1 to 20 tokens. A world counts as visible if
somebody who knew the curves would see it: smooth ones where at least five runs are expected to have ten right answers;
breaks with at least four runs on either side that move what is measured by six standard errors or more.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

import isoflop
from isoflop.beyond.emergence import BREAK, METRIC, UNDECIDED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What a world is made of.

    place   (runs,): log scale from 0 to 1, `decades` in all
    loss    (runs,): without noise
    gate    (runs,): how much of what the loss would give is answered right
    told    whether the number of tokens is told
    """

    place: Array
    decades: float
    loss: Array
    gate: Array
    noise: float
    items: int
    tokens: int
    told: bool = True
    has_loss: bool = True

    @property
    def expected(self) -> Array:
        """Expected right answers of each run without noise."""
        return self.items * np.exp(-self.tokens * self.loss) * self.gate

    def runs(self, random: np.random.Generator) -> isoflop.Runs:
        """Give the runs: noise in the loss that accuracy follows, or that only the measurement has."""
        measured = self.loss * np.exp(self.noise * random.standard_normal(self.place.size))
        real = measured if random.random() < 0.5 else self.loss
        right = random.binomial(self.items, np.minimum(np.exp(-self.tokens * real) * self.gate, 1.0))
        columns = {"loss": measured} if self.has_loss else {}
        return isoflop.Runs.of(C=10 ** (18 + self.decades * self.place), accuracy=right / self.items, **columns)


def smooth(random: np.random.Generator) -> World:
    """Give a smooth world: a power law above a floor, scored by exact match."""
    runs = int(random.integers(8, 41))
    place = np.linspace(0, 1, runs) if random.random() < 0.5 else np.sort(random.random(runs))
    decades = random.uniform(2.5, 5)
    tokens = int(random.integers(1, 21))
    # A loss that ends where some answers are right: what happens otherwise is a kind of its own.
    last = random.uniform(0.5, 4) / tokens
    floor = last * random.uniform(0, 0.7)
    reducible = random.uniform(1.5, 8)  # by how much the part above the floor falls from the first run to the last
    loss = floor + (last - floor) * reducible ** (1 - place)
    noise = float(np.exp(random.uniform(np.log(0.003), np.log(0.03))))
    items = int(np.exp(random.uniform(np.log(100), np.log(10_000))))
    return World(place, decades, loss, np.ones(runs), noise, items, tokens)


def unstated(random: np.random.Generator) -> World:
    """Give a smooth world whose number of tokens is not told, scored on loss of other text: off by a floor."""
    world = smooth(random)
    return replace(world, told=False)


def step(random: np.random.Generator, place: Array) -> Array:
    """Give a sharp step from 0 to 1 at a random place well inside."""
    at = random.uniform(0.25, 0.75)
    return 1 / (1 + np.exp(-np.clip((place - at) / random.choice([0.002, 0.03]), -50, 50)))


def drop(random: np.random.Generator) -> World:
    """Give a world whose loss drops by 15 to 40 % at one scale."""
    world = smooth(random)
    size = random.uniform(0.15, 0.4)
    return replace(world, loss=world.loss * (1 - size * step(random, world.place)) / (1 - size))


def kink(random: np.random.Generator) -> World:
    """Give a world whose loss falls three to eight times faster from one scale on."""
    world = smooth(random)
    at, slope = random.uniform(0.3, 0.7), random.uniform(0.03, 0.1) * np.log(10) * world.decades
    steeper = slope * random.uniform(2, 7)
    loss = np.exp(slope * (1 - world.place) + steeper * (1 - np.maximum(world.place, at)))
    return replace(world, loss=loss * world.loss.min())


def gated(random: np.random.Generator) -> World:
    """Give a world whose loss is smooth and whose accuracy jumps five-fold or more at one scale, in sight mostly."""
    for _ in range(50):
        world = smooth(random)
        before = random.choice([0.0, 0.05, 0.2])
        gate = before + (1 - before) * step(random, world.place)
        if ((world.expected > 5) & (gate < 0.5)).sum() >= 4:
            break
    return replace(world, gate=gate)


def gated_unstated(random: np.random.Generator) -> World:
    """Give such a world whose number of tokens is not told."""
    return replace(gated(random), told=False)


def sigmoid(random: np.random.Generator) -> World:
    """Give a world whose accuracy is a steep sigmoid of scale while the loss hardly moves."""
    world = smooth(random)
    at, width = random.uniform(0.35, 0.7), random.uniform(0.01, 0.05)
    loss = 2.0 + 0.6 * 10 ** (-0.3 * world.decades * world.place)
    wanted = random.uniform(0.5, 0.95) / (1 + np.exp(-np.clip((world.place - at) / width, -50, 50)))
    tokens = int(random.integers(1, 6))
    return replace(world, loss=loss, tokens=tokens, gate=wanted / np.exp(-tokens * loss))


def at_the_edge(random: np.random.Generator) -> World:
    """Give a world that breaks between the last two or three runs."""
    world = gated(random)
    last = int(random.integers(1, 3))
    gate = np.where(np.arange(world.place.size) >= world.place.size - last, 1.0, 0.0)
    return replace(world, gate=gate)


def beyond(random: np.random.Generator) -> World:
    """Give a world that breaks beyond the runs: nothing is right yet."""
    world = smooth(random)
    return replace(world, gate=np.zeros_like(world.place))


def zeros(random: np.random.Generator) -> World:
    """Give a smooth world whose answers are too long for its runs."""
    world = smooth(random)
    return replace(world, loss=world.loss + 12 / world.tokens)


def few_runs(random: np.random.Generator) -> World:
    """Give a world of four to seven runs, smooth or broken."""
    world = gated(random) if random.random() < 0.5 else smooth(random)
    keep = np.linspace(0, world.place.size - 1, int(random.integers(4, 8))).round().astype(int)
    return replace(world, place=world.place[keep], loss=world.loss[keep], gate=world.gate[keep])


def few_items(random: np.random.Generator) -> World:
    """Give a world whose test has so few items that at most four right answers are expected in all."""
    world = gated(random) if random.random() < 0.5 else smooth(random)
    return replace(world, items=max(int(4 * world.items / max(world.expected.sum(), 1e-9)), 1))


def no_loss(random: np.random.Generator) -> World:
    """Give a world without a column of losses."""
    world = gated(random) if random.random() < 0.5 else smooth(random)
    return replace(world, has_loss=False)


KINDS: dict[str, tuple[Callable[[np.random.Generator], World], str]] = {
    "smooth": (smooth, METRIC), "smooth, tokens not told": (unstated, METRIC),
    "loss drops": (drop, BREAK), "loss turns": (kink, BREAK), "accuracy jumps at a loss": (gated, BREAK),
    "the same, tokens not told": (gated_unstated, BREAK),
    "steep sigmoid of scale": (sigmoid, BREAK),
    "break before the last runs": (at_the_edge, UNDECIDED), "break beyond the runs": (beyond, UNDECIDED),
    "all answers wrong": (zeros, UNDECIDED), "4 to 7 runs": (few_runs, UNDECIDED),
    "too few items": (few_items, UNDECIDED), "no loss": (no_loss, UNDECIDED),
}  # fmt: skip
"""Kind of world → what makes one, and the verdict that is right."""


def visible(world: World, right: str) -> bool:
    """Say whether somebody who knew the curves would see what kind of world it is."""
    if right == UNDECIDED:
        return True
    seen = int((world.expected >= 10).sum())
    if right == METRIC:
        return seen >= 5
    if seen < 3:
        return False
    return _z(world) >= 6


def _z(world: World) -> float:
    """Give by how many standard errors a break moves the runs, next to a parabola through all of them."""
    smooth_columns = np.stack([np.ones_like(world.place), world.place, world.place**2], axis=1)
    if np.ptp(world.gate) > 0:
        without = world.items * np.exp(-world.tokens * world.loss) * world.gate.max()
        below = world.gate < 0.5 * world.gate.max()
        if min(below.sum(), (~below).sum()) < 4:
            return 0.0
        spread = without[below] + (without[below] * world.tokens * world.loss[below] * world.noise) ** 2
        return float(np.sqrt((np.minimum(without[below] - world.expected[below], 1e9) ** 2 / spread).sum()))
    logs = np.log(world.loss)
    steepest = int(np.argmax(np.abs(np.diff(logs, 2)))) + 1
    if min(steepest, world.place.size - steepest) < 4:
        return 0.0
    left = logs - smooth_columns @ np.linalg.lstsq(smooth_columns, logs, rcond=None)[0]
    return float(np.sqrt((left**2).sum()) / world.noise)


def judged(kind: str, worlds: int, seed: int) -> Iterator[tuple[bool, str, World]]:
    """Yield, for each world of a kind, whether it is visible, the verdict, and the world."""
    make, right = KINDS[kind]
    for number in range(worlds):
        random = np.random.default_rng([seed, list(KINDS).index(kind), number])
        world = make(random)
        tokens = world.tokens if world.told else None
        found = isoflop.emergence(world.runs(random), items=world.items, target_tokens=tokens, seed=number)
        yield visible(world, right), found.verdict, world


def main() -> None:
    """Print, for every kind of world, how often each verdict was given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", nargs="*", default=list(KINDS), choices=list(KINDS), metavar="NAME")
    asked = parser.parse_args()
    begin = time.process_time()
    print(f"{'world':28s} {'visible':8s} {'worlds':>6s} {'metric':>8s} {'break':>8s} {'undecided':>10s}   right")
    for kind in asked.kind:
        found: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for seen, verdict, _ in judged(kind, asked.worlds, asked.seed):
            found[seen][verdict] += 1
        for seen, counter in found.items():
            if total := sum(counter.values()):
                shares = [counter[name] / total for name in (METRIC, BREAK, UNDECIDED)]
                cells = " ".join(f"{share:>9.0%}" for share in shares)
                print(f"{kind:28s} {'yes' if seen else 'no':8s} {total:6d} {cells}   {KINDS[kind][1]}", flush=True)
    print(f"{time.process_time() - begin:.0f} CPU s")


if __name__ == "__main__":
    main()
