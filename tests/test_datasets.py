"""Datasets: every table is pinned, checked and readable, and a missing one is refused, not skipped."""

from __future__ import annotations

import builtins
import hashlib
import os
import re
from dataclasses import replace

import numpy as np
import pytest

from isoflop import datasets
from isoflop.data.datasets.catalogue import DATASETS
from isoflop.data.datasets.fetch import locate
from isoflop.data.read import read
from isoflop.errors import DataError, MissingExtraError, UsageError

every_dataset = pytest.mark.parametrize("name", datasets.NAMES)
# As counted in the tables: rows in the file, and rows left out because N or the loss is missing.
ROWS = {
    "tinylm": (87, 0),
    "tinytables": (18, 0),
    "tinysweep": (48, 0),
    "tinymix": (26, 0),
    "gpt3-arithmetic": (8, 0),
    "chain-of-thought": (15, 0),
    "chinchilla": (245, 0),
    "porian": (1748, 3),
    "gadre": (832, 0),
    "gemstones": (770, 0),
    "datablations": (182, 0),
    "revisiting-language": (1399, 0),
    "revisiting-vision": (18883, 0),
    "routing": (5799, 8),
}
KEYS = {
    "tinymix": ("N", "D", "C", "loss_text"),
    "chain-of-thought": ("N",),
    "revisiting-language": ("x", "loss"),
    "revisiting-vision": ("x", "loss"),
    "routing": ("N", "loss"),
}


# The catalogue.


@every_dataset
def test_a_dataset_says_where_it_comes_from_and_under_which_licence(name):
    dataset = datasets.describe(name)
    assert dataset.name == name
    assert dataset.title
    assert dataset.source
    assert dataset.licence
    assert re.fullmatch("[0-9a-f]{64}", dataset.sha256)


@every_dataset
def test_a_dataset_is_bundled_or_pinned_to_a_commit(name):
    dataset = datasets.describe(name)
    assert dataset.bundled or re.fullmatch("[0-9a-f]{8,40}", dataset.commit)
    if dataset.url is not None:
        assert len(dataset.commit) == 40
        assert dataset.url.startswith("https://raw.githubusercontent.com/")
        assert f"/{dataset.commit}/" in dataset.url


@every_dataset
def test_a_dataset_that_cannot_be_downloaded_says_how_it_was_made(name):
    dataset = datasets.describe(name)
    assert dataset.bundled or dataset.url or dataset.note.startswith("Made from ")


def test_an_unknown_dataset_is_refused_with_the_names_there_are():
    with pytest.raises(UsageError, match="chinchilla, porian"):
        datasets.describe("wikipedia")


# The bundled ladder.


def test_the_bundled_ladder_needs_neither_network_nor_folder(monkeypatch):
    monkeypatch.delenv("ISOFLOP_DATA", raising=False)
    runs = datasets.load("tinylm")
    assert len(runs) == ROWS["tinylm"][0]
    assert runs.source == "tinylm"
    assert np.array_equal(runs["C"], 6 * runs["N"] * runs["D"])


def test_the_bundled_ladder_is_the_file_that_was_measured(monkeypatch):
    dataset = DATASETS["tinylm"]
    changed = replace(dataset, bundled=False, sha256="0" * 64, file=str(locate(dataset)))
    monkeypatch.setenv("ISOFLOP_DATA", "/")
    with pytest.raises(DataError, match=dataset.sha256[:12]):
        locate(changed)


@pytest.mark.parametrize(("role", "count"), [("sweep", 72), ("target", 15)])
def test_the_bundled_ladder_has_its_roles(role, count):
    assert len(read("tinylm", where=f'role == "{role}"')) == count


# The public tables.


@pytest.fixture
def public(monkeypatch):
    """Fail where the public tables are wanted and their folder is not set."""
    assert os.environ.get("ISOFLOP_DATA"), "set ISOFLOP_DATA to the folder with the public tables"


@pytest.mark.public_data
@every_dataset
def test_a_public_table_is_read_whole_with_its_letters(public, name):
    runs = datasets.load(name)
    total, left_out = ROWS[name]
    assert len(runs) + len(runs.excluded) == total
    assert len(runs.excluded) == left_out
    for column in KEYS.get(name, ("N", "D", "C", "loss")):
        assert np.all(runs[column] > 0)


TRULY = {
    "tinylm": {"D09"},  # a warm-up of 100 steps is long for the shortest runs
    "tinytables": {"D11"},  # two recipes
    "tinysweep": {"D06", "D09", "D10"},  # several batches and learning rates; warm-ups of a tenth of short runs
    "porian": {"D01", "D11"},  # two corpora, training and validation losses
    "gadre": {"D05", "D11"},  # three corpora, eight validation sets; half of the smallest N is embeddings
    "gemstones": {"D07"},  # checkpoints
    "datablations": {"D12"},  # data repeated up to thousands of times, which is its point
    "routing": {"D01", "D15"},  # mixtures of experts
}


@pytest.mark.public_data
@every_dataset
def test_public_tables_are_warned_about_for_what_is_true_of_them_and_nothing_else(public, name):
    found = {finding.code for finding in datasets.load(name).findings if finding.severity != "INFO"}
    assert found == TRULY.get(name, set())


@pytest.mark.public_data
def test_a_part_of_one_kind_is_not_called_mixed(public):
    rows = "dataset == 'rw' and val == 'val' and hparams == 'tuned'"
    assert "D11" not in {finding.code for finding in datasets.load("porian", rows).findings}


@pytest.mark.public_data
def test_the_240_chinchilla_points_are_those_above_0_45_tokens_per_parameter(public):
    runs = read("chinchilla", where="D/N > 0.45")
    assert len(runs) == 240
    everything = datasets.load("chinchilla")
    assert sorted(everything["loss"])[-5:] == sorted(everything["loss"][~np.isin(everything.rows, runs.rows)])


@pytest.mark.public_data
def test_the_users_columns_come_before_the_datasets_own(public):
    assert np.all(read("gadre", columns={"N": "params_no_embed"})["N"] < datasets.load("gadre")["N"])


@pytest.mark.public_data
def test_repeated_data_has_no_more_unique_tokens_than_tokens(public):
    runs = datasets.load("datablations")
    assert np.all(runs["U"] <= runs["D"])


@pytest.mark.public_data
def test_swapped_repeated_data_is_noticed(public):
    runs = read("datablations", columns={"D": "unique_tokens", "U": "tokens"})
    assert "D14" in {finding.code for finding in runs.findings}


def test_a_missing_table_is_refused_when_the_folder_is_set(monkeypatch, tmp_path):
    monkeypatch.setenv("ISOFLOP_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"svg_extracted_data.csv is missing; with \$ISOFLOP_DATA set"):
        datasets.load("chinchilla")


def test_a_table_that_was_changed_is_refused(monkeypatch, tmp_path):
    (tmp_path / "chinchilla").mkdir()
    (tmp_path / "chinchilla" / "svg_extracted_data.csv").write_text("Model Size,Training FLOP,loss\n1e8,1e18,3\n")
    monkeypatch.setenv("ISOFLOP_DATA", str(tmp_path))
    with pytest.raises(DataError, match="its SHA-256 starts with"):
        datasets.load("chinchilla")


# Downloads.


@pytest.fixture
def download(monkeypatch, tmp_path):
    """Give a function that loads "chinchilla" through pooch, with the network replaced by these bytes."""
    monkeypatch.delenv("ISOFLOP_DATA", raising=False)
    import pooch

    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    asked = []

    def serve(content):
        def downloader(url, output_file, _pooch):
            asked.append(url)
            with open(output_file, "wb") as stream:  # noqa: PTH123 - pooch gives a name
                stream.write(content)

        monkeypatch.setattr("pooch.core.choose_downloader", lambda *_, **__: downloader)
        return asked

    return serve


def test_a_download_comes_from_the_pinned_address_and_is_kept(download, monkeypatch):
    content = b"Model Size,Training FLOP,loss\n1e8,1e18,3\n"
    pinned = replace(DATASETS["chinchilla"], sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(datasets, "DATASETS", {"chinchilla": pinned})
    asked = download(content)
    assert len(datasets.load("chinchilla")) == 1
    assert len(datasets.load("chinchilla")) == 1
    assert asked == [pinned.url]


def test_a_download_with_other_bytes_is_refused(download):
    download(b"Model Size,Training FLOP,loss\n1e8,1e18,3\n")
    with pytest.raises(DataError, match="chinchilla could not be downloaded"):
        datasets.load("chinchilla")


@pytest.mark.parametrize("name", [name for name, one in DATASETS.items() if one.url is None and not one.bundled])
def test_a_table_upstream_does_not_hold_is_refused_with_what_to_do(monkeypatch, name):
    monkeypatch.delenv("ISOFLOP_DATA", raising=False)
    with pytest.raises(DataError, match=r"cannot be downloaded.*Made from.*set ISOFLOP_DATA=DIR"):
        datasets.load(name)


def test_without_pooch_the_error_says_what_to_install(monkeypatch):
    monkeypatch.delenv("ISOFLOP_DATA", raising=False)
    original = builtins.__import__

    def hidden(name, *rest, **options):
        if name == "pooch":
            raise ImportError(name)
        return original(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(MissingExtraError, match=r'pip install "isoflop\[read\]"'):
        datasets.load("chinchilla")
