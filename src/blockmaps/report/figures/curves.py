"""Learning curves: test accuracy against optimiser steps, a line an arm."""

import numpy as np
import pandas as pd

from blockmaps.analysis import divergence
from blockmaps.analysis.statistics import Interval, arm_interval, difference
from blockmaps.analysis.summary import SHARE, final_outcomes, without_repeats
from blockmaps.plan.needs import DIFFERENCES, SAMPLED_ARMS
from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

GRID = facets.Arrangement(columns=3, height=2.3)
MOST_ARMS = 7  # more lines than these cannot be told apart


def learning_curves(
    runs: pd.DataFrame, outcomes: pd.DataFrame, split: str = "test", against: str = "step"
) -> pd.DataFrame:
    """Return the mean accuracy of every arm after every epoch, with its 95 % interval.

    Parameters
    ----------
    runs : the runs table.
    outcomes : a panel's `final_outcomes`; its runs are used.
    split : of sequences.
    against : step or epoch.

    Returns
    -------
    Rows by arm and step or epoch: arm, that, mean, low, high.
    """
    named = outcomes[["experiment", "key", "pattern"]]
    tested = divergence.valued(runs[runs["split"] == split]).merge(named, on=["experiment", "key"])
    tested = outcome.scored(tested).rename(columns={"score": "value"})
    rows = []
    for time, values in tested.groupby(against):
        for arm, group in values.groupby("arm"):
            interval = arm_interval(group, ends=SHARE)
            rows.append((arm, time, interval.mean, interval.low, interval.high))
    return pd.DataFrame(rows, columns=["arm", against, "mean", "low", "high"])


def pairs_of(outcomes: pd.DataFrame) -> list[tuple[str, str]]:
    """Return claim A1's two primary differences, as far as there are both arms; else any one."""
    arms = set(outcomes["arm"])
    pairs = [pair for pair in DIFFERENCES if set(pair) <= arms]
    return [pair for pair in pairs if pair[0] == pairs[0][0]]


def bounds_of(outcomes: pd.DataFrame, pair: tuple[str, str]) -> Interval | None:
    """Return the difference of two arms at the end of training, None without them or bounds."""
    valued = outcomes.dropna(subset="test_accuracy")
    judged = outcome.of(outcomes)
    valued = valued.assign(value=judged.scale * valued["test_accuracy"])
    sides = [valued[valued["arm"] == arm] for arm in pair]
    if not all(map(len, sides)):
        return None
    found = difference(sides[0], sides[1], ends=judged.ends)
    return None if np.isnan(found.low) else found


def finding(outcomes: pd.DataFrame, pair: tuple[str, str]) -> tuple[str, str]:
    """Say how a difference between two arms comes out at the end of training."""
    first, second = pair
    found, digits = bounds_of(outcomes, pair), outcome.of(outcomes).digits
    if found is None:
        return f"too few seeds to tell {first} from {second}", ""
    said = f"{first} ends {wording.relation(found.low, found.high)} {second}:"
    return said, wording.estimate(found.mean, found.low, found.high, digits)


def title(panels: list[tuple[str, pd.DataFrame]], pairs: list[tuple[str, str]]) -> str:
    """Say how the first arm ends against the others, in how many panels."""
    if not any(rows["test_accuracy"].notna().any() for _, rows in panels):
        return wording.NOTHING
    said = []
    for pair in pairs:
        found = [bounds_of(rows, pair) for _, rows in panels]
        if any(found):
            bounds = [one and (one.low, one.high) for one in found]
            said.append(wording.compared(pair[0], bounds, pair[1]))
    if not said:
        return "Accuracy while training, by arm"
    whole = "; ".join([said[0], *(one.partition(" ends ")[2] for one in said[1:])])
    whole = whole if style.fits(whole) else said[0]
    return wording.first_upper(whole)


def about_bands(curves: pd.DataFrame) -> str:
    """Say what the bands of curves are, as far as there are any."""
    banded = curves.dropna(subset=["low"])["arm"]
    sampled = " and ".join(sorted(set(SAMPLED_ARMS) & set(banded)))
    if banded.isin(SAMPLED_ARMS).all():
        alone = f": 95 %, over patterns, for {sampled} alone" if sampled else ": none"
        return f"Bands{alone}; one seed a pattern says nothing of the scatter between seeds."
    over = f"; over patterns for {sampled}" if sampled else ""
    return (
        f"Bands: 95 %, t over seed indices{over}, on the logit beyond 0 and 100 %. "
        "In brackets: 95 % Welch's t interval of the difference."
    )


def few_enough(outcomes: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the runs of as many arms as lines can be told apart, and say which arms are not drawn.

    Of too many, those that the claims compare are drawn, where there are any of these.
    """
    arms, claimed = outcomes["arm"], outcomes["arm"].isin(style.CLAIMED)
    if arms.nunique() <= MOST_ARMS or not claimed.any():
        return outcomes, ""
    missing = ", ".join(sorted(set(arms[~claimed])))
    return outcomes[claimed], f" Not drawn: {missing}."


@style.themed
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw test accuracy against optimiser steps, a panel a budget and experiment.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    runs = without_repeats(runs)
    outcomes = final_outcomes(runs)
    judged = outcome.of(outcomes)
    outcomes, left_out = few_enough(outcomes)
    found, pairs = list(wording.panels(outcomes)), pairs_of(outcomes)
    drawn = pd.concat(learning_curves(runs, rows).assign(panel=name) for name, rows in found)
    marks = style.marks(outcomes["arm"])
    unit = "points" if judged.scale == 100 else judged.unit
    sheet, panels = facets.draw(
        (
            title(found, pairs),
            f"{judged.said_first} while training, the mean of each arm; differences at the end, in "
            f"{unit}",
            wording.facts(outcomes, about_bands(drawn) + left_out),
        ),
        [
            wording.panel(name, wording.runs_and_patterns(rows.dropna(subset="test_accuracy")))
            for name, rows in found
        ],
        [(drawn.rename(columns={"step": "x", "mean": "y"}), ["band", "line"])],
        marks,
        GRID,
        ("optimiser steps", judged.said),
        {
            f"{name}, {pair[0]} − {pair[1]}": finding(rows, pair)
            for pair in pairs
            for name, rows in found
        },
    )
    low, high = style.shown(pd.concat([drawn["mean"], drawn["low"], drawn["high"]]), outcomes)
    for (_, rows), (_, axes) in zip(found, panels, strict=True):
        axes.set_ylim(low, high)
        style.chance_line(axes, rows, low)
        style.outcome_axis(axes, judged)
        style.written(axes.xaxis, lambda step: f"{step:,.0f}", 5)
    return sheet
