"""Runs: columns by letter and alias, completed compute, excluded rows, conditions, digest."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoflop.data.runs import Excluded, Runs, table
from isoflop.errors import DataError, UsageError

N = [1e8, 1e9, 1e10]
D = [2e9, 2e10, 2e11]
LOSS = [3.2, 2.6, 2.2]
positive = st.floats(1e3, 1e14)


def ladder(**more):
    return Runs.of(N=N, D=D, loss=LOSS, **more)


# Columns.


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("loss", "there are N, D, C. Say which column is loss: --loss COLUMN."),
        ("params", "It is called N here: say N."),
        ("d", "there are N, D, C"),
    ],
)
def test_a_missing_column_is_an_error_that_lists_the_columns(asked, told):
    with pytest.raises(DataError) as refused:
        Runs.of(N=N, D=D)[asked]
    assert told in str(refused.value)


# Numbers.


def test_every_number_is_float64_and_cannot_be_written_to():
    runs = Runs.of(N=[70_000_000_000], D=[1_400_000_000_000], loss=np.array([1.9], dtype=np.float32))
    assert {runs[name].dtype for name in ("N", "D", "C", "loss")} == {np.dtype(np.float64)}
    assert runs["C"][0] == pytest.approx(5.88e23)
    with pytest.raises(ValueError, match="read-only"):
        runs["N"][0] = 1.0
    with pytest.raises(TypeError):
        runs.columns["N"] = np.ones(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        runs.source = "other"


def test_the_caller_keeps_an_array_of_their_own():
    size = np.array(N)
    runs = Runs.of(N=size, D=D, loss=LOSS)
    size[0] = 7.0
    assert runs["N"][0] == 1e8


@given(size=st.lists(positive, min_size=1, max_size=20), seed=st.integers(0, 99))
def test_any_two_of_n_d_c_give_the_third(size, seed):
    tokens = np.random.default_rng(seed).uniform(1e3, 1e14, len(size))
    flops = Runs.of(N=size, D=tokens)["C"]
    assert Runs.of(N=size, C=flops)["D"] == pytest.approx(tokens, rel=1e-12)
    assert Runs.of(D=tokens, C=flops)["N"] == pytest.approx(size, rel=1e-12)


def test_a_column_without_a_single_number_counts_as_absent():
    runs = Runs.of(N=N, D=D, C=[None, None, None], loss=LOSS)
    assert runs["C"] == pytest.approx(6 * np.array(N) * np.array(D))


def test_an_unknown_flop_rule_is_refused():
    with pytest.raises(UsageError, match="6ND"):
        Runs.of(N=N, D=D, flop_rule="guess")


def test_a_single_number_stands_for_all_runs():
    assert list(ladder(B=0.5e6)["B"]) == [0.5e6] * 3


def test_columns_of_different_lengths_are_refused_with_the_lengths():
    with pytest.raises(DataError, match="N has 3, D has 2"):
        Runs.of(N=N, D=D[:2])


def test_a_column_with_two_dimensions_is_refused():
    with pytest.raises(DataError, match='"N" has 2 dimensions'):
        Runs.of(N=np.ones((2, 2)))


@pytest.mark.parametrize("data", [{}, {"N": [], "D": [], "loss": []}])
def test_a_table_without_rows_is_refused(data):
    with pytest.raises(DataError, match="0 runs"):
        table(data)


def test_a_data_frame_is_read_through_its_columns():
    class Frame:
        """What a data frame offers: keys and columns."""

        def keys(self):
            return ["params", "tokens", "val_loss"]

        def __getitem__(self, name):
            return np.array({"params": N, "tokens": D, "val_loss": LOSS}[name])

    assert table(Frame()).digest == ladder().digest


# Excluded rows.


@pytest.mark.parametrize("column", ["N", "D", "C", "loss"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [(float("nan"), "nan"), (float("inf"), "inf"), (-float("inf"), "-inf"), (0, "0"), (-1, "-1")],
)
def test_a_row_without_a_finite_positive_number_is_excluded_and_listed(column, value, shown):
    data = {"N": list(N), "D": list(D), "C": [1.2e18, 1.2e20, 1.2e22], "loss": list(LOSS)}
    data[column][1] = value
    runs = table(data)
    assert len(runs) == 2
    assert list(runs.rows) == [1, 3]
    assert runs.excluded == (Excluded(2, f"{column} is {shown}"),)
    assert [(finding.code, finding.severity) for finding in runs.findings] == [("D01", "WARN")]
    assert f"row 2 ({column} is {shown})" in runs.findings[0].message


def test_a_table_in_which_no_row_is_usable_is_refused_with_a_reason():
    with pytest.raises(DataError, match="none of the 2 runs is usable; row 1: loss is nan"):
        Runs.of(N=[1e8, 1e9], D=[2e9, 2e10], loss=[None, float("inf")])


# Conditions.


def test_rows_filtered_out_are_listed_with_the_condition():
    runs = ladder(role=["sweep", "target", "sweep"]).where('role == "sweep" and N > 1e8')
    assert list(runs.rows) == [3]
    assert runs.excluded == tuple(Excluded(row, 'role == "sweep" and N > 1e8 is false') for row in (1, 2))


def test_unusable_rows_stay_listed_after_a_condition():
    runs = Runs.of(N=[1e8, 1e9, 1e10], D=D, loss=[None, 2.6, 2.2]).where("N > 5e9")
    assert [item.row for item in runs.excluded] == [1, 2]
    assert [finding.code for finding in runs.findings] == ["D01"]


def test_findings_are_about_the_rows_that_are_left():
    runs = Runs.of(N=[1e8, 1e8, 1e9], D=[2e9, 2e9, 2e10], loss=[3.2, 3.3, 14.0])
    assert [finding.code for finding in runs.findings] == ["D06", "D03"]
    assert runs.where("N > 1e8 or loss < 3.25").where("loss < 12").findings == ()


def test_a_condition_on_a_missing_column_names_the_columns():
    with pytest.raises(DataError, match='"width" is missing'):
        ladder().where("width > 3")


def test_a_condition_that_leaves_nothing_is_refused():
    with pytest.raises(DataError, match="N > 1e20 is false for all 3 runs"):
        ladder().where("N > 1e20")


def test_a_condition_that_compares_text_with_numbers_is_refused():
    with pytest.raises(UsageError, match="text"):
        ladder(role=["a", "b", "c"]).where("role > 3")
    with pytest.raises(UsageError, match="N is a number"):
        ladder().where('N == "large"')


@pytest.mark.parametrize("condition", ["__import__('os')", "N >", "N + 1", "N.real > 0", "(" * 10**5, ""])
def test_an_unsafe_or_broken_condition_is_a_usage_error(condition):
    with pytest.raises(UsageError):
        ladder().where(condition)


# Taking rows, writing them down, naming them.


def test_take_gives_rows_in_the_order_asked_and_lists_nothing():
    runs = ladder().take([2, 0, 0])
    assert list(runs.rows) == [3, 1, 1]
    assert list(runs["N"]) == [1e10, 1e8, 1e8]
    assert runs.excluded == ()
    assert list(ladder().take(np.array([True, False, True])).rows) == [1, 3]


def test_rows_are_ready_for_json_with_none_for_nan():
    rows = ladder(lr=["0.1", "", "0.3"], role=["a", "b", "c"]).as_rows()
    assert rows[1] == {"N": 1e9, "D": 2e10, "loss": 2.6, "lr": None, "role": "b", "C": 1.2e20}
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


@given(st.lists(st.tuples(positive, positive, st.floats(0.1, 12)), min_size=1, max_size=20))
def test_rows_written_and_read_back_are_the_same_runs(rows):
    runs = table(dict(zip(("N", "D", "loss"), zip(*rows, strict=True), strict=True)))
    again = runs.as_rows()
    assert table({name: [row[name] for row in again] for name in again[0]}).digest == runs.digest


def test_the_digest_changes_with_any_value_name_and_order_and_with_nothing_else():
    first = ladder(role=["a", "bc", "d"])
    digests = {
        first.digest,
        ladder(role=["ab", "c", "d"]).digest,
        ladder(part=["a", "bc", "d"]).digest,
        Runs.of(N=N, D=D, loss=[3.2, 2.6, 2.2000000001], role=["a", "bc", "d"]).digest,
        first.take([1, 0, 2]).digest,
    }
    assert len(digests) == 5
    assert Runs.of(role=["a", "bc", "d"], loss=LOSS, D=D, N=N, source="elsewhere").digest == first.digest


def test_runs_say_what_they_are():
    text = repr(Runs.of(N=[1e8, 0], D=[2e9, 1e9], loss=[3.2, 3], source="runs.csv"))
    assert text == "Runs(1 run of runs.csv: N, D, loss, C; 1 row left out)"
