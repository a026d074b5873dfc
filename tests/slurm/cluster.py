"""A SLURM of one machine, from Debian's packages, without systemd: as root or as a user.

munged, slurmctld and slurmd are started by hand with files of their own, and stopped by process
id. Nothing outside the given folder is read or written. Debian: `apt-get install
--no-install-recommends slurmctld slurmd slurm-client munge`.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
SBIN = "/usr/sbin:/usr/local/sbin:/sbin"
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


class Cluster:
    """A controller and a node.

    Parameters
    ----------
    folder : for everything that they write; its path has at most 80 characters, for the socket's.

    Attributes
    ----------
    environment : in which sbatch, squeue and the others speak to this cluster.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, []
        self.host = socket.gethostname().partition(".")[0]
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
        """Start the daemons and wait until the node is idle."""
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
        self._run("slurmd", "-D", "-N", self.host, "-f", str(self.conf))
        self._wait("an idle node", lambda: self.ask("sinfo", "-h", "-o", "%t").strip() == "idle")

    def _write_conf(self, munge: Path) -> None:
        controller, node = _free_ports(2)
        folder, user = self.folder, getpass.getuser()
        self.conf.write_text(
            f"""ClusterName=test
SlurmctldHost={self.host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={munge}
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MinJobAge=300
KillWait=2
SlurmdParameters=config_overrides
NodeName={self.host} NodeAddr=127.0.0.1 CPUs={CORES} RealMemory={MEMORY}
PartitionName=main Nodes={self.host} Default=YES MaxTime=60
""",
            encoding="utf-8",
        )

    def _run(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}.out").open("wb")
        self.processes.append(
            subprocess.Popen(
                [self.programs[name], *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment | {"SLURM_CONF": str(self.conf)},
                start_new_session=True,
            )
        )

    def _wait(self, what: str, there, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not there():
            for process in self.processes:
                if process.poll() is not None:
                    raise RuntimeError(f"{process.args[0]} ended; see {self.folder}")
            if time.monotonic() > until:
                raise RuntimeError(f"waited {seconds} s for {what}; see {self.folder}")
            time.sleep(0.2)

    def ask(self, *command: str) -> str:
        """Return what a client of SLURM prints."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=20
        ).stdout

    def jobs(self, states: str = "RUNNING") -> dict[str, str]:
        """Return number → comment (Snakemake's: rule and wildcards) of the jobs in some states."""
        text = self.ask("squeue", "-h", "-t", states, "-o", "%i|%k")
        return dict(line.split("|", 1) for line in text.splitlines())

    def stop(self) -> list[int]:
        """Cancel what runs and stop the daemons; return the ids of those that did not stop."""
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
