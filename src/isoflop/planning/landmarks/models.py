"""Published language models: how large, on how many tokens, and where that is written.

Sizes and tokens are those that the source states, usually rounded; D counts the tokens of pre-training, repeated ones
each time. A model whose developer says neither (Mistral, Mixtral, GPT-2) is left out, unless somebody estimates its
compute: then N and D are nan.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from isoflop.compute.flops import rule_named
from isoflop.errors import UsageError
from isoflop.forecasting.source import refuse_nonpositive
from isoflop.quantities import PF_DAY, parse_quantity


@dataclass(frozen=True)
class Model:
    """One published model.

    N             all parameters
    D             tokens trained on
    active        parameters used for each token, where they are fewer than N: a mixture of experts
    flops         training FLOPs where the developer, or an estimate, gives them
    estimated_by  who estimates, where the developer does not say
    """

    name: str
    year: int
    N: float
    D: float
    source: str = ""
    active: float = math.nan
    flops: float = math.nan
    estimated_by: str = ""
    note: str = ""

    @property
    def mixture(self) -> bool:
        """Whether only some of the parameters are used for each token."""
        return self.active < self.N

    @property
    def size(self) -> float:
        """The parameters that training FLOPs count: the active ones."""
        return self.active if self.mixture else self.N

    @property
    def known(self) -> bool:
        """Whether both size and tokens are known."""
        return math.isfinite(self.N) and math.isfinite(self.D)

    @property
    def C(self) -> float:  # noqa: N802 - the letter of training FLOPs everywhere
        """Training FLOPs, 6 N D of the active parameters; for a model of unknown size, those that are estimated."""
        return float(rule_named("6ND").flops(self.size, self.D)) if self.known else self.flops

    def as_dict(self) -> dict[str, Any]:
        """Give the model as it stands in the JSON."""
        return {
            "model": self.name, "year": self.year or None, "N": self.N, "N_active": self.size, "D": self.D,
            "C": self.C, "flops_disclosed": self.flops, "source": self.source,
            "estimated_by": self.estimated_by or None, "note": self.note or None,
        }  # fmt: skip


def find_model(text: str) -> Model:
    """Give the model of that name, written loosely ("gpt3", "llama 2 70b"), or the one typed as N=8B,D=15T."""
    if "=" in text:
        return _typed(text)
    wanted, names = _bare(text), {_bare(one.name): one for one in MODELS}
    if wanted in names:
        return names[wanted]
    begin = [one for name, one in names.items() if wanted and name.startswith(wanted)]
    if len(begin) == 1:
        return begin[0]
    if begin:
        raise UsageError(f'"{text}" may be {", ".join(one.name for one in begin)}. Say which.')
    near = [names[name].name for name in get_close_matches(wanted, names, 3, 0.6)]
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise UsageError(
        f'there is no model "{text}".{hint} isoflop landmarks lists them; any other can be typed as N=8B,D=15T.'
    )


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _typed(text: str) -> Model:
    """Give the model of a text such as N=8B,D=15T; active=3B makes it a mixture of experts."""
    parts = dict(part.strip().partition("=")[::2] for part in re.split(r"[,\s]+", text.strip()))
    if not {"N", "D"} <= set(parts) <= {"N", "D", "active"}:
        raise UsageError(f'"{text}" is no model. Say its parameters and tokens, as in N=8B,D=15T.')
    numbers = {key: parse_quantity(value) for key, value in parts.items()}
    for key, value in numbers.items():
        refuse_nonpositive(key, value)
    if numbers.get("active", 0.0) > numbers["N"]:
        raise UsageError(f'"{text}": more parameters are active than there are.')
    name = ", ".join(f"{key}={value}" for key, value in parts.items())
    return Model(name, 0, numbers["N"], numbers["D"], "typed", active=numbers.get("active", math.nan))


_CHINCHILLA = "Hoffmann et al. 2022, arXiv:2203.15556, table 1"
_LLAMA = "Touvron et al. 2023, arXiv:2302.13971, table 2"
_LLAMA_2 = "Touvron et al. 2023, arXiv:2307.09288, table 1"
_LLAMA_3 = "github.com/meta-llama/llama-models, models/llama3/MODEL_CARD.md"
_LLAMA_4 = "github.com/meta-llama/llama-models, models/llama4/MODEL_CARD.md"
_PYTHIA = "Biderman et al. 2023, arXiv:2304.01373"
_RUAN = "Ruan et al. 2024, arXiv:2405.10938, github.com/ryoungj/ObsScaling"
_QWEN_3 = "Qwen3 technical report, arXiv:2505.09388"
_GEMMA_2 = "huggingface.co/google/gemma-2-27b, model card"
_GEMMA_3 = "huggingface.co/google/gemma-3-27b-pt, model card"
_SMOLLM_2 = "Ben Allal et al. 2025, arXiv:2502.02737; huggingface.co/HuggingFaceTB, model cards"
_OLMO_2 = "huggingface.co/allenai/OLMo-2-1124-13B, model card"
_DISTILLED = "trained on the outputs of a larger model, too"

MODELS: tuple[Model, ...] = (
    # 300k iterations of 512 sequences of 1024 tokens.
    Model("Megatron-LM 8.3B", 2019, 8.3e9, 300e3 * 512 * 1024, "Shoeybi et al. 2019, arXiv:1909.08053, section 4.2"),
    Model("GPT-3", 2020, 175e9, 300e9, "Brown et al. 2020, arXiv:2005.14165, table D.1", flops=3.14e23),
    Model("GPT-J 6B", 2021, 6.05e9, 402e9, _RUAN),
    Model("Jurassic-1", 2021, 178e9, 300e9, _CHINCHILLA),
    Model("Gopher", 2021, 280e9, 300e9, f"{_CHINCHILLA}; its FLOPs, section 4", flops=5.76e23),
    Model("MT-NLG 530B", 2021, 530e9, 270e9, _CHINCHILLA),
    Model("LaMDA", 2022, 137e9, 168e9, _CHINCHILLA, flops=3.55e23, estimated_by="Hoffmann et al. 2022",
          note="its own paper (arXiv:2201.08239) gives FLOPs that would be 2.6 times as many tokens"),
    Model("GPT-NeoX-20B", 2022, 20e9, 472e9, _RUAN),
    Model("Chinchilla", 2022, 70e9, 1.4e12, f"{_CHINCHILLA}; its FLOPs, section 4", flops=5.76e23),
    Model("PaLM 540B", 2022, 540e9, 780e9, "Chowdhery et al. 2022, arXiv:2204.02311, appendix B", flops=2.56e24),
    Model("OPT-175B", 2022, 175e9, 300e9, "Zhang et al. 2022, arXiv:2205.01068, and its logbook",
          estimated_by="Epoch AI", note="180B tokens is the size of the corpus, part of which was seen twice"),
    Model("BLOOM", 2022, 176e9, 366e9, _RUAN),
    Model("Pythia 1.4B", 2023, 1.4e9, 300e9, _PYTHIA),
    Model("Pythia 6.9B", 2023, 6.9e9, 300e9, _PYTHIA),
    Model("Pythia 12B", 2023, 12e9, 300e9, _PYTHIA),
    Model("Cerebras-GPT 13B", 2023, 13e9, 257e9, "huggingface.co/cerebras/Cerebras-GPT-13B, model card"),
    Model("LLaMA 7B", 2023, 6.7e9, 1.0e12, _LLAMA),
    Model("LLaMA 13B", 2023, 13.0e9, 1.0e12, _LLAMA),
    Model("LLaMA 33B", 2023, 32.5e9, 1.4e12, _LLAMA),
    Model("LLaMA 65B", 2023, 65.2e9, 1.4e12, _LLAMA),
    Model("GPT-4", 2023, math.nan, math.nan, "Epoch AI, Notable AI Models, as listed at "
          "attribution-based-control.ai/appendix2.html", flops=2.1e25, estimated_by="Epoch AI",
          note="size and tokens are not disclosed"),
    Model("MPT-30B", 2023, 30e9, 1.0e12, _RUAN),
    Model("Llama 2 7B", 2023, 7e9, 2.0e12, _LLAMA_2),
    Model("Llama 2 13B", 2023, 13e9, 2.0e12, _LLAMA_2),
    Model("Llama 2 70B", 2023, 70e9, 2.0e12, _LLAMA_2),
    Model("Falcon 7B", 2023, 7e9, 1.5e12, _RUAN),
    Model("Falcon 40B", 2023, 40e9, 1.0e12, _RUAN),
    Model("Falcon 180B", 2023, 180e9, 3.5e12, "huggingface.co/tiiuae/falcon-180B, model card", flops=43_500 * PF_DAY),
    Model("Yi 34B", 2023, 34e9, 3.0e12, _RUAN),
    Model("Qwen 72B", 2023, 72e9, 3.0e12, _RUAN),
    Model("Phi-2", 2023, 2.7e9, 1.4e12, _RUAN),
    Model("DeepSeek LLM 67B", 2024, 67e9, 2.0e12, "DeepSeek-AI 2024, arXiv:2401.02954"),
    Model("OLMo 7B", 2024, 7e9, 2.5e12, "huggingface.co/allenai/OLMo-7B, model card"),
    Model("Gemma 7B", 2024, 8.54e9, 6e12, "Gemma Team 2024, arXiv:2403.08295"),
    Model("Llama 3 8B", 2024, 8e9, 15e12, _LLAMA_3),
    Model("Llama 3 70B", 2024, 70e9, 15e12, _LLAMA_3),
    Model("DeepSeek-V2", 2024, 236e9, 8.1e12, "github.com/deepseek-ai/DeepSeek-V2, README", active=21e9),
    Model("Nemotron-4 340B", 2024, 340e9, 9e12, "huggingface.co/nvidia/Nemotron-4-340B-Instruct, model card"),
    Model("DCLM 7B", 2024, 7e9, 2.5e12, "huggingface.co/apple/DCLM-7B, model card"),
    Model("Gemma 2 9B", 2024, 9e9, 8e12, _GEMMA_2, note=_DISTILLED),
    Model("Gemma 2 27B", 2024, 27e9, 13e12, _GEMMA_2),
    Model("Llama 3.1 405B", 2024, 405e9, 15.6e12, "Llama Team 2024, arXiv:2407.21783", flops=3.8e25),
    Model("OLMoE", 2024, 6.9e9, 5.13e12, "huggingface.co/allenai/OLMoE-1B-7B-0924, model card", active=1.3e9),
    Model("Qwen2.5 72B", 2024, 72e9, 18e12, "Qwen2.5 technical report, arXiv:2412.15115",
          note="up to 18T tokens; how many each size saw is not said"),
    Model("SmolLM2 135M", 2024, 135e6, 2e12, _SMOLLM_2),
    Model("SmolLM2 360M", 2024, 360e6, 4e12, _SMOLLM_2),
    Model("SmolLM2 1.7B", 2024, 1.7e9, 11e12, _SMOLLM_2),
    Model("OLMo 2 7B", 2024, 7e9, 4e12, _OLMO_2),
    Model("OLMo 2 13B", 2024, 13e9, 5e12, _OLMO_2),
    Model("Phi-4", 2024, 14e9, 9.8e12, "huggingface.co/microsoft/phi-4, model card"),
    Model("DeepSeek-V3", 2024, 671e9, 14.8e12, "github.com/deepseek-ai/DeepSeek-V3, README", active=37e9),
    Model("Gemma 3 4B", 2025, 4e9, 4e12, _GEMMA_3, note=_DISTILLED),
    Model("Gemma 3 12B", 2025, 12e9, 12e12, _GEMMA_3, note=_DISTILLED),
    Model("Gemma 3 27B", 2025, 27e9, 14e12, _GEMMA_3, note=_DISTILLED),
    Model("OLMo 2 32B", 2025, 32e9, 6e12, "huggingface.co/allenai/OLMo-2-0325-32B, model card"),
    Model("Llama 4 Scout", 2025, 109e9, 40e12, _LLAMA_4, active=17e9),
    Model("Llama 4 Maverick", 2025, 400e9, 22e12, _LLAMA_4, active=17e9),
    Model("Qwen3 8B", 2025, 8e9, 36e12, _QWEN_3),
    Model("Qwen3 32B", 2025, 32e9, 36e12, _QWEN_3),
    Model("Qwen3 235B-A22B", 2025, 235e9, 36e12, _QWEN_3, active=22e9),
    Model("SmolLM3 3B", 2025, 3e9, 11.2e12, "huggingface.co/HuggingFaceTB/SmolLM3-3B-Base, model card"),
    Model("Kimi K2", 2025, 1.04e12, 15.5e12, "huggingface.co/moonshotai/Kimi-K2-Base, model card", active=32e9),
    Model("Apertus 70B", 2025, 70e9, 15e12, "huggingface.co/swiss-ai/Apertus-70B-2509, model card"),
)  # fmt: skip
"""The models, in the order of their years."""
