"""Every verb takes what lies in memory: DataFrames, Arrow tables, mappings of columns, lists of mappings."""

from importlib import import_module

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import isoflop
from isoflop import UsageError
from isoflop.fitting.saved import to_json

KINDS = {
    "mapping": dict,
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.table,
    "list": lambda columns: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
}


def crossed(*axes):
    return [axis.ravel().tolist() for axis in np.meshgrid(*axes, indexing="ij")]


def grid():
    """Return 16 runs with noise, and a task."""
    N, D = map(np.array, crossed(np.geomspace(1e7, 1e9, 4), np.geomspace(2e8, 2e10, 4)))
    loss = (1.7 + 400 / N**0.34 + 410 / D**0.28) * np.exp(np.random.default_rng(0).normal(0, 0.003, N.size))
    task = np.clip(1 - 0.75 * np.tanh(loss - 1.5), 0.25, 1).round(3)
    return {"n_params": N.tolist(), "n_tokens": D.tolist(), "val_loss": loss.tolist(), "arc": task.tolist()}


def budgets():
    C, place = map(np.array, crossed([1e18, 1e19, 1e20], np.geomspace(0.25, 4, 5)))
    N = 0.1 * C**0.5 * place
    loss = 1.7 + 400 / N**0.34 + 410 / (C / (6 * N)) ** 0.34
    return {"n_params": N.tolist(), "flops": C.tolist(), "val_loss": loss.tolist()}


def sweep():
    N, D, lr = map(np.array, crossed([5e7, 2e8, 8e8], [2e9, 8e9], [3e-4, 6e-4, 1e-3, 2e-3, 4e-3]))
    rise = 0.01 * np.log(lr / (1e-3 * (N / 1e8) ** -0.5)) ** 2
    loss = (1.8 + 400 / N**0.34 + 410 / D**0.28) * np.exp(rise)
    return {"n_params": N.tolist(), "n_tokens": D.tolist(), "lr": lr.tolist(), "val_loss": loss.tolist()}


def mixtures():
    code = np.linspace(0.05, 0.95, 12)
    shares = {"share_code": code.tolist(), "share_text": (1 - code).tolist()}
    losses = {"loss_code": (1 + code**-0.3).tolist(), "loss_text": (1 + (1 - code) ** -0.3).tolist()}
    return {**shares, "n_params": [1e7] * 12, "n_tokens": [2e8] * 12, **losses}


def samples():
    correct = [1, 9, 40, 31, 39, 70]
    return {"model": ["1B"] * 3 + ["7B"] * 3, "problem": [0, 1, 2] * 2, "samples": [100] * 6, "correct": correct}


def curve():
    steps = np.arange(10, 410, 10.0)
    return {"step": steps.tolist(), "loss": (2 + 3 * steps**-0.5).tolist()}


def ladder():
    N, share = map(np.array, crossed([2e7, 4e7, 8e7, 1.6e8], np.linspace(0.02, 1, 25)))
    tokens, loss = 20 * N * share, 1.7 + 400 / N**0.34 + 410 / (20 * N * share) ** 0.28
    rows = {"N": N, "step": (2e4 * share).round(), "tokens": tokens, "loss": loss}
    return {"run": [f"n{one:g}" for one in N], **{name: values.tolist() for name, values in rows.items()}}


CHEAP = {
    "check": (sweep, isoflop.check),
    "backtest": (grid, isoflop.backtest),
    "solve": (grid, lambda table: isoflop.solve("N", table, D="1T", loss=2.5)),
    "approach2": (budgets, isoflop.approach2),
    "tune": (sweep, lambda table: isoflop.tune(table, at=[{"N": 3e9, "D": 6e10}])),
    "finish": (curve, lambda table: isoflop.finish(table, end=800)),
}
"""Verbs whose answer for each kind of table is compared with that for a mapping."""
DEAR = {
    "plan": ("polars", grid, lambda table: isoflop.plan(table, flops="1e21")),
    "sensitivity": ("pandas", budgets, lambda table: isoflop.sensitivity(table, flops="1e21", draws=0, starts=1)),
    "mix": ("polars", mixtures, lambda table: isoflop.mix(table, targets={"loss_code": 1})),
    "downstream": ("pandas", grid, lambda table: isoflop.downstream(table, tasks=["arc"], N="8B", D="1T", draws=100)),
    "test_time": ("polars", samples, isoflop.test_time),
    "emergence": ("list", grid, lambda table: isoflop.emergence(table, metric="arc", items=1000, along="C")),
    "watch": ("pandas", ladder, lambda table: isoflop.watch(None, table, told=isoflop.Told(N=320e6, D=6.4e9))),
    "recipes": ("arrow", grid, lambda table: isoflop.recipes(table, table, names=["one", "two"])),
}
"""Verbs that work for longer: each with one kind of table."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mapping"])
@pytest.mark.parametrize("verb", [*CHEAP])
def test_a_verb_gives_the_same_for_every_kind_of_table(verb, kind):
    columns, ask = CHEAP[verb]
    table = KINDS[kind](columns())
    found, same = (to_json(ask(one).as_dict()) for one in (table, columns()))
    assert found.replace(f"the {type(table).__name__}", "the dict") == same


@pytest.mark.parametrize("verb", [*DEAR])
def test_a_verb_that_works_for_longer_takes_a_table_too(verb):
    kind, columns, ask = DEAR[verb]
    assert ask(KINDS[kind](columns())).as_flat_rows()


def test_a_frame_is_reported_on(tmp_path, monkeypatch):
    monkeypatch.setattr(import_module("isoflop.faces.report.document"), "exhibits", lambda *_: ())  # they take long
    isoflop.report(KINDS["pandas"](grid()), tmp_path / "report.md")
    assert "the DataFrame" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize("verb", ["fit_all", "forecast_all"])
def test_one_table_in_the_place_of_several_by_name_is_refused(verb):
    ask = {"fit_all": lambda table: isoflop.fit_all("chinchilla", table),
           "forecast_all": lambda table: isoflop.forecast_all(table, N="8B", D="1T")}[verb]  # fmt: skip
    for kind in ("pandas", "polars", "mapping"):
        with pytest.raises(UsageError):
            ask(KINDS[kind](grid()))
