"""Every result as rows of a DataFrame, every verb on every kind of table, and runs one after another."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import isoflop
from isoflop.findings import Answer, Listed

N, D = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e9, 4), np.geomspace(2e8, 2e10, 4), indexing="ij"))
NOISE = np.random.default_rng(0).normal(0, 0.003, N.size)
COLUMNS = {"n_params": N, "n_tokens": D, "val_loss": (1.7 + 400 / N**0.34 + 410 / D**0.28) * np.exp(NOISE)}

TABLES = {
    "pandas": pd.DataFrame(COLUMNS),
    "polars": pl.DataFrame(COLUMNS),
    "arrow": pa.table(COLUMNS),
    "mapping": COLUMNS,
    "list of mappings": [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
}
VERBS = {
    "read": isoflop.read,
    "find_runs": isoflop.find_runs,
    "fit": lambda table: isoflop.fit("chinchilla", table, draws=20),
    "check": isoflop.check,
    "forecast": lambda table: isoflop.forecast(table, N="8B", D="1T"),
    "solve": lambda table: isoflop.solve("N", table, D="1T", loss=2.5),
    "plan": lambda table: isoflop.plan(table, flops="1e21"),
    "backtest": isoflop.backtest,
}


@pytest.fixture(scope="module")
def results():
    """Give what each verb returns for a mapping of columns."""
    return {name: verb(COLUMNS) for name, verb in VERBS.items()}


@pytest.mark.parametrize("kind", [kind for kind in TABLES if kind != "mapping"])
@pytest.mark.parametrize("verb", ["read", "fit", "forecast"])
def test_every_kind_of_table_gives_what_a_mapping_gives(verb, kind, results):
    found, same = VERBS[verb](TABLES[kind]), results[verb]
    if verb == "read":
        assert found.digest == same.digest
    else:
        assert found.as_flat_rows() == same.as_flat_rows()


@pytest.mark.parametrize("verb", [*VERBS])
def test_every_verb_takes_a_table_and_gives_rows_of_numbers(verb, results):
    found = results[verb]
    frame, other = found.to_pandas(), found.to_polars()
    assert list(frame.columns) == other.columns
    assert len(frame) == len(other)
    if verb == "check":
        assert len(frame) == len(found.findings)
    else:
        assert any(kind.kind == "f" for kind in frame.dtypes if hasattr(kind, "kind"))


def test_a_forecast_is_a_row_with_its_interval(results):
    frame = results["forecast"].to_pandas()
    assert (frame["low"] < frame["loss"]).all()
    assert (frame["loss"] < frame["high"]).all()
    planned = results["plan"].to_pandas()
    assert (planned["N.low"] < planned["N"]).all()
    assert (planned["N"] < planned["N.high"]).all()


def test_a_fit_is_a_row_for_each_parameter(results):
    frame = results["fit"].to_pandas().set_index("name")
    assert list(frame.index) == ["E", "A", "alpha", "B", "beta"]
    assert frame.loc["E", "low"] < frame.loc["E", "value"] < frame.loc["E", "high"]


def test_runs_are_gone_through_one_by_one(results):
    rows = list(results["read"])
    assert len(rows) == 16
    assert rows[0]["N"] == N[0]
    assert pd.DataFrame(rows).equals(results["read"].to_pandas())


def test_an_estimate_is_a_number(results):
    loss = results["forecast"][0].loss
    assert float(loss) == loss.value
    assert f"{loss:.3f}" == f"{loss.value:.3f}"
    assert 2 * loss - 1 == 2 * loss.value - 1


def test_a_result_that_has_no_data_says_so(results):
    with pytest.raises(isoflop.UsageError, match="is shown only"):
        results["fit"].full().to_pandas()


def test_every_result_that_shows_itself_gives_its_rows():
    kinds = [kind for kind in (*Answer.__subclasses__(), *Listed.__subclasses__()) if kind is not Listed]
    found = [kind for kind in kinds if not hasattr(kind, "as_dict")]
    assert [kind.__name__ for kind in found] == ["Whole"]
