"""Anything with named columns is read as a file is, by every verb; what is none is refused in words of ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import isoflop
from isoflop import DataError, Estimate, Runs, UsageError, read

DATA = {
    "n_params": [1e7, 2e7, 4e7, None],
    "tokens": [2e8, 4e8, 8e8, 1e9],
    "val_loss": [4.0, 3.8, 3.6, 3.5],
    "model": list("abcd"),
}
ROWS = [dict(zip(DATA, row, strict=True)) for row in zip(*DATA.values(), strict=True)]
SWEEP = read("tinylm", where='role == "sweep"')


@pytest.mark.parametrize(
    "table",
    [
        DATA,
        ROWS,
        pd.DataFrame(DATA),
        pd.DataFrame(DATA).convert_dtypes(),
        pd.DataFrame(DATA).set_index("model"),
        pd.DataFrame(DATA).to_records(index=False),
        pl.DataFrame(DATA),
        pl.DataFrame(DATA).with_columns(pl.col("model").cast(pl.Categorical)),
        pa.table(DATA),
    ],
    ids=["mapping", "rows", "pandas", "nullable", "index", "records", "polars", "categorical", "Arrow"],
)
def test_a_table_of_any_library_gives_the_same_runs(table):
    runs = read(table)
    assert (runs["N"].tolist(), runs["D"].tolist()) == ([1e7, 2e7, 4e7], [2e8, 4e8, 8e8])
    assert runs["loss"].tolist() == [4.0, 3.8, 3.6]
    assert runs.names == ("a", "b", "c")
    assert [str(one) for one in runs.excluded] == ["d (N is nan)"]


def test_units_and_mappings_hold_for_a_table_in_memory_too():
    frame = pd.DataFrame({"params (M)": [10, 20], "seen": [1, 2], "loss": [3.0, 2.0]})
    assert read(frame, columns={"D": "seen*1e9"})["N"].tolist() == [1e7, 2e7]
    assert read([{"model": {"n_params": 1e7}, "train": {"tokens": 1e9}, "loss": 3.0}])["N"].tolist() == [1e7]


def test_sizes_that_groupby_left_in_the_index_are_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"N": [1e8, 1e8, 1e9], "D": [2e9, 2e9, 2e10], "loss": [3.2, 3.1, 2.6]})
    for best in (frame.groupby(["N", "D"]).min(), frame.groupby(["N", "D"]).loss.min()):
        assert isoflop.read(best)["N"].tolist() == [1e8, 1e9]
        assert isoflop.read(best)["loss"].tolist() == [3.1, 2.6]


def test_runs_go_out_as_frames_and_come_back_the_same():
    for frame in (SWEEP.to_pandas(), SWEEP.to_polars()):
        back = read(frame)
        assert np.array_equal(back["loss"], SWEEP["loss"])
        assert back.columns.keys() == SWEEP.columns.keys()


@pytest.mark.parametrize("table", [None, 5, [1, 2], np.ones((3, 3)), object()], ids=lambda one: type(one).__name__)
def test_what_is_no_table_is_refused_with_what_to_pass(table):
    for verb in (read, isoflop.check, isoflop.backtest, lambda one: isoflop.forecast(one, N=1e8, D=1e9)):
        with pytest.raises(UsageError, match="a path, a DataFrame"):
            verb(table)


def test_a_lazy_frame_is_asked_to_be_collected():
    with pytest.raises(UsageError, match=r"collect\(\)"):
        read(pl.DataFrame(DATA).lazy())


def test_masks_hold_and_complex_numbers_and_truth_values_are_no_sizes():
    masked = Runs.of(N=np.ma.array([1e9, 2e9, 3e9], mask=[1, 0, 0]), D=[1e9, 2e9, 3e9], loss=[3, 2, 1.5])
    assert masked["N"].tolist() == [2e9, 3e9]
    with pytest.raises(DataError, match="complex"):
        Runs.of(N=[1 + 2j], D=[1.0], loss=[2.0])
    with pytest.raises(DataError, match="truth values"):
        Runs.of(N=[True, True], D=[1.0, 2.0], loss=[2.0, 1.0])


def test_quantities_are_taken_as_text_wherever_a_number_is():
    asked = isoflop.forecast(SWEEP, N="221184", D="4.52096M")
    assert asked[0].loss.value == isoflop.forecast(SWEEP, N=221184, D=4520960)[0].loss.value
    curve = "besiroglu2024"
    assert isoflop.plan(curve, flops="1e22").N.value == isoflop.plan(curve, flops=1e22).N.value
    assert isoflop.solve("D", curve, loss="2.5", N="1B").value == isoflop.solve("D", curve, loss=2.5, N=1e9).value


@pytest.mark.parametrize(("N", "told"), [("many", "N=many"), ([], "N is empty"), (None, "None.* is no number")])
def test_a_wrong_number_is_refused_with_its_name(N, told):
    with pytest.raises(UsageError, match=told):
        isoflop.forecast("besiroglu2024", N=N, D=1e9)


def test_an_estimate_is_a_number():
    two = Estimate(2.0, 1.0, 3.0)
    assert (float(two), f"{two:.3f}", two * 2, 1 + two, 3 - two, two / 4, 4 / two, -two, two**2) == (
        2.0, "2.000", 4.0, 3.0, 1.0, 0.5, 2.0, -2.0, 4.0,
    )  # fmt: skip
    assert two < 2.5 <= two + 0.5
    assert f"{two}" == str(two)
    assert np.asarray([two], float).tolist() == [2.0]
