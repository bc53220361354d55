"""Laws of other domains and of abilities: the papers' printed numbers, and the special functions behind them."""

import json
import shutil
import subprocess
from math import comb

import numpy as np
import pytest
from scipy import special

from isoflop.errors import UsageError
from isoflop.formula import dual
from isoflop.formula.parse import parse
from isoflop.formula.tree import digamma, lgamma
from isoflop.laws import CURVES, LAWS, find_law
from isoflop.laws.pass_at_k import pass_at_k
from isoflop.quantities import PF_DAY

SIZES = np.concatenate([np.geomspace(1e-8, 1e12, 400), np.linspace(0.5, 30, 200), [1.0, 2.0, 10.0]])


def test_lgamma_is_the_logarithm_of_the_gamma_function():
    assert lgamma(SIZES) == pytest.approx(special.gammaln(SIZES), rel=1e-13, abs=1e-13)
    with np.errstate(all="ignore"):
        assert lgamma(0.0) == np.inf
        assert np.isnan(lgamma(-0.5))


def test_the_derivative_of_lgamma_is_exact():
    assert digamma(SIZES) == pytest.approx(special.digamma(SIZES), rel=1e-13, abs=1e-13)
    slopes = dual.gradient(parse("x*lgamma(x + y) - lgamma(2)"), {"x": 1.7, "y": 0.6}, ("x", "y"))[1]
    assert slopes["x"] == pytest.approx(special.gammaln(2.3) + 1.7 * special.digamma(2.3), rel=1e-13)
    assert slopes["y"] == pytest.approx(1.7 * special.digamma(2.3), rel=1e-13)


def test_lgamma_in_javascript_agrees():
    code = find_law("E + lgamma(x)").javascript()
    program = f"const law = {code}; console.log(JSON.stringify({SIZES.tolist()}.map((x) => law(x, 0))))"
    node = shutil.which("node")
    assert node, "Node is needed to check the JavaScript of formulas"
    done = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == pytest.approx(lgamma(SIZES), rel=1e-13, abs=1e-13)


def test_lgamma_is_written_in_latex():
    assert parse("lgamma(a + x)").latex() == r"\log\Gamma\left(a + x\right)"


@pytest.mark.parametrize(("k", "published"), [(1, 0.0566), (10, 0.2909), (100, 0.6069), (1000, 0.8005)])
def test_a_beta_spread_of_success_gives_the_pass_rate(k, published):
    found = LAWS["beta-pass-at-k"](a=0.3, b=5.0, k=k)
    assert found == pytest.approx(published, abs=5e-5)
    assert found == pytest.approx(1 - special.beta(0.3, 5 + k) / special.beta(0.3, 5), rel=1e-11)


@pytest.mark.parametrize(
    ("n", "c", "k", "rate"), [(10, 3, 5, 0.916667), (100, 5, 10, 0.416248), (5, 0, 5, 0), (5, 1, 5, 1)]
)
def test_pass_at_k_is_counted_without_bias(n, c, *, k, rate):
    assert pass_at_k(n, c, k=k) == pytest.approx(rate, abs=5e-7)
    assert pass_at_k([n, n], [c, 0], k=k)[0] == pytest.approx(1 - comb(n - c, k) / comb(n, k), rel=1e-13)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 1, 4), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_pass_at_k_of_too_few_samples_is_refused(n, c, k):
    with pytest.raises(UsageError, match=f"pass@{k} needs at least {k} samples"):
        pass_at_k([5, n], [1, c], k=k)


@pytest.mark.parametrize(
    ("name", "inputs", "printed", "precision"),
    [
        ("dit2024-N", {"C": 1.5e21}, 958.3e6, 0.01),  # the paper's own; its k is printed to one digit
        ("jones2021-hex9", {"C": 1e15, "elo": 500}, 10 ** (-1.2 * 15 + 0.004 * 500 + 29), 1e-9),
        ("hestness2017-word-lm", {"D": 1e9}, 11.9 * 1e9**-0.066, 1e-9),
        ("henighan2020-language-N", {"N": 1.47e14}, 1, 1e-9),
        ("henighan2020-language-N-opt", {"C": PF_DAY}, 1.3e9, 0.01),  # Kaplan et al. 2020, table 6
        ("xiong2023-70B", {"context": 17.9}, 2.35, 1e-9),
        ("schaeffer2023-exact-match", {"N": 1e9, "length": 1}, 0.09295, 1e-4),
    ],
)
def test_a_curve_gives_what_is_printed(name, inputs, *, printed, precision):
    assert CURVES[name](**inputs) == pytest.approx(printed, rel=precision)


def test_an_answers_tokens_must_all_be_right():
    alone, five = (CURVES["schaeffer2023-exact-match"](N=1e10, length=length) for length in (1, 5))
    assert five == pytest.approx(alone**5, rel=1e-12)


@pytest.mark.parametrize(("name", "peak"), [("overoptimised-best-of-n", 1 / 0.06), ("overoptimised-rl", np.exp(9))])
def test_a_proxy_reward_is_overoptimised_beyond_its_peak(name, peak):
    rewards = LAWS[name](alpha=1.0, beta=0.03 if "best" in name else 0.1, d=peak * np.array([0.99, 1, 1.01]))
    assert np.argmax(rewards) == 1


def test_a_typed_formula_is_a_law_of_loss_though_a_law_of_something_else_reads_alike():
    assert find_law("k*C^p").output.name == "Nats"
    assert LAWS["dit-N"].output.name == "Params"
