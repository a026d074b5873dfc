"""A copy of the checkout, as a clone has it, in which the workflow runs for real."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ODD = "it's a {x} of $HOME"  # a folder's name with what a shell, a format and a wildcard take apart


class Checkout:
    """A copy of the repository, and commands run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # another `python` comes first, as in an environment that was not activated
        other = folder.parent / "bin/python"
        other.parent.mkdir(exist_ok=True)
        other.write_text("#!/bin/sh\necho the wrong python >&2\nexit 77\n", encoding="utf-8")
        other.chmod(0o755)
        self.environment = {key: one for key, one in os.environ.items() if key != "PYTHONPATH"}
        self.environment["PATH"] = f"{other.parent}{os.pathsep}{os.environ['PATH']}"
        self._said: dict[tuple[str, ...], str] = {}

    def snakemake(self, *arguments, check=True):
        """Run snakemake; return the finished process, standard error in its output."""
        done = subprocess.run(
            ["snakemake", "--cores", "2", *map(str, arguments)],
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
        )
        if check:
            assert done.returncode == 0, done.stdout
        return done

    @contextmanager
    def started(self, *arguments):
        """Start snakemake, and give its process when its first job does; it is killed, jobs too."""
        process = subprocess.Popen(
            ["snakemake", "--cores", "2", *map(str, arguments)],
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            start_new_session=True,
        )
        try:
            said = []
            while "Select jobs" not in "".join(said[-1:]):
                said.append(process.stdout.readline())
                assert said[-1], "".join(said)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def blockmaps(self, *arguments, check=True):
        """Run the command line in the copy; return the finished process."""
        done = subprocess.run(
            [sys.executable, "-m", "blockmaps", *map(str, arguments)],
            cwd=self.folder,
            text=True,
            capture_output=True,
            env=os.environ | {"PYTHONPATH": str(self.folder / "src")},
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def dry(self, *arguments, once=False) -> str:
        """Return what a dry run says; `once`: it may be that of another test, nothing changes."""
        if not once:
            return self.snakemake("--dry-run", *arguments).stdout
        if arguments not in self._said:
            self._said[arguments] = self.dry(*arguments)
        return self._said[arguments]

    def jobs(self, *arguments, once=False) -> dict[str, int]:
        """Return how many jobs of each rule a dry run has; of training, how many shards."""
        text = self.dry(*arguments, once=once)
        counts, inside = {}, False
        for line in text.splitlines():
            if line.startswith("Job stats:"):
                inside = True
            elif inside and not line.strip():
                break
            elif inside and (words := line.split()) and words[-1].isdigit():
                counts[words[0]] = int(words[-1])
        counts.pop("total", None)
        # training is a rule for any shard, one where weights are kept, and one a batch of them
        trained = [name for name in counts if name == "train" or name.startswith("train_")]
        for name in trained:
            counts.pop(name)
        if trained:
            counts["train"] = text.count(".manifest.json")
        return counts


def copy_checkout(folder: Path) -> Checkout:
    """Copy what git tracks, and what it would, into a new folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return Checkout(folder)


@pytest.fixture(scope="session")
def copied():
    """What makes a copy of one's own."""
    return copy_checkout


@pytest.fixture(scope="session")
def fresh(tmp_path_factory) -> Checkout:
    """A copy in which nothing runs but dry runs."""
    return copy_checkout(tmp_path_factory.mktemp("fresh") / ODD)


@pytest.fixture(scope="session")
def ran(tmp_path_factory) -> Checkout:
    """A copy in which the tiny preset has run whole. Tests leave it as they found it."""
    checkout = copy_checkout(tmp_path_factory.mktemp("ran") / ODD)
    checkout.snakemake("--configfile", "tests/workflow/tiny.yaml")
    return checkout


@pytest.fixture(scope="session")
def tuned(tmp_path_factory) -> Checkout:
    """A copy in which the preset with a tuned recipe has run up to its runs table, in two steps.

    What is tuned comes to results that are there already, with nothing tuned among them.
    """
    checkout = copy_checkout(tmp_path_factory.mktemp("tuned"))
    preset = ["--configfile", "tests/workflow/tuned.yaml"]
    checkout.snakemake("runs", *preset, "--config", 'only=["fixed"]')
    checkout.snakemake("runs", *preset)
    return checkout
