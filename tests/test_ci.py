"""What CI runs: .ci/run."""

import os
import subprocess


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
