"""What the contract of the catalogue needs of each law: where to look at it, and numbers where none are published."""

from __future__ import annotations

import numpy as np

GRID = {
    "N": (1e7, 1e10),
    "D": (3e8, 3e11),
    "C": (1e17, 1e23),
    "S": (1e3, 1e6),
    "x": (1e3, 1e9),
    "U": (1e9, 3e10),
    "L": (1.8, 4.0),
    "experts": (2.0, 64.0),
    "granularity": (1.0, 16.0),
    "bits": (3.0, 16.0),
    "sparsity": (0.1, 0.95),
    "samples": (1.0, 1000.0),
    "aspect": (16.0, 256.0),
    "N_vocab": (1e7, 1e9),
    "L_alone": (1.9, 4.2),
    "share": (0.05, 0.8),
    "share_1": (0.02, 0.4),
    "share_2": (0.02, 0.4),
    "quality": (0.2, 1.0),
    "k": (1.0, 100.0),
    "d": (0.5, 12.0),
    "elo": (100.0, 2000.0),
    "context": (512.0, 32768.0),
    "encoder": (1e7, 3e9),
    "decoder": (1e7, 3e9),
    "interactions": (1e5, 1e10),
    "length": (1.0, 30.0),
    "exponent_bits": (2.0, 8.0),
    "mantissa_bits": (1.0, 7.0),
    "block": (16.0, 512.0),
    "params_kept": (0.1, 1.0),
    "tokens_kept": (0.1, 1.0),
    "activation": (0.01, 0.5),
    "N_once": (1e6, 1e9),
    "N_looped": (1e6, 1e9),
    "loops": (1.0, 16.0),
    "streams": (1.0, 16.0),
    "width": (256.0, 4096.0),
    "depth": (4.0, 80.0),
    "replicas": (1.0, 16.0),
    "flops_per_token": (1e8, 1e11),
    "academic": (0.01, 0.4),
    "prose": (0.01, 0.4),
    "dialogue": (0.01, 0.2),
    "symbolic": (0.01, 0.3),
    "internet": (0.1, 0.8),
    "merged": (1.0, 9.0),
    "updates": (0.25, 16.0),
    "gflops": (1.0, 1000.0),
    "days": (30.0, 3000.0),
}
"""Where each input is looked at."""

PURE_NUMBERS = {
    *("experts", "granularity", "bits", "sparsity", "samples", "aspect"),
    *("share", "share_1", "share_2", "quality"),
    *("exponent_bits", "mantissa_bits", "block", "params_kept", "tokens_kept", "activation", "loops", "streams"),
    *("academic", "prose", "dialogue", "symbolic", "internet", "merged", "replicas", "updates"),
}
"""Inputs without a unit: counts that a law may add 1 to, shares and ratios. Nobody counts them in thousands."""

ELSEWHERE: dict[str, dict[str, tuple[float, float]]] = {
    "muennighoff": {"U": (7e8, 2e10)},
    "ludziejewski": {"D": (4e9, 4e11)},  # on fewer than 1.9B tokens its second term rises with experts
    "float-bits": {"N": (1e8, 1e10), "D": (1e9, 5e10), "exponent_bits": (3.0, 8.0)},  # beyond, more tokens harm
    "efficiency-leverage": {"granularity": (1.0, 8.0)},  # beyond 11 finer experts harm
    "repeated-tokens": {"D": (3e10, 3e12)},  # no token repeats unless D is above U
    "abnar": {"sparsity": (0.4, 0.95)},  # N is total, so too little sparsity is harmful, too much as well
}
"""Where a law's inputs are looked at instead, with the reason."""

MONOTONE = {
    # a student that is far smaller than its teacher learns less from a better one
    "busbridge": {"N": (3e8, 1e10), "D": (5e9, 3e11), "L": (1.9, 2.3), "L_alone": (2.8, 4.2)},
    # after hundreds of passes more tokens are worth nothing to the last digit; where none repeats, they are worth D
    "repeated-tokens": {"D": (4e10, 4e11), "U": (4e9, 3e10)},
}
"""Where the shape of a law is looked at instead, with the reason."""

UNPUBLISHED = {
    "quantisation-aware": {"k": 0.15, "gamma_N": 0.25, "gamma_D": 0.1, "gamma_G": 0.7},
    "valley": {"E": 1.6, "A": 2000.0, "alpha": 0.18, "beta": 0.17, "q": 0.004},
    "log-quadratic": {"c": 1.3, "c_N": -0.11, "c_D": -0.09, "c_NN": 0.02, "c_ND": 0.004, "c_DD": 0.008},
    "total-bits": {"E": 1.7, "A": 900.0, "alpha": 0.3},
    "t2": {"E": 0.4, "A": 300.0, "alpha": 0.3, "B": 900.0, "beta": 0.33, "G": 0.5, "gamma": 0.4},
    "bian": {"E": 1.5, "A": 400.0, "alpha": 0.33, "B": 1100.0, "beta": 0.35, "epsilon": 0.01, "gamma": 0.45},
    "bounded": {"E": 1.7, "N0": 6e7, "alpha": 0.33, "D0": 2e9, "beta": 0.36, "e_0": 10.4},
    "farseer": {
        "a1": -0.01,
        "b1": -1.05,
        "alpha": 0.12,
        "a2": -0.3,
        "b2": 7.2,
        "beta": 0.1,
        "a3": -0.08,
        "b3": 0.75,
        "gamma": 0.13,
    },
    "goyal": {"d": 0.25, "a": 9.0, "b": 0.15, "tau": 4.0},
    "subramanyam": {"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 900.0, "beta": 0.31, "gamma": 0.25},
    "mixing": {"c": 1.4, "k": 2.1, "t_1": -3.2, "t_2": -0.6},
    "bimix": {"c": 1.6, "B": 300.0, "beta": 0.27, "alpha": 0.09},
    "shukor": {
        "E": 1.5,
        "A": 400.0,
        "alpha": 0.34,
        "B": 900.0,
        "beta": 0.31,
        "C_1": 0.02,
        "gamma_1": 0.6,
        "C_2": 0.3,
        "gamma_2": 0.9,
    },
    "transferred-loss": {"N_c": 6e13, "alpha_N": 0.076, "alpha_D": 0.2, "shift": 5.0, "alpha": 0.35, "beta": 0.3},
    "multiplicative": {"E": 0.9, "A": 12.0, "alpha": 0.06, "beta": 0.11},
    "rectified": {"E": 0.6, "B": 40.0, "D_l": 4e9, "beta": 0.22},
    "mccandlish-steps": {"S_min": 5000.0, "B_crit": 2e6},
    "mccandlish-examples": {"E_min": 1e10, "B_crit": 2e6},
    "mccandlish-lr": {"eta_max": 0.01, "B_noise": 3e5},
    "bjorck-lr": {"k": 40.0, "a": 0.23, "b": 0.32},
    "hestness-error": {"gamma": 0.04, "a": 20.0, "beta": 0.3},
    "vision-transformer": {"a": 2.6e6, "d": 1e18, "b": 0.35, "c": 0.09},
    "translation": {"L_inf": 1.1, "a": 90.0, "p_e": 0.12, "p_d": 0.2},
    "bleu": {"c": -8.0, "alpha": 0.9, "beta": 1.1},
    "task-ladder": {"b": 0.25, "a": 0.7, "k": 3.0, "L_0": 2.7},
    "beta-pass-at-k": {"a": 0.3, "b": 5.0},
    "coverage": {"k_0": 20.0, "b": 0.4},
    "scalerl": {"R_0": 0.2, "A": 0.61, "C_mid": 1e6, "B": 0.9},
    "rl-sizes": {"A": 0.8, "X_0": 300.0, "K_max": 0.2, "N_0": 2e9},
    "overoptimised-best-of-n": {"alpha": 1.0, "beta": 0.03},
    "overoptimised-rl": {"alpha": 1.0, "beta": 0.1},
    "intrinsic-performance": {"N_c": 3e5, "alpha_N": 0.2, "E_c": 4e6, "alpha_E": 0.25, "beta": 0.4},
    "M1": {"b": 8.0, "c": 0.12},
    "M2": {"e_inf": 1.5, "b": 20.0, "c": 0.3},
    "M3": {"b": 30.0, "gamma": 2e7, "c": 0.25},
    "M4": {"e_inf": 1.2, "e_0": 8.0, "a": 0.8, "d": 4e5, "c": 0.45},
    "bnsl1": {"a": 0.8, "b": 15.0, "c0": 0.1, "c1": 0.25, "d1": 1e6, "f1": 0.4},
    "bnsl2": {
        "a": 0.8,
        "b": 15.0,
        "c0": 0.1,
        "c1": 0.25,
        "d1": 3e4,
        "f1": 0.3,
        "c2": -0.2,
        "d2": 3e7,
        "f2": 0.3,
    },
}
"""Numbers for the laws whose papers have no curve in the catalogue."""

INSTEAD = {
    "wukong": {"k": 99.56, "p": 0.05},
    "busbridge": {
        "c0": 1.5,
        "c1": 3.0,
        "d1": 1.2,
        "f1": 0.3,
        "N0": 3e7,
        "alpha": 0.4,
        "D0": 6e8,
        "beta": 0.6,
        "gamma": 0.7,
    },
    "tao": {"E": 1.5, "A1": 875.0, "alpha1": 0.447, "A2": 2080.0, "alpha2": 0.671, "B": 22000.0, "beta": 0.447},
}
"""Numbers for laws whose published ones no fit can find again: a loss below zero, or one that hardly moves."""


RISING: dict[str, tuple[str, ...]] = {
    # a group of texts gains from its own share, at the cost of the others (the web's gains from dialogue, too)
    "ye2024-academic": ("prose", "dialogue", "symbolic", "internet"),
    "ye2024-prose": ("academic", "dialogue", "symbolic", "internet"),
    "ye2024-dialogue": ("academic", "prose", "symbolic", "internet"),
    "ye2024-symbolic": ("academic", "prose", "dialogue", "internet"),
    "ye2024-internet": ("academic", "prose", "symbolic"),
    "kumar-ptq": ("D",),  # the longer a model was trained, the more rounding harms it
    "abnar": ("sparsity",),  # N is total, so a sparser model is a smaller one
    "bian": ("aspect",),
    "busbridge": ("L", "L_alone"),  # a worse teacher, or a student that is worse alone
    "kaplan-B-crit": ("L",),
    "minicpm-batch": ("L",),
    "mccandlish-steps": ("x",),
    "deepseek-lr": ("C",),
    "moonlight-lr": ("C",),
    "steplaw-lr": ("N",),
    "porian-lr": ("N",),
    "mm1-lr": ("N",),
    "bjorck-lr": ("N", "D"),
    "powerlines-timescale": ("D",),
    "gadre-error": ("L",),
    "task-ladder": ("L",),
    "exact-match": ("length",),
    "jones-trade": ("C",),
    "dit-loss": ("C",),
    "dit-FID": ("C",),
    "float-bits": ("block",),
    "quantisation-aware": ("D", "block"),
    "efficiency-leverage": ("activation",),
    "replicas": ("replicas",),
    "agent-steps": ("N", "updates"),
    "agent-batch": ("updates",),
    "agent-lr": ("updates",),
}
"""Inputs with which the value of a law does not move the usual way: losses and errors fall, all else rises."""

LEVEL: dict[str, tuple[str, ...]] = {"muennighoff": ("U",), "goyal": ("U",)}
"""Inputs that move a law only in a part of their range: unique tokens are without effect where no token is repeated."""

UNITS: dict[str, dict[str, float]] = {
    "gadre-error": {"L": np.log(2)},  # a loss is in nats or in bits
    "task-ladder": {"L": np.log(2)},
    "beta-pass-at-k": {"k": 1.0},  # attempts are counted one by one
    "busbridge": {"L": 1.0, "L_alone": 1.0},  # losses in the unit of the loss it gives
    "loop-equivalent": {"N_once": 1.0, "N_looped": 1.0},  # what it gives is in the unit of what it takes
    "repeated-tokens": {"D": 1.0, "U": 1.0},
    "farseer": {"D": 1.0},  # its exponent of D changes with N, so its D is in tokens
}
"""Law → input → by how much another unit of it differs, where that is no thousand."""
