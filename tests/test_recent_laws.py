"""Numbers that papers of 2024 to 2026 print of what follows from their curves: found again from our constants."""

import numpy as np
import pytest

from isoflop.laws import CURVES
from isoflop.laws.contrastive import _TABLE as OPENCLIP
from isoflop.laws.floating_point import critical_tokens
from isoflop.laws.knowledge import effective_params
from isoflop.quantities import PF_DAY


def values(name):
    return CURVES[name].values


@pytest.mark.parametrize(("bits", "printed"), [((8, 7), 1730e12), ((4, 3), 27e12), ((2, 1), 0.4e12)])
def test_few_bits_harm_beyond_the_tokens_that_the_paper_prints(bits, printed):
    best = critical_tokens(1e9, exponent_bits=bits[0], mantissa_bits=bits[1])
    assert best == pytest.approx(printed, rel=0.02)
    around = CURVES["sun2025-float"](
        N=1e9, D=best * np.array([0.9, 1, 1.1]), exponent_bits=bits[0], mantissa_bits=bits[1], block=128
    )
    assert around.argmin() == 1


@pytest.mark.parametrize(("bits", "layout"), [(4, (2, 1)), (8, (4, 3)), (16, (8, 7))])
def test_the_best_layout_of_a_float_is_the_papers(bits, layout):
    layouts = [(e, bits - 1 - e) for e in range(1, bits - 1)]
    losses = [CURVES["sun2025-float"](N=1e9, D=1e11, exponent_bits=e, mantissa_bits=m, block=128) for e, m in layouts]
    assert layouts[int(np.argmin(losses))] == layout


def test_experts_of_granularity_8_to_12_have_the_most_leverage():
    granularity = np.geomspace(1, 64, 200)
    found = granularity[CURVES["tian2025-leverage"](C=1e20, activation=0.05, granularity=granularity).argmax()]
    assert 8 < found < 12


NOISES = ("masked", "low-uniform", "balanced", "high-uniform", "uniform")


@pytest.mark.parametrize(
    "source", ["tian2025-moe", "tian2025-dense", *(f"vonruette2025-{one}-noise" for one in NOISES)]
)
def test_best_flops_per_token_and_best_tokens_spend_the_budget(source):
    size, tokens = (CURVES[f"{source}-{what}"] for what in ("flops-per-token", "tokens"))
    assert size(C=1e21) * tokens(C=1e21) == pytest.approx(1e21, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "printed"), [("busbridge2025-student", (0.664, 0.335)), ("shukor2025-sparse", (None, 0.656))]
)
def test_the_best_split_has_the_papers_exponents(name, printed):
    alpha, beta = values(name)["alpha"], values(name)["beta"]
    for exponent, found in zip(printed, (beta / (alpha + beta), alpha / (alpha + beta)), strict=True):
        assert exponent is None or found == pytest.approx(exponent, abs=1e-3)


def test_openclips_exponents_round_to_those_of_the_paper():
    for line in OPENCLIP.strip().splitlines():
        *_, ours, printed = line.split()
        assert round(float(ours), 2) == float(printed)


def test_the_tokens_per_parameter_of_gemstones_are_those_of_its_authors():
    ratio = CURVES["mcleish2025-hot-D"](C=1e21) / CURVES["mcleish2025-hot-N"](C=1e21)
    assert ratio == pytest.approx(np.exp(4.741429) * 1e21**-0.018391, rel=1e-4)


def worth(better, other, C):
    """Give how much more compute the other curve needs for the loss that the better one has at C."""
    k, p = values(other)["k"], values(other)["p"]
    return PF_DAY * (k / CURVES[better](C=C)) ** (1 / p) / C


def test_linear_attention_is_worth_116_percent_in_the_middle_of_the_runs():
    assert worth("kimi2025-linear", "kimi2025-attention", 5.16 * PF_DAY) == pytest.approx(1.16, abs=0.03)


def test_muons_gain_is_not_the_one_its_paper_states_and_the_curve_says_so():
    shares = [1 / worth("liu2025-muon", "liu2025-adamw", C) for C in (2.1e19, 3.5e20)]
    assert shares == pytest.approx([0.45, 0.49], abs=0.02)
    assert "52 %" in CURVES["liu2025-muon"].caution


def test_a_score_of_rare_facts_has_the_effective_size_of_the_papers_table():
    assert effective_params(0.826) == pytest.approx(4.7e12, rel=0.015)


def test_tokens_that_repeat_are_worth_less_and_never_more_than_fresh_ones():
    for name, passes in (("prabhudesai2025-diffusion", 100), ("prabhudesai2025-autoregressive", 4)):
        share = CURVES[name](D=passes * 1e8, U=1e8) / (passes * 1e8)
        assert 0.9 < share < 1, name
        assert CURVES[name](D=1e8, U=1e8) == 1e8
