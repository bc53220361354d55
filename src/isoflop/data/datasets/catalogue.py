"""The named tables: where each comes from, at which commit, under which licence, with which SHA-256."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Dataset:
    """One public table of real runs, pinned.

    source   the repository it comes from
    commit   the commit there, as far as it is known
    url      where the very bytes can be downloaded; None if they ship with isoflop, or if upstream
             holds the runs only in another form and `note` says how the table was made from them
    file     folder and file name, under $ISOFLOP_DATA or (bundled) in the package
    columns  the names the runs get -> the file's, where aliases do not say it
    """

    name: str
    title: str
    source: str
    commit: str
    licence: str
    file: str
    sha256: str
    url: str | None = None
    bundled: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def _raw(repository: str, commit: str, path: str) -> str:
    return f"https://raw.githubusercontent.com/{repository}/{commit}/{path}"


_EPOCH = "92258837425e1b5f2851d624287f0120583a3d0e"
_GOOGLE_RESEARCH = "9853680c781781bd8d3de20aa61c7373ce059913"
_ROUTING = "42da0c392b127df2c01fa7b705f72396050d05e5"

_TABLES = (
    Dataset(
        name="tinylm",
        title="isoflop's own ladder: 87 tiny language models on the Python standard library's source",
        source="isoflop, measured on two CPU cores",
        commit="",
        licence="Apache-2.0",
        file="tinylm.csv",
        sha256="48417af068fc16c1fba8441830999acc45781fb1287e11cb95dfb87548d7bed3",
        bundled=True,
        note=(
            "role is sweep (24 isoFLOP runs in each of three orders of the data) or target (5 larger runs in each). "
            "N is non-embedding, C = 6*N*D, loss is in nats per byte; an order has first weights of its own. "
            "examples/tinylm makes the table."
        ),
    ),
    Dataset(
        name="tinytables",
        title="two recipes of tiny language models: one embedding table, or three (of the last three bytes)",
        source="isoflop, measured on one CPU core (examples/tinytables)",
        commit="",
        licence="Apache-2.0",
        file="tinytables.csv",
        sha256="56c345ab316b74c6a11fa6fdb1575628f69c0df913275190819077a1fd00a075",
        bundled=True,
        note=(
            "9 runs of each recipe at the same widths, tokens, order and first weights. N is non-embedding, so it does "
            "not count the tables; C = 6*N*D; loss is in nats per byte."
        ),
    ),
    Dataset(
        name="tinysweep",
        title="learning rate x batch of tiny language models: 48 runs at two sizes and two numbers of tokens",
        source="isoflop, measured on two CPU cores (examples/tinysweep)",
        commit="",
        licence="Apache-2.0",
        file="tinysweep.csv",
        sha256="0b3204ae7d147bcd4d6da776c752f4a1559e8b30b59af112a6c6ee08152ccd4f",
        bundled=True,
        note=(
            "four learning rates and three batches at each N and D; the embedding's rate is 15 times lr, the warm-up "
            "a twentieth of the steps, at least 10. N is non-embedding, C = 6*N*D, loss is in nats per byte."
        ),
    ),
    Dataset(
        name="tinymix",
        title="three corpora in shares: 20 proxies, and six mixtures at four times the compute",
        source="isoflop, measured on two CPU cores (examples/tinymix)",
        commit="",
        licence="Apache-2.0",
        file="tinymix.csv",
        sha256="bd80b82ff6061f7c46dc949dfea7464be3699959f3ce01f5ac72b13a1db6d3ca",
        bundled=True,
        note=(
            "role is proxy or larger; larger-0 is the mixture that isoflop mix chose from the proxies. python is the "
            "standard library's sources, text its help texts, tables its tables of characters; losses are in nats "
            "per byte on held-out documents of each. N is non-embedding, C = 6*N*D."
        ),
    ),
    Dataset(
        name="gpt3-arithmetic",
        title="GPT-3 (Brown et al. 2020): arithmetic of eight sizes, few-shot, beside their loss on LAMBADA",
        source="arXiv:2005.14165v4, tables D.1 and H.1",
        commit="",
        licence="numbers as the paper prints them",
        file="gpt3-arithmetic.csv",
        sha256="ac82fd9030c831836fa2005bacbfbcd6ac6db87b478749ffc92d2dc6091db858",
        bundled=True,
        note=(
            "N, D and C are of table D.1; the ten tasks are few-shot (K=50), each of 2,000 questions; lambada and "
            "lambada_ppl are zero-shot, and loss is the logarithm of lambada_ppl, nats per last word. Read off the "
            "table twice, its 175B column held against table 3.9."
        ),
    ),
    Dataset(
        name="chain-of-thought",
        title="Wei et al. 2022: word problems by size, answered at once (task) or after thinking (task_cot)",
        source="arXiv:2201.11903v6, tables 2, 3 and 5; EleutherAI/lm-evaluation-harness, results/llama",
        commit="",
        licence="numbers as the paper prints them; MIT (lm-evaluation-harness)",
        file="chain-of-thought.csv",
        sha256="b1c46d920e9bd148c0ffd1a8f56c3f9ae122916cdd58daf0ddf3a5e0f376ddc9",
        bundled=True,
        note=(
            "LaMDA, GPT, PaLM and LLaMA, N as their names say; multi_step is MAWPS MultiArith, letters is last-letter "
            "concatenation of two words; source says for each row where it stands. gsm8k has 1,319 questions. There "
            "is no loss."
        ),
    ),
    Dataset(
        name="chinchilla",
        title="Chinchilla's 245 runs, read off the paper's figure 4 by Besiroglu et al. 2024",
        source="https://github.com/epoch-research/analyzing-chinchilla",
        commit=_EPOCH,
        licence="MIT (copy in mcleish7/gemstone-scaling-laws)",
        file="chinchilla/svg_extracted_data.csv",
        sha256="193478df4e90f040016431996c45682659306840ecdadf83cfb9cd5ca0aa1b30",
        url=_raw("epoch-research/analyzing-chinchilla", _EPOCH, "data/svg_extracted_data.csv"),
        columns={"N": "Model Size", "C": "Training FLOP"},
        note='D = C/(6N). "D/N > 0.45" leaves the 240 runs Besiroglu et al. fitted. x and y are pixels.',
    ),
    Dataset(
        name="porian",
        title="Porian et al. 2024: 1,748 isoFLOP points on the way from Kaplan's exponent to Chinchilla's",
        source="https://github.com/formll/resolving-scaling-law-discrepancies",
        commit="0dc60d91",
        licence="MIT",
        file="porian/porian_isoflop_points.csv",
        sha256="f712d63cb3aaf03d738ce2cde6852967ed75cfc7615eab35df2206c228dad464",
        columns={"N": "n", "D": "t", "C": "flops"},
        note="Made from the upstream pickles data/summary_df*.pickle.xz, one row for each isoFLOP point.",
    ),
    Dataset(
        name="gadre",
        title="Gadre et al. 2024: 832 losses of over-trained models on three corpora",
        source="https://github.com/mlfoundations/scaling",
        commit="a003c491",
        licence="MIT",
        file="gadre/gadre_runs_tidy.csv",
        sha256="a3d70feefc37124bfc3fa455f279a123844e4224aac74152f5747daadb71c9b8",
        columns={"N": "params"},
        note=(
            "Made from upstream's JSON results, one row for each run and validation set. The paper's loss "
            "is on C4: keep val == \"['training/eval_data/c4_val/shard-{0000000..0000010}.tar']\"."
        ),
    ),
    Dataset(
        name="gemstones",
        title="Gemstones (McLeish et al. 2025): 770 checkpoints of 22 widths and depths",
        source="https://github.com/mcleish7/gemstone-scaling-laws",
        commit="5f420478",
        licence="MIT",
        file="gemstones/gemstones_dclm_tidy.csv",
        sha256="9108d9cacb16668b84fc54452ce38f6be9585d9b3b5f302329974f33fca1b5e3",
        columns={"N": "params_active_precise", "loss": "final_loss"},
        note=("Made from upstream's run logs, one row for each checkpoint; rows of one run_name are not independent."),
    ),
    Dataset(
        name="datablations",
        title="Muennighoff et al. 2023: 182 runs on repeated data",
        source="https://github.com/huggingface/datablations",
        commit="13701315",
        licence="Apache-2.0",
        file="datablations/datablations_runs_corrected.csv",
        sha256="f2a5eade53e2924a2817a46d11c9dfd00958a6e53c5957bb359c74b77c0da6c0",
        note=("Made from the copy in SLDBench, whose tokens and unique_tokens columns are swapped; corrected here."),
    ),
    Dataset(
        name="revisiting-language",
        title="Alabdulmohsin et al. 2022: learning curves of translation and language models and BIG-Bench",
        source="https://github.com/google-research/google-research",
        commit=_GOOGLE_RESEARCH,
        licence="Apache-2.0 (code), CC-BY-4.0 (data)",
        file="revisiting/benchmark.lang.csv",
        sha256="63c346db00a66b692e1ea9a0f71a2f2b267e55f74be5b863a92e199dffbf0983",
        url=_raw(
            "google-research/google-research",
            _GOOGLE_RESEARCH,
            "revisiting_neural_scaling_laws/data/benchmark.lang.csv",
        ),
        columns={"x": "Seen Examples", "loss": "Loss"},
        note="Training is 1 for the part a law is fitted to, 0 for the part it must extrapolate to.",
    ),
    Dataset(
        name="revisiting-vision",
        title="Alabdulmohsin et al. 2022: learning curves of 72 image classifiers",
        source="https://github.com/google-research/google-research",
        commit=_GOOGLE_RESEARCH,
        licence="Apache-2.0 (code), CC-BY-4.0 (data)",
        file="revisiting/benchmark.vision.csv",
        sha256="23b00692d71e58aa5a2a941e831d57688e0977fdcf5f5125ff7b64283b5d9e83",
        url=_raw(
            "google-research/google-research",
            _GOOGLE_RESEARCH,
            "revisiting_neural_scaling_laws/data/benchmark.vision.csv",
        ),
        columns={"x": "Seen Examples", "loss": "Loss"},
        note="The loss is an error rate. Training is 1 for the part to fit, 0 for the part to extrapolate.",
    ),
    Dataset(
        name="routing",
        title="Clark et al. 2022: 5,799 points of routed language models",
        source="https://github.com/google-deepmind/scaling_laws_for_routing",
        commit=_ROUTING,
        licence="Apache-2.0 (code), CC-BY-4.0 (data)",
        file="routing/curves.csv.gz",
        sha256="c03e7531add85e594f368d33bac4a0220280be858a7ed12d147cf73af6a3819f",
        url=_raw("google-deepmind/scaling_laws_for_routing", _ROUTING, "data/curves.csv.gz"),
        columns={"N": "dense_parameter_count", "loss": "loss_validation"},
        note="N is the dense model's parameters; several steps of one run (hyper_id) are several rows.",
    ),
)

DATASETS: Mapping[str, Dataset] = MappingProxyType({dataset.name: dataset for dataset in _TABLES})
"""The datasets by name."""
