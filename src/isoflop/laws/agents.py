"""Fu et al. 2025, Compute-Optimal Scaling for Value-Based Deep RL, arXiv:2508.14881.

Environment steps that an agent needs for a return that the task fixes. The constants are recovered from all the
predictions that the authors saved (16 or 20 points, to 3e-16), not read in the paper; their measured steps scatter
about them with an R^2 of 0.85 to 0.97.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Count, EnvironmentSteps, Exponent, Params, Scale, Size

CITE = "Fu et al. 2025, arXiv:2508.14881"


@law(cite=CITE, family="reinforcement learning", name="agent-steps")
def agent_steps(
    N: Params, updates: Count, *, c: Scale, a: Size, alpha: Exponent, b: Size, beta: Exponent
) -> EnvironmentSteps:
    """Environment steps to a fixed return, by parameters of the critic and updates per environment step."""
    return c * (1 + (a / updates) ** alpha + (b / N) ** beta)


_CAUTION = "Recovered from the authors' saved predictions, R^2 {} against what they measured. The return is the task's."
fu2025_dmc = agent_steps.at(
    "fu2025-dmc", c=371869.5766173, a=1.260590552211, alpha=1.010385974077, b=633198.0747628,
    beta=0.8901869132949, cite=f"{CITE}, DeepMind Control, averaged", caution=_CAUTION.format("0.891"),
    fitted_on={"N": (1.05e6, 26.3e6), "updates": (1.0, 15.0)},
    checks=[({"N": 1.05e+06, "updates": 1}, 1078835.38)],
    printed=[({"N": 4920000, "updates": 5}, 524236.4848, 1e-6), ({"N": 26310000, "updates": 15}, 415803.3834, 1e-6)],
)  # fmt: skip
fu2025_h1_crawl = agent_steps.at(
    "fu2025-h1-crawl", c=249541.8939498, a=0.3697932435223, alpha=0.8503693388383, b=1089908.186536,
    beta=1.004193857227, cite=f"{CITE}, HumanoidBench h1-crawl", caution=_CAUTION.format("0.961"),
    fitted_on={"N": (0.6e6, 36e6), "updates": (1.0, 8.0)},
    checks=[({"N": 604362, "updates": 1}, 807770.791)],
    printed=[({"N": 9101514, "updates": 2}, 338556.491, 1e-6), ({"N": 36028618, "updates": 4}, 289924.838, 1e-6)],
)  # fmt: skip
fu2025_h1_stand = agent_steps.at(
    "fu2025-h1-stand", c=147013.9388932, a=1.144328708614, alpha=0.4732027453241, b=2676511.977142,
    beta=0.7581121731546, cite=f"{CITE}, HumanoidBench h1-stand", caution=_CAUTION.format("0.967"),
    fitted_on={"N": (0.6e6, 36e6), "updates": (1.0, 8.0)},
    checks=[({"N": 604362, "updates": 1}, 757973.216)],
    printed=[({"N": 604362, "updates": 4}, 682589.2794, 1e-6), ({"N": 36028618, "updates": 8}, 226072.8632, 1e-6)],
)  # fmt: skip
fu2025_dog_humanoid = agent_steps.at(
    "fu2025-dog-humanoid", c=539065.0927063, a=0.8921230882868, alpha=0.7727708274715, b=667697.6164387,
    beta=1.267180530382, cite=f"{CITE}, dog and humanoid tasks, averaged", caution=_CAUTION.format("0.854"),
    checks=[({"N": 1.05e+06, "updates": 2}, 1131675.62)],
    printed=[({"N": 1050000, "updates": 10}, 926088.477, 1e-6), ({"N": 26310000, "updates": 15}, 605072.3956, 1e-6)],
)  # fmt: skip
