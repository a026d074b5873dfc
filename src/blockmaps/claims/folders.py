"""A results or published folder as the ledger reads it: tables as written, or made alike."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.analysis import pairs, tables
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.claims.findings import Scale
from blockmaps.core.csv import as_written
from blockmaps.plan import catalogue
from blockmaps.plan.catalogue import MAIN_STUDY
from blockmaps.plan.shards import OWN
from blockmaps.results import folder as results
from blockmaps.results import runs


class Tables:
    """The tables of one folder.

    Numbers are those of the CSV files, six significant digits: a table that has to be made is read
    back from its text, so that verdicts do not depend on who made it. Experiments on a task of
    one's own are no part of it: beside them, tables are made anew of the others.

    Attributes
    ----------
    path : the folder's.
    config : what was asked for; empty where that is not known.
    """

    def __init__(self, path: Path, config: dict[str, Any] | None = None) -> None:
        self.path, self._folder = path, results.Folder(path)
        self.config = self._folder.config if config is None else config
        self._tables: dict[str, pd.DataFrame] = {}

    @cached_property
    def runs(self) -> pd.DataFrame | None:
        """The runs of the papers' tasks, of all studies; None without any."""
        if not self._folder.has("runs"):
            return None
        own = self._folder.runs["task"] == OWN
        return None if own.all() else self._folder.runs[~own].reset_index(drop=True)

    @cached_property
    def _mixed(self) -> bool:
        """Whether there are runs of another task beside, which tables that are there may hold."""
        every = len(self._folder.runs) if self._folder.has("runs") else 0
        return every != (0 if self.runs is None else len(self.runs))

    @property
    def studies(self) -> set[str]:
        """The studies that there are runs of."""
        return set() if self.runs is None else set(self.runs["study"])

    @cached_property
    def groups(self) -> pd.DataFrame | None:
        """Right answers by group of sequences; None without them."""
        return self._folder.parquet("groups") if self._folder.has("groups") else None

    @cached_property
    def outcomes(self) -> pd.DataFrame | None:
        """The main study's outcomes, a row a run; None without such runs."""
        if MAIN_STUDY not in self.studies:
            return None
        return run_outcomes(runs.of_study(self.runs, MAIN_STUDY))

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a CSV table; None if there is neither that nor runs to make it of."""
        if name not in self._tables:
            there = self._folder.table_file(name) is not None
            found = self._made(name) if self._mixed or not there else None
            if found is None and there:
                found = self._of_papers(self._folder.table(name))
            if found is None:
                return None
            self._tables[name] = found
        return self._tables[name]

    def _of_papers(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table that are not of another task's experiments."""
        if not self._mixed or "experiment" not in table:
            return table
        known = set() if self.runs is None else set(self.runs["experiment"])
        return table[table["experiment"].isin(known)].reset_index(drop=True)

    def _made(self, name: str) -> pd.DataFrame | None:
        if name in catalogue.ANALYSIS:
            own = self.outcomes
            return None if own is None else as_written(tables.function_of(name)(own))
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

    @property
    def datasets(self) -> dict[str, dict]:
        """The data sets that were asked for, by name."""
        return self.config.get("datasets", {})

    def own_rates(self, experiment: str, own: pd.DataFrame) -> bool:
        """Return whether each arm of an experiment has its own learning rate.

        Each has where the config has the rates tuned; else where every arm is trained at one, and
        these differ.

        Parameters
        ----------
        own : its runs, or some arms'.
        """
        asked = self.config.get("experiments", {}).get(experiment, {})
        recipe = self.config.get("recipes", {}).get(asked.get("recipe"), {})
        if recipe.get("learning_rate") == "tuned":
            return True
        each = own[["budget", "arm", "learning_rate"]].drop_duplicates()
        arms, rates = each.groupby(["budget", "arm"]), each.groupby("budget")["learning_rate"]
        return bool(arms.size().eq(1).all() and rates.nunique().gt(1).all())

    def scale(self, rows: pd.DataFrame, about: str = "") -> Scale:
        """Return the scale of rows of one experiment, data set, budget and initialisation."""
        first = rows.iloc[0]
        sizes: dict[str, Any] = {}
        if self.runs is not None:
            own = self.runs[self.runs["experiment"] == first["experiment"]]
            own = own[own["budget"] == first["budget"]] if "budget" in rows else own
            alike = {name: own[name] for name in ("inputs", "outputs")}
            last = {"epochs": own["epoch"], "steps": own["step"]}
            sizes = {name: int(values.iloc[0]) for name, values in alike.items() if len(own)}
            sizes |= {name: int(values.max()) for name, values in last.items() if len(own)}
            sizes["solved"] = bool(
                (own.loc[own["arm"] == "balanced", "design"] == "balanced").any()
            )
            sizes["own_rates"] = self.own_rates(str(first["experiment"]), own)
        return Scale(
            about or str(first["dataset"]),
            str(first["dataset"]),
            str(first["experiment"]),
            budget=int(first["budget"]),
            initialisation=str(first["initialisation"]),
            **sizes,
        )
