"""Which difference in return the planned seeds and episodes can detect, before any run.

A run is a model of one seed index, scored by its mean over E episodes. Its mean return varies by
training, with σ_s between seeds, and by the episodes, with σ_e / √E. The difference of two arms
that are paired by seed index then has the standard deviation

    σ_d = √(2 (σ_s² + σ_e² / E))

and a paired t test of n seeds detects δ where its power, from the noncentral t distribution with
n − 1 degrees of freedom and noncentrality δ √n / σ_d, is 80 % (two-sided, 5 %). Models share their
start states, which makes σ_d smaller where they succeed in the same ones; that is not counted on.
Intervals of the runs are conditional on these common start states.

That test is against a difference of zero. Support of a claim asks that a difference exceed the
smallest of interest, so that the same power is reached at δ + that, `supported_from`.

σ_e is known before the runs: the expert's own, and that of a model that succeeds in half of its
episodes. With two outcomes Δ apart and a success rate p, σ² = p (1 − p) Δ²: the expert's σ and p
give Δ, and p = ½ the largest σ = Δ / 2. σ_s is not known, so that several are gone through.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from statsmodels.stats.power import TTestPower

from blockmaps.core.fixed import LEVEL, SESOI

POWER = 0.8
BETWEEN_SEEDS = (0.0, 0.05, 0.1, 0.2)  # σ_s as shares of it
MOST_SEEDS = 10_000


class Planned(NamedTuple):
    """An experiment's data set, seed indices and episodes of every run."""

    dataset: str
    seeds: int
    episodes: int


COLUMNS = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "seeds": "n, planned seed indices, the pairs of a difference",
    "episodes": "E, planned episodes of every run",
    "expert_return": "expert's mean return: sampled actions, episodes of all splits",
    "spread": "whose returns vary: the expert's, or of a model that succeeds in half the episodes",
    "episode_sd": "σ_e, standard deviation of a return between episodes",
    "seed_share": "σ_s as a share of the expert's mean return, assumed",
    "difference_sd": "σ_d, standard deviation of a difference paired by seed index",
    "detectable": "δ, the difference in mean return told from 0 with 80 % power, two-sided at 5 %",
    "detectable_share": "the same as a share of the expert's mean return",
    "smallest_of_interest": "the smallest difference of interest: 5 % of the expert's mean return",
    "supported_from": "the difference that exceeds the smallest of interest in such a test: "
    "detectable + smallest_of_interest",
    "seeds_needed": "seed indices at which a difference of that smallest size is told from zero",
}


def difference_sd(episode_sd: float, seed_sd: float, episodes: int) -> float:
    """Return σ_d of a difference between two runs of one seed index."""
    return float(np.sqrt(2 * (seed_sd**2 + episode_sd**2 / episodes)))


def detectable(sd: float, seeds: int) -> float:
    """Return the difference that a paired t test finds with 80 % power; NaN with one pair.

    Parameters
    ----------
    sd : σ_d of the differences.
    seeds : pairs.
    """
    if seeds < 2:
        return np.nan
    found = TTestPower().solve_power(nobs=seeds, alpha=1 - LEVEL, power=POWER)
    return float(np.squeeze(found)) * sd


def seeds_needed(sd: float, difference: float) -> int:
    """Return the fewest pairs at which a difference is detected."""
    low, high = 2, 2
    while high < MOST_SEEDS and detectable(sd, high) > difference:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if detectable(sd, middle) > difference else (low, middle)
    return high


def spreads(sd: float, success: float) -> dict[str, float]:
    """Return σ_e by whose it is; the expert's alone where it always or never succeeds."""
    found = {"expert": sd}
    if 0 < success < 1:
        found["succeeds in half"] = sd / (2 * np.sqrt(success * (1 - success)))
    return found


def by_experiment(
    experiments: Mapping[str, Planned], experts: Mapping[tuple[str, int], Mapping[str, float]]
) -> pd.DataFrame:
    """Return what each experiment can detect; columns as in `COLUMNS`.

    Parameters
    ----------
    experiments : by name.
    experts : (data set, seed index) → columns as in `returns.EXPERT`.
    """
    # one row a data set, also where it is drawn anew for every seed index
    first = {dataset: expert for (dataset, _), expert in sorted(experts.items(), reverse=True)}
    rows = []
    for name, experiment in experiments.items():
        dataset, seeds, episodes = experiment
        expert = first[dataset]
        mean = expert["expert_return"]
        for spread, episode_sd in spreads(expert["expert_sd"], expert["expert_success"]).items():
            for share in BETWEEN_SEEDS:
                sd = difference_sd(episode_sd, share * mean, episodes)
                found = detectable(sd, seeds)
                values = (name, dataset, seeds, episodes, mean, spread, episode_sd)
                further = (share, sd, found, found / mean, SESOI * mean)
                needed = seeds_needed(sd, SESOI * mean)
                rows.append((*values, *further, found + SESOI * mean, needed))
    return pd.DataFrame(rows, columns=list(COLUMNS))
