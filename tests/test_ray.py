"""Studies on Ray: they finish, whatever dies, and no run is lost or repeated."""

import os
import secrets
import signal
import subprocess
import sys

import pytest
from sweeps import PATIENT, at_work, claims, started, sweep, until, whole

from isoflop.experiments.launchers.local import launch
from isoflop.experiments.launchers.ray import _QUIET

PATIENT_RAY = {
    "RAY_health_check_failure_threshold": "1000", "RAY_health_check_timeout_ms": "600000",
    "RAY_worker_register_timeout_seconds": "600", "RAY_gcs_server_request_timeout_seconds": "600",
    "RAY_gcs_rpc_server_connect_timeout_s": "600", "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
    "RAY_agent_register_timeout_ms": "600000", "RAY_gcs_server_port_wait_time_s": "600",
    "RAY_memory_monitor_refresh_ms": "0",  # others may take the memory
}  # fmt: skip
"""How long Ray's own processes wait for each other: no busy machine takes so long."""


@pytest.fixture(scope="module", autouse=True)
def settings():
    """Let every Ray that the tests start inherit these."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**_QUIET, **PATIENT_RAY}.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def address(settings):
    """Give the address of a cluster of two cores that runs on this machine, with a token of its own, and end it."""
    program = """
import ray, sys
for left in reversed(range(10)):  # its parts give each other thirty seconds, whatever is said
    try:
        found = ray.init("local", _node_ip_address="127.0.0.1", num_cpus=2, include_dashboard=False,
                         log_to_driver=False, object_store_memory=100_000_000)
        break
    except Exception:
        ray.shutdown()
        if not left:
            raise
print(found.address_info["gcs_address"], flush=True)
sys.stdin.read()
"""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}.items():
            patch.setenv(name, value)  # drivers inherit it
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as process:  # fmt: skip
            yield process.stdout.readline().strip()
            process.stdin.close()


def driver(study, *words):
    """Start `isoflop study run` with Ray as a process."""
    command = [sys.executable, "-m", "isoflop", "study", "run", study.folder, "--launcher", "ray", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def patient(folder, **how):
    return sweep(folder, train=PATIENT, top="heartbeat = 0.3\n", **how)


def test_a_worker_that_is_killed_loses_no_run_and_the_study_finishes(address, tmp_path):
    study = patient(tmp_path / "s", runs=("a", "b"))
    process = driver(study, "--address", address, "--json")
    until(lambda: len(at_work(study)) == 2, patience=600)
    victim = min(at_work(study))
    os.kill(claims(study, victim)[0].owner.pid, signal.SIGKILL)
    until(lambda: len(claims(study, victim)) == 2)
    (study.folder / "go").touch()
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    assert out.startswith("{")  # what Ray says of dead workers is no part of the result
    assert whole(study)
    assert started(study) == sorted(["a", "b", victim])
    until(
        lambda: [one.ended for one in claims(study, victim)] == ["its worker died", "DONE"]
    )  # its result comes before its claim ends


def test_a_driver_that_is_killed_is_followed_by_any_other(tmp_path):
    study = patient(tmp_path / "s", runs=("a", "b", "c", "d"))
    process = driver(study)
    until(lambda: len(at_work(study)) == 2, patience=600)
    process.kill()
    process.communicate()
    (study.folder / "go").touch()
    assert launch(study).count("done") == 4
    assert whole(study)
    assert len(started(study)) <= 6


def test_a_driver_that_is_interrupted_asks_its_runs_to_end_and_no_attempt_counts(address, tmp_path):
    study = patient(tmp_path / "s", runs=("a", "b"))
    process = driver(study, "--address", address)
    until(lambda: len(at_work(study)) == 2, patience=600)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=600)
    assert process.returncode == 130
    assert [(one.ended, one.counted) for name in "ab" for one in claims(study, name)] == [("interrupted", False)] * 2
    (study.folder / "go").touch()
    assert launch(study).count("done") == 2
    assert whole(study)


def test_runs_that_fail_and_what_there_is_no_room_for_are_said(address, tmp_path):
    study = sweep(tmp_path / "s", top="retries = 0\n", tables='[[run]]\nname = "bad"\nD = 5\nmode = "fails"\n')
    process = driver(study, "--address", address, "--gpus-per-run", "64")
    out, said = process.communicate(timeout=600)
    assert (process.returncode, out) == (1, "")
    assert "no node of the Ray cluster has them" in said
    process = driver(study, "--address", address, "--cpus-per-run", "0.5")
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 1
    assert out.startswith("sweep   4 runs: 3 done, 1 failed")
    assert started(study) == ["a", "b", "bad", "c"]
