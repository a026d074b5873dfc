"""The tables of the analysis by name, each made from the outcomes of every run."""

from collections.abc import Callable

import pandas as pd

from blockmaps.analysis.apriori import apriori
from blockmaps.analysis.comparisons import comparisons, initialisations
from blockmaps.analysis.explain import explained, partial
from blockmaps.analysis.optimum import optima
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.regret import regrets
from blockmaps.analysis.response import curve, response
from blockmaps.analysis.robust import interquartile_means, profiles, steps_to_half
from blockmaps.analysis.uniform import uniform_optima

ANALYSES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "explained": explained,
    "partial": partial,
    "optimum": optima,
    "uniform": uniform_optima,
    "comparisons": comparisons,
    "initialisations": initialisations,
    "robust": interquartile_means,
    "profiles": profiles,
    "steps": steps_to_half,
    "curve": curve,
    "response": response,
    "regret": regrets,
    "apriori": apriori,
}


def analyse(runs: pd.DataFrame, *names: str) -> dict[str, pd.DataFrame]:
    """Return the tables of these names, or all; one that the runs say nothing on has no rows.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    outcomes = run_outcomes(runs)
    return {name: ANALYSES[name](outcomes) for name in names or ANALYSES}
