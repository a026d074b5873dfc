"""Tables of how hard maps are to train over many steps: gradients, exponents, and what fails.

A run *stays at chance* where an exact two-sided binomial test at 1 % cannot tell its test accuracy
from guessing; it has *diverged* by the rule of `divergence`. The two exclude each other, and a run
that does either *fails*, as does one that is told from guessing because it is worse.

Shares have Wilson's interval, differences of shares Newcombe's, which combines two of them. Runs of
one seed index share data and order: they are clusters. So an arm counts for fewer runs than it has
(Korn and Graubard 1998): n divided by the design effect, the variance of the share between clusters
over that of so many independent runs, at least 1, and times (t(n − 1) / t(clusters − 1))² at
97.5 %. With one seed index nothing is known of that, and the interval is of mask and weights alone.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from blockmaps.analysis import divergence
from blockmaps.core.fixed import CHANCE_LEVEL, LEVEL
from blockmaps.plan.needs import HARD_TO_TRAIN

STUDY = "trainability"

_PANEL = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "steps": "steps that a gradient goes through: tokens T × iterations K",
    "budget": "unknowns that the patterns were made for",
    "initialisation": "how unknowns start, and whether there are biases",
}
_ARM = {**_PANEL, "arm": "group that is compared"}
SHARES = ("diverged", "at_chance", "failed")
ARM_COLUMNS = {
    **_ARM,
    "n": "runs",
    "accuracy": "mean test accuracy after the last epoch",
    "chance": "1/|y|",
    "diverged": "share of runs with a loss above 100 times guessing's, or not finite",
    "diverged_low": "lower bound, 95 %, Wilson",
    "diverged_high": "upper bound",
    "seeds": "seed indices, the clusters",
    "at_chance": "share of runs whose test accuracy cannot be told from guessing",
    "at_chance_low": "lower bound, 95 %, Wilson",
    "at_chance_high": "upper bound",
    "failed": "share of runs that did either, or are worse than guessing",
    "failed_low": "lower bound, 95 %, Wilson",
    "failed_high": "upper bound",
    **{
        f"{name}_{trained}": f"median of {about}, {trained} training"
        for name, about in {
            "spectral_radius": "the largest absolute eigenvalue of W_hh",
            "exponent": "the largest Lyapunov exponent, a step",
            "reach": "the gradient at the first step / at the last",
        }.items()
        for trained in ("before", "after")
    },
    "hidden": "mean units of all hidden slots",
    "unknowns": "mean realised unknowns",
    "epochs": "epochs trained",
    "optimiser_steps": "optimiser steps taken",
}
DIFFERENCE_COLUMNS = {
    **_PANEL,
    "difference": "what is compared, in the claims' words: dense - balanced …",
    "outcome": "share of runs: at_chance, diverged or failed",
    "value": "difference of the shares",
    "low": "lower bound, 95 %, Newcombe",
    "high": "upper bound",
    "n_first": "runs of the first",
    "n_second": "runs of the second",
    "seeds": "seed indices of the arm that has fewer, the clusters",
}
GRADIENT_COLUMNS = {
    **_ARM,
    "trained": "before or after training",
    "back": "steps back from the last",
    "gradient": "norm of the loss's gradient with respect to the state, median over runs",
    "low": "lower quartile of the runs",
    "high": "upper quartile",
    "n": "runs",
}


def judged(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run with what became of it: diverged, at_chance, failed, as truth values."""
    runs = runs[runs["study"] == STUDY]
    last = runs.groupby(["experiment", "key"])["epoch"].transform("max")
    final = divergence.valued(runs)[(runs["epoch"] == last) & (runs["split"] == "test")].copy()
    bad = divergence.diverged(runs).groupby([runs["experiment"], runs["key"]]).any()
    run = pd.MultiIndex.from_frame(final[["experiment", "key"]])
    final["diverged"] = bad.reindex(run).to_numpy(bool)
    final["chance"] = 1 / final["outputs"]
    right = np.round(final["accuracy"] * final["sequences"])
    told = _told_from_guessing(right, final["sequences"], final["chance"])
    final["at_chance"] = ~final["diverged"] & ~told
    worse = told & (final["accuracy"] < final["chance"])
    final["failed"] = final["diverged"] | final["at_chance"] | worse
    final["steps"] = final["tokens"] * final["iterations"]
    order = [*_ARM, "seed_index", "replicate", "key"]
    return final.sort_values(order, ignore_index=True)


def _told_from_guessing(right: pd.Series, of: pd.Series, chance: pd.Series) -> np.ndarray:
    """Return whether an exact two-sided test tells right answers from guessing; not of NaN."""
    return np.array(
        [
            np.isfinite(r) and stats.binomtest(int(r), int(n), c).pvalue < CHANCE_LEVEL
            for r, n, c in zip(right, of, chance, strict=True)
        ],
        dtype=bool,
    )


def design_effect(fates: np.ndarray, clusters: np.ndarray) -> float:
    """Return the variance of a share between clusters over that of so many independent runs.

    At least 1; NaN of a share of 0 or 1, or of one cluster, which say nothing of it.
    """
    share, n, codes = fates.mean(), len(fates), pd.factorize(clusters)[0]
    several = codes.max() + 1
    if several < 2 or not 0 < share < 1:
        return np.nan
    sums = np.bincount(codes, fates - share)
    variance = (sums**2).sum() * several / (several - 1) / n**2
    return max(1.0, float(variance / (share * (1 - share) / n)))


def effective_runs(arms: list[pd.DataFrame], outcome: str) -> list[float]:
    """Return how many independent runs each arm counts for; its runs with one seed index.

    An arm whose runs all end alike takes the largest design effect of the others.
    """
    effects = [
        design_effect(arm[outcome].to_numpy(float), arm["seed_index"].to_numpy()) for arm in arms
    ]
    known = [effect for effect in effects if np.isfinite(effect)]
    found = []
    for arm, effect in zip(arms, effects, strict=True):
        n, several = len(arm), arm["seed_index"].nunique()
        if several < 2:
            found.append(float(n))
            continue
        effect = effect if np.isfinite(effect) else max(known, default=1.0)
        run, cluster = (stats.t.ppf((1 + LEVEL) / 2, count - 1) for count in (n, several))
        found.append(n / effect * (run / cluster) ** 2)
    return found


def between_shares(arms: list[pd.DataFrame], outcome: str) -> tuple[float, float]:
    """Return the 95 % interval of a difference of two arms' shares: Newcombe's, of clusters."""
    first, second = effective_runs(arms, outcome)
    counts = arms[0][outcome].mean() * first, arms[1][outcome].mean() * second
    low, high = confint_proportions_2indep(
        *(counts[0], first, counts[1], second), method="newcomb", compare="diff", alpha=1 - LEVEL
    )
    return float(low), float(high)


def _measures(dynamics: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run: medians are taken of its columns spectral_radius_before and so on."""
    rows = dynamics[dynamics["study"] == STUDY]
    rows = rows.assign(trained=np.where(rows["epoch"] == 0, "before", "after"))
    keys = ["experiment", "key"]
    single = rows[rows["quantity"].isin(["spectral_radius", "exponent"])]
    norms = rows[rows["quantity"] == "gradient_norm"].sort_values("place")
    ends = norms.groupby([*keys, "trained"])["value"].agg(["first", "last"])
    reach = (ends["last"] / ends["first"]).rename("value").reset_index()
    every = pd.concat([single, reach.assign(quantity="reach")])
    every = every.assign(column=every["quantity"] + "_" + every["trained"])
    return every.pivot(index=keys, columns="column", values="value")


def by_arm(runs: pd.DataFrame, dynamics: pd.DataFrame) -> pd.DataFrame:
    """Return a row an experiment and arm; columns as in `ARM_COLUMNS`."""
    final = judged(runs)
    measures = _measures(dynamics)
    named = [name for name in ARM_COLUMNS if name.endswith(("_before", "_after"))]
    final = final.join(measures.reindex(columns=named), on=["experiment", "key"])
    rows = []
    for labels, group in final.groupby(list(_ARM), sort=True):
        row = dict(zip(_ARM, labels, strict=True)) | {"n": len(group)}
        row |= {"seeds": group["seed_index"].nunique()}
        row |= {"accuracy": group["accuracy"].mean(), "chance": group["chance"].iloc[0]}
        for name in SHARES:
            share, (n,) = group[name].mean(), effective_runs([group], name)
            low, high = proportion_confint(share * n, n, 1 - LEVEL, "wilson")
            row |= {name: share, f"{name}_low": low, f"{name}_high": high}
        row |= {name: group[name].median() for name in named}
        row |= {name: group[name].mean() for name in ("hidden", "unknowns")}
        row |= {"epochs": group["epoch"].iloc[0], "optimiser_steps": group["step"].iloc[0]}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(ARM_COLUMNS))


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return differences of shares between arms; columns as in `DIFFERENCE_COLUMNS`."""
    rows = []
    for labels, first, second, arms in _compared(judged(runs)):
        for outcome in SHARES:
            both = [arms[name] for name in (first, second)]
            shares = [arm[outcome].mean() for arm in both]
            low, high = between_shares(both, outcome)
            rows.append(
                {
                    **labels,
                    "difference": f"{first} - {second}",
                    "outcome": outcome,
                    "value": shares[0] - shares[1],
                    "low": low,
                    "high": high,
                    "n_first": len(both[0]),
                    "n_second": len(both[1]),
                    "seeds": min(arm["seed_index"].nunique() for arm in both),
                }
            )
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))


def _compared(final: pd.DataFrame) -> Iterator[tuple[dict, str, str, dict[str, pd.DataFrame]]]:
    for labels, panel in final.groupby(list(_PANEL), sort=True):
        arms = dict(tuple(panel.groupby("arm")))
        for first, second in HARD_TO_TRAIN:
            if first in arms and second in arms:
                yield dict(zip(_PANEL, labels, strict=True)), first, second, arms


def gradients(runs: pd.DataFrame, dynamics: pd.DataFrame) -> pd.DataFrame:
    """Return gradients against steps back by arm; columns as in `GRADIENT_COLUMNS`."""
    final = judged(runs)[["key", *_ARM]]
    rows = dynamics[(dynamics["study"] == STUDY) & (dynamics["quantity"] == "gradient_norm")]
    rows = rows[["experiment", "key", "epoch", "place", "value"]].merge(
        final, on=["experiment", "key"]
    )
    rows = rows.assign(trained=np.where(rows["epoch"] == 0, "before", "after"), back=rows["place"])
    found = rows.groupby([*_ARM, "trained", "back"], sort=True)["value"]
    table = found.agg(
        gradient="median",
        low=lambda values: values.quantile(0.25),
        high=lambda values: values.quantile(0.75),
        n="count",
    )
    return table.reset_index()[list(GRADIENT_COLUMNS)]


COLUMNS = {
    "trainability": ARM_COLUMNS,
    "trainability_differences": DIFFERENCE_COLUMNS,
    "gradients": GRADIENT_COLUMNS,
}
