"""Jones 2021, Scaling Scaling Laws with Board Games, arXiv:2104.03113: training traded against test-time search."""

from __future__ import annotations

from typing import Annotated

from isoflop.formula.law import law
from isoflop.quantities import Break, Exponent, Flops, Kind, Scale

CITE = "Jones 2021, arXiv:2104.03113"
Elo = Annotated[float, Kind("Score", "input", "Elo")]


@law(cite=CITE, family="other domains")
def jones_trade(C: Flops, elo: Elo, *, k: Scale, p: Exponent, s: Break) -> Flops:
    """Test-time FLOPs at which a player trained with C FLOPs is as strong as Elo says; s Elo cost ten times more.

    The paper's log10(test) = -1.2 log10(train) + 0.004 Elo + 29; ten times the compute is worth about 510 Elo.
    """
    return k * 10 ** (elo / s) / C**p


jones2021_hex9 = jones_trade.at(
    "jones2021-hex9", k=1e29, p=1.2, s=250, cite=f"{CITE}, Hex on a board of 9 by 9",
    caution="The constants are printed to one or two digits, so answers are good to a factor, not to digits.",
    checks=[({"C": 1e15, "elo": 500}, 1e13), ({"C": 1e12, "elo": 1000}, 3.981071705534977e18)],
)  # fmt: skip
