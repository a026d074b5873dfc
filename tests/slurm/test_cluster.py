"""A SLURM that does not come up on a machine: the tests on it are skipped, with the reason."""

import os

import cluster
import pytest

FAKES = dict.fromkeys(cluster.CLIENTS, "exit 1")


def in_folder(name: str) -> str:
    """Return what munged's stand-in does: it makes the socket's file."""
    return f'for one in "$@"; do case $one in --socket=*) touch "${{one#*=}}" ;; esac; done; {name}'


@pytest.mark.parametrize(
    ("munged", "slurmctld", "said"),
    [
        ("echo munged: no permission; exit 1", "exec sleep 30", "munged ended at once: munged: no"),
        (
            in_folder("exec sleep 30"),
            "echo starting; echo 'fatal: cgroup: no such file' >&2; exit 1",
            "slurmctld ended at once: fatal: cgroup: no such file",
        ),
        (in_folder("exec sleep 30"), "exec sleep 30", "waited 1 s for idle nodes"),
    ],
)
def test_daemons_that_do_not_start_are_a_reason_to_skip(
    tmp_path, monkeypatch, munged, slurmctld, said
):
    fakes = FAKES | {"munged": munged, "slurmctld": slurmctld, "slurmd": "exec sleep 30"}
    for name, text in fakes.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(cluster, "LONGEST", 1)
    with pytest.raises(pytest.skip.Exception, match=said), cluster.running():
        pytest.fail("it came up")


def test_programs_that_are_not_there_are_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(cluster, "SBIN", "/nowhere")
    said = "not installed: munged, slurmctld"
    with pytest.raises(pytest.skip.Exception, match=said), cluster.running():
        pytest.fail("it came up")
