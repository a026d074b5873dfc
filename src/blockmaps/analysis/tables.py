"""The tables that the catalogue lists, each made of what it reads."""

from collections.abc import Callable
from importlib import import_module

import pandas as pd

from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.plan import catalogue
from blockmaps.results import runs as table_of_runs


def function_of(name: str) -> Callable[..., pd.DataFrame]:
    """Return the function that makes a table."""
    table = catalogue.TABLES[name]
    return getattr(import_module(f"blockmaps.{table.module}"), table.function)


def analyse(runs: pd.DataFrame, *names: str) -> dict[str, pd.DataFrame]:
    """Return these tables of `analysis/`, or all; what the runs say nothing on has no rows.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    outcomes = run_outcomes(runs)
    return {name: function_of(name)(outcomes) for name in names or catalogue.ANALYSIS}


def make(name: str, read: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Return a table of what it reads.

    Parameters
    ----------
    name : of a table that `blockmaps analyse` makes.
    read : gives a file of the results folder by its name.

    Raises
    ------
    InputError
        If it is of the main study and there are no such runs.
    """
    table = catalogue.TABLES[name]
    sources = {source: read(source) for source in table.reads}
    if table.study == catalogue.MAIN_STUDY and catalogue.RUNS in sources:
        own = table_of_runs.of_study(sources[catalogue.RUNS], catalogue.MAIN_STUDY)
        sources[catalogue.RUNS] = run_outcomes(own) if name in catalogue.ANALYSIS else own
    return function_of(name)(*sources.values())
