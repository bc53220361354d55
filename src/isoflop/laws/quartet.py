"""Castro et al. 2025, Quartet: Native FP4 Training Can Be Optimal, arXiv:2505.14669; QuEST, arXiv:2502.05003.

Few bits in the forward pass act like fewer parameters, few bits in the backward pass like fewer tokens; how many
fewer depends on the method, and both papers print it. QuEST's own losses have no printed constants, so no curve.
"""

from __future__ import annotations

from isoflop.formula.law import law
from isoflop.quantities import Exponent, Floor, Nats, Params, Share, Size, Tokens

CITE = "Castro et al. 2025, arXiv:2505.14669"


@law(cite=f"{CITE}, eq. 1", family="precision")
def quartet(
    N: Params, D: Tokens, params_kept: Share, tokens_kept: Share,
    *, E: Floor, N0: Size, alpha: Exponent, D0: Size, beta: Exponent, k: Exponent,
) -> Nats:  # fmt: skip
    """The coupled law where few bits leave a share of the parameters (forward) and of the tokens (backward)."""
    return E + ((N0 / (N * params_kept)) ** (alpha / k) + (D0 / (D * tokens_kept)) ** (beta / k)) ** k


def _row(tokens: float, loss: float, near: float) -> tuple[dict[str, float], float, float]:
    return {"N": 30e6, "D": tokens * 30e6, "params_kept": 0.65, "tokens_kept": 0.95}, loss, near


# The paper writes E + (A / (N kept)^a + B / (D kept)^b)^gamma with a = alpha / k, b = beta / k, gamma = k.
castro2025_quartet = quartet.at(
    "castro2025-quartet", E=1.35, N0=1.52e5 ** (1 / 0.589), alpha=0.589 * 0.274, D0=5.25e5 ** (1 / 0.544),
    beta=0.544 * 0.274, k=0.274, cite=f"{CITE}, table 6",
    summary="Loss on C4; share kept by Quartet in MXFP4: 0.65 of the parameters, 0.95 of the tokens.",
    caution="N leaves out embeddings. The losses of rival methods (LUQ-INT4, LUQ-FP4) do not follow the form: at 25 "
            "tokens per parameter the curve is 5 to 6 % above them. The text says the base was fitted to FP8 runs, "
            "the appendix to BF16 runs.",
    fitted_on={"N": (30e6, 200e6), "D": (0.75e9, 160e9)},
    checks=[({"N": 30e6, "D": 0.75e9, "params_kept": 0.65, "tokens_kept": 0.95}, 3.4783462)],
    printed=[_row(25, 3.49, 0.005), _row(50, 3.38, 0.002), _row(100, 3.29, 0.005), _row(200, 3.24, 0.003),
             _row(400, 3.20, 0.002)],
)  # fmt: skip

FORWARD_KEPT = {"Quartet MXFP4": 0.65, "LUQ-INT4": 0.49, "LUQ-FP4": 0.01,
                "SR-AbsMax FP4": 0.42, "RTN-AbsMax FP4": 0.59, "QuEST FP4": 0.64}  # fmt: skip
"""Share of the parameters that counts when the forward pass has four bits, by method: Castro et al. 2025, table 2."""
BACKWARD_KEPT = {"Quartet MXFP4": 0.95, "LUQ-INT4": 0.15, "LUQ-FP4": 0.07}
"""Share of the tokens that counts when the backward pass has four bits too: the same table."""
QUEST_KEPT = {1: 0.02, 2: 0.16, 3: 0.43, 4: 0.70, 8: 1.02, 16: 1.0}
"""Bits of weights and activations → share of the parameters that counts: Panferov et al. 2025, table 2 (QuEST)."""
