"""saved: a fit on disk is the fit, number for number, and anything else is refused."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from simulated import chinchilla_runs

import isoflop
from isoflop.data.runs import Runs
from isoflop.errors import DataError, IsoflopError
from isoflop.fitting.saved import _sealed, is_fit, to_json

pytest_plugins = ["commands"]

RUNS = chinchilla_runs(40, noise=0.01)
RULED = {
    "named": {},
    "pinned": {"fix": {"E": 1.7}},
    "tied": {"fix": {"beta": "alpha"}},
    "bounded": {"bounds": {"alpha": (-math.inf, 0.3), "beta": (0.1, math.inf)}},
    "without draws": {"draws": 0},
    "squares": {"objective": "squares", "log": False},
}


@pytest.fixture(params=RULED, scope="module")
def fit(request):
    return isoflop.fit("chinchilla", RUNS, **{"draws": 30, **RULED[request.param]})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.json"


@pytest.fixture(scope="module")
def saved_text(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "fit.json"
    isoflop.save(isoflop.fit("chinchilla", RUNS, draws=5), path)
    return path.read_text()


@pytest.fixture
def content(path, saved_text):
    """Write a saved fit and give what it holds, as JSON without the seal."""
    path.write_text(saved_text)
    found = json.loads(saved_text)
    del found["sha256"]
    return found


def test_a_fit_loads_to_the_same_numbers_bit_for_bit(fit, path):
    isoflop.save(fit, path)
    back = isoflop.load(path)
    assert dict(back.curve.values) == dict(fit.curve.values)
    assert (back.draws == fit.draws).all()
    assert back.draws.shape == fit.draws.shape
    assert (back.covariance == fit.covariance).all()
    assert back.parameters == fit.parameters
    for name in ("objective", "reached", "noise", "used", "agreement", "condition", "options", "digest", "findings"):
        assert getattr(back, name) == getattr(fit, name), name


def test_a_loaded_fit_forecasts_plans_and_solves_the_same(fit, path):
    isoflop.save(fit, path)
    back = isoflop.load(path)
    at = {"N": 8e9, "D": [1e12, 2e13]}
    assert isoflop.forecast(back, **at).as_dict() == isoflop.forecast(fit, **at).as_dict()
    assert to_json(isoflop.plan(back, flops=1e23).as_dict()) == to_json(isoflop.plan(fit, flops=1e23).as_dict())
    assert to_json(isoflop.solve("D", back, loss=2.2, N=8e9).as_dict()) == to_json(
        isoflop.solve("D", fit, loss=2.2, N=8e9).as_dict()
    )


def test_saving_twice_writes_the_same_bytes(fit, path):
    isoflop.save(fit, path)
    first = path.read_bytes()
    isoflop.save(isoflop.load(path), path)
    assert path.read_bytes() == first


def test_rows_left_out_and_findings_are_kept(path):
    runs = Runs.of(N=[*RUNS["N"], 1e9], D=[*RUNS["D"], 1e10], loss=[*RUNS["loss"], math.nan])
    fit = isoflop.fit("chinchilla", runs, draws=5)
    isoflop.save(fit, path)
    back = isoflop.load(path)
    assert back.excluded == fit.excluded != ()
    assert [one.code for one in back.findings] == ["D01"]


def test_what_the_runs_are_counted_in_is_kept(path):
    sizes, images = np.repeat([1e6, 1e7, 1e8], 3), np.tile([1e7, 1e8, 1e9], 3)
    data = {"params": sizes, "images": images, "flops": 1536 * sizes * images, "loss": 1 + 40 / sizes**0.3}
    runs = isoflop.read(data)
    isoflop.save(isoflop.fit("E + A/N^alpha", runs), path)
    kept = isoflop.load(path).runs
    assert (kept.data_unit, kept.flop_rule, kept.computed) == (runs.data_unit, runs.flop_rule, runs.computed)
    assert kept.data_unit == "images"


def test_a_fit_of_a_typed_formula_loads_where_no_catalogue_is(path):
    isoflop.save(isoflop.fit("E + A/N^a + B/D^b + G/(N*D)^a", RUNS, draws=5), path)
    program = (
        "import sys; sys.modules['isoflop.laws.chinchilla'] = None\n"
        "from isoflop.formula import parse as formula\n"
        "import json; content = json.load(open(sys.argv[1]))\n"
        "f = formula.parse(content['formula'])\n"
        "print(repr(float(f.evaluate(content['curve'] | {'N': 1e9, 'D': 1e11}))))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert float(done.stdout) == isoflop.load(path).curve(1e9, 1e11)


def test_a_loaded_law_is_its_own_and_needs_no_entry_of_its_name(content, path):
    content["law"] = "a law nobody knows"
    path.write_bytes(_sealed(json.dumps(content)))
    assert isoflop.forecast(isoflop.load(path), N=1e9, D=1e11)[0].loss.value > 0


def test_the_file_says_where_it_comes_from(content):
    assert content["version"] == isoflop.__version__
    assert content["digest"] == RUNS.digest
    assert content["options"]["seed"] == 0
    assert content["formula"] == "E + A/N^alpha + B/D^beta"


# What is refused.


def broken(content, key, value):
    """Give the content with one value replaced; the key may reach inside."""
    inside = content
    *outer, last = key.split(".")
    for name in outer:
        inside = inside[name]
    inside[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("isoflop", 2),
        ("formula", "__import__('os').system('id')"),
        ("formula", "E + A/N^alpha + Z/D^beta"),
        ("formula", 3),
        ("curve", {"E": 1.0}),
        ("curve", {"E": "x", "A": 1, "alpha": 1, "B": 1, "beta": 1}),
        ("covariance", [[1.0, 2.0], [3.0, 4.0]]),
        ("covariance", [[0.0] * 25]),
        ("draws", [[1.0, 2.0]]),
        ("draws", [[1.0] * 5, [1.0] * 4]),
        ("draws", "many"),
        ("noise", "loud"),
        ("runs.used", "all"),
        ("objective_used", {"name": "robust", "power": 3}),
        ("options", {"objective": "robust", "colour": "red"}),
        ("kinds", {"E": {"name": "Floor"}}),
        ("findings", [{"code": "F01"}]),
        ("fitted_on", {"N": [1]}),
    ],
)
def test_a_file_with_one_wrong_value_is_refused(content, path, *, key, value):
    path.write_bytes(_sealed(broken(content, key, value)))
    with pytest.raises(DataError, match=r"fit\.json: not a saved fit"):
        isoflop.load(path)


@pytest.mark.parametrize(
    "missing",
    [
        "isoflop",
        "law",
        "formula",
        "inputs",
        "kinds",
        "output",
        "curve",
        "covariance",
        "draws",
        "options",
        "runs",
        "noise",
    ],
)
def test_a_file_that_lacks_a_part_is_refused(content, path, missing):
    del content[missing]
    path.write_bytes(_sealed(json.dumps(content)))
    with pytest.raises(DataError, match="not a saved fit"):
        isoflop.load(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"isoflop": 1}', '{"isoflop":' + "[" * 100_000, "\x00", '{"isoflop": 1, "law": NaN}'],
)
def test_a_file_that_is_no_fit_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(DataError, match=r"fit\.json: not a saved fit"):
        isoflop.load(path)


def torn(whole, random):
    """Give the file cut short at a random byte."""
    return whole[: random.integers(len(whole) - 1)]


def flipped(whole, random):
    """Give the file with one random bit turned."""
    damaged = bytearray(whole)
    damaged[random.integers(len(whole) - 1)] ^= 1 << random.integers(8)
    return bytes(damaged)


@pytest.mark.parametrize("damage", [torn, flipped])
def test_a_damaged_file_is_refused_wherever_it_is_damaged(content, path, damage):
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(200):
        path.write_bytes(damage(whole, random))
        with pytest.raises(DataError, match=r"fit\.json: not a saved fit"):
            isoflop.load(path)


@pytest.mark.usefixtures("content")
@pytest.mark.parametrize("damage", [torn, flipped])
def test_the_command_line_refuses_a_damaged_file(refused, run, path, *, damage):
    asked = ["forecast", path, "N=1e10", "D=1e12"]
    whole, random, answer = path.read_bytes(), np.random.default_rng(1), run(*asked)
    assert answer.code == 0
    for _ in range(40):
        path.write_bytes(damage(whole, random))
        assert "fit.json" in refused(3, *asked)
    path.write_bytes(whole)
    assert run(*asked) == answer


def test_an_edited_number_is_noticed(content, path):
    whole = path.read_text()
    noise = f'"noise": {content["noise"]!r}'
    assert noise in whole
    path.write_text(whole.replace(noise, '"noise": 0.001'))
    with pytest.raises(DataError, match="edited, cut short or damaged: its SHA-256 does not match"):
        isoflop.load(path)


def test_line_ends_of_another_system_change_nothing(content, path):
    before = isoflop.load(path)
    path.write_bytes(path.read_bytes().rstrip() + b"\r\n\r\n")
    assert isoflop.load(path).parameters == before.parameters


def test_bytes_that_are_no_text_are_refused(path):
    path.write_bytes(b'{"isoflop": \xff\xfe}')
    with pytest.raises(DataError, match="not a saved fit"):
        isoflop.load(path)


@pytest.mark.parametrize("name", ["nowhere/fit.json", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="isoflop fit -o"):
        isoflop.load(tmp_path / name)


# Whole or not at all.


def test_a_failed_write_leaves_the_old_file_and_no_rest(content, path, monkeypatch):
    before, fit = path.read_bytes(), isoflop.load(path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(IsoflopError, match="No space left"):
        isoflop.save(fit, path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["fit.json"]


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sys.argv = ["isoflop", "fit", *sys.argv[1:]]
from isoflop.faces.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes there")
def test_a_full_disk_is_a_failure_that_leaves_nothing_behind(tmp_path):
    words = ["tinylm", "--draws", "5", "-o", str(tmp_path / "fit.json")]
    done = subprocess.run([sys.executable, "-c", FULL_DISK, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        rf"isoflop: {tmp_path}/fit.json: [\d,]+ bytes cannot be written \(File too large\)[^\n]+\n", done.stderr
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
@pytest.mark.parametrize("form", ["--json", "--draws=5"])
def test_a_result_that_cannot_be_printed_is_a_failure_in_one_line(form):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "isoflop", "plan", "besiroglu2024", "--flops", "1e24", form],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "isoflop: the result cannot be written (No space left on device).\n"


def test_a_folder_that_may_not_be_written_is_a_failure(content, path, monkeypatch):
    fit = isoflop.load(path)

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("isoflop.files.os.fsync", forbidden)
    with pytest.raises(IsoflopError, match=r"fit\.json: [\d,]+ bytes cannot be written \(Permission denied\)") as error:
        isoflop.save(fit, path)
    assert error.value.exit_code == 1


def test_a_fit_is_known_by_its_first_bytes(content, path, tmp_path):
    other = path.rename(tmp_path / "fit.txt")
    (tmp_path / "runs.json").write_text('[{"N": 1e9}]')
    assert is_fit(other)
    assert not is_fit(tmp_path / "runs.json")
    assert not is_fit(tmp_path)
    assert not is_fit("-")
    assert not is_fit("a\0b")


# JSON.


def test_unknown_is_null_and_out_of_reach_is_a_number_beyond_all_floats():
    text = to_json(
        {"a": math.nan, "b": math.inf, "c": [-math.inf, np.float64(2.5), np.int64(3)], "d": "∞ 1e999 \0infinity"}
    )
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text) == {"a": None, "b": math.inf, "c": [-math.inf, 2.5, 3], "d": "∞ 1e999 \0infinity"}
