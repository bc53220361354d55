"""Xiong et al. 2023, Effective Long-Context Scaling of Foundation Models, arXiv:2309.16039."""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Nats, Size, Tokens

CITE = "Xiong et al. 2023, arXiv:2309.16039"


@law(cite=CITE, family="other domains")
def long_context(context: Tokens, *, alpha: Size, beta: Exponent, gamma: Floor) -> Nats:
    """Validation loss of a trained model that may look back over so many tokens of context."""
    return (alpha / context) ** beta + gamma


xiong2023_7b = long_context.at(
    "xiong2023-7B", alpha=25.4, beta=0.45, gamma=1.56, cite=f"{CITE}, Llama 2 Long 7B",
    checks=[({"context": 4096}, 1.6615343974566237), ({"context": 32768}, 1.5998311368169977)],
)  # fmt: skip
xiong2023_70b = long_context.at(
    "xiong2023-70B", alpha=17.9, beta=0.51, gamma=1.35, cite=f"{CITE}, Llama 2 Long 70B",
    checks=[({"context": 4096}, 1.4126111199620366), ({"context": 32768}, 1.3716808137671115)],
)  # fmt: skip
