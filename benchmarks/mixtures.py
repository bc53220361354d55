"""Plans beside what was trained: for the budgets of published models, the best size by the plan and what it became.

python benchmarks/mixtures.py

Mixtures of experts are planned as such where their experts are known from cards and configuration files; the others by
their active parameters alone. A ratio above 1 means that the model is smaller than is best for training alone.
"""

from __future__ import annotations

import isoflop
from isoflop.planning.landmarks import find_model
from isoflop.quantities import show

DENSE = ("Chinchilla", "LLaMA 65B", "Llama 2 70B", "Llama 3.1 405B", "OLMo 2 32B", "Marin 8B")
MIXTURES = {
    "DeepSeek-V3": {"experts": 256, "top_k": 8, "shared_experts": 1},
    "Kimi K2": {"experts": 384, "top_k": 8, "shared_experts": 1},
    "Qwen3 235B-A22B": {"experts": 128, "top_k": 8},
    "Qwen3 30B-A3B": {"experts": 128, "top_k": 8},
    "Llama 4 Scout": {"experts": 16, "top_k": 1, "shared_experts": 1},
    "Llama 4 Maverick": {"experts": 128, "top_k": 1, "shared_experts": 1},
}
"""Routed experts, experts a token, shared experts."""


def main() -> None:
    """Print one line for each model: trained and planned size, tokens per parameter, all parameters of the plan."""
    names = f"{'model':<20}  {'FLOPs':>8}  {'trained N':>9}  {'best N':>7}   {'span':<18}  {'best/trained':>12}"
    print(f"{names}   {'D/N trained, best':>17}   all N")
    for name, experts in [*((name, {}) for name in DENSE), *MIXTURES.items()]:
        one = find_model(name)
        found = isoflop.plan(flops=one.C, **experts)
        span = f"{show(found.N.low)} - {show(found.N.high)}"
        total = show(found.sheet.shape.total) if found.sheet and found.sheet.shape else ""
        ratios = f"{one.D / one.size:.0f}, {found.tokens_per_parameter.value:.0f}"
        print(
            f"{one.name:<20}  {one.C:.2e}  {show(one.size):>9}  {show(found.N.value):>7}   {span:<18}  "
            f"{found.N.value / one.size:>12.2f}   {ratios:>17}   {total}"
        )


if __name__ == "__main__":
    main()
