"""What is kept in git of a results folder.

A published folder holds the runs, all tables made of them, the verdicts and a manifest with the
checksum of each: everything that a figure or the page reads, and nothing that training needs.
"""

import json
import os
import shutil
from functools import cache
from glob import escape
from pathlib import Path
from typing import Any

from blockmaps.analysis.tables import analyse, make
from blockmaps.claims import judging, writing
from blockmaps.claims import tests as claims
from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.core.files import beside, checksum, sweep, whole
from blockmaps.plan import catalogue
from blockmaps.results import manifest, runs
from blockmaps.results.folder import Folder

# Tables of runs that are kept where there are rows, if they are no larger than this.
SMALL = 1_500_000
FURTHER = ("groups.parquet", "manifests.json")
CLAIMS = ("claims.json", "claims.csv")


def publish(results: Path, folder: Path, tests: claims.Claims, trained_by: str = "") -> list[Path]:
    """Keep a results folder: its tables, those that it lacks made, its verdicts and a manifest.

    A folder that is published already may be published over itself: its tables are made anew of
    what it keeps, its verdicts are computed again, and the manifest keeps what it says of the
    training. Published over it, other results take its place: no table of the earlier ones stays.

    Parameters
    ----------
    tests : the claims, with the tests that verdicts are come to by.
    trained_by : the commit whose code trained the runs; the checkout's if not given.

    Returns
    -------
    The files, the manifest last.

    Raises
    ------
    InputError
        As `manifest.describe`, or if it would be written over another results folder.
    """
    found = _described(results, trained_by)
    if results.resolve() == folder.resolve():
        return [folder / name for name in _keep(folder, folder, found, tests)]
    if (folder / "config.json").exists():
        raise InputError(f"{folder}: is a results folder; takes published/<name>")
    sweep(folder.parent, f".{escape(folder.name)}.*")
    with beside(folder) as made:
        for name in _kept(results):
            with whole(made / name) as partial:
                shutil.copyfile(results / name, partial)
        names = _keep(made, folder, found, tests)
        _replace(folder, made, names)
    return [folder / name for name in names]


def _keep(folder: Path, final: Path, found: dict[str, Any], tests: claims.Claims) -> list[str]:
    """Make what a folder lacks, its verdicts and its manifest; return its files, that one last.

    Parameters
    ----------
    final : the folder that it becomes, which verdicts name.
    found : what the manifest says of the training; files are added.
    """
    complete(folder, anew=folder.resolve() == final.resolve())
    rows = judging.verdicts(tests, [folder], found.get("config"))
    own = judging.named(final)
    rows = [row if row["folder"] is None else {**row, "folder": own} for row in rows]
    for name in CLAIMS:
        writing.write(rows, folder / name)
    kept = [*_kept(folder), *CLAIMS]
    found["files"] = {
        name: {
            "sha256": checksum(folder / name),
            "bytes": (folder / name).stat().st_size,
        }
        for name in kept
    }
    with whole(folder / manifest.NAME) as partial:
        text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        partial.write_text(text, encoding="utf-8")
    return [*kept, manifest.NAME]


def _replace(folder: Path, made: Path, names: list[str]) -> None:
    """Put files, the manifest last, into a folder in the place of all that was published there.

    The earlier manifest goes first: where this is cut off there is none, and `blockmaps check` says
    so. What was never published stays.
    """
    (folder / manifest.NAME).unlink(missing_ok=True)
    for name in (*manifest.KEPT, *manifest.IF_ANY, *FURTHER, *CLAIMS, *Folder(folder).tables):
        (folder / name).unlink(missing_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(made / name, folder / name)


def _described(results: Path, trained_by: str) -> dict[str, Any]:
    """Return what the manifest says of the training: what it said before, of a published folder.

    Where the jobs' own manifests are there, commit and code are those that they ran.
    """
    given = Folder.of(results)
    if given.has("manifest") and not given.has("config"):
        return given.manifest
    found = manifest.describe(given, trained_by)
    if given.has("manifests"):
        jobs = given.mapping("manifests", needs={"jobs": list})["jobs"]
        for what in ("commit", "code"):
            found[what] = ", ".join(sorted({job[what] for job in jobs if job[what]}))
    return found


def _kept(folder: Path) -> list[str]:
    """Return the files of a folder that are kept, as paths within it; no table without rows."""
    given, more = Folder(folder), []
    for name in (*manifest.IF_ANY, *FURTHER):
        path = folder / name
        if not path.exists() or path.stat().st_size > SMALL:
            continue
        if path.suffix != ".parquet" or len(given.read(name)):
            more.append(name)
    return [*manifest.KEPT, *more, *(name for name in given.tables if len(given.table(name)))]


def complete(folder: Path, anew: bool = False) -> None:
    """Make the tables that a folder lacks, or all, of what it has; none that would have no row."""
    given = Folder(folder)
    studies = given.studies
    lacking = {
        name: one
        for name, one in (catalogue.COLLECTED | catalogue.ANALYSIS).items()
        if one.study in studies
        and (anew or not (folder / one.path).exists())
        and all((folder / source).exists() for source in one.reads)
    }
    once = cache(given.read)
    made = {name: make(name, once) for name in lacking if name not in catalogue.ANALYSIS}
    if analyses := [name for name in lacking if name in catalogue.ANALYSIS]:
        made |= analyse(runs.of_study(given.runs, catalogue.MAIN_STUDY), *analyses)
    for name, frame in made.items():
        if len(frame):
            csv.write(frame, folder / lacking[name].path)
        else:
            (folder / lacking[name].path).unlink(missing_ok=True)
