"""What a published folder holds, from which config and code, and the checksum of every file."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.core.code import code_digest
from blockmaps.core.errors import InputError
from blockmaps.core.files import checksum, visible
from blockmaps.results.folder import PARTS, Folder

NAME = PARTS["manifest"].where
KEPT = ("runs.parquet",)
IF_ANY = ("dynamics.parquet", "returns.parquet")  # kept where there are rows
PACKAGES = ("blockmaps", "lightning", "numpy", "torch")


def commit() -> str:
    """Return the checkout's commit, `-dirty` behind it where files differ, results left out.

    "" without git, and where the package lies in a repository that is another project's: that one's
    commit would say nothing of this code.
    """
    here = Path(__file__).resolve()
    # a hook of another repository would name that one to git
    environment = {key: one for key, one in os.environ.items() if not key.startswith("GIT_")}

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=here.parent,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        return done.stdout.strip()

    try:
        top, own = git("rev-parse", "--show-toplevel"), here.parents[3]
        if not top or Path(top).resolve() != own or not git("ls-files", str(here)):
            return ""
        head = git("describe", "--always", "--abbrev=40", "--exclude", "*")
        # results/ may be a link to another disk, which git takes for a change
        changed = git("status", "--porcelain", "--untracked-files=no", ":/", ":(top,exclude)results")
        return f"{head}-dirty" if head and changed else head
    except OSError:
        return ""


def describe(results: Folder, table: pd.DataFrame, trained_by: str = "") -> dict[str, Any]:
    """Return what is known of a results folder: config, code, versions, runs, time and device.

    Parameters
    ----------
    table : the runs that are kept of it.
    trained_by : the commit whose code trained the runs; the checkout's if not given. Given, the
        digest of the training code is left out: this checkout's may be another.

    Raises
    ------
    InputError
        If it has no config.json.
    """
    if not results.has("config"):
        raise InputError(f"{results.file('config')}: no such file; takes a results folder")
    config = results.config
    each = table.groupby(["experiment", "key"])["seconds"].max()
    return {
        "name": config.get("name", results.path.name),
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


def check(folder: Path) -> dict[str, Any]:
    """Return a published folder's manifest, after its files have been compared with it.

    Raises
    ------
    InputError
        If there is none, a file is missing or not as it was, or one is there that it does not list.
    """
    if not Folder.of(folder).has("manifest"):
        raise InputError(f"{folder / NAME}: no manifest; `blockmaps publish` writes it")
    found = check_sums(folder)
    for name in within(folder):
        if name not in found["files"]:
            raise InputError(f"{folder / name}: is not in {folder / NAME}")
    return found


def check_sums(folder: Path) -> dict[str, Any]:
    """Return a published folder's manifest, after the files that it lists have been compared.

    Raises
    ------
    InputError
        If a file is missing or not as it was.
    """
    found = Folder(folder).manifest
    for name, known in found["files"].items():
        path = folder / name
        if not path.is_file() or checksum(path) != known["sha256"]:
            raise InputError(f"{path}: is missing or not what its manifest says")
    return found


def within(folder: Path) -> list[str]:
    """Return the files of a published folder, as paths within it, without its manifest.

    Files of a published folder below it are that one's.
    """
    found = []
    for path in visible(folder):
        name = path.relative_to(folder)
        inner = any((folder / one / NAME).is_file() for one in name.parents if one.parts)
        if not inner and name.as_posix() != NAME:
            found.append(name.as_posix())
    return found
