"""The sentences that people say about scaling laws, each with its verdict, reason, command and source."""

from __future__ import annotations

from isoflop.faces.claims import numbers
from isoflop.faces.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    Claim(
        sentence="Twenty tokens per parameter are best.",
        verdict="half true", number=numbers.twenty,
        because="near 20 by the corrected fit, but it moves with compute and differs by law; for a model that will be "
                "served much, far more.",
        command="isoflop plan besiroglu2024 --flops 5.76e23", source="Besiroglu et al. 2024; Hoffmann et al. 2022",
    ),
    Claim(
        sentence="Double the parameters and the loss falls by the same share each time.",
        verdict="false", number=numbers.doublings,
        because="only the part above the floor falls by the same share, so each doubling brings less.",
        command="isoflop forecast besiroglu2024 N=2B D=1000T", source="Besiroglu et al. 2024",
    ),
    Claim(
        sentence="Spend half of the budget on size and half on data.",
        verdict="true", number=numbers.half,
        because="in that both grow about as the square root of compute; Kaplan et al. 2020 said C^0.73 for N.",
        command="isoflop laws besiroglu2024", source="Besiroglu et al. 2024; Hoffmann et al. 2022",
    ),
    Claim(
        sentence="Llama follows Chinchilla's rule.",
        verdict="false", number=numbers.llamas,
        because="only the largest of the first family is near 20; the small ones were trained long to be cheap to "
                "serve.",
        command="isoflop landmarks 'llama 7b' 'llama 13b' 'llama 65b' 'llama 3 8b'",
        source="Touvron et al. 2023; Llama 3 card",
    ),
    Claim(
        sentence="GPT-3 was far too large for its data.",
        verdict="half true", number=numbers.gpt3,
        because="three times too large, but the valley is flat: the loss given up is below one per cent.",
        command="isoflop landmarks gpt-3", source="Brown et al. 2020; Besiroglu et al. 2024",
    ),
    Claim(
        sentence="GPT-4 has 1.8T parameters and saw 13T tokens.",
        verdict="not known", number=numbers.gpt4,
        because="neither is disclosed; together they fit the estimate of its FLOPs only if about a seventh of the "
                "parameters is used for a token.",
        command="isoflop compare-models gpt-3 gpt-4", source="Epoch AI; reported by others, not disclosed",
    ),
    Claim(
        sentence="A bitwise law: what counts is parameters times bits.",
        verdict="false", number=numbers.bitwise,
        because="no primary source of such a law was found; where precision was measured, 4 bits keep most of a model.",
        command="isoflop laws kumar2024", source="Kumar et al. 2024",
    ),
    Claim(
        sentence="Emergence is a mirage.",
        verdict="half true", number=numbers.mirage,
        because="a harsh score makes a smooth gain look sudden, and a soft one undoes that; not every jump goes away.",
        command="isoflop laws schaeffer2023-exact-match", source="Schaeffer et al. 2023",
    ),
    Claim(
        sentence="More thinking replaces a larger model.",
        verdict="half true", number=numbers.thinking,
        because="the two trade along a line where it was measured, and only where answers can be checked does "
                "sampling gain without end.",
        command="isoflop laws jones2021-hex9", source="Jones 2021; Brown et al. 2024",
    ),
    Claim(
        sentence="Laws of dense models hold for mixtures of experts.",
        verdict="false", number=numbers.experts,
        because="by active parameters they are far too pessimistic, by all parameters too optimistic.",
        command="isoflop laws tian2025-leverage", source="Tian et al. 2025",
    ),
    Claim(
        sentence="Running the same layers again is depth for nothing.",
        verdict="false", number=numbers.loops,
        because="a loop costs the FLOPs of new layers and is worth a part of them.",
        command="isoflop laws schwethelm2026-equivalent", source="Schwethelm et al. 2026",
    ),
    Claim(
        sentence="Text for training runs out.",
        verdict="half true", number=numbers.stock,
        because="the stock of public text is finite and best runs come near it at budgets that are planned, but tokens "
                "can repeat and smaller models want more of them sooner.",
        command="isoflop plan besiroglu2024 --flops 1e27", source="Villalobos et al. 2024",
    ),
    Claim(
        sentence="Repeated data is worth nothing.",
        verdict="false", number=numbers.repeats,
        because="up to four passes it is nearly as good as fresh, then it fades.",
        command="isoflop plan --flops 1e23 --unique-tokens 100B", source="Muennighoff et al. 2023",
    ),
    Claim(
        sentence="Training in four bits costs no quality.",
        verdict="false", number=numbers.four_bits,
        because="it costs parameters, and by one law tokens too; whether the speed pays for it depends on the device.",
        command="isoflop laws castro2025-quartet", source="Castro et al. 2025; Sun et al. 2025",
    ),
    Claim(
        sentence="Rounding a finished model costs nothing.",
        verdict="false", number=numbers.rounding,
        because="the longer a model was trained, the more rounding costs it.",
        command="isoflop laws kumar2024-ptq", source="Kumar et al. 2024",
    ),
    Claim(
        sentence="Muon halves the compute.",
        verdict="half true", number=numbers.muon,
        because="by the paper's own curves about that, inside their range and of two-digit exponents.",
        command="isoflop laws liu2025-muon", source="Liu et al. 2025",
    ),
    Claim(
        sentence="A larger batch is always better.",
        verdict="false", number=numbers.batch,
        because="at the critical batch, steps and tokens are each twice their least; beyond it, tokens are wasted. It "
                "grows as the loss falls.",
        command="isoflop laws kaplan2020-B-crit", source="Kaplan et al. 2020; McCandlish et al. 2018",
    ),
    Claim(
        sentence="The best learning rate does not depend on size.",
        verdict="false", number=numbers.rate,
        because="it falls with size at a given parametrisation; some parametrisations (muP) are made to undo that.",
        command="isoflop laws steplaw2025-lr", source="Li et al. 2025",
    ),
    Claim(
        sentence="A better teacher makes a better student.",
        verdict="false", number=numbers.teacher,
        because="up to a point: a student far weaker than its teacher learns less from a better one.",
        command="isoflop laws busbridge2025-student", source="Busbridge et al. 2025",
    ),
    Claim(
        sentence="A vocabulary of 32k is enough.",
        verdict="false", number=numbers.vocabulary,
        because="the best vocabulary grows with the model.",
        command="isoflop plan --flops 5.8e23", source="Tao et al. 2024",
    ),
    Claim(
        sentence="Most of the compute should go into size.",
        verdict="false", number=numbers.kaplan,
        because="that was Kaplan's reading, of schedules not matched to the runs; matched, both grow alike.",
        command="isoflop laws kaplan2020-N-opt", source="Kaplan et al. 2020; Hoffmann et al. 2022",
    ),
    Claim(
        sentence="Over-training is a waste.",
        verdict="half true", number=numbers.overtrained,
        because="it wastes training compute and saves it again in serving.",
        command="isoflop landmarks 'llama 3 8b'", source="Llama 3 card; Besiroglu et al. 2024",
    ),
    Claim(
        sentence="The tasks that models do double in length every seven months.",
        verdict="true", number=numbers.horizon,
        because="on well-specified software tasks, 2019 to 2025; later windows and other tasks have other numbers.",
        command="isoflop laws kwa2025-horizon", source="Kwa et al. 2025 (METR)",
    ),
    Claim(
        sentence="The same capability needs half the model every three months.",
        verdict="not known", number=numbers.density,
        because="studies differ by a factor of two in the rate, and benchmarks may be contaminated.",
        command="isoflop laws growth", source="Xiao et al. 2024; Epoch AI 2025",
    ),
    Claim(
        sentence="What a model knows tells its size.",
        verdict="false", number=numbers.facts,
        because="it tells an effective size of an average open model; a model of 284B is given 1.5T by it.",
        command="isoflop laws li2026-knowledge", source="Li 2026",
    ),
    Claim(
        sentence="Recurrent models follow other laws than transformers.",
        verdict="half true", number=numbers.recurrent,
        because="the same form with other constants, and nearly the same loss where both were measured.",
        command="isoflop laws beck2025-xlstm", source="Beck et al. 2025",
    ),
    Claim(
        sentence="Training far apart costs nothing.",
        verdict="false", number=numbers.apart,
        because="little, and it does not grow with size within the runs; beyond them the law fails.",
        command="isoflop laws charles2025-replicas", source="Charles et al. 2025",
    ),
)  # fmt: skip
"""Twenty-seven sentences."""
