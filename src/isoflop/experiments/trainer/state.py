"""The state of a run at a step, on disk: whole or not at all, and without anything that could be code."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import DataError, IsoflopError, shown
from isoflop.files import write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


@dataclass(frozen=True)
class State:
    """Weights and AdamW's two memories, each one vector, after `step` steps.

    Nothing else is needed to go on: batches follow from the step and the order's seed, and nothing else is random.

    id           of the run or trunk that it belongs to, the corpus included
    total, since  the training losses since the last record: their sum, and how many
    """

    id: str
    step: int
    values: Array
    mean: Array
    square: Array
    total: float = 0.0
    since: int = 0


def save_state(state: State, path: Path) -> None:
    """Write a state as .npz."""
    content = io.BytesIO()
    np.savez(
        content, id=np.array(state.id), step=np.array(state.step), values=state.values, mean=state.mean,
        square=state.square, total=np.array(state.total), since=np.array(state.since),
    )  # fmt: skip
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IsoflopError(f"{shown(str(path.parent))}: cannot be made ({error.strerror}).") from None
    write_whole(path, content.getvalue())


def load_state(path: Path, *, id: str, size: int) -> State | None:  # noqa: A002 - what it is
    """Return the state of a file, None if there is none; raises DataError if it is damaged or of another run."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            told = str(found["id"]), int(found["step"]), found["values"], found["mean"], found["square"]
            state = State(*told, float(found["total"]), int(found["since"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{shown(str(path))}: is damaged ({shown(str(error))}). Remove it to start anew.") from None
    if state.id != id or any(part.shape != (size,) for part in (state.values, state.mean, state.square)):
        raise DataError(
            f"{shown(str(path))}: is the state of another run ({shown(state.id)}, this one is {id}). "
            "Name another folder, or remove it."
        )
    return state


def trunks(folder: Path, *, id: str, up_to: int) -> list[int]:  # noqa: A002 - what it is
    """Return the steps at which a trunk was kept, the latest first, none beyond the step where the decay begins."""
    steps = [int(path.stem.rpartition("-")[2]) for path in folder.glob(f"trunk-{id}-*.npz")]
    return sorted((step for step in steps if step <= up_to), reverse=True)


def trunk_path(folder: Path, *, id: str, step: int) -> Path:  # noqa: A002 - what it is
    """Return where the state of a trunk at a step is kept."""
    return folder / f"trunk-{id}-{step}.npz"
