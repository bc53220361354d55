"""What a reader must know to repeat a fit, filled in from the runs' columns and the fit itself.

The questions follow the reproducibility checklist of Li et al. 2025, (Mis)Fitting: A Survey of
Scaling Laws, arXiv:2502.18969. What the runs do not say stays unanswered: nobody guesses.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from isoflop.data.runs import Runs
from isoflop.fitting.fit import Fit
from isoflop.quantities import show

_COLUMNS = {
    "tokenizer": "tokenizer tokeniser vocabulary vocab vocab_size",
    "training data": "dataset data train_data training_data train_set train_ds corpus",
    "evaluation data": "eval_set eval_data validation_set val eval_dataset",
    "architecture": "architecture arch model_family family model_type",
    "model shape": "width depth layers n_layers num_layers heads n_heads d_model",
    "parameter count (total or non-embedding)": "N_convention param_count params_convention",
    "context length": "context context_length sequence_length seq_len",
    "optimiser": "optimizer optimiser optim",
    "learning rate": "learning_rate lr peak_lr max_lr",
    "learning rate schedule": "schedule lr_schedule lr_scheduler scheduler decay",
    "warm-up": "warmup warmup_steps warmup_tokens",
    "batch size": "B batch batch_size batch_tokens",
    "hyperparameters tuned at each scale": "tuned hparams hyperparameters",
    "epochs or unique tokens": "epochs U",
    "precision": "precision dtype",
    "code version": "commit code_version git_commit version",
    "seeds": "seed init_seed data_seed",
    "checkpoints (one row a run, or several)": "run run_name run_id training_run_id",
}
"""Question -> the columns that answer it."""


def checklist(fit: Fit) -> dict[str, str | None]:
    """Return each question with its answer, None where neither runs nor fit say."""
    return {**_of_law(fit), **_of_runs(fit), **_of_columns(fit.own_runs), **_of_fit(fit)}


def _of_law(fit: Fit) -> dict[str, str | None]:
    pinned = ", ".join(f"{key}={value}" for key, value in fit.options.fix.items())
    return {
        "form": f"{fit.law.name}: {fit.law.formula}", "free parameters": ", ".join(fit.curve.law.parameters),
        "pinned parameters": pinned or "none", "source of the form": fit.law.cite or None,
    }  # fmt: skip


def _of_runs(fit: Fit) -> dict[str, str | None]:
    reach = {key: f"{show(low)} to {show(high)}" for key, (low, high) in fit.curve.fitted_on.items()}
    reasons = Counter(item.reason for item in fit.excluded)
    left_out = "; ".join(f"{count}: {reason}" for reason, count in reasons.most_common(5))
    return {
        "runs": f"{fit.used} of {fit.source}", "runs left out, and why": left_out or "none",
        "range": ", ".join(f"{key} {told}" for key, told in reach.items()), "FLOP rule": fit.own_runs.flop_rule,
    }  # fmt: skip


def _of_columns(runs: Runs) -> dict[str, str | None]:
    known = {name.casefold(): name for name in runs.columns}
    answers = {}
    for question, names in _COLUMNS.items():
        found = [known[name.casefold()] for name in names.split() if name.casefold() in known]
        answers[question] = "; ".join(f"{name} {_told(runs, name)}" for name in found) or None
    return answers


def _told(runs: Runs, name: str) -> str:
    """Say what a column holds: its one value, its few values, or its range."""
    column = runs[name]
    values = sorted(set(column[np.isfinite(column)].tolist() if column.dtype.kind == "f" else column.tolist()))
    if not values:
        return "empty"
    if isinstance(values[0], str):
        return ", ".join(map(str, values)) if len(values) <= 3 else f"takes {len(values)} values"
    if len(values) <= 3:
        return ", ".join(f"{value:.4g}" for value in values)
    return f"from {values[0]:.4g} to {values[-1]:.4g}, {len(values)} values"


def _of_fit(fit: Fit) -> dict[str, str | None]:
    options, objective = fit.options, fit.objective
    delta = f", delta {objective.delta:.3g}" if np.isfinite(objective.delta) else ""
    return {
        "objective": f"{objective.name}{delta}, on {'log loss' if options.log else 'loss'}, a sum over runs",
        "optimiser of the fit": "batched Levenberg-Marquardt, exact derivatives",
        "starts": f"{options.starts}, {fit.agreement:.0%} reached the best",
        "intervals": f"{fit.drawn_by}, {len(fit.draws)} draws, level {options.level:g}",
        "seed": str(options.seed),
        "data digest (SHA-256)": fit.digest or None,
    }
