"""A results or published folder as the ledger reads it: tables as written, or made alike."""

import io
import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.analysis import pairs, tables
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.claims.findings import Scale
from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue
from blockmaps.plan.catalogue import MAIN_STUDY
from blockmaps.results import runs

MARKS = ("runs.parquet", "tables", "analysis")  # a folder of results has one of these


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
            raise InputError(f"{path}: no such folder")
        if not path.is_dir():
            continue  # published/* names its README too
        below = [path, *sorted(one for one in path.rglob("*") if one.is_dir())]
        own = [one for one in below if is_results(one)]
        if not own:
            raise InputError(f"{path}: holds no results: no runs.parquet, tables/ or analysis/")
        found += [one for one in own if one not in found]
    if not found:
        raise InputError("no folder of results was given")
    return found


def is_results(folder: Path) -> bool:
    """Return whether a folder is one of results, and not a part of one."""
    return any((folder / name).exists() for name in MARKS)


class Folder:
    """The tables of one folder.

    Numbers are those of the CSV files, six significant digits: a table that has to be made is read
    back from its text, so that verdicts do not depend on who made it.

    Attributes
    ----------
    path : the folder.
    config : what was asked for; empty where that is not known.
    """

    def __init__(self, path: Path, config: dict[str, Any] | None = None) -> None:
        self.path = path
        self.config = self._kept_config() if config is None else config
        self._tables: dict[str, pd.DataFrame] = {}

    @cached_property
    def runs(self) -> pd.DataFrame | None:
        """The runs table, of all studies; None without one."""
        path = self.path / "runs.parquet"
        return runs.read(path) if path.exists() else None

    @cached_property
    def groups(self) -> pd.DataFrame | None:
        """Right answers by group of sequences; None without them."""
        path = self.path / "groups.parquet"
        return runs.read(path) if path.exists() else None

    @cached_property
    def studies(self) -> set[str]:
        """The studies that there are runs of; a table older than studies is of the main one."""
        if self.runs is None:
            return set()
        return set(self.runs["study"]) if "study" in self.runs else {MAIN_STUDY}

    @cached_property
    def outcomes(self) -> pd.DataFrame | None:
        """The main study's outcomes, a row a run; None without such runs."""
        if MAIN_STUDY not in self.studies:
            return None
        return run_outcomes(runs.of_study(self.runs, MAIN_STUDY))

    def analysis(self, name: str) -> pd.DataFrame | None:
        """Return a table of the analysis; None if there is neither that nor runs to make it of."""
        return self._table(f"analysis/{name}.csv", lambda: self._analysed(name))

    def table(self, name: str) -> pd.DataFrame | None:
        """Return another table; None likewise."""
        return self._table(f"tables/{name}.csv", lambda: self._of_study(name))

    def _table(self, name: str, make) -> pd.DataFrame | None:
        if name not in self._tables:
            path = self.path / name
            made = csv.read(path) if path.exists() else make()
            if made is None:
                return None
            self._tables[name] = made
        return self._tables[name]

    def _analysed(self, name: str) -> pd.DataFrame | None:
        return (
            None if self.outcomes is None else as_written(tables.function_of(name)(self.outcomes))
        )

    def _of_study(self, name: str) -> pd.DataFrame | None:
        table = catalogue.TABLES[name]
        if table.reads != (catalogue.RUNS,) or table.study not in self.studies:
            return None
        return as_written(tables.make(name, lambda _: self.runs))

    @cached_property
    def separable(self) -> pd.DataFrame | None:
        """The outcomes without the pairs of transforms that can hardly be told apart.

        None without answers by pair.
        """
        if self.groups is None or self.outcomes is None:
            return None
        if not self.groups["group"].isin(pairs.INSEPARABLE).any():
            return None
        return pairs.without_inseparable(self.outcomes, self.groups)

    def _kept_config(self) -> dict[str, Any]:
        for name in ("config.json", "manifest.json"):
            try:
                found = json.loads((self.path / name).read_text())
            except (OSError, ValueError):
                continue
            return found.get("config", found)
        return {}

    @property
    def datasets(self) -> dict[str, dict]:
        """The data sets that were asked for, by name."""
        return self.config.get("datasets", {})

    def scale(self, rows: pd.DataFrame, about: str = "") -> Scale:
        """Return the scale of rows of one experiment, data set, budget and initialisation."""
        first = rows.iloc[0]
        sizes = {}
        if self.runs is not None:
            own = self.runs[self.runs["experiment"] == first["experiment"]]
            own = own[own["budget"] == first["budget"]] if "budget" in rows else own
            alike = {name: own[name] for name in ("inputs", "outputs")}
            last = {"epochs": own["epoch"], "steps": own["step"]}
            sizes = {name: int(values.iloc[0]) for name, values in alike.items() if len(own)}
            sizes |= {name: int(values.max()) for name, values in last.items() if len(own)}
        return Scale(
            about or str(first["dataset"]),
            str(first["dataset"]),
            str(first["experiment"]),
            budget=int(first["budget"]),
            initialisation=str(first["initialisation"]),
            **sizes,
        )


def as_written(made: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is read from its CSV file."""
    return pd.read_csv(io.StringIO(csv.to_csv(made)))
