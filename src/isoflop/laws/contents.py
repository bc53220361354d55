"""What the catalogue holds: the families, each file with its laws and curves, and what people call them otherwise."""

from __future__ import annotations

FAMILIES: dict[str, str] = {
    "pre-training": "loss from parameters, tokens or compute",
    "allocation": "the best size and tokens for a compute budget",
    "batch size": "how many tokens a step should hold, and how many steps that makes",
    "flexible": "pre-training loss by forms with more freedom than two power laws",
    "unique data": "loss when tokens repeat or differ in quality",
    "mixtures": "loss on a domain from the shares of the training data",
    "transfer": "what pre-training on other data is worth",
    "fine-tuning": "loss of a pre-trained model trained on for a task",
    "learning rate": "how large the peak learning rate should be, and how long weight decay remembers",
    "over-training": "loss far beyond the compute-optimal tokens",
    "mixture of experts": "loss of routed models from active or total parameters, tokens and experts",
    "precision": "loss when models are trained, or rounded afterwards, in few bits",
    "sparsity": "loss when some parameters are zero",
    "vocabulary": "how much of a model its vocabulary should be",
    "distillation": "loss of a student taught by a larger model",
    "inference": "loss where the cost of using the model counts too",
    "downstream": "task errors and scores, from the loss or from what was trained",
    "test-time compute": "what more attempts at the same problem gain",
    "reinforcement learning": "rewards and pass rates after training on rewards",
    "recurrent and parallel": "loss of models that run their layers several times, or several streams of them",
    "progress": "how fast released models improve with the date",
    "other domains": "images, video, mathematics, speech, translation, long contexts, games",
    "general": "any loss or error against one growing quantity",
}
"""What the laws are about: family → what its laws give. Every law is of one of them."""

CONTENTS: dict[str, tuple[str, str]] = {
    "chinchilla": ("chinchilla", "hoffmann2022 hoffmann2022-rounded besiroglu2024 muennighoff2023-c4"),
    "coupled": ("coupled", ""),
    "valley": ("valley", ""),
    "overtraining": (
        "gadre gadre-error",
        (
            "gadre2024-c4 gadre2024-redpajama gadre2024-refinedweb "
            "gadre2024-error-c4 gadre2024-error-redpajama gadre2024-error-refinedweb"
        ),
    ),
    "kaplan": (
        (
            "kaplan-N kaplan-D kaplan-C kaplan-ND kaplan-NS "
            "kaplan-N-opt kaplan-D-opt kaplan-B-opt kaplan-S-opt kaplan-B-crit"
        ),
        (
            "kaplan2020-N kaplan2020-D kaplan2020-C kaplan2020-C-min kaplan2020-ND kaplan2020-NS "
            "kaplan2020-N-opt kaplan2020-D-opt kaplan2020-B-opt kaplan2020-S-opt kaplan2020-B-crit"
        ),
    ),
    "mccandlish": ("mccandlish-steps mccandlish-examples mccandlish-lr", ""),
    "zhang": ("zhang-batch", "zhang2024-batch zhang2024-batch-same-tokens"),
    "deepseek": (
        "deepseek-lr deepseek-batch deepseek-flops-per-token deepseek-tokens",
        "deepseek2024-lr deepseek2024-batch deepseek2024-flops-per-token deepseek2024-tokens",
    ),
    "steplaw": ("steplaw-lr steplaw-batch", "steplaw2025-lr steplaw2025-batch"),
    "minicpm": ("minicpm-batch", "minicpm2024-batch"),
    "porian": ("porian-lr porian-batch", "porian2024-lr porian2024-batch"),
    "moonlight": (
        "moonlight-lr moonlight-batch moonlight-loss",
        ("moonlight2025-lr moonlight2025-batch liu2025-N liu2025-D liu2025-muon liu2025-adamw"),
    ),
    "mm1": ("mm1-lr", "mckinzie2024-lr"),
    "bjorck": ("bjorck-lr", ""),
    "powerlines": ("powerlines-timescale", "bergsma2025-timescale"),
    "approaches": (
        "hoffmann-N-opt hoffmann-D-opt",
        (
            "hoffmann2022-approach1-N hoffmann2022-approach1-D hoffmann2022-approach2-N hoffmann2022-approach2-D "
            "hoffmann2022-approach3-N hoffmann2022-approach3-D"
        ),
    ),
    "moe": (
        "clark krajewski ludziejewski abnar",
        ("clark2022-sbase clark2022-rlr clark2022-hash krajewski2024 krajewski2024-dense ludziejewski2025 abnar2025"),
    ),
    "precision": ("kumar kumar-ptq total-bits", "kumar2024 kumar2024-ptq"),
    "sparsity": ("frantar", "frantar2023-t5 frantar2023-vit"),
    "vocabulary": ("tao tao-N-vocab tao-N", "tao2024 tao2024-N-vocab tao2024-N"),
    "distillation": (
        "busbridge",
        "busbridge2025-supervised busbridge2025-student",
    ),
    "inference": ("t2 bian", ""),
    "llama": ("llama-tokens", "llama2024-tokens llama2024-tokens-rounded"),
    "modalities": (
        "henighan-N henighan-C henighan-N-opt",
        (
            "henighan2020-video-vq-N henighan2020-image-8x8-N henighan2020-image-16x16-N "
            "henighan2020-image-32x32-N henighan2020-vq-16x16-N henighan2020-vq-32x32-N "
            "henighan2020-text-to-image-N henighan2020-text-to-image-text-N henighan2020-image-to-text-N "
            "henighan2020-image-to-text-text-N henighan2020-math-N henighan2020-language-N "
            "henighan2020-video-vq-C henighan2020-image-8x8-C henighan2020-image-16x16-C "
            "henighan2020-image-32x32-C henighan2020-vq-16x16-C henighan2020-vq-32x32-C "
            "henighan2020-text-to-image-C henighan2020-image-to-text-C henighan2020-math-C "
            "henighan2020-language-C "
            "henighan2020-video-vq-N-opt henighan2020-image-8x8-N-opt henighan2020-image-16x16-N-opt "
            "henighan2020-image-32x32-N-opt henighan2020-vq-16x16-N-opt henighan2020-vq-32x32-N-opt "
            "henighan2020-text-to-image-N-opt henighan2020-image-to-text-N-opt henighan2020-math-N-opt "
            "henighan2020-language-N-opt "
        ),
    ),
    "learning_curves": ("hestness-loss hestness-error", "hestness2017-word-lm"),
    "diffusion": ("dit-N dit-D dit-loss dit-FID", "dit2024-N dit2024-D dit2024-loss dit2024-FID"),
    "contrastive": (
        "clip",
        (
            "cherti2022-imagenet-laion cherti2022-imagenet-wit cherti2022-robustness-laion "
            "cherti2022-robustness-wit cherti2022-coco-laion cherti2022-coco-wit cherti2022-flickr-laion "
            "cherti2022-flickr-wit"
        ),
    ),
    "vision": ("vision-transformer", ""),
    "games": ("jones-trade", "jones2021-hex9"),
    "long_context": ("long-context", "xiong2023-7B xiong2023-70B"),
    "translation": ("translation", ""),
    "translation_transfer": ("bleu", ""),
    "ladder": ("task-ladder", ""),
    "exact_match": ("exact-match", "schaeffer2023-exact-match"),
    "pass_at_k": ("beta-pass-at-k", ""),
    "coverage": ("coverage", ""),
    "reinforcement": ("scalerl", ""),
    "reinforcement_sizes": ("rl-sizes", ""),
    "overoptimisation": ("overoptimised-best-of-n overoptimised-rl", ""),
    "intrinsic": ("intrinsic-performance", ""),
    "quadratic": ("log-quadratic", ""),
    "sardana": ("", "sardana2023 sardana2023-low-ratio sardana2023-all"),
    "flexible": ("bounded farseer", ""),
    "repetition": ("muennighoff", "muennighoff2023"),
    "quality": ("goyal subramanyam", ""),
    "mixtures": ("mixing bimix shukor", ""),
    "transfer": ("transferred transferred-loss", "hernandez2021-text hernandez2021-mix"),
    "finetuning": ("multiplicative rectified", ""),
    "schedules": ("", ""),  # laws of a whole learning-rate schedule: SCHEDULE_LAWS and SCHEDULE_CURVES there
    "floating_point": (
        "float-bits",
        "sun2025-float",
    ),
    "quartet": (
        "quartet",
        "castro2025-quartet",
    ),
    "quantisation_aware": (
        "quantisation-aware",
        "",
    ),
    "ling": (
        "efficiency-leverage",
        (
            "tian2025-leverage tian2025-moe-lr tian2025-moe-batch tian2025-moe-flops-per-token "
            "tian2025-dense-flops-per-token tian2025-moe-tokens tian2025-dense-tokens"
        ),
    ),
    "kimi_linear": (
        "",
        "kimi2025-attention kimi2025-linear",
    ),
    "native_multimodal": (
        "multimodal-C",
        "shukor2025-sparse shukor2025-early-C shukor2025-late-C shukor2025-sparse-C",
    ),
    "looped": (
        "loop-equivalent",
        (
            "schwethelm2026-equivalent schwethelm2026-loops-1 schwethelm2026-loops-2 schwethelm2026-loops-4 "
            "schwethelm2026-loops-8"
        ),
    ),
    "parcae": (
        "",
        "prairie2026-140m prairie2026-370m",
    ),
    "parallel_streams": (
        "parallel-streams",
        "chen2025-streams-code chen2025-streams-pile",
    ),
    "xlstm": (
        "",
        (
            "beck2025-transformer-8k-main-N beck2025-transformer-2k-N beck2025-transformer-8k-N "
            "beck2025-transformer-16k-N beck2025-xlstm-8k-main-N beck2025-xlstm-2k-N beck2025-xlstm-8k-N "
            "beck2025-xlstm-16k-N beck2025-transformer-8k-main-D beck2025-transformer-2k-D "
            "beck2025-transformer-8k-D beck2025-transformer-16k-D beck2025-xlstm-8k-main-D beck2025-xlstm-2k-D "
            "beck2025-xlstm-8k-D beck2025-xlstm-16k-D beck2025-transformer beck2025-xlstm"
        ),
    ),
    "gemstones": (
        "width-depth",
        (
            "mcleish2025-hot mcleish2025-cooldown mcleish2025-width-depth mcleish2025-width-depth-cooldown "
            "mcleish2025-hot-N mcleish2025-hot-D mcleish2025-cooldown-N mcleish2025-cooldown-D"
        ),
    ),
    "diloco": (
        "replicas",
        ("charles2025-replicas charles2025-dp charles2025-m1 charles2025-m2 charles2025-m4 charles2025-m8"),
    ),
    "diffusion_language": (
        "diffusion-language diffusion-language-C diffusion-language-batch",
        (
            "vonruette2025-masked-noise vonruette2025-low-uniform-noise vonruette2025-balanced-noise "
            "vonruette2025-high-uniform-noise vonruette2025-uniform-noise vonruette2025-masked-noise-C "
            "vonruette2025-low-uniform-noise-C vonruette2025-balanced-noise-C vonruette2025-high-uniform-noise-C "
            "vonruette2025-uniform-noise-C vonruette2025-masked-noise-flops-per-token "
            "vonruette2025-low-uniform-noise-flops-per-token vonruette2025-balanced-noise-flops-per-token "
            "vonruette2025-high-uniform-noise-flops-per-token vonruette2025-uniform-noise-flops-per-token "
            "vonruette2025-masked-noise-tokens vonruette2025-low-uniform-noise-tokens "
            "vonruette2025-balanced-noise-tokens vonruette2025-high-uniform-noise-tokens "
            "vonruette2025-uniform-noise-tokens vonruette2025-batch"
        ),
    ),
    "repeated_diffusion": (
        "repeated-tokens",
        "prabhudesai2025-diffusion prabhudesai2025-autoregressive",
    ),
    "pile_mixtures": (
        "pile-mixture",
        "ye2024-academic ye2024-prose ye2024-dialogue ye2024-symbolic ye2024-internet",
    ),
    "merging": (
        "merging",
        "wang2025-llama-3b wang2025-llama-8b",
    ),
    "agents": (
        "agent-steps",
        "fu2025-dmc fu2025-h1-crawl fu2025-h1-stand fu2025-dog-humanoid",
    ),
    "agents_settings": (
        "agent-batch agent-lr",
        (
            "rybkin2025-ant-v4-batch rybkin2025-halfcheetah-v4-batch rybkin2025-humanoid-v4-batch "
            "rybkin2025-walker2d-v4-batch rybkin2025-cartpole-swingup-batch rybkin2025-cheetah-run-batch "
            "rybkin2025-dog-stand-batch rybkin2025-finger-spin-batch rybkin2025-humanoid-stand-batch "
            "rybkin2025-quadruped-walk-batch rybkin2025-walker-walk-batch rybkin2025-ant-v4-lr "
            "rybkin2025-halfcheetah-v4-lr rybkin2025-humanoid-v4-lr rybkin2025-walker2d-v4-lr "
            "rybkin2025-cartpole-swingup-lr rybkin2025-cheetah-run-lr rybkin2025-dog-stand-lr "
            "rybkin2025-finger-spin-lr rybkin2025-humanoid-stand-lr rybkin2025-quadruped-walk-lr "
            "rybkin2025-walker-walk-lr"
        ),
    ),
    "recommenders": (
        "wukong",
        "zhang2024-wukong",
    ),
    "knowledge": (
        "knowledge",
        "li2026-knowledge li2026-knowledge-dense li2026-knowledge-mixtures",
    ),
    "progress": (
        "growth",
        ("kwa2025-horizon kwa2025-horizon-80 xiao2024-density xiao2024-density-before-chatgpt epoch2025-efficiency"),
    ),
    "one_variable": ("M1 M2 M3 M4", ""),
    "broken": ("bnsl1 bnsl2", ""),
}
"""Each file of this folder with its laws and its curves; it is read when one of them is asked for."""

OTHER_NAMES: dict[str, str] = {
    "mixture of experts": "MoE sparse routed experts",
    "precision": "bits quantization quantisation low-precision FP8 FP4 MXFP4 NVFP4 INT4 INT8 QAT PTQ float",
    "test-time compute": "pass@k repeated sampling inference-time thinking reasoning",
    "reinforcement learning": "RL RLVR RLHF post-training",
    "over-training": "inference-optimal tokens per parameter",
    "recurrent and parallel": "looped recurrence depth universal transformer ParScale",
    "vocabulary": "tokenizer tokeniser",
    "unique data": "repetition repeated epochs data-constrained",
    "chinchilla": "Hoffmann compute-optimal 20 tokens per parameter parametric approach 3",
    "coupled": "skaling Videau generalised generalized nesting",
    "kaplan-ND": "OpenAI joint",
    "scalerl": "ScaleRL Khatri sigmoid compute",
    "rl-sizes": "Tan mathematics",
    "efficiency-leverage": "Ling Ant leverage dense-equivalent Tian",
    "parallel-streams": "ParScale parallel scaling",
    "float-bits": "Capybara floating-point training",
    "quartet": "QuEST LUQ native FP4 training",
    "quantisation-aware": "quantization-aware training QAT",
    "kumar-ptq": "post-training quantization rounding",
    "total-bits": "bitwise law",
    "moonlight-loss": "Muon AdamW optimizer optimiser Kimi",
    "replicas": "DiLoCo local SGD communication distributed",
    "diffusion-language": "dLLM masked uniform diffusion language model",
    "diffusion-language-C": "dLLM masked uniform diffusion language model",
    "repeated-tokens": "diffusion data-constrained epochs",
    "busbridge": "distillation teacher student distill",
    "multimodal-C": "native multimodal early late fusion vision language NMM",
    "clip": "OpenCLIP contrastive image text",
    "merging": "model merging soup",
    "pile-mixture": "data mixing law Pile domains",
    "wukong": "recommendation ranking CTR",
    "knowledge": "IKP incompressible knowledge probes facts size of closed models",
    "growth": "METR time horizon of tasks densing law Epoch capabilities ECI doubling time",
    "agent-steps": "value-based RL control robotics humanoid",
    "agent-batch": "value-based RL control robotics humanoid",
    "agent-lr": "value-based RL control robotics humanoid",
    "coverage": "pass@k large language monkeys best-of-n",
    "beta-pass-at-k": "pass@k",
    "powerlines-timescale": "weight decay Cerebras",
    "width-depth": "Gemstones shape aspect",
    "loop-equivalent": "looped recurrence iso-depth",
    "jones-trade": "AlphaZero board game Hex train-time test-time",
    "intrinsic-performance": "RL games sample efficiency",
    "dit-loss": "diffusion transformer image generation",
    "M4": "Alabdulmohsin revisiting",
    "bnsl1": "broken neural scaling law",
    "farseer": "Li 2025",
}
"""Family or law → what people type who look for it; `isoflop laws --search` reads them."""
