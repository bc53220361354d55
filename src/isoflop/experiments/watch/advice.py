"""Go on, stop, or look first: what follows from a look at a run, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from isoflop.experiments.watch.result import Advice, Do, Option, State
from isoflop.quantities import show

OUT_OF_REACH = 0.05
"""The probability below which a target counts as out of reach."""
SURE = 0.95
"""The probability above which a target counts as reached already."""


def advice(
    state: State, ways: tuple[Option, ...], *, target: float, reach: float, weights: Mapping[str, float], curves: int
) -> Advice | None:  # fmt: skip
    """Return what to do; None for a run that has ended, or has not begun and has no target.

    ways  going on first, then stopping now, as `options` gives them
    """
    if state == "ended":
        return None
    do, because = _said(state, ways, target=target, reach=reach)
    if not because:
        return None
    own = weights.get("the run's own laws", 0.0)
    rests = f"rests on {curves} curve{'s' * (curves != 1)} of the ladder"
    return Advice(do=do, because=because, rests_on=rests + (f" and {own:.0%} on the run's own laws" if own else ""))


def _said(state: State, ways: tuple[Option, ...], *, target: float, reach: float) -> tuple[Do, str]:
    if state == "diverging":
        return "go back", "the run diverges; take a checkpoint from before that step and lower the rate"
    if state in {"spike", "stalled"}:
        return "look first", f"the run is in the state {state}, and its forecast counts on its coming back"
    if reach < OUT_OF_REACH:
        return (
            "stop" if ways else "do not start",
            f"the target of {target:g} is out of reach, probability {reach:.1%}{_spared(ways)}",
        )
    early = next((one for one in ways[1:] if one.reach >= SURE and one.tokens < ways[0].tokens), None)
    if early is not None:
        return "stop", f"{early.name} reaches {target:g} with a probability of {early.reach:.0%}{_spared(ways)}"
    if state == "above":
        return "look first", "the run lies above its curve; find out why before you pay for the rest"
    if not ways:
        return "go on", "" if math.isnan(reach) else f"the target of {target:g} has a probability of {reach:.0%}"
    return "go on", _gained(ways)


def _spared(ways: tuple[Option, ...]) -> str:
    """Return what stopping now ends at, and what it spares beside going on."""
    if len(ways) < 2:
        return ""
    go, stop = ways[:2]
    return f"; stopping ends at {stop.loss.value:.4f} and spares {_bill(go, stop)}"


def _gained(ways: tuple[Option, ...]) -> str:
    go, stop = ways[:2]
    return f"it ends {stop.loss.value - go.loss.value:.4f} below what stopping now brings, for {_bill(go, stop)}"


def _bill(go: Option, stop: Option) -> str:
    """Return what going on takes beyond stopping: tokens, and days and dollars where machines are known."""
    words = [f"{show(go.tokens - stop.tokens)} tokens"]
    if not math.isnan(go.days):
        words.append(f"{show(go.days - stop.days)} days")
    if not math.isnan(go.dollars):
        words.append(f"${show(go.dollars - stop.dollars)}")
    return ", ".join(words)
