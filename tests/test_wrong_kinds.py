"""What Python code may give by mistake: a sentence that says what was expected, never an error of Python's own."""

from contextlib import suppress

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import IsoflopError
from isoflop.quantities import as_number, as_numbers

CURVE = isoflop.laws.chinchilla.besiroglu2024
WRONG = (None, "x", "", [], [1e9, 2e9], {}, b"1", 10**400, 1j, True, object(), float("nan"), -1, 0, "1e400", 1e308)
NAMES = ("flops", "gpu_hours", "dollars", "days", "loss", "N", "D", "max_params", "unique_tokens", "serve_tokens",
         "context", "vocabulary", "price", "mfu", "batch_limit")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_of_anything_is_a_plan_or_one_sentence(name):
    for value in WRONG:
        with suppress(IsoflopError):
            isoflop.plan(CURVE, **{"flops": 1e21, name: value})


@pytest.mark.parametrize("value", WRONG, ids=lambda one: type(one).__name__)
def test_a_forecast_and_a_solution_of_anything_are_one_or_one_sentence(value):
    for ask in (
        lambda: isoflop.forecast(CURVE, N=value, D=1e12),
        lambda: isoflop.forecast(CURVE, N=8e9, D=value),
        lambda: isoflop.solve("D", CURVE, loss=value, N=8e9),
        lambda: isoflop.solve("N", CURVE, loss=2.2, D=value),
    ):
        with suppress(IsoflopError):
            ask()


@pytest.mark.parametrize(
    "value", ["runs.csv", None, 5, [1, 2], object(), np.zeros((3, 3))], ids=lambda one: type(one).__name__
)
def test_runs_of_anything_are_one_sentence(value):
    for ask in (lambda: isoflop.fit("chinchilla", value), lambda: isoflop.check(value)):
        with pytest.raises(IsoflopError):
            ask()


@pytest.mark.parametrize("value", [None, 5, object()], ids=["none", "number", "object"])
def test_a_source_that_is_no_path_is_one_sentence(value):
    with pytest.raises(IsoflopError):
        isoflop.read(value)


def test_quantities_are_taken_as_on_the_command_line():
    assert isoflop.plan(CURVE, flops="1e21").N.value == isoflop.plan(CURVE, flops=1e21).N.value
    (typed,), (plain,) = (isoflop.forecast(CURVE, N=N, D=D) for N, D in (("8B", "15T"), (8e9, 15e12)))
    assert typed.loss.value == plain.loss.value
    assert as_numbers(["1B", 2e9], "N").tolist() == [1e9, 2e9]
    assert as_number(np.float32(2.0), "loss") == 2.0


def test_digits_of_other_scripts_are_no_quantities():
    for text in ("\u0661\u0662", "\uff11\uff12", "1\u0662"):
        with pytest.raises(IsoflopError):
            as_number(text, "N")


def test_what_is_masked_is_no_run_and_what_is_complex_is_no_number():
    runs = chinchilla_runs(20)
    masked = np.ma.array(runs["N"], mask=np.arange(20) == 3)
    assert len(Runs.of(N=masked, D=runs["D"], loss=runs["loss"])) == 19
    with pytest.raises(IsoflopError):
        Runs.of(N=runs["N"] + 1j, D=runs["D"], loss=runs["loss"])


GRID = {"N": [1e7, 2e7, 4e7] * 4, "D": [2e8, 4e8, 8e8, 16e8] * 3, "loss": [4 - 0.1 * place for place in range(12)]}
TASK = {**GRID, "arc": [0.5] * 12}


class Liar:
    """Something that names columns and has none."""

    columns = ("N", "D", "loss")

    def __getitem__(self, key):
        raise KeyError(key)


@pytest.mark.parametrize(
    "ask",
    {
        "a table that lies": lambda: isoflop.read(Liar()),
        "a function as condition": lambda: isoflop.read(GRID, where=lambda row: True),  # noqa: ARG005
        "a number as condition": lambda: isoflop.read(GRID).where(5),
        "a number for names": lambda: isoflop.mix(GRID, targets=5),
        "one bound": lambda: isoflop.fit("chinchilla", GRID, bounds={"alpha": 1}),
        "three bounds": lambda: isoflop.fit("chinchilla", GRID, bounds={"alpha": (0, 1, 2)}),
        "words for items": lambda: isoflop.downstream(TASK, items={"arc": "many"}, N=1e9, D=1e10),
        "lengths that differ": lambda: isoflop.forecast(CURVE, N=[1e9, 2e9, 3e9], D=[1e10, 2e10]),
        "a mapping for options": lambda: isoflop.watch(None, GRID, told={"N": 1e9}),
        "a mapping for several": lambda: isoflop.tune(GRID, at={"N": 1e9}),
        "texts for attempts": lambda: isoflop.test_time(["a", "b"]),
        "a number for a dataset": lambda: isoflop.datasets.load(5),
        "a word for budgets": lambda: isoflop.design.grid("x"),
        "one table for several": lambda: isoflop.fit_all("chinchilla", GRID),
    }.items(),
    ids=lambda one: one[0],
)
def test_what_a_verb_does_not_take_is_one_sentence(ask):
    with pytest.raises(IsoflopError) as refused:
        ask[1]()
    assert str(refused.value).count("\n") == 0


def test_numbers_of_options_are_taken_as_text():
    assert isoflop.Told(N="8B", warmup="2k").N == 8e9
    assert isoflop.Machines(gpus="8xH100", price="2").price == 2.0
    assert isoflop.Serving(tokens="1k").tokens == 1000.0


def test_a_curve_that_is_named_twice_is_refused_before_any_work():
    with pytest.raises(IsoflopError, match="twice"):
        isoflop.several([CURVE] * 500)
