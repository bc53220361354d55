"""Packed studies: two inodes a finished run, and everything goes on as before."""

import zipfile

import pytest
from sweeps import claims, records, started, sweep

from isoflop import read
from isoflop.errors import DataError, IsoflopError
from isoflop.experiments.launchers import launch
from isoflop.experiments.study import pack as packing
from isoflop.experiments.study.pack import pack, unpack
from isoflop.experiments.study.progress import progress
from isoflop.experiments.study.results import read_result
from isoflop.forecasting.curves import logged

pytest_plugins = ["commands"]


@pytest.fixture
def study(tmp_path):
    found = sweep(tmp_path / "s", top="retries = 0\n", tables='[[run]]\nname = "bad"\nD = 5\nmode = "fails"\n')
    launch(found)
    return found


def inodes(study):
    """Give how many files and folders there are of every run that is done."""
    return {run.name: 1 + len(list(study.folder_of(run).rglob("*"))) for run in study.runs if run.name != "bad"}


def content(study):
    return {path.relative_to(study.folder): path.read_bytes() for path in study.folder.glob("runs/*/*")}


def test_a_packed_run_has_two_inodes_and_the_study_says_the_same(study, run):
    runs, curves, stands = read(study.folder), logged.read_runs([study.folder]), progress(study)
    logs = list(study.folder_of(study.run_called("bad")).iterdir())
    done = run("study", "pack", study.folder)
    assert (done.code, done.out) == (0, "15 files of 3 runs of sweep are in packed-1.zip.\n")
    assert inodes(study) == dict.fromkeys("abc", 2)
    assert all(path.exists() for path in logs)  # what has failed is still to be read
    assert read(study.folder)["loss"].tolist() == runs["loss"].tolist()
    assert repr(logged.read_runs([study.folder])) == repr(curves)
    assert progress(study) == stands
    launch(study)
    assert started(study) == ["a", "b", "bad", "c"]


def test_unpacking_undoes_packing_byte_for_byte(study, run):
    before = content(study)
    pack(study)
    assert content(study) != before
    assert run("study", "pack", study.folder, "--undo", "--json").json["files"] == 15
    assert content(study) == before
    assert not list(study.folder.glob("packed*"))


def test_packing_again_packs_only_what_is_new(study):
    pack(study)
    assert pack(study).files == 0
    assert [path.name for path in study.folder.glob("packed*")] == ["packed-1.zip"]
    with (study.folder / "study.toml").open("a") as stream:
        stream.write('[[run]]\nname = "d"\nD = 7\nmode = "fine"\n')
    grown = packing_of(study)
    assert (grown.runs, grown.pack) == (1, "packed-2.zip")
    assert len(logged.read_runs([study.folder])) == 4


def packing_of(study):
    from isoflop import open_study

    found = open_study(study.folder)
    launch(found)
    return pack(found)


def test_a_damaged_result_is_made_again_from_packed_metrics(study):
    folder = study.folder_of(study.runs[0])
    loss = read_result(folder).loss
    pack(study)
    (folder / "DONE").write_bytes(b"{")
    launch(study)
    assert read_result(folder).loss == loss
    assert started(study) == ["a", "b", "bad", "c"]
    assert len(records(study, "a")) == 5
    assert claims(study, "a")


def test_a_run_at_work_is_not_packed(study):
    claim = claims(study, "b")[0]
    from dataclasses import replace

    replace(claim, ended=None).save(study.folder_of(study.run_called("b")))
    pack(study)
    assert inodes(study)["a"] == 2 < inodes(study)["b"]


def test_what_cannot_be_written_leaves_every_file_where_it_was(study, monkeypatch):
    before = content(study)

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zipfile.ZipFile.testzip", full)
    with pytest.raises(IsoflopError, match=r"No space left.*Nothing was packed"):
        pack(study)
    assert content(study) == before
    assert not [path for path in study.folder.iterdir() if path.name.startswith((".isoflop", "packed"))]


def test_a_damaged_pack_is_said_and_packs_of_others_write_nothing_elsewhere(study):
    pack(study)
    path = study.folder / "packed-2.zip"
    with zipfile.ZipFile(path, "w") as found:
        for name in ("../../outside.txt", f"{study.runs[0].id}/../../up.txt", f"{study.runs[0].id}/DONE", "/abs.txt"):
            found.writestr(name, b"evil")
    unpack(study)
    assert not list(study.folder.parent.rglob("*outside*")) + list(study.folder.rglob("up.txt"))
    assert read_result(study.folder_of(study.runs[0])).loss
    path.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DataError, match=r"packed-2\.zip: is no sound pack of runs"):
        unpack(study)
    assert packing.packs(study.folder) == [path]
