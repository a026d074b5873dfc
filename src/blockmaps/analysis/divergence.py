"""Which runs have diverged, by one rule, and what of them counts.

A run *has diverged* where a loss is not finite, or is more than 100 times that of guessing: ln |y|
where there are classes, else the median of its experiment before training. An overfitted model's
loss is some times that of guessing; one of 10³² is no model's that could be trained further.

An accuracy that was measured beside a loss that is not finite says nothing: its outputs are NaN,
and whichever class comes first was counted. It enters no mean. One beside a finite loss is a
model's own, and counts however bad it is.
"""

import numpy as np
import pandas as pd

FROM = 100  # times the loss of guessing


def guessing(runs: pd.DataFrame) -> pd.Series:
    """Return the loss of guessing, a row of the runs table each; NaN where it is not known.

    Parameters
    ----------
    runs : rows of all epochs.
    """
    classes = runs.groupby("experiment")["accuracy"].transform("count") > 0
    before = runs["loss"].where((runs["epoch"] == 0) & np.isfinite(runs["loss"]))
    start = before.groupby(runs["experiment"]).transform("median")
    return np.log(runs["outputs"].astype(float)).where(classes & (runs["outputs"] > 1), start)


def diverged(runs: pd.DataFrame) -> pd.Series:
    """Return whether the loss of each row is one of a run that has diverged; `guessing`'s rows."""
    return ~np.isfinite(runs["loss"]) | (runs["loss"] > FROM * guessing(runs))


def answered(groups: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return answers by group without those of runs and splits whose loss is once not finite.

    Parameters
    ----------
    groups : right answers by run and group; they have no loss of their own to tell by.
    runs : the runs table.
    """
    run = ["experiment", "key", "split"]
    lost = pd.MultiIndex.from_frame(runs.loc[~np.isfinite(runs["loss"]), run])
    return groups[~pd.MultiIndex.from_frame(groups[run]).isin(lost)]


def valued(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs table without outcomes of runs and splits whose loss is once not finite.

    All epochs' go, as a curve that stops would have another area and another end.
    """
    bad = ~np.isfinite(runs["loss"])
    keys = [runs["experiment"], runs["key"], runs["split"]]
    good = ~bad.groupby(keys).transform("any")
    outcomes = [name for name in ("accuracy", "score") if name in runs]
    return runs.assign(**{name: runs[name].where(good) for name in outcomes})
