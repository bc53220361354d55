"""A real Slurm of two nodes for the tests on this machine: munged, slurmctld, two slurmd, in a folder of theirs.

No process groups, no accounting: it runs as root in a container and as anyone elsewhere.
"""

import getpass
import os
import platform
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sweeps import until

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,requeue_delay=1
ReturnToService=2
KillWait=300
MessageTimeout=60
TCPTimeout=60
BatchStartTimeout=600
UnkillableStepTimeout=600
SlurmdTimeout=900
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeAddr=127.0.0.1 NodeHostname={host} Port=[{ports[1]}-{ports[2]}] CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def slurm(*words):
    """Call one of Slurm's programs and give what it printed."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@contextmanager
def free_ports(count):
    """Give some ports in a row that nobody has, and hold the one before them, so that another cluster takes others.

    They lie below those that the system gives to whoever asks for any.
    """
    while True:
        first = random.randrange(20_000, 32_000, count + 1)  # noqa: S311 - no secret
        with ExitStack() as stack:
            held = stack.enter_context(socket.socket())
            try:
                held.bind(("127.0.0.1", first))
                ports = [first + 1 + i for i in range(count)]
                for port in ports:
                    with socket.socket() as one:
                        one.bind(("", port))
            except OSError:
                continue
            yield ports
            return


@contextmanager
def daemon(folder, *words):
    """Run a daemon in the foreground, what it says going to a file, and end it."""
    with (folder / f"{words[0]}.txt").open("ab") as said:
        program = shutil.which(words[0], path=f"{os.environ['PATH']}:/usr/sbin")
        process = subprocess.Popen([program, *words[1:]], stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def slurm_cluster():
    """Run a Slurm cluster, SLURM_CONF naming it, and give its folder."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # munged trusts no other
        (folder / "state").mkdir()
        key = folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(64))
        configuration, ports = folder / "slurm.conf", stack.enter_context(free_ports(3))
        configuration.write_text(
            CONFIGURATION.format(
                host=platform.node().partition(".")[0], user=getpass.getuser(), folder=folder, ports=ports
            )
        )
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("SLURM_CONF", str(configuration))
        own = [f"--{what}-file={folder}/munge.{what}" for what in ("key", "pid", "log", "seed")]
        stack.enter_context(daemon(folder, "munged", "--foreground", f"--socket={folder}/munge.socket", *own))
        until((folder / "munge.socket").exists)
        stack.enter_context(daemon(folder, "slurmctld", "-D", "-f", configuration))
        for node in ("n1", "n2"):
            stack.enter_context(daemon(folder, "slurmd", "-D", "-f", configuration, "-N", node))
        until(lambda: shown("sinfo", "--format=%T") == {"idle"})
        stack.callback(until, lambda: not shown("squeue"))
        stack.callback(subprocess.run, ["scancel", f"--user={getpass.getuser()}"], check=False)
        yield folder


def shown(program, *words):
    """Give the words that sinfo or squeue shows, each once; none while the controller does not answer."""
    said = subprocess.run([program, "--noheader", *words], check=False, capture_output=True, text=True)
    return set(said.stdout.split())
