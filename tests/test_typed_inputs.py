# ruff: noqa: F811 - a fixture is imported, and named again where it is asked for
"""What people type as an input, and tables whose columns are called otherwise than ours."""

import numpy as np
import pytest
from commands import run  # noqa: F401 - a fixture

import isoflop
from isoflop.errors import UsageError
from isoflop.faces.cli.options import quantities
from isoflop.quantities import year_of


@pytest.mark.parametrize(
    "text", ["2027-07-02", "2027/7/2", "Jul 2, 2027", "July 2 2027", "2 July 2027", "2027-07-02T10:00"]
)
def test_a_date_is_the_same_year_however_it_is_written(text):
    assert year_of(text) == pytest.approx(2027.4986, abs=1e-3)


@pytest.mark.parametrize("text", ["Foo 2, 2027", "2027-13-01", "2027-02-30", "llama 2 2027x", "8e9"])
def test_what_is_no_date_is_none(text):
    assert year_of(text) is None


@pytest.mark.parametrize("letter", ["N", "D", "C", "loss"])
def test_a_letter_is_no_date(letter):
    with pytest.raises(UsageError, match="is a date"):
        quantities([f"{letter}=2027-01-01"], "N=8e9")


def test_a_column_of_any_name_can_be_the_only_input(run, tmp_path):
    cost = np.geomspace(1e9, 1e13, 12)
    error = 0.2 + 30 * cost**-0.2
    path = tmp_path / "zero_shot.csv"
    path.write_text(
        "model,GMACs total,top1\n"
        + "".join(f"m{row},{each},{1 - miss}\n" for row, (each, miss) in enumerate(zip(cost, error, strict=True)))
    )
    done = run("forecast", path, "--metric", "top1:up:1", "gmacs_total=1e14", "--json")
    assert done.json["forecasts"][0]["metric"]["value"] == pytest.approx(0.8 - 30 * 1e14**-0.2, abs=0.01)


def test_an_example_of_many_patches_is_no_wrong_unit():
    N = np.repeat([1.5e8, 4.3e8, 9.9e8], 4)
    D = np.tile([3e9, 1.3e10, 3.4e10, 5e10], 3)
    many = np.repeat([100.0, 300.0, 400.0], 4)
    runs = isoflop.Runs.of(N=N, D=D, C=6 * N * D * many, loss=2 + 400 / N**0.34 + 400 / D**0.3)
    assert not [one for one in runs.findings if one.severity == "BLOCK"]
    with_unit = isoflop.Runs.of(N=N, D=D, C=6 * N * D * 1e-9, loss=2 + 400 / N**0.34 + 400 / D**0.3)
    assert [one.code for one in with_unit.findings if one.severity == "BLOCK"] == ["D03"]


@pytest.mark.parametrize(
    ("formula", "floor"),
    [("a + b*log(x)", False), ("E + A/x^p", True), ("E + A/x^p + q*log(x)^2", True), ("a + b*log(x/3)", False)],
)
def test_what_a_signed_logarithm_is_added_to_is_no_floor(formula, floor):
    first = next(iter(isoflop.parse_law(formula).parameters.values()))
    assert (first.name == "Floor") == floor
