"""Kaplan et al. 2020, Scaling Laws for Neural Language Models, arXiv:2001.08361.

WebText2, N non-embedding parameters 768 to 1.5e9, D 22M to 23B tokens, context 1024, loss in nats
per token. The paper's compute is in PF-days (8.64e19 FLOPs); here, as everywhere, in FLOPs.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import PF_DAY, Exponent, Flops, Nats, Params, Scale, Size, Steps, Tokens

CITE = "Kaplan et al. 2020, arXiv:2001.08361"
RANGE = {"N": (768.0, 1.5e9), "D": (22e6, 23e9)}


@law(cite=f"{CITE}, eq. 1.1", family="pre-training")
def kaplan_N(N: Params, *, N_c: Size, alpha_N: Exponent) -> Nats:
    """Loss of a converged model with N non-embedding parameters and data without limit."""
    return (N_c / N) ** alpha_N


@law(cite=f"{CITE}, eq. 1.2", family="pre-training")
def kaplan_D(D: Tokens, *, D_c: Size, alpha_D: Exponent) -> Nats:
    """Loss of a large model, stopped early, on D tokens."""
    return (D_c / D) ** alpha_D


@law(cite=f"{CITE}, eq. 1.3", family="pre-training")
def kaplan_C(C: Flops, *, C_c: Size, alpha_C: Exponent) -> Nats:
    """Loss of the best model for C training FLOPs."""
    return (C_c / C) ** alpha_C


@law(cite=f"{CITE}, eq. 1.5", family="pre-training")
def kaplan_ND(N: Params, D: Tokens, *, N_c: Size, alpha_N: Exponent, D_c: Size, alpha_D: Exponent) -> Nats:
    """Loss of a model with N non-embedding parameters trained on D tokens until it overfits."""
    return ((N_c / N) ** (alpha_N / alpha_D) + D_c / D) ** alpha_D


@law(cite=f"{CITE}, eq. 1.6", family="pre-training")
def kaplan_NS(N: Params, S: Steps, *, N_c: Size, alpha_N: Exponent, S_c: Size, alpha_S: Exponent) -> Nats:
    """Loss of a model with N non-embedding parameters after S steps at a batch far above the critical one."""
    return (N_c / N) ** alpha_N + (S_c / S) ** alpha_S


@law(cite=f"{CITE}, table 6", family="allocation", name="kaplan-N-opt")
def kaplan_n_opt(C: Flops, *, k: Scale, p: Exponent) -> Params:
    """Best number of non-embedding parameters for C training FLOPs."""
    return k * (C / PF_DAY) ** p


@law(cite=f"{CITE}, table 6", family="allocation", name="kaplan-D-opt")
def kaplan_d_opt(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best number of tokens for C training FLOPs."""
    return k * (C / PF_DAY) ** p


@law(cite=f"{CITE}, table 6", family="batch size", name="kaplan-B-opt")
def kaplan_b_opt(C: Flops, *, k: Scale, p: Exponent) -> Tokens:
    """Best batch, in tokens, for C training FLOPs."""
    return k * (C / PF_DAY) ** p


@law(cite=f"{CITE}, table 6", family="batch size", name="kaplan-S-opt")
def kaplan_s_opt(C: Flops, *, k: Scale, p: Exponent) -> Steps:
    """Best number of serial steps for C training FLOPs."""
    return k * (C / PF_DAY) ** p


@law(cite=f"{CITE}, eq. 1.4", family="batch size", name="kaplan-B-crit")
def kaplan_b_crit(L: Nats, *, B_star: Scale, alpha_B: Exponent) -> Tokens:
    """Critical batch, in tokens, at a loss of L: with it, steps and tokens are each twice their least."""
    return B_star / L ** (1 / alpha_B)


_N = "N counts non-embedding parameters."
kaplan2020_N = kaplan_N.at(
    "kaplan2020-N", N_c=8.8e13, alpha_N=0.076, cite=f"{CITE}, eq. 1.1", caution=_N, fitted_on={"N": RANGE["N"]},
    checks=[({"N": 1e9}, 2.3756403), ({"N": 1.75e11}, 1.6043894)],
)  # fmt: skip
kaplan2020_D = kaplan_D.at(
    "kaplan2020-D", D_c=5.4e13, alpha_D=0.095, cite=f"{CITE}, eq. 1.2", fitted_on={"D": RANGE["D"]},
    checks=[({"D": 2e10}, 2.1182614)],
)  # fmt: skip
kaplan2020_C = kaplan_C.at(
    "kaplan2020-C", C_c=1.6e7 * PF_DAY, alpha_C=0.057, cite=f"{CITE}, table 5",
    caution="Compute at the paper's fixed batch; kaplan2020-C-min is for the critical batch.",
    checks=[({"C": PF_DAY}, 2.5741559)],
)  # fmt: skip
kaplan2020_C_min = kaplan_C.at(
    "kaplan2020-C-min", C_c=3.1e8 * PF_DAY, alpha_C=0.050, cite=f"{CITE}, eq. 1.3",
    caution="C is the minimal compute, at a batch far below the critical one.",
    checks=[({"C": PF_DAY}, 2.6580802), ({"C": 1e3 * PF_DAY}, 1.8817767)],
)  # fmt: skip
kaplan2020_ND = kaplan_ND.at(
    "kaplan2020-ND", N_c=6.4e13, alpha_N=0.076, D_c=1.8e13, alpha_D=0.103, cite=f"{CITE}, table 2",
    caution=f"{_N} Trained with dropout and early stopping over several epochs, so C is not 6ND.", fitted_on=RANGE,
    checks=[({"N": 1e9, "D": 2e10}, 2.3738824)],
)  # fmt: skip
kaplan2020_NS = kaplan_NS.at(
    "kaplan2020-NS", N_c=6.5e13, alpha_N=0.077, S_c=2.1e3, alpha_S=0.76, cite=f"{CITE}, table 3",
    caution=f"{_N} S is the minimal number of steps, at a batch far above the critical one.",
    checks=[({"N": 1e9, "S": 1e5}, 2.4005137)],
)  # fmt: skip
kaplan2020_N_opt = kaplan_n_opt.at(
    "kaplan2020-N-opt", k=1.3e9, p=0.73, cite=f"{CITE}, table 6",
    caution=f"{_N} Learning-rate schedules were not matched to each run; Hoffmann et al. 2022 find an exponent of 0.5.",
    checks=[({"C": PF_DAY}, 1.3e9), ({"C": 1e3 * PF_DAY}, 2.0134616e11)],
)  # fmt: skip
kaplan2020_D_opt = kaplan_d_opt.at(
    "kaplan2020-D-opt", k=2e10, p=0.27, cite=f"{CITE}, table 6",
    checks=[({"C": PF_DAY}, 2e10), ({"C": 1e3 * PF_DAY}, 1.2913085e11)],
)  # fmt: skip
kaplan2020_B_opt = kaplan_b_opt.at(
    "kaplan2020-B-opt", k=2e6, p=0.24, cite=f"{CITE}, table 6", fitted_on=RANGE,
    checks=[({"C": PF_DAY}, 2e6), ({"C": 1e3 * PF_DAY}, 1.0496149e7)],
)  # fmt: skip
kaplan2020_S_opt = kaplan_s_opt.at(
    "kaplan2020-S-opt", k=5.4e3, p=0.03, cite=f"{CITE}, table 6",
    checks=[({"C": PF_DAY}, 5.4e3), ({"C": 1e3 * PF_DAY}, 6643.4514)],
)  # fmt: skip
kaplan2020_B_crit = kaplan_b_crit.at(
    "kaplan2020-B-crit", B_star=2e8, alpha_B=0.21, cite=f"{CITE}, eq. 1.4", fitted_on=RANGE,
    caution="L is the loss on WebText2 by the paper's tokenizer.",
    checks=[({"L": 3.0}, 1069114.01), ({"L": 2.0}, 7371465.306)],
)  # fmt: skip
