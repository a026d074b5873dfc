"""What is kept in git of a results folder.

A published folder holds the runs, all tables made of them, the verdicts and a manifest with the
checksum of each: everything that a figure or the page reads, and nothing that training needs.
"""

import json
import os
import shutil
from collections.abc import Callable
from functools import cache, partial
from glob import escape
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.analysis.tables import analyse, make
from blockmaps.claims import judging, writing
from blockmaps.claims import tests as claims
from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.core.files import beside, checksum, sweep, told, whole
from blockmaps.plan import catalogue
from blockmaps.plan import config as configs
from blockmaps.plan.config import Config
from blockmaps.plan.plan import Plan
from blockmaps.plan.shards import Shard
from blockmaps.results import gathering, manifest, runs
from blockmaps.results.folder import PARTS, Folder
from blockmaps.results.gathering import Gathered

# Tables of runs that are kept where there are rows, if they are no larger than this.
SMALL = 1_500_000
FURTHER = ("groups.parquet", "manifests.json")
CLAIMS = ("claims.json", "claims.csv")
KEPT = (*manifest.KEPT, *manifest.IF_ANY, *FURTHER, *CLAIMS)
WRITTEN = ("runs", *gathering.BESIDE, "manifests")
# Tables that are made here, of the runs.
MADE = {*catalogue.COLLECTED, *catalogue.ANALYSIS}
# config, results folder, shard → what is known before training (see `measures.known`)
Known = Callable[[Config, Folder, Shard], pd.DataFrame]


def publish(
    results: Path,
    folder: Path,
    tests: claims.Claims,
    trained_by: str = "",
    known: Known | None = None,
    replace: bool = False,
) -> list[Path]:
    """Keep a results folder: its runs, merged with those that are kept, tables, verdicts, sums.

    Of a preset that is unfinished the runs of the shards that are trained are kept. A folder that
    is published already may be published over itself: its tables are made anew of what it keeps,
    its verdicts are computed again, and the manifest keeps what it says of the training.

    Parameters
    ----------
    tests : the claims, with the tests that verdicts are come to by.
    trained_by : the commit whose code trained the runs, where their jobs left no manifests; the
        checkout's if not given.
    known : gives what is known of a shard's variants before training; without it only what has been
        collected is kept.
    replace : let the results take the place of all that is kept there.

    Returns
    -------
    The files, the manifest last.

    Raises
    ------
    InputError
        If nothing is trained, a file is damaged, a run that is in both is not the same, runs would
        be lost, or it would be written over another results folder.
    """
    finish(folder)
    if results.resolve() == folder.resolve():
        found = Folder.of(results).manifest
        return [folder / name for name in _keep(folder, folder, found, tests)]
    if (folder / "config.json").exists():
        raise InputError(f"{folder}: is a results folder; takes published/<name>")
    given = Folder.of(results)
    earlier = None if replace else _earlier(folder)
    new, made = _of_results(given, known, earlier)
    found, merged, own_tables = _merged(given, new, made, earlier, trained_by)
    sweep(folder.parent, f".{escape(folder.name)}.*")
    with beside(folder) as partial_folder:
        gathering.write(merged, {part: Folder(partial_folder).file(part) for part in WRITTEN})
        for name, source in own_tables.items():
            if isinstance(source, pd.DataFrame):
                csv.write(source, partial_folder / name)
                continue
            with whole(partial_folder / name) as file:
                shutil.copyfile(source, file)
        names = _keep(partial_folder, folder, found, tests)
        os.rename(partial_folder, _ready(folder))
    finish(folder)
    return [folder / name for name in names]


def said(folder: Path) -> str:
    """Say how many of the plan's runs are in a published folder; nothing if that is not known."""
    if (plan := Folder(folder).manifest.get("plan")) is None:
        return ""
    more = Folder(folder).manifest["variants"] - plan["in"]
    rest = f"; {more} others are kept that it no longer asks for" if more else ""
    return f"{plan['in']:,} of {plan['runs']:,} of the plan's runs are in{rest}"


def _of_results(
    given: Folder, known: Known | None, earlier: Folder | None
) -> tuple[Gathered, Plan | None]:
    """Return what a results folder has come to, and its plan, where it has shards."""
    if not known or not given.files(PARTS["shard"].where.format("*")):
        return gathering.collected(given), None
    made = gathering.whole_plan(given, None if earlier is None else earlier.path)
    shards = gathering.finished(made, given)
    if given.has("runs"):
        found = gathering.collected(given)
        if gathering.asked(made, shards) <= found.runs and gathering.is_of_plan(found, made):
            return found, made
    if not shards:
        where = given.file("shard runs", "*")
        raise InputError(f"{where}: no shard is trained; `snakemake runs` trains them")
    found = gathering.gather(made, given, shards, partial(known, made.config, given))
    if given.has("returns"):
        found.tables["returns"] = given.parquet("returns")
    return found, made


def _earlier(folder: Path) -> Folder | None:
    """Return the folder that is kept already, if it is as its manifest says; None without one."""
    if not (folder / manifest.NAME).is_file():
        return None
    manifest.check_sums(folder)
    return Folder(folder)


def _merged(
    given: Folder, new: Gathered, made: Plan | None, earlier: Folder | None, trained_by: str
) -> tuple[dict[str, Any], Gathered, dict[str, Path | pd.DataFrame]]:
    """Return the manifest, its files apart, runs with what lies beside them, and further tables.

    Tables are copied that no analysis of these runs makes; all, where the results are all there is.
    Of one that both have by experiment, the earlier rows of other experiments stay.
    """
    config = dict(given.config)
    if earlier is None:
        merged, before = new, None
    else:
        where = str(earlier.path)
        kept, before = gathering.collected(earlier), earlier.manifest
        name = config.get("name", given.path.name)
        if before["name"] != name:
            raise InputError(
                f"{where}: keeps the preset {before['name']}; takes another folder for {name}, or "
                "--replace"
            )
        if lost := kept.runs - new.runs:
            if made is None:
                raise InputError(
                    f"{where}: keeps {len(lost)} runs that {given.path} lacks; --replace lets the "
                    "results take its place"
                )
            parsed = configs.parse(before["config"], str(earlier.file("manifest")))
            gathering.check_alike(parsed, made.config, {name for name, _ in kept.runs}, where)
        merged = gathering.merge(kept, new, made, where)
    if given.has("manifest") and not given.has("config"):
        found = given.manifest
    else:
        found = manifest.describe(given, merged.tables["runs"], trained_by)
        if new.jobs:
            found |= _of_jobs(merged.jobs, before if before and not kept.jobs else None)
    if made is not None:
        there, names = gathering.asked(made), merged.runs
        found["plan"] = {"runs": len(there), "in": len(there & names)}
        experiments = {name for name, _ in names}
        only = [name for name in config["experiments"] if name in experiments]
        config.pop("only", None)
        found["config"] = config | (
            {} if len(only) == len(config["experiments"]) else {"only": only}
        )
    alone = given.has("runs") and merged.runs == gathering.collected(given).runs
    tables: dict[str, Path | pd.DataFrame] = {}
    for folder in filter(None, (earlier, given)):
        for name in folder.tables:
            if (alone and folder is given) or Path(name).stem not in MADE:
                own = folder.table(name)  # a damaged one is told
                tables[name] = folder.path / name
                if earlier is not None and folder is given and name in earlier.tables:
                    tables[name] = _with_others(own, earlier.table(name), folder.path / name)
    return found, merged, tables


def _with_others(own: pd.DataFrame, earlier: pd.DataFrame, path: Path) -> Path | pd.DataFrame:
    """Return a table with what an earlier one holds of other experiments; its file if nothing."""
    if "experiment" not in own or "experiment" not in earlier:
        return path
    others = earlier[~earlier["experiment"].isin(own["experiment"])]
    return pd.concat([others, own], ignore_index=True) if len(others) else path


def _of_jobs(jobs: list[dict[str, Any]], before: dict[str, Any] | None) -> dict[str, Any]:
    """Return what manifests of jobs say of code and versions, together.

    Parameters
    ----------
    before : an earlier manifest of the folder, where its own jobs left none.
    """
    found: dict[str, Any] = {}
    for what in ("commit", "code"):
        values = {job[what] for job in jobs if job[what]}
        values |= {one for one in before[what].split(", ") if one} if before else set()
        found[what] = ", ".join(sorted(values))
    environments = [job["environment"] for job in jobs]
    for what in ("python", "machine"):
        found[what] = ", ".join(sorted({str(one[what]) for one in environments}))
    packages = {name for one in environments for name in one["packages"]}
    found["packages"] = {
        name: ", ".join(sorted({one["packages"].get(name, "") for one in environments} - {""}))
        for name in sorted(packages)
    }
    return found


def _keep(folder: Path, final: Path, found: dict[str, Any], tests: claims.Claims) -> list[str]:
    """Make a folder's tables, its verdicts and its manifest; return its files, that one last.

    Parameters
    ----------
    final : the folder that it becomes, which verdicts name.
    found : what the manifest says of the training; files are added.
    """
    complete(folder)
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
    for name in kept:  # the manifest has it now
        csv.sum_of(folder / name).unlink(missing_ok=True)
    with whole(folder / manifest.NAME) as partial:
        text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        partial.write_text(text, encoding="utf-8")
    return [*kept, manifest.NAME]


def _ready(folder: Path) -> Path:
    """Return where a folder lies that is whole, before its files take their places."""
    return folder.with_name(f".{folder.name}.whole")


def finish(folder: Path) -> None:
    """Put the files of a whole folder, the manifest last, in the place of all that was published.

    The earlier manifest goes first: where this is cut off there is none, and `blockmaps check` says
    so; the next `publish` finishes it. What was never published stays.
    """
    ready = _ready(folder)
    if not ready.is_dir():
        return
    with told(folder):
        if (ready / manifest.NAME).is_file():
            names = Folder(ready).manifest["files"]
            (folder / manifest.NAME).unlink(missing_ok=True)
            for name in names:
                if (ready / name).is_file():  # else it is in its place
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    os.replace(ready / name, folder / name)
            for name in {*KEPT, *Folder(folder).tables} - {*names}:
                (folder / name).unlink(missing_ok=True)
            os.replace(ready / manifest.NAME, folder / manifest.NAME)
        shutil.rmtree(ready)


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


def complete(folder: Path) -> None:
    """Make all tables that can be made of what a folder has; none that would have no row.

    Those that a results folder has may be of earlier runs: another config, or before a kill.
    """
    given = Folder(folder)
    studies = given.studies
    own = {
        name: one
        for name, one in (catalogue.COLLECTED | catalogue.ANALYSIS).items()
        if one.study in studies and all((folder / source).exists() for source in one.reads)
    }
    once = cache(given.read)
    made = {name: make(name, once) for name in own if name not in catalogue.ANALYSIS}
    if analyses := [name for name in own if name in catalogue.ANALYSIS]:
        made |= analyse(runs.of_study(given.runs, catalogue.MAIN_STUDY), *analyses)
    for name, frame in made.items():
        if len(frame):
            csv.write(frame, folder / own[name].path)
        else:
            csv.remove(folder / own[name].path)
