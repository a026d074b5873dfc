"""A results or published folder: where its parts lie, each read with its types, and its files.

Whatever reads or writes results asks this type for the path and for the content. What is missing
or broken is one line. What a process is writing, or a killed one has left, is in no list.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from blockmaps.core import csv
from blockmaps.core.canonical import canonical_json, plain
from blockmaps.core.errors import InputError
from blockmaps.core.files import visible, whole
from blockmaps.plan import catalogue, tuning
from blockmaps.plan.config import Config
from blockmaps.plan.plan import RATES, Plan
from blockmaps.plan.shards import Ledger, Shard
from blockmaps.results import jobs, returns, runs
from blockmaps.results.runs import Column

TAKES = "takes results/<name> or published/<name>"


class Part(NamedTuple):
    """A part of a folder.

    Attributes
    ----------
    where : its path within; {} stands for a shard's, table's or data set's name.
    by : the command that makes it.
    columns : of a table of typed columns, by name; none of another file.
    kind : what a file of JSON holds, as pydantic takes a type.
    """

    where: str
    by: str
    columns: dict[str, Column] = {}
    kind: Any = None


PARTS = {
    "config": Part("config.json", "plan --write", kind=dict[str, Any]),
    "data": Part("data/{}.safetensors", "data"),
    "shard": Part("shards/{}.json", "plan --write"),
    "trained": Part("shards/{}.trained", "train"),
    "batches": Part("batches.json", ""),
    "checkpoints": Part("checkpoints/{}", "train"),
    "policies": Part("policies/{}.safetensors", "train"),
    "shard runs": Part("runs/{}.parquet", "train", runs.TRAINED),
    "shard groups": Part("runs/{}.groups.parquet", "train", runs.GROUPS),
    "shard dynamics": Part("runs/{}.dynamics.parquet", "train", runs.DYNAMICS),
    "shard manifest": Part("runs/{}.manifest.json", "train", kind=jobs.Manifest),
    "shard returns": Part("returns/{}.parquet", "score", returns.RETURNS),
    "runs": Part("runs.parquet", "collect", runs.COLUMNS),
    "groups": Part("groups.parquet", "collect", runs.GROUP_COLUMNS),
    "dynamics": Part("dynamics.parquet", "collect", runs.DYNAMICS_COLUMNS),
    "manifests": Part("manifests.json", "collect", kind=jobs.Collected),
    "study runs": Part("studies/{}.runs.parquet", "collect", runs.COLUMNS),
    "study groups": Part("studies/{}.groups.parquet", "collect", runs.GROUP_COLUMNS),
    "study dynamics": Part("studies/{}.dynamics.parquet", "collect", runs.DYNAMICS_COLUMNS),
    "returns": Part("returns.parquet", "returns", returns.RETURN_COLUMNS),
    "frames": Part("frames.safetensors", "frames"),
    "table": Part("tables/{}.csv", "analyse {}"),
    "analysis": Part("analysis/{}.csv", "analyse {}"),
    "claims": Part("claims.json", "claims", kind=list[dict[str, Any]]),
    "answers": Part("answers.json", "answer", kind=list[dict[str, Any]]),
    "claims table": Part("claims.csv", "claims"),
    "figure": Part("figures/{}", "figure"),
    "page": Part("report.html", "page"),
    "crate": Part("ro-crate-metadata.json", "crate"),
    "workflow": Part("workflow", "crate"),
    "log": Part("logs/{}", "train"),
    "manifest": Part("manifest.json", "publish", kind=dict[str, Any]),
}
TABLES = ("table", "analysis")  # where CSV tables lie
MANIFEST = {"shard", "seconds", "peak_memory_bytes", "variants"}  # what is read of a job's


class Folder:
    """One folder, by its path; it need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @classmethod
    def of_preset(cls, name: str) -> "Folder":
        """Return the results folder of a preset, below where the command runs."""
        return cls(Path("results") / name)

    @classmethod
    def of(cls, path: Path) -> "Folder":
        """Return a folder that exists.

        Raises
        ------
        InputError
            If it does not.
        """
        if not path.is_dir():
            raise InputError(f"{path}: no such folder; {TAKES}")
        return cls(path)

    def file(self, part: str, name: str = "") -> Path:
        """Return the path of a part, by its key in `PARTS`."""
        return self.path / PARTS[part].where.format(name)

    def has(self, part: str, name: str = "") -> bool:
        """Return whether a part is there."""
        return self.file(part, name).is_file()

    def existing(self, part: str, name: str = "") -> Path:
        """Return the path of a part that is there.

        Raises
        ------
        InputError
            If it is not; the line names the command that makes it.
        """
        path = self.file(part, name)
        if not path.is_file():
            by = PARTS[part].by.format(name)
            raise InputError(f"{path}: no such file; make it with `blockmaps {by}`")
        return path

    def files(self, pattern: str = "**/*") -> list[Path]:
        """Return the files that match, in order, hidden ones left out."""
        return visible(self.path, pattern)

    def json(self, part: str, name: str = "") -> Any:
        """Return what a part in JSON holds.

        Raises
        ------
        InputError
            If it is not there, no JSON, or of another shape than its command writes.
        """
        found, kind = read_json(self.existing(part, name)), PARTS[part].kind
        try:
            if kind is not None:
                TypeAdapter(kind).validate_python(found)
        except ValidationError as fault:
            first = fault.errors()[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise InputError(
                f"{self.file(part, name)}: is not what `blockmaps {PARTS[part].by}` writes: "
                f"{where}: {first['msg']}; make it again"
            ) from None
        return found

    def mapping(
        self, part: str, name: str = "", needs: Mapping[str, type] | None = None
    ) -> dict[str, Any]:
        """Return the JSON object of a part.

        Parameters
        ----------
        needs : keys that it has, each with the type of its value.

        Raises
        ------
        InputError
            If it is not there, no JSON, or another's.
        """
        found, path = self.json(part, name), self.file(part, name)
        if not isinstance(found, dict):
            raise InputError(f"{path}: is not what `blockmaps {PARTS[part].by}` writes: no object")
        for key, kind in (needs or {}).items():
            if not isinstance(found.get(key), kind):
                raise InputError(f"{path}: is not what `blockmaps {PARTS[part].by}` writes: {key}")
        return found

    def parquet(self, part: str, name: str = "") -> pd.DataFrame:
        """Return a table of typed columns: runs, groups, dynamics or returns, or a shard's.

        Raises
        ------
        InputError
            If it is not there, broken, or lacks a column.
        """
        return runs.read(self.existing(part, name), PARTS[part].columns)

    def table_file(self, name: str) -> Path | None:
        """Return the path of a CSV table, None if there is none.

        Parameters
        ----------
        name : summary, or its path within the folder: tables/summary.csv.
        """
        paths = (self.file(part, Path(name).stem) for part in TABLES)
        return next((path for path in paths if path.is_file()), None)

    def table(self, name: str) -> pd.DataFrame:
        """Return a CSV table; its names are text.

        Raises
        ------
        InputError
            If there is none or it is broken.
        """
        return known_table(self.table_file(name) or self.existing("table", Path(name).stem))

    def read(self, name: str) -> pd.DataFrame:
        """Return a table by its path within the folder: runs.parquet, tables/summary.csv."""
        part = next((part for part, one in PARTS.items() if one.where == name), None)
        return self.table(name) if part is None else self.parquet(part)

    @property
    def tables(self) -> list[str]:
        """The paths of all CSV tables of the runs, within the folder."""
        return [
            path.relative_to(self.path).as_posix()
            for kind in sorted(PARTS[part].where for part in TABLES)
            for path in self.files(kind.format("*"))
        ]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs table, of all studies (see `parquet`)."""
        return self.parquet("runs")

    @property
    def studies(self) -> set[str]:
        """The studies that there are runs of."""
        return set(self.runs["study"]) if self.has("runs") else set()

    @cached_property
    def config(self) -> dict[str, Any]:
        """What was asked for, as JSON; empty where the folder does not say."""
        if self.has("config"):
            return self.mapping("config")
        return self.manifest.get("config", {}) if self.has("manifest") else {}

    @property
    def manifest(self) -> dict[str, Any]:
        """A published folder's manifest: what the runs are of, and the checksums of `files`.

        Raises
        ------
        InputError
            If it is not what `publish` writes, or a path in it leaves the folder.
        """
        path = self.file("manifest")
        found = self.mapping("manifest", needs={"files": dict, "config": dict})
        for name, known in found["files"].items():
            if not isinstance(known, dict) or not isinstance(known.get("sha256"), str):
                raise InputError(f"{path}: is not what `blockmaps publish` writes: {name!r}")
            plain_name = not PureWindowsPath(name).is_absolute() and not {"\\", "\0"} & {*name}
            if not plain_name or not within(self.path / name, self.path):
                raise InputError(f"{path}: lists {name!r}, which is not within {self.path}")
        return found

    @property
    def manifests(self) -> dict[str, Any]:
        """The manifests of training jobs, by shard: each job's own, else as they were collected.

        Raises
        ------
        InputError
            If one is broken or another's.
        """
        own = self.files(PARTS["shard manifest"].where.format("*"))
        names = [path.name.partition(".")[0] for path in own]
        by_file = {path: self.json("shard manifest", name) for path, name in zip(own, names, strict=True)}
        if not own and self.has("manifests"):
            several = self.collected_jobs
            by_file = {self.file("manifests") / str(place): one for place, one in enumerate(several)}
        for path, job in by_file.items():
            if not isinstance(job, dict) or not MANIFEST <= job.keys():
                raise InputError(f"{path}: is no manifest of a training job; remove it")
        return {job["shard"]: job for job in by_file.values()}

    @property
    def collected_jobs(self) -> list[dict[str, Any]]:
        """The manifests of training jobs as they were collected, each with its environment.

        Raises
        ------
        InputError
            If their file is missing or broken.
        """
        found = self.mapping("manifests", needs={"jobs": list, "environments": list})
        try:
            return [
                {**job, "environment": found["environments"][job["environment"]]}
                for job in found["jobs"]
            ]
        except (LookupError, TypeError):
            path = self.file("manifests")
            raise InputError(f"{path}: a job has no environment; remove it") from None

    def plan(self, config: Config, file: str, kept: Path | None = None) -> Plan:
        """Return the plan of a config, with the shards and learning rates that are here.

        Parameters
        ----------
        kept : a results folder whose learning rates count where none was chosen here.

        Raises
        ------
        InputError
            As `Plan`, naming the config's file.
        """
        try:
            choices = tuning.read(self.path / RATES)
            if kept is not None:
                choices = {**tuning.read(kept / RATES), **choices}
            return Plan(config, self.ledger, choices)
        except InputError as fault:
            raise InputError(f"{file}: {fault}") from None

    def write_asked(self, asked: Plan) -> None:
        """Write what is asked for, for the jobs to read: config.json, and a file a shard.

        Shards that wait for learning rates have none: `blockmaps rates` writes them. Tables that an
        earlier config asked for, and this one does not, are removed: nothing is judged by them.
        """
        _write(self.file("config"), asked_text(asked.config))
        for shard in (asked.tuning | asked.shards).values():
            _write(self.file("shard", shard.id), canonical_json(shard) + "\n")
        kept = {RATES.stem, *asked.tables, *asked.analysis}
        for name, table in catalogue.TABLES.items():
            if name not in kept:
                csv.remove(self.path / table.path)

    def write_batches(self, batches: list[list[str]]) -> None:
        """Write which shards the workflow's jobs train together, by their names."""
        _write(self.file("batches"), json.dumps(batches, indent=1) + "\n")

    @property
    def ledger(self) -> Ledger:
        """The shards that there are files of; one that is broken or of another version is none."""
        found: tuple[list[Shard], list[Shard]] = ([], [])
        for path in self.files(PARTS["shard"].where.format("*")):
            try:
                shard = read_shard(path)
            except InputError:
                continue
            once = self.has("trained", path.stem) or self.has("shard runs", path.stem)
            found[0 if once else 1].append(shard)
        return Ledger(*found)


class Folders:
    """Several folders; each part is the first one's that has it.

    Raises
    ------
    InputError
        If one is no folder.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.folders = tuple(Folder.of(Path(path)) for path in paths)

    def find(self, where: str) -> Path | None:
        """Return the path of a file by its path within a folder, None if no folder has it."""
        return next((path for one in self.folders if (path := one.path / where).is_file()), None)

    def having(self, part: str) -> Folder | None:
        """Return the folder that a part is taken from, None if none has it."""
        return next((one for one in self.folders if one.has(part)), None)

    def file(self, part: str) -> Path | None:
        """Return the path of a part, None if no folder has it."""
        return self.find(PARTS[part].where)

    def json(self, part: str) -> Any:
        """Return what a part in JSON holds, None if no folder has it."""
        return None if (folder := self.having(part)) is None else folder.json(part)

    def table_file(self, name: str) -> Path | None:
        """Return the path of a CSV table, None if no folder has it."""
        return next((path for one in self.folders if (path := one.table_file(name))), None)

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a CSV table, None if no folder has it."""
        return None if (path := self.table_file(name)) is None else known_table(path)

    @cached_property
    def runs(self) -> pd.DataFrame | None:
        """The runs after their last epoch, a row a run and split; None without a runs table."""
        if (folder := self.having("runs")) is None:
            return None
        last = folder.runs.groupby(["experiment", "key"])["epoch"].transform("max")
        return folder.runs[folder.runs["epoch"] == last].reset_index(drop=True)

    @property
    def figures(self) -> dict[str, Path]:
        """The figures' pictures, by name."""
        pattern = PARTS["figure"].where.format("*.svg")
        paths = (path for one in reversed(self.folders) for path in one.files(pattern))
        return {path.stem: path for path in paths}

    @property
    def title(self) -> str:
        """The preset's name: the manifest's or the config's, else the first folder's."""
        for part in ("manifest", "config"):
            found = self.json(part)
            if isinstance(found, dict) and found.get("name"):
                return str(found["name"])
        return self.folders[0].path.absolute().name


def find(given: Iterable[Path]) -> list[Path]:
    """Return the folders of results among these and below them, in order, each once.

    Raises
    ------
    InputError
        If one does not exist, or a folder holds no results.
    """
    found: list[Path] = []
    for path in given:
        if not path.exists():
            raise InputError(f"{path}: no such folder; {TAKES}")
        if not path.is_dir():
            continue  # published/* names its README too
        # of each file of results, the folder that it is a part of
        own = {
            file.parent if len(Path(pattern).parts) == 1 else file.parents[1]
            for pattern in (PARTS["runs"].where, *(PARTS[part].where for part in TABLES))
            for file in visible(path, f"**/{pattern.format('*')}")
        }
        if not own:
            raise InputError(f"{path}: holds no results: no runs.parquet, tables/ or analysis/")
        found += [one for one in sorted(own) if one not in found]
    if not found:
        raise InputError("no folder of results was given")
    return found


def kept_jobs(published: Path, preset: str) -> list[dict[str, Any]]:
    """Return the manifests of the jobs whose runs are kept of a preset, in one folder or several.

    Raises
    ------
    InputError
        If one is broken.
    """
    pattern = PARTS["manifests"].where
    folders = [Folder(path.parent) for path in visible(published / preset, f"**/{pattern}")]
    return [job for one in folders for job in one.manifests.values()]


def within(path: Path, folder: Path) -> bool:
    """Return whether a path is below a folder, links followed."""
    return path.resolve().is_relative_to(folder.resolve())


def read_json(path: Path) -> Any:
    """Read a file of JSON.

    Raises
    ------
    InputError
        If it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from None
    except (ValueError, RecursionError) as fault:  # no UTF-8 either
        raise InputError(f"{path}: is no JSON: {fault}; remove it and make it again") from None


# Columns of tables that are not described one by one.
MEASURED = ("experiment", "budget", "outcome", "mean", "low", "high", "n")


def known_table(path: Path) -> pd.DataFrame:
    """Read a CSV table, by its name one of the catalogue's.

    Raises
    ------
    InputError
        If it is not there, damaged, or lacks a column that its table has.
    """
    entry = catalogue.TABLES.get(path.stem)
    if entry is None or entry.command == "zoo":  # whose columns are described beside torch
        return csv.read(path)
    return csv.read(path, MEASURED if entry.columns == "" else catalogue.columns_of(path.stem))


def read_typed(path: Path, where: str) -> pd.DataFrame:
    """Return a table of typed columns that lies elsewhere.

    Parameters
    ----------
    where : its place in a results folder: runs.parquet.

    Raises
    ------
    InputError
        As `Folder.parquet`.
    """
    return runs.read(path, next(one.columns for one in PARTS.values() if one.where == where))


def read_shard(path: Path) -> Shard:
    """Read a shard's file.

    Raises
    ------
    InputError
        If it is not there, is no shard, or another than its name says.
    """
    instead = "takes results/<name>/shards/<shard>.json, which `blockmaps plan --write` writes"
    if not path.is_file():
        raise InputError(f"{path}: no such file; {instead}")
    try:
        shard = Shard.model_validate(read_json(path))
    except ValidationError as fault:
        raise InputError(f"{path}: is no shard ({fault.error_count()} faults); {instead}") from None
    if shard.id != path.stem:
        raise InputError(f"{path}: holds shard {shard.id}, not the one of its name; remove it")
    return shard


def asked_text(config: Config) -> str:
    """Return what config.json holds of a config."""
    return json.dumps(plain(config), indent=1) + "\n"


def _write(path: Path, text: str) -> None:
    """Write a text whole, unless it is there already."""
    if path.is_file() and path.read_bytes() == text.encode():
        return
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
