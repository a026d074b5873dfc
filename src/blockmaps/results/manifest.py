"""What a published folder holds, from which config and code, and the checksum of every file."""

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from blockmaps.results import runs
from blockmaps.core.files import checksum
from blockmaps.core.code import code_digest
from blockmaps.core.errors import InputError

NAME = "manifest.json"
KEPT = ("runs.parquet",)
IF_ANY = ("dynamics.parquet", "returns.parquet")  # kept where there are rows
PACKAGES = ("blockmaps", "lightning", "numpy", "torch")


def commit() -> str:
    """Return the checkout's commit, `-dirty` behind it where files differ; "" without git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
        )
    except OSError:
        return ""
    return done.stdout.strip()


def describe(results: Path, trained_by: str = "") -> dict[str, Any]:
    """Return what is known of a results folder: config, code, versions, runs, time and device.

    Parameters
    ----------
    trained_by : the commit whose code trained the runs; the checkout's if not given. Given, the
        digest of the training code is left out: this checkout's may be another.

    Raises
    ------
    InputError
        If it has no config.json or runs table.
    """
    try:
        config = json.loads((results / "config.json").read_text())
    except OSError as fault:
        raise InputError(f"{results}/config.json: cannot be read: {fault.strerror}") from None
    except ValueError:
        raise InputError(f"{results}/config.json: is not JSON") from None
    table = runs.read(results / "runs.parquet")
    each = table.groupby(["experiment", "key"])["seconds"].max()
    return {
        "name": config.get("name", results.name),
        "commit": trained_by or commit(),
        "code": "" if trained_by else code_digest("training.shard"),
        "packages": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "devices": sorted(table["device"].unique()),
        "variants": len(each),
        "training_seconds": round(float(each.sum())),
        "config": config,
    }


def read(folder: Path) -> dict[str, Any]:
    """Return a published folder's manifest.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        found = json.loads((folder / NAME).read_text())
        found["files"] = dict(found["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder / NAME}: no manifest; `blockmaps publish` writes it") from None
    return found


def check(folder: Path) -> dict[str, Any]:
    """Return a published folder's manifest, after its files have been compared with it.

    Raises
    ------
    InputError
        If there is none, a file is missing or not as it was, or one is there that it does not list.
    """
    found = read(folder)
    for name, known in found["files"].items():
        path = folder / name
        if not path.is_file() or checksum(path) != known["sha256"]:
            raise InputError(f"{path}: is missing or not what its manifest says")
    for name in within(folder):
        if name not in found["files"]:
            raise InputError(f"{folder / name}: is not in {folder / NAME}")
    return found


def within(folder: Path) -> list[str]:
    """Return the files of a published folder, as paths within it, without its manifest.

    Files of a published folder below it are that one's; a name that starts with a dot is of nothing
    that is kept, such as what a command that was cut off left.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        inner = any((folder / one / NAME).is_file() for one in name.parents if one.parts)
        if path.is_file() and not hidden and not inner and name.as_posix() != NAME:
            found.append(name.as_posix())
    return found
