"""The numbers behind the claims, each computed from the catalogue when it is asked for."""

from __future__ import annotations

import math

import numpy as np

from isoflop.compute.mixture import Mixture
from isoflop.laws import CURVES
from isoflop.laws.floating_point import critical_tokens
from isoflop.laws.knowledge import effective_params
from isoflop.laws.precision import effective_params as at_bits
from isoflop.laws.progress import YEAR
from isoflop.laws.repetition import STOCK_OF_PUBLIC_TEXT, effective_tokens
from isoflop.laws.vocabulary import best_vocabulary
from isoflop.planning.landmarks import MODELS, find_model
from isoflop.quantities import show


def best_tokens_per_parameter(name: str, C: float) -> float:
    """Return tokens per parameter of Chinchilla's law at its best, N = G (C / 6)^(beta / (alpha + beta))."""
    v = CURVES[name].values
    G = (v["alpha"] * v["A"] / (v["beta"] * v["B"])) ** (1 / (v["alpha"] + v["beta"]))
    return float(C / 6 / (G * (C / 6) ** (v["beta"] / (v["alpha"] + v["beta"]))) ** 2)


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}g} %"


def doublings() -> str:
    """Return by how much the loss falls with each doubling of parameters."""
    losses = CURVES["besiroglu2024"](N=np.array([1e9, 2e9, 4e9, 8e9]), D=1e15)
    falls = 1 - losses[1:] / losses[:-1]
    return "1B to 8B by doubling: " + ", ".join(_percent(float(fall)) for fall in falls)


def twenty() -> str:
    """Return the best tokens per parameter at several budgets."""
    ratios = [
        f"{best_tokens_per_parameter('besiroglu2024', C):.0f} at {C:.0e}".replace("e+", "e") for C in (1e21, 1e26)
    ]
    other = best_tokens_per_parameter("hoffmann2022", 5.76e23)
    return f"{ratios[0]}, {ratios[1]} FLOPs by besiroglu2024; {other:.0f} at 5.76e23 by hoffmann2022"


def half() -> str:
    """Return the exponents of the best split."""
    v = CURVES["besiroglu2024"].values
    a = v["beta"] / (v["alpha"] + v["beta"])
    return f"N grows as C^{a:.2f}, D as C^{1 - a:.2f}"


def llamas() -> str:
    """Return the tokens per parameter of Llamas."""
    names = ("LLaMA 7B", "LLaMA 13B", "LLaMA 65B", "Llama 3 8B")
    each = [find_model(name) for name in names]
    return ", ".join(f"{one.name}: {one.D / one.size:.4g}" for one in each) + " tokens per parameter"


def gpt3() -> str:
    """Return how GPT-3 lay to the best run of its FLOPs."""
    one = find_model("GPT-3")
    loss = CURVES["besiroglu2024"]
    ratio = best_tokens_per_parameter("besiroglu2024", one.C)
    best = math.sqrt(one.C / 6 / ratio)
    lost = loss(one.N, one.D) / loss(best, one.C / 6 / best) - 1
    return (
        f"{one.D / one.N:.3g} tokens per parameter; best N {show(best)}; the loss was {_percent(lost)} above its best"
    )


def gpt4() -> str:
    """Return what the reported size and tokens of GPT-4 would have cost."""
    told = 6 * 1.8e12 * 13e12
    ratio = told / find_model("GPT-4").flops
    return f"6 N D = {told:.2g}, {ratio:.1f} times the estimate of its FLOPs".replace("e+", "e")


def bitwise() -> str:
    """Return what parameters count at four bits."""
    return f"4 bits instead of 16: N counts {at_bits(1, bits=4) / at_bits(1, bits=16):.2f}, not 0.25"


def experts() -> str:
    """Return what experts are worth."""
    worth = float(Mixture(experts=256, per_token=8, shared=1).leverage(1e22))
    return f"8 of 256 experts and 1 shared are worth {worth:.1f} times the compute at 1e22 FLOPs"


def loops() -> str:
    """Return what loops are worth in layers."""
    worth = CURVES["schwethelm2026-equivalent"](N_once=1.0, N_looped=1.0, loops=np.array([4.0, 8.0])) - 1
    return f"4 loops are worth {worth[0]:.1f} blocks, 8 loops {worth[1]:.1f}"


def stock() -> str:
    """Return the budget whose best run wants all public text."""

    def tokens(C: float) -> float:
        return math.sqrt(C / 6 * best_tokens_per_parameter("besiroglu2024", C))

    grid = np.logspace(24, 32, 401)
    reached = float(grid[np.argmax([tokens(C) > STOCK_OF_PUBLIC_TEXT.value for C in grid])])
    most = show(max(one.D for one in MODELS if one.known))
    wanted = f"best runs want {show(STOCK_OF_PUBLIC_TEXT.value)} tokens at {reached:.0e} FLOPs".replace("e+", "e")
    return f"{wanted}; the largest so far had {most}"


def repeats() -> str:
    """Return what repeated tokens are worth."""
    worth = [float(effective_tokens(passes * 1e12, 1e12)) / (passes * 1e12) for passes in (4, 40)]
    return f"4 passes are worth {_percent(worth[0])} of fresh tokens, 40 passes {_percent(worth[1])}"


def four_bits() -> str:
    """Return what four bits leave of parameters and tokens."""
    limit = critical_tokens(1e9, exponent_bits=2, mantissa_bits=1)
    return (
        f"0.65 of the parameters and 0.95 of the tokens count (Quartet); beyond {show(limit)} tokens more harm 1B (Sun)"
    )


def rounding() -> str:
    """Return what rounding adds to the loss."""
    rise = CURVES["kumar2024-ptq"](N=2.2e8, D=np.array([5e9, 2.5e10]), bits=4)
    return f"220M parameters in 4 bits: +{rise[0]:.4f} nats after 5B tokens, +{rise[1]:.4f} after 25B"


def muon() -> str:
    """Return the FLOPs that Muon needs beside AdamW."""
    muon, adamw = CURVES["liu2025-muon"], CURVES["liu2025-adamw"].values
    shares = [C / (8.64e19 * (adamw["k"] / muon(C=C)) ** (1 / adamw["p"])) for C in (2.1e19, 3.5e20)]
    return f"{_percent(shares[0])} to {_percent(shares[1])} of AdamW's FLOPs by its two curves; the text says 52 %"


def batch() -> str:
    """Return the critical batch at two losses."""
    critical = CURVES["kaplan2020-B-crit"](L=np.array([3.0, 2.0]))
    return f"critical batch {show(float(critical[0]))} tokens at a loss of 3, {show(float(critical[1]))} at 2"


def rate() -> str:
    """Return how the best rate falls with size."""
    curve = CURVES["steplaw2025-lr"]
    return f"{curve(N=1e9, D=1e11) / curve(N=1e8, D=1e11):.2f} of the rate for ten times the parameters"


def teacher() -> str:
    """Return the losses of a student by two teachers."""
    student = CURVES["busbridge2025-student"]
    losses = student(N=1e9, D=2e10, L=np.array([1.8, 2.0]), L_alone=2.2)
    return f"student of 1B: {losses[0]:.3f} from a teacher of 1.8, {losses[1]:.3f} from one of 2.0"


def vocabulary() -> str:
    """Return the best vocabulary of a model of 70B."""
    return (
        f"best for 70B of width 8192 at 5.8e23 FLOPs: {show(float(best_vocabulary(70e9, 8192, flops=5.8e23)))} tokens"
    )


def kaplan() -> str:
    """Return the best size by Kaplan and by a later law."""
    size = CURVES["kaplan2020-N-opt"](C=1e24)
    other = math.sqrt(1e24 / 6 / best_tokens_per_parameter("besiroglu2024", 1e24))
    return f"best N at 1e24 FLOPs: {show(size)} by Kaplan, {show(other)} by besiroglu2024"


def overtrained() -> str:
    """Return what over-training cost Llama 3 8B."""
    one, loss = find_model("Llama 3 8B"), CURVES["besiroglu2024"]
    best = math.sqrt(one.C / 6 / best_tokens_per_parameter("besiroglu2024", one.C))
    lost = loss(one.N, one.D) / loss(best, one.C / 6 / best) - 1
    return f"Llama 3 8B: loss {_percent(lost)} above the best of its FLOPs, {best / one.N:.0f} times smaller to serve"


def horizon() -> str:
    """Return how the horizon of tasks grows."""
    return f"a factor {CURVES['kwa2025-horizon'](days=YEAR):.1f} a year: doubling in 207 days (166 to 240)"


def density() -> str:
    """Return two rates at which models become more efficient."""
    density, efficiency = (CURVES[name](days=YEAR) for name in ("xiao2024-density", "epoch2025-efficiency"))
    return f"a factor {density:.0f} a year by one study, {efficiency:.1f} (3.9 to 8.6) by another"


def facts() -> str:
    """Return the size that a score of facts reads as."""
    return f"a score of 0.826 reads as {show(effective_params(0.826))}, within 3.1 times for nine models in ten"


def recurrent() -> str:
    """Return the losses of a recurrent model and a transformer."""
    both = [CURVES[f"beck2025-{name}"](N=7e9, D=2e12) for name in ("xlstm", "transformer")]
    return f"7B on 2T tokens: {both[0]:.3f} for xLSTM, {both[1]:.3f} for a transformer"


def apart() -> str:
    """Return what training far apart adds to the loss."""
    curve = CURVES["charles2025-replicas"]
    return f"8 replicas: loss {_percent(curve(N=1e9, replicas=8) / curve(N=1e9, replicas=1) - 1)} higher"


def mirage() -> str:
    """Return how two metrics of one loss grow."""
    curve = CURVES["schaeffer2023-exact-match"]
    scores = curve(N=np.array([1e9, 1e11]), length=np.array([[1.0], [5.0]]))
    one, five = (row[1] / row[0] for row in scores)
    return f"from 1B to 100B one token is right {one:.1f} times as often, five in a row {five:.0f} times"


def thinking() -> str:
    """Return the search that training saves."""
    curve = CURVES["jones2021-hex9"]
    fall = curve(C=1e15, elo=1000.0) / curve(C=1e16, elo=1000.0)
    return f"ten times the training saves {fall:.0f} times the search, at equal strength in Hex"
