"""A SLURM of one machine, from Debian's packages, without systemd: as root or as a user.

munged, slurmctld and slurmd are started by hand with files of their own, and stopped by process
id. Nothing outside the given folder is read or written. Debian: `apt-get install
--no-install-recommends slurmctld slurmd slurm-client munge`.
"""

import ctypes
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
SBIN = "/usr/sbin:/usr/local/sbin:/sbin"
LONGEST = 30  # seconds that a daemon may take to be there
CORES, MEMORY = 4, 16000  # what the node says that it has, whatever it has


def missing() -> list[str]:
    """Return the programs of SLURM that are not on this machine."""
    path = f"{os.environ['PATH']}:{SBIN}"
    return [name for name in (*DAEMONS, *CLIENTS) if not shutil.which(name, path=path)]


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def with_parent(number: int = signal.SIGTERM) -> None:
    """Have this process sent a signal when the one that started it ends, however that ends."""
    ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG


class NotStartedError(RuntimeError):
    """SLURM does not come up on this machine."""


class Cluster:
    """A controller and a node, or several.

    Parameters
    ----------
    folder : for everything that they write; its path has at most 80 characters, for the socket's.
    nodes : how many; all are this machine.
    within : by a node's name, the words of a command that its slurmd is started by.

    Attributes
    ----------
    environment : in which sbatch, squeue and the others speak to this cluster.
    """

    def __init__(
        self, folder: Path, nodes: int = 1, within: Callable[[str], list[str]] = lambda name: []
    ) -> None:
        self.folder, self.processes = folder, []
        self.host = socket.gethostname().partition(".")[0]
        self.nodes = [f"node{number}" for number in range(nodes)]
        self.within, self.up = within, False
        self.conf = folder / "slurm.conf"
        self.environment = dict(os.environ)
        path = f"{os.environ['PATH']}:{SBIN}"
        self.programs = {name: shutil.which(name, path=path) for name in (*DAEMONS, *CLIENTS)}
        # a job step forgets $SLURM_CONF: programs of these names say it again
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        for name in CLIENTS:
            wrapper = bin_folder / name
            wrapper.write_text(
                f'#!/bin/sh\nSLURM_CONF="{self.conf}" exec {self.programs[name]} "$@"\n',
                encoding="utf-8",
            )
            wrapper.chmod(0o755)
        self.environment["PATH"] = f"{bin_folder}:{os.environ['PATH']}"

    def start(self) -> None:
        """Start the daemons and wait until the nodes are idle.

        Raises
        ------
        NotStartedError
            If they are not in time, or one ends; the line says why.
        """
        folder = self.folder
        for name in ("state", "spool", "munge"):
            (folder / name).mkdir(mode=0o700)
        key, munge = folder / "munge/key", folder / "munge/socket"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self._write_conf(munge)
        self._run(
            *("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}"),
            *(f"--pid-file={folder}/munge/pid", f"--seed-file={folder}/munge/seed"),
            f"--log-file={folder}/munge/log",
        )
        self._wait("munge's socket", munge.exists)
        self._run("slurmctld", "-D", "-i", "-f", str(self.conf))
        for name in self.nodes:
            self._run("slurmd", "-D", "-N", name, "-f", str(self.conf), within=self.within(name))
        every = ["idle"] * len(self.nodes)
        self._wait("idle nodes", lambda: self.ask("sinfo", "-h", "-N", "-o", "%t").split() == every)
        self.up = True

    def _write_conf(self, munge: Path) -> None:
        controller, *ports = _free_ports(1 + len(self.nodes))
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={self.host} NodeAddr=127.0.0.1 Port={port} "
            f"CPUs={CORES} RealMemory={MEMORY}"
            for name, port in zip(self.nodes, ports, strict=True)
        )
        folder, user = self.folder, getpass.getuser()
        self.conf.write_text(
            f"""ClusterName=test
SlurmctldHost={self.host}(127.0.0.1)
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={munge}
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core,CR_LLN
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MinJobAge=300
KillWait=2
SlurmdParameters=config_overrides
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=600
""",
            encoding="utf-8",
        )

    def _run(self, name: str, *arguments: str, within: list[str] | None = None) -> None:
        log = (self.folder / f"{len(self.processes)}-{name}.out").open("wb")
        self.processes.append(
            subprocess.Popen(
                [*(within or []), self.programs[name], *arguments],
                stdout=log,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                env=self.environment | {"SLURM_CONF": str(self.conf)},
                start_new_session=True,
                preexec_fn=with_parent,
            )
        )

    def _wait(self, what: str, there) -> None:
        until = time.monotonic() + LONGEST
        while not there():
            for number, process in enumerate(self.processes):
                if process.poll() is not None:
                    (out,) = self.folder.glob(f"{number}-*.out")
                    text = out.read_text(encoding="utf-8", errors="replace").strip()
                    last = (text.splitlines() or ["it said nothing"])[-1]
                    name = out.stem.partition("-")[2]
                    raise NotStartedError(f"{name} ended at once: {last}")
            if time.monotonic() > until:
                raise NotStartedError(f"waited {LONGEST} s for {what}")
            time.sleep(0.2)

    def ask(self, *command: str) -> str:
        """Return what a client of SLURM prints."""
        try:
            done = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, timeout=20
            )
        except subprocess.TimeoutExpired:  # a client waits for a controller that is not there
            return ""
        return done.stdout

    def jobs(self, states: str = "RUNNING") -> dict[str, str]:
        """Return number → comment (Snakemake's: rule and wildcards) of the jobs in some states."""
        text = self.ask("squeue", "-h", "-t", states, "-o", "%i|%k")
        return dict(line.split("|", 1) for line in text.splitlines())

    def stop(self) -> list[int]:
        """Cancel what runs and stop the daemons; return the ids of those that did not stop."""
        if self.up:
            self.ask("scancel", "--user", getpass.getuser())
            self._quiet(10)
        for process in reversed(self.processes):
            process.terminate()
        left = []
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
                left.append(process.pid)
        return left

    def _quiet(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.jobs("PENDING,RUNNING,COMPLETING") and time.monotonic() < until:
            time.sleep(0.3)


@contextmanager
def running(**asked) -> Iterator[Cluster]:
    """Start a cluster and stop it; skip the test, with the reason, where it does not come up."""
    if absent := missing():
        pytest.skip(f"not installed: {', '.join(absent)}")
    # munge's socket takes a short path
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    made = Cluster(folder, **asked)
    try:
        try:
            made.start()
        except (NotStartedError, OSError) as fault:
            pytest.skip(f"SLURM does not come up on this machine: {fault}")
        yield made
    finally:
        left = made.stop()
        shutil.rmtree(folder, ignore_errors=True)
    assert left == []
