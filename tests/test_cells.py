"""Cells: what is a number, what is text, what is missing and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from isoflop.data.runs import Runs, table
from isoflop.errors import DataError

N = [1e8, 1e9, 1e10]
D = [2e9, 2e10, 2e11]
LOSS = [3.2, 2.6, 2.2]


def test_quantities_as_people_type_them_are_numbers_in_a_letters_column():
    runs = Runs.of(N=["70B", "400M"], D=["1.4T", "8e9"], loss=["1.9", "2.9"], label=["370M", "1B"])
    assert list(runs["N"]) == [70e9, 400e6]
    assert list(runs["label"]) == ["370M", "1B"]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("abc", '"abc" is not a number'),
        ("1,000", "has thousands separators, or a decimal comma. Write 1000 or 1.000."),
        ("2.6 nats", "is not a number"),
    ],
)
def test_text_in_a_column_of_numbers_is_refused_with_its_cell(cell, told):
    with pytest.raises(DataError) as refused:
        table({"N": N, "D": D, "val_loss": [3.2, cell, 2.2]}, source="here")
    assert 'here, row 2, column "val_loss": ' in str(refused.value)
    assert told in str(refused.value)


def test_cells_in_per_cent_are_shares_in_any_column():
    runs = Runs.of(N=N, D=D, loss=LOSS, arc=["41.2%", "", "60%"], mixed=["41.2%", "43", "44"])
    assert runs["arc"] == pytest.approx([0.412, np.nan, 0.6], nan_ok=True)
    assert list(runs["mixed"]) == ["41.2%", "43", "44"]
    assert table({"N": N, "D": D, "loss": ["320%", "260%", "220%"]}, source="here").columns


def test_thousands_separators_never_turn_another_column_into_text():
    with pytest.raises(DataError, match='row 2, column "warmup": "1,000" has thousands'):
        table({"loss": LOSS, "warmup": ["500", "1,000", "2,000"]})


def test_empty_cells_of_other_columns_are_nan_and_words_are_text():
    runs = Runs.of(loss=LOSS, lr=["0.1", "", "NA"], schedule=["none", "none", "none"], empty=["", None, ""])
    assert runs["lr"].dtype == np.float64
    assert np.isnan(runs["lr"][1:]).all()
    assert list(runs["schedule"]) == ["none"] * 3
    assert np.isnan(runs["empty"]).all()
