"""Commands in this process: a test need not start Python anew."""

from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from blockmaps.cli import app
from blockmaps.core.errors import InputError


class Done(NamedTuple):
    """What a command left, as a process would."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in a folder of its own: run("plan", "--config", …) → Done."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments) -> Done:
        found = CliRunner().invoke(app, [str(one) for one in arguments])
        if isinstance(found.exception, InputError):
            return Done(2, found.stdout, f"{found.exception}")
        if found.exception and not isinstance(found.exception, SystemExit):
            raise found.exception
        return Done(found.exit_code, found.stdout, found.stderr)

    return command
