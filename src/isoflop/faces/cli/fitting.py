"""The commands that learn from runs: fit, check, backtest, sensitivity."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from isoflop.display import findings_list
from isoflop.errors import DataError, UsageError
from isoflop.faces.cli.options import Asked, takes_runs
from isoflop.faces.cli.shared import (
    Drawn,
    Full,
    Json,
    Runs,
    Text,
    Words,
    blocked,
    give,
    in_full,
    option,
    print_answer,
    print_json,
    print_result,
    refuse_figure,
    refuse_overwriting,
    stop_on_block,
)
from isoflop.files import encoded, write_output
from isoflop.findings import Finding
from isoflop.quantities import parse_quantity


@takes_runs
def fit(
    runs: Runs,
    asked: Asked,
    more: Annotated[Words, typer.Argument(metavar="[CURVES…]", help="More curves, for a law of schedules.")] = None,
    on: Annotated[Words, option("--on", "Curves that a law of schedules shall foretell.", metavar="CURVE")] = None,
    output: Annotated[Text, option("-o --output", "Save the fit as JSON.", metavar="FILE")] = None,
    full: Full = False,
    json: Json = False,
) -> None:
    """Fit a law to runs: the best curve, every parameter with its interval, and the findings.

    --loss all, or --loss web,code,mmlu:up:1, fits several losses or scores at once.
    A law of a whole learning-rate schedule (--law multi-power, annealing) is fitted to curves with step, lr and loss.
    """
    from isoflop.fitting.saved import fit_as_dict, save

    if output is not None:
        refuse_overwriting(runs, output)
    if asked.law in ("multi-power", "annealing"):
        _fit_schedule([runs, *(more or [])], on or [], asked.law, output=output, json=json)
        return
    if more or on:
        raise UsageError("a fit takes one table of runs; several curves are for --law multi-power or annealing.")
    if several := asked.each_loss(runs):
        _fit_all(runs, several, output=output, json=json)
        return
    found = asked.fit(runs)
    if output is not None and not blocked(found.findings):
        save(found, output, command=" ".join(["isoflop", *sys.argv[1:]]))
    if json:
        print_json(fit_as_dict(found))
    else:
        print_result(in_full(found) if full else found)
    stop_on_block(found.findings)


def _fit_all(runs: str, each: dict[str, Asked], *, output: str | None, json: bool) -> None:
    """Fit the law to every loss that was asked for."""
    from isoflop.fitting.every_loss import together

    if output is not None:
        raise UsageError("-o saves one fit. Say one loss, as in --loss loss_web -o web.json.")
    found = together({name: one.fit(runs) for name, one in each.items()})
    give(found, json=json)


def _fit_schedule(curves: list[str], on: list[str], law: str, *, output: str | None, json: bool) -> None:
    """Fit a law of schedules to curves, and say how it tells others."""
    from isoflop.fitting.saved import to_json
    from isoflop.forecasting.curves.loss_curve import read_curve
    from isoflop.forecasting.curves.schedule_law import fit_schedule

    found = fit_schedule(law, [read_curve(one) for one in curves], on=[read_curve(one) for one in on])
    if output is not None:
        write_output(output, encoded(to_json(found.as_dict()) + "\n"))
    print_answer(found, json=json)


def _print_known(findings: tuple[Finding, ...], *, json: bool) -> None:
    """Print what is known of runs to which no law can be fitted."""
    if json:
        print_json({"findings": [one.as_dict() for one in findings]})
    else:
        print_result(findings_list(findings))


@takes_runs
def check(
    source: Annotated[str, typer.Argument(metavar="RUNS_OR_FIT", help="Runs, or a fit saved with -o.")],
    asked: Asked,
    flops: Annotated[Text, option("--flops", "The budget that matters, such as 1e24.")] = None,
    profile: Annotated[
        Words,
        option("--profile", "Profile a parameter, or N_opt, D_opt, exponent at --flops.", metavar="NAME"),
    ] = None,
    checklist: Annotated[bool, option("--checklist", "Show what a reader must know to repeat it.")] = False,
    json: Json = False,
) -> None:
    """Check whether a fit can be trusted: every finding about the runs, the fit and its residuals."""
    from isoflop.fitting.check import check
    from isoflop.fitting.profile import profile as profile_of
    from isoflop.fitting.target import OF_BUDGET

    try:
        fitted = asked.one_fit(source)
    except DataError:  # such as too few runs for the law: what is known of them is said all the same
        _print_known(asked.read(source).findings, json=json)
        raise
    budget = parse_quantity(flops) if flops else None
    at = {"flops": budget} if budget else {}
    traced = [profile_of(fitted, name, **(at if name in OF_BUDGET else {})) for name in profile or []]
    found = check(fitted, flops=budget)
    if json:
        print_json({**found.as_dict(), "profiles": [one.as_dict() for one in traced]})
    else:
        for part in (found, *([found.checklist_table()] if checklist else []), *traced):
            print_result(part)
    stop_on_block(found.findings)


@takes_runs
def sensitivity(
    runs: Runs,
    flops: Annotated[str, option("--flops", "The budget in training FLOPs, such as 1e24.")],
    asked: Asked,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Say how much of a plan is the choice of method: objective, runs left out, law, approach, count of N."""
    from isoflop.forecasting.source import ONE_LAW
    from isoflop.planning.sensitivity import sensitivity

    if asked.fix or asked.bounds:
        raise UsageError("--fix and --bounds belong to one law, and sensitivity compares several. Leave them out.")
    refuse_figure(runs, output)
    found = sensitivity(
        asked.read(runs), flops=parse_quantity(flops), law=asked.law or ONE_LAW, objective=asked.objective,
        draws=asked.draws, seed=asked.seed, starts=asked.starts, level=asked.level,
    )  # fmt: skip
    give(found, json=json, output=output)


@takes_runs
def backtest(
    runs: Runs,
    asked: Asked,
    along: Annotated[
        Text, option("--along", "What to extrapolate: C (unless said), N, D or another input.", metavar="INPUT")
    ] = None,
    output: Drawn = None,
    json: Json = False,
) -> None:
    """Fit the small runs, score on the larger ones: what forecasts from these runs have been worth."""
    from isoflop.forecasting.record import backtest

    refuse_figure(runs, output)
    found = backtest(asked.fit_or_runs(runs), laws=asked.laws, along=along, level=asked.level)
    give(found, json=json, output=output)
