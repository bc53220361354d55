"""A dataset to a checked file on this machine: from the package, from $ISOFLOP_DATA, or downloaded once."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from isoflop.data.datasets.catalogue import Dataset
from isoflop.errors import DataError, MissingExtraError

VARIABLE = "ISOFLOP_DATA"
"""The environment variable that names a folder with the tables, for work without a network."""


def locate(dataset: Dataset) -> Path:
    """Return the path of a dataset's file, its SHA-256 checked.

    A bundled table is in the package; with $ISOFLOP_DATA set, the others are read from there and
    from nowhere else; otherwise they are downloaded at the pinned commit and kept in a cache.
    """
    folder = os.environ.get(VARIABLE)
    if dataset.bundled:
        return Path(__file__).parent / "tables" / dataset.file
    path = Path(folder) / dataset.file if folder else _download(dataset)
    return _checked(path, dataset)


def _checked(path: Path, dataset: Dataset) -> Path:
    if not path.is_file():
        raise DataError(f"{path} is missing; with ${VARIABLE} set, the dataset {dataset.name} is read from there.")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != dataset.sha256:
        raise DataError(
            f"{path}: is not the dataset {dataset.name}: its SHA-256 starts with {found[:12]}, "
            f"not {dataset.sha256[:12]}. Fetch it again."
        )
    return path


def _download(dataset: Dataset) -> Path:
    if dataset.url is None:
        raise DataError(
            f"the dataset {dataset.name} cannot be downloaded: {dataset.source} does not hold this table as "
            f"one file. {dataset.note} If you have it, put it at DIR/{dataset.file} and set {VARIABLE}=DIR."
        )
    try:
        import pooch
    except ImportError:
        raise MissingExtraError(
            f'the dataset {dataset.name} must be downloaded. Say: pip install "isoflop[read]"'
        ) from None
    try:
        path = pooch.retrieve(
            dataset.url, known_hash=f"sha256:{dataset.sha256}", fname=dataset.file.replace("/", "-"),
            path=pooch.os_cache("isoflop"),
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise DataError(f"the dataset {dataset.name} could not be downloaded from {dataset.url}: {error}") from error
    return Path(path)
