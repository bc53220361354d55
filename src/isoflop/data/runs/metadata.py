"""What the columns beside N, D and loss say of how the runs were trained: findings D02, D05, D08 to D12, D15.

Each looks only where such a column is; a table without them has none of these findings. `whole`
(rows,) says which rows are the end of their run, as opposed to checkpoints on the way.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from isoflop.data.runs.hidden_populations import hidden_populations
from isoflop.data.runs.metadata_columns import Columns, labels, number, recorded, repeats, words
from isoflop.data.runs.names import Names
from isoflop.findings import Finding, Severity
from isoflop.formula.arrays import Array, Bools, median

DIVERGED, PLANNED = 0.05, 0.95
"""So far above the lowest loss it had, a run has diverged; this share of the planned tokens is all of them."""
EMBEDDING, WARMUP, UNTUNED, EPOCHS = 0.10, 0.10, 10.0, 4.0
"""Shares of N and of D, a factor in N, and passes over the data, above which a finding fires.

Warm-up: Porian et al. 2024, arXiv:2406.19146. Passes: Muennighoff et al. 2023, arXiv:2305.16264.
"""
ACTIVE = 0.05
"""A model whose active parameters fall short of N by more than this share is a mixture of experts."""
_ROUNDED = 0.005  # shares are compared to the per cent: a warm-up of 10.1 % is one of 10 %

_FINISHED = {"finished", "finish", "done", "completed", "complete", "succeeded", "success", "ok", "final"}
_UNFINISHED = {
    "running", "crashed", "failed", "killed", "diverged", "aborted", "cancelled", "canceled", "preempted", "pending",
    "queued", "stopped", "interrupted", "unfinished", "incomplete", "timeout", "oom", "error",
}  # fmt: skip
_FULL_DECAY = ("cosine", "linear")
"""Schedules that fall all the way: a loss on the way is not that of a run that ends there."""
_CARRIES_OVER = ("mup", "\N{MICRO SIGN}p", "\N{GREEK SMALL LETTER MU}p")
PADDING, BYTES_APART = 0.02, 0.02
"""Vocabularies that differ by less are one, padded; texts that give a token so nearly as many bytes are alike."""
_POPULATIONS = ("tokenizer", "evaluation set", "dataset", "code version", "precision", "sequence length")
_NUMERIC = ("precision", "sequence length")
"""The populations that a number may tell; a number in a column "val" is a loss."""


def unfinished(columns: Columns, whole: Bools) -> dict[int, str]:
    """Return the rows (D02) of runs that diverged or did not finish, each with the reason."""
    bad = _not_finished(words(columns, "status"))
    loss, lowest = columns.get("loss"), number(columns, "lowest loss")
    if loss is not None and lowest is not None:
        for row in np.flatnonzero(loss > (1 + DIVERGED) * lowest).tolist():
            bad.setdefault(row, f"its loss ended {loss[row] / lowest[row] - 1:.0%} above its lowest")
    for reached, planned, what in _planned(columns):
        short = whole & (reached < PLANNED * planned)
        if np.count_nonzero(short) * 2 <= np.count_nonzero(whole):  # more, and the column is no plan of each run
            for row in np.flatnonzero(short).tolist():
                bad.setdefault(row, f"{reached[row] / planned[row]:.0%} of its planned {what}")
    return dict(sorted(bad.items()))


def _not_finished(status: list[str] | None) -> dict[int, str]:
    if status is None:
        return {}
    known = bool(_FINISHED & {*status})
    return {
        row: f"its status is {text}"
        for row, text in enumerate(status)
        if text in _UNFINISHED or (known and text and text not in _FINISHED)
    }


def _planned(columns: Columns) -> Iterator[tuple[Array, Array, str]]:
    """Yield what each run reached and what was planned, in tokens and in steps, where the table says."""
    tokens, steps = columns.get("D"), _steps(columns)
    for reached, what in ((tokens, "tokens"), (steps, "steps")):
        planned = number(columns, f"planned {what}")
        if reached is not None and planned is not None:
            yield reached, planned, what


def _steps(columns: Columns) -> Array | None:
    return columns["S"] if "S" in columns else number(columns, "step")


def findings_on_unfinished(bad: dict[int, str], names: Names) -> tuple[Finding, ...]:
    """Return the finding D02 that names the runs left out as diverged or unfinished; none if there are none."""
    if not bad:
        return ()
    called = names.of(bad)
    told = [f"{name}: {reason}" for name, reason in zip(called, bad.values(), strict=True)]
    more = f", and {len(told) - 5} more" if len(told) > 5 else ""
    return (
        Finding(
            "D02", "WARN",
            f"{_count(len(bad))} diverged or did not finish and {'is' if len(bad) == 1 else 'are'} left out "
            f"({'; '.join(told[:5])}{more})",
            "finish them; to keep them all the same, say --allow D02",
            called,
        ),
    )  # fmt: skip


def inspect_metadata(columns: Columns, names: Names, whole: Bools, *, per_byte: bool = False) -> tuple[Finding, ...]:
    """Return the findings on how the runs were trained."""
    return (
        *_populations(columns),
        *(() if per_byte else _vocabularies(columns)),
        *hidden_populations(columns),
        *_schedules(columns, names, whole),
        *_embeddings(columns, names),
        *_warmups(columns, names, whole),
        *_one_learning_rate(columns),
        *_sweeps(columns, names),
        *_repetition(columns, names),
        *_experts(columns, names),
    )


def _populations(columns: Columns) -> Iterator[Finding]:
    for meaning in _POPULATIONS:
        for name in recorded(columns, meaning):
            numeric = columns[name].dtype.kind == "f"
            if numeric and meaning not in _NUMERIC:
                continue
            values = sorted({cell for cell in columns[name].tolist() if cell and cell == cell})  # noqa: PLR0124 - nan
            if len(values) > 1:
                shown = ", ".join(f"{value:g}" if numeric else value[:40] for value in values[:3])
                one = f"{values[0]:g}" if numeric else f'"{values[0]}"'
                yield Finding(
                    "D11", "BLOCK",
                    f"the runs mix {len(values)} values of {name} ({shown}{', ...' if len(values) > 3 else ''}): "
                    "one curve does not hold for all of them",
                    f"keep one, as in --where '{name} == {one}', or say --allow D11 to fit them as one",
                )  # fmt: skip


def _vocabularies(columns: Columns) -> Iterator[Finding]:
    """Yield D11 where vocabularies, or the bytes of a token, differ: a token is then not one amount of text."""
    if words(columns, "tokenizer") is not None:
        return
    for meaning, apart in (("bytes per token", BYTES_APART), ("vocabulary", PADDING)):
        values = number(columns, meaning)
        if values is None or not np.nanmax(values) > (1 + apart) * np.nanmin(values):
            continue
        name = next(one for one in recorded(columns, meaning) if columns[one] is values)
        found = np.unique(values[np.isfinite(values)])
        bytes_known = recorded(columns, "bytes per token")
        remedy = f"keep one, as in --where '{name} == {found[0]:g}'"
        if bytes_known:
            remedy += f", or compare bits per byte: --loss 'COLUMN*1.4427/{bytes_known[0]}'"
        yield Finding(
            "D11", "BLOCK",
            f"the runs mix {len(found)} values of {name} ({', '.join(f'{value:g}' for value in found[:3])}"
            f"{', ...' if len(found) > 3 else ''}), so several tokenizers: a token is not one amount of text, and "
            "losses per token do not compare",
            f"{remedy}; --allow D11 if a law takes it",
        )  # fmt: skip
        return


def _schedules(columns: Columns, names: Names, whole: Bools) -> Iterator[Finding]:
    schedule = words(columns, "schedule")
    full = np.zeros(len(whole), bool)
    if schedule is not None:
        full = np.array([any(kind in text for kind in _FULL_DECAY) for text in schedule])
    off = full & ~whole
    place = ""
    for reached, planned, what in _planned(columns):
        away = np.abs(reached / planned - 1) > 1 - PLANNED
        first = int(np.argmax(away))
        place = (
            f" ({names.of([first])[0]} is at {reached[first]:,.10g} of {planned[first]:,.10g} {what})"
            if away.any()
            else place
        )
        off |= away
    for run, what in ((columns.get("D"), "tokens"), (_steps(columns), "steps")):
        decay = number(columns, f"decay {what}")
        if run is not None and decay is not None:  # a decay may leave out the warm-up
            off |= full & (np.abs(run / decay - 1) > 1 - PLANNED + WARMUP)
    if off.any():
        severity: Severity = "BLOCK" if (off & full).any() else "WARN"
        yield Finding(
            "D08", severity,
            f"{np.count_nonzero(off)} of {len(off)} losses were not taken at the end of the learning rate schedule "
            f"they were trained with{place}: a run planned to end there would reach another loss",
            "keep the runs whose schedule ends with them, or say --allow D08",
            names.of(off),
        )  # fmt: skip


def _embeddings(columns: Columns, names: Names) -> Iterator[Finding]:
    share = _embedding_share(columns)
    if share is not None and (share > EMBEDDING + _ROUNDED).any():
        yield Finding(
            "D05", "WARN",
            f"embeddings are up to {np.nanmax(share):.0%} of N: exponents and the best N depend on whether they count",
            "fit once with them and once without (--N COLUMN), and say which count a number is for",
            names.of(share > EMBEDDING + _ROUNDED),
        )  # fmt: skip


def _embedding_share(columns: Columns) -> Array | None:
    """Return the share of N that is embeddings; None where N leaves them out, or the table does not say."""
    size, without = columns.get("N"), number(columns, "without embedding")
    width, depth, vocabulary = (number(columns, what) for what in ("width", "depth", "vocabulary"))
    held = number(columns, "embedding")
    if size is None or without is not None:
        return None if size is None or without is None else np.asarray(1 - without / size)
    if held is None and width is not None and vocabulary is not None:
        held = width * vocabulary
    if held is None or (size <= held).any():
        return None
    if width is not None and depth is not None:
        # The blocks of a transformer of usual shape: Kaplan et al. 2020, arXiv:2001.08361, table 1.
        blocks = 12 * depth * width**2
        alone, together = (abs(float(median(np.log(count / blocks)))) for count in (size, size - held))
        if alone < together:
            return None
    return np.asarray(held / size)


def _warmups(columns: Columns, names: Names, whole: Bools) -> Iterator[Finding]:
    share = _warmup_share(columns)
    if share is None or not (long := whole & (share > WARMUP + _ROUNDED)).any():
        return
    yield Finding(
        "D09", "WARN",
        f"warm-up takes more than {WARMUP:.0%} of {_count(np.count_nonzero(long))}, up to {share[long].max():.0%}: "
        "short runs look worse than they are, which moves the best N",
        "shorten the warm-up with the run, and leave these runs out (--where)",
        names.of(long),
    )  # fmt: skip


def _warmup_share(columns: Columns) -> Array | None:
    """Return the share of each run that is warm-up, by tokens, by steps or as told; None if the table does not say."""
    tokens, steps = number(columns, "warmup tokens"), number(columns, "warmup steps")
    if steps is not None and tokens is None and "B" in columns:
        tokens = steps * columns["B"]
    if tokens is not None and "D" in columns:
        return np.asarray(tokens / columns["D"])
    total = _steps(columns)
    return steps / total if steps is not None and total is not None else number(columns, "warmup share")


def _one_learning_rate(columns: Columns) -> Iterator[Finding]:
    rate, size = number(columns, "learning rate"), columns.get("N")
    if rate is None or size is None or not rate.max() <= rate.min() * (1 + 1e-9):
        return
    carried = words(columns, "parametrization")
    if carried is not None and all(any(word in text for word in _CARRIES_OVER) for text in carried):
        return
    apart = float(size.max() / size.min())
    if apart > UNTUNED:
        yield Finding(
            "D10", "WARN",
            f"one learning rate, {rate[0]:.3g}, for sizes {apart:.0f}x apart: if it does not suit them all, the best "
            "N moves by as much as a quarter, and no residual shows it",
            "tune it at the smallest and the largest size; where the parametrization carries it over, say so in a "
            "column parametrization (mup)",
        )  # fmt: skip


def _sweeps(columns: Columns, names: Names) -> Iterator[Finding]:
    if not {"N", "D", "loss"} <= columns.keys() or not repeats(columns["D"]):
        return
    for meaning in ("learning rate", "batch"):
        tried = columns["B"] if meaning == "batch" and "B" in columns else number(columns, meaning)
        best = [] if tried is None else _best_of_sweeps(columns, tried)
        for end in (-1, 1):
            last = [row for row, side in best if side == end]
            if len(last) * 2 > len(best):
                yield Finding(
                    "D10", "WARN",
                    f"the {'highest' if end > 0 else 'lowest'} {meaning} tried is the best in {len(last)} of "
                    f"{len(best)} sweeps: a better one may lie beyond",
                    f"try further values of the {meaning} until the loss rises again",
                    names.of(last),
                )  # fmt: skip


def _best_of_sweeps(columns: Columns, tried: Array) -> list[tuple[int, int]]:
    """Return each sweep's best row, at one N and D, and whether it is its lowest (-1), highest (1) or neither."""
    setting = labels([columns["N"], columns["D"]])
    order = np.lexsort((columns["loss"], tried, setting))
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(setting[order])) + 1):
        values = np.sort(tried[rows])
        if len(rows) > 2 and np.count_nonzero(np.diff(values)) > 1:
            best = int(rows[np.argmin(columns["loss"][rows])])
            found.append((best, int(tried[best] == values[-1]) - int(tried[best] == values[0])))
    return found


def _repetition(columns: Columns, names: Names) -> Iterator[Finding]:
    tokens, unique = columns.get("D"), columns.get("U")
    passes = tokens / unique if tokens is not None and unique is not None else number(columns, "epochs")
    if passes is None or not (many := passes > EPOCHS + _ROUNDED).any():
        return
    yield Finding(
        "D12", "WARN",
        f"{_count(np.count_nonzero(many))} saw the same data up to {passes[many].max():.3g} times: beyond "
        f"{EPOCHS:g} passes a token counts for less than a new one",
        "use a law that takes U, the unique tokens, or leave these runs out (--where)",
        names.of(many),
    )  # fmt: skip


def _experts(columns: Columns, names: Names) -> Iterator[Finding]:
    experts, active, size = number(columns, "experts"), number(columns, "active"), columns.get("N")
    mixed = np.zeros(0, bool) if experts is None else experts > 1
    if active is not None and size is not None:
        partly = active < (1 - ACTIVE) * size
        mixed = partly if not mixed.size else mixed | partly
    if not mixed.any():
        return
    most = f" of up to {np.nanmax(experts):g} experts" if experts is not None and (experts > 1).any() else ""
    yield Finding(
        "D15", "WARN",
        f"{_count(np.count_nonzero(mixed))} of {len(mixed)} are mixtures{most}, in which a token meets only a part of "
        "the parameters: a law of dense models does not hold for them",
        "use a law that takes the experts (isoflop laws --search experts), or keep runs of one number of experts and "
        "say which parameters N counts (--N COLUMN)",
        names.of(mixed),
    )  # fmt: skip


def _count(number: int | np.integer) -> str:
    return "1 run" if number == 1 else f"{number} runs"
