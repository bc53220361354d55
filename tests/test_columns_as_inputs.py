"""Any column of the table is an input of a typed formula, and zero is a value where the law is defined there."""

import numpy as np
import pytest

from isoflop import Runs, UsageError, fit, forecast

pytest_plugins = ["commands"]
DRAW = np.random.default_rng(0)
COUNT = 60
TABLE = {
    "N": 10 ** DRAW.uniform(7, 9, COUNT), "D": 10 ** DRAW.uniform(9, 11, COUNT),
    "lr": 10 ** DRAW.uniform(-4, -2, COUNT),
    "bs": 2.0 ** DRAW.integers(15, 21, COUNT), "depth": DRAW.integers(2, 40, COUNT).astype(float),
    "width": 64.0 * DRAW.integers(2, 40, COUNT), "keep": DRAW.choice([0, 0.25, 0.5, 0.75], COUNT),
    "mix_code": DRAW.choice([0, 0.1, 0.3, 0.6, 1.0], COUNT), "dropout": DRAW.choice([0, 0.1, 0.2, 0.3], COUNT),
    "epochs": DRAW.integers(1, 20, COUNT).astype(float), "offset": DRAW.normal(0, 1, COUNT),
}  # fmt: skip
FORMULAS = {
    "E + A/N^alpha + p*log(lr/c)^2": {"E": 1.7, "A": 400, "alpha": 0.34, "p": 0.02, "c": 1e-3},
    "E + A/N^alpha + B/D^beta + q*log(bs)": {"E": 1.7, "A": 400, "alpha": 0.34, "B": 410, "beta": 0.28, "q": 0.02},
    "E + A/depth^alpha": {"E": 1.7, "A": 2.0, "alpha": 0.5},
    "E + A/(width*depth)^alpha": {"E": 1.7, "A": 8.0, "alpha": 0.4},
    "E + A/N^alpha + s*keep": {"E": 1.7, "A": 400, "alpha": 0.34, "s": 0.3},
    "E + k*exp(t*mix_code)": {"E": 1.7, "k": 1.0, "t": -1.5},
    "E + A/N^alpha + p*dropout^2": {"E": 1.7, "A": 400, "alpha": 0.34, "p": 4.0},
    "E + A/(D*epochs)^beta": {"E": 1.7, "A": 900, "beta": 0.3},
    "E + A/N^alpha + g*(mix_code/m)^gamma": {"E": 1.7, "A": 400, "alpha": 0.34, "g": 0.3, "m": 0.5, "gamma": 1.5},
    "E + A/N^alpha + u*offset": {"E": 1.7, "A": 400, "alpha": 0.34, "u": 0.05},
}


def losses(formula, values):
    from isoflop.formula.parse import parse

    given = {**TABLE, **{key: np.asarray(value, float) for key, value in values.items()}}
    return parse(formula).evaluate(given) * np.exp(np.random.default_rng(1).normal(0, 1e-4, COUNT))


@pytest.mark.parametrize("formula", FORMULAS)
def test_columns_are_inputs_and_the_law_is_found_again(formula):
    values = FORMULAS[formula]
    runs = Runs.of(**TABLE, loss=losses(formula, values))
    found = fit(formula, runs, draws=0)
    assert not set(found.curve.law.parameters) & set(TABLE)
    assert found.used == COUNT
    assert found.noise < 5e-4
    at = {key: float(TABLE[key][5]) for key in found.curve.law.inputs}
    assert found.curve(**at) == pytest.approx(runs["loss"][5], rel=2e-3)


def test_a_share_of_zero_is_forecast():
    formula = "E + A/N^alpha + s*keep"
    found = fit(formula, Runs.of(**TABLE, loss=losses(formula, FORMULAS[formula])), draws=0)
    dense = forecast(found, N=1e8, keep=0)[0].loss.value
    assert dense == pytest.approx(1.7 + 400 / 1e8**0.34, rel=2e-3)
    with pytest.raises(UsageError, match="above zero"):
        forecast(found, N=0, keep=0.5)


def test_where_a_law_is_not_defined_runs_are_left_out_and_forecasts_refused():
    formula = "E + k/mix_code^beta"
    shares = np.where(TABLE["mix_code"] > 0, TABLE["mix_code"], 0.5)
    runs = Runs.of(**TABLE, loss=1.7 + 0.2 / shares**0.5)
    found = fit(formula, runs, draws=0)
    assert found.used == int((TABLE["mix_code"] > 0).sum())
    assert "not defined" in found.excluded[0].reason
    with pytest.raises(UsageError, match="not defined at mix_code=0"):
        forecast(found, mix_code=0)


def test_coefficients_stay_parameters_unless_they_are_named(run, tmp_path):
    table = {**TABLE, "B": TABLE["bs"]}
    runs = Runs.of(**table, loss=losses("E + A/N^alpha + p*log(lr/c)^2", FORMULAS["E + A/N^alpha + p*log(lr/c)^2"]))
    assert "B" in fit("E + A/N^alpha + B*lr", runs, draws=0).curve.law.parameters
    assert "B" in fit("E + A/N^alpha + q*log(B)", runs, draws=0, inputs=["B"]).curve.law.inputs
    path = tmp_path / "runs.csv"
    rows = zip(*(runs[name].tolist() for name in ("N", "lr", "B", "loss")), strict=True)
    path.write_text("N,lr,B,loss\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    told = run("fit", path, "--law", "E + A/N^alpha + q*log(B)", "--input", "B", "--draws", "0", "--json").json
    assert "B" not in told["parameters"]


def test_derivatives_at_zero_are_those_of_the_formula():
    from isoflop.formula.dual import gradient
    from isoflop.formula.parse import parse

    formula = parse("a*(s/c)^p")
    value, slopes = gradient(formula, {"s": np.array([0.0, 0.5]), "a": 2.0, "c": 0.7, "p": 1.3}, ("a", "c", "p"))
    assert value[0] == 0
    assert [float(np.broadcast_to(slopes[key], 2)[0]) for key in ("a", "c", "p")] == [0, 0, 0]
    assert np.isfinite(np.broadcast_to(slopes["p"], 2)[1])
