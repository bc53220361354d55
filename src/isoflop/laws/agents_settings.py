"""Rybkin et al. 2025, Value-Based Deep RL Scales Predictably, arXiv:2502.04327: batch and rate of the critic.

y = 10^i updates^s for each task, one s for all tasks of a suite. The saved batches of the authors are cut to whole
numbers, their rates have three digits; all 77 of each are met.
"""

from __future__ import annotations

from isoflop.formula.law import Curve, law
from isoflop.quantities import Count, Exponent, LearningRate, Scale, Transitions

CITE = "Rybkin et al. 2025, arXiv:2502.04327"
RANGE = {"updates": (0.25, 16.0)}


@law(cite=CITE, family="batch size", name="agent-batch")
def agent_batch(updates: Count, *, k: Scale, p: Exponent) -> Transitions:
    """Best batch of an agent's critic, in transitions, by updates per environment step."""
    return k * updates**-p


@law(cite=CITE, family="learning rate", name="agent-lr")
def agent_lr(updates: Count, *, k: Scale, p: Exponent) -> LearningRate:
    """Best learning rate of an agent's critic, by updates per environment step."""
    return k * updates**-p


_TABLE = """
ant-v4 batch | 2.6189244 -0.309609474 415.8382199 | 638 335 176
ant-v4 lr | -3.82287961 -0.284871537 0.0001503558707 | 0.000223 0.000123 6.82e-05
halfcheetah-v4 batch | 2.61491045 -0.309609474 412.012557 | 632 332 174
halfcheetah-v4 lr | -2.72790154 -0.284871537 0.001871106277 | 0.00278 0.00154 0.000849
humanoid-v4 batch | 2.49576873 -0.309609474 313.1617629 | 481 252 132
humanoid-v4 lr | -3.72003544 -0.284871537 0.0001905305252 | 0.000283 0.000156 8.65e-05
walker2d-v4 batch | 2.50891727 -0.309609474 322.7879147 | 495 260 136
walker2d-v4 lr | -3.08411334 -0.284871537 0.0008239230542 | 0.00122 0.000676 0.000374
cartpole-swingup batch | 2.72249683 -0.487930103 527.8333508 | 1038 376 136
cartpole-swingup lr | -3.10844684 -0.320279386 0.0007790281599 | 0.00121 0.000624 0.000321
cheetah-run batch | 2.76673509 -0.487930103 584.4334879 | 1149 416 151
cheetah-run lr | -3.1625158 -0.320279386 0.0006878348882 | 0.00107 0.000551 0.000283
dog-stand batch | 2.10034137 -0.487930103 125.9915367 | 247 89 32
dog-stand lr | -3.27434511 -0.320279386 0.0005316855915 | 0.000829 0.000426 0.000219
finger-spin batch | 2.78010613 -0.487930103 602.7068578 | 1185 429 155
finger-spin lr | -3.02524741 -0.320279386 0.000943523208 | 0.00147 0.000756 0.000388
humanoid-stand batch | 2.64580714 -0.487930103 442.3918712 | 870 315 114
humanoid-stand lr | -3.32242713 -0.320279386 0.000475962645 | 0.000742 0.000381 0.000196
quadruped-walk batch | 2.72948832 -0.487930103 536.3994441 | 1054 382 138
quadruped-walk lr | -3.04818816 -0.320279386 0.0008949769216 | 0.0014 0.000717 0.000368
walker-walk batch | 2.46955221 -0.487930103 294.8167893 | 579 210 76
walker-walk lr | -2.98972855 -0.320279386 0.001023932791 | 0.0016 0.00082 0.000421
"""
"""Task, what | i, s, value at 1 update a step | values that the authors saved at 0.25, 2 and 16 updates."""
_SAVED_AT = (0.25, 2.0, 16.0)
_ROUNDED = 0.0045
"""Relative: the saved rates have three digits."""


def _near(saved: float) -> float:
    """Return how near a saved value can be: batches are cut to whole numbers, rates have three digits."""
    return 1 / saved if saved > 1 else _ROUNDED


def _curves() -> list[Curve]:
    """Return the curves of the table: batches first, then rates."""
    batches: list[Curve] = []
    rates: list[Curve] = []
    for line in _TABLE.strip().splitlines():
        (task, kind), numbers, saved = (part.split() for part in line.split("|"))
        i, s, value = map(float, numbers)
        seen = list(map(float, saved))
        curve = (agent_batch if kind == "batch" else agent_lr).at(
            f"rybkin2025-{task}-{kind}", k=10**i, p=-s, cite=f"{CITE}, {task}", fitted_on=RANGE,
            checks=[({"updates": 1.0}, value)],
            printed=[({"updates": at}, one, _near(one)) for at, one in zip(_SAVED_AT, seen, strict=True)],
        )  # fmt: skip
        (batches if kind == "batch" else rates).append(curve)
    return batches + rates


rybkin2025 = {curve.name: curve for curve in _curves()}
"""Batch and rate of each task, by name."""
# The catalogue finds a curve as a name of its file.
globals().update({name.replace("-", "_"): curve for name, curve in rybkin2025.items()})
