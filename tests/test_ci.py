"""What CI runs: .ci/run."""

import os
import shutil
import subprocess

import pytest

TOOLS = ("bash", "cat", "dirname", "env", "grep", "mktemp", "rm", "sleep", "timeout", "touch")


def test_an_audit_of_packages_is_a_warning_and_never_a_failure(root, tmp_path):
    """Without the network, and with an advisory: exit 0 with a line that GitHub shows."""
    made = 'mkdir -p "$3/bin"; cp pip "$3/bin/"; cp audit "$3/bin/pip-audit"'
    fake = tmp_path / "python3"
    for venv, audit, said in (
        ("exit 1", "", "could not be installed"),
        (
            'mkdir -p "$3/bin"; cp pip "$3/bin/"; cp audit "$3/bin/pip-audit"',
            "exit 1",
            "found vuln",
        ),
        (made, "exit 0", ""),
    ):
        for name, text in (("python3", venv), ("pip", "exit 0"), ("audit", audit)):
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            (tmp_path / name).chmod(0o755)
        done = subprocess.run(
            [root / ".ci/run", "audit"],
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        assert (f"::warning title=pip-audit::{said}" in done.stdout) == bool(said)


@pytest.mark.parametrize(
    ("user", "apt", "calls"),
    [
        ("0", None, 0),  # another system than Debian, or none of its tools
        ("0", "exit 100", 1),  # no network, a proxy that refuses, a list that is locked
        ("0", "sleep 60", 1),  # a network that swallows what is sent
        ("0", 'case "$*" in *install*) exit 100 ;; esac', 2),  # no such package
        ("0", "read -r answer; exit 1", 1),  # a question finds nobody
        ("1000", "exit 0", 0),  # nobody who may
    ],
)
def test_where_slurm_cannot_be_installed_its_step_is_skipped_and_says_so(
    root, tmp_path, user, apt, calls
):
    fakes = {"id": f"echo {user}"}
    if apt:
        fakes["apt-get"] = f'echo "$*" >> {tmp_path}/called\n{apt}'
    for name, text in fakes.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    for name in TOOLS:
        (tmp_path / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        [root / ".ci/run", "slurm"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path), "CI_SBIN": "", "CI_APT_SECONDS": "0.3"},
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "skipped" in line]
    assert line.startswith("::warning title=slurm::skipped: slurmctld slurmd slurm-client munge")
    called = tmp_path / "called"
    assert (called.read_text(encoding="utf-8").count("\n") if called.exists() else 0) == calls
