"""What a run is judged by, and everything that follows from it: direction, unit, chance, words.

This is the one place that decides it. With classes it is the accuracy; of a squared error it is R²,
one less the error as a share of the error of answering the mean, so that for both more is better,
no knowledge is chance and all of it is 1; of a policy in an environment it is the return. Tables,
analysis, figures, page and comparison ask here.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

NO_BREAK = "\N{NO-BREAK SPACE}"


class Outcome(NamedTuple):
    """An outcome, of which more is better.

    Attributes
    ----------
    name : in tables: `test_<name>` is its value on the test split.
    said : on the test split, as axes name it.
    unit : of a difference.
    scale : what a difference is multiplied by to be in its unit.
    ends : smallest and largest difference, in its unit; None where there is none.
    range : smallest and largest value; None where one of the two is missing.
    chance_said : what knows nothing, as figures name it.
    digits : decimals of a value in its unit.
    """

    name: str
    said: str
    unit: str
    scale: float
    ends: tuple[float, float] | None
    range: tuple[float, float] | None
    chance_said: str
    digits: int

    @property
    def said_first(self) -> str:
        """The same at the beginning of a sentence."""
        return self.said[:1].upper() + self.said[1:]

    def chance(self, outputs: int) -> float:
        """Return what an answer that knows nothing reaches: of classes 1/|y|, of the mean 0."""
        return 1 / outputs if self is ACCURACY else 0.0

    def drawn(self, values: pd.Series) -> pd.Series:
        """Return values as axes show them.

        An R² far below the mean's says no more than that the run failed, and none is above 1.
        """
        return values if self is ACCURACY else values.clip(LOWEST_R2, 1.0)

    def write(self, value: float) -> str:
        """Write a value, as 59.3 % or 0.83."""
        text = f"{self.scale * value:.{self.digits}f}".replace("-", "−")
        return f"{text}{NO_BREAK}%" if self.scale == 100 else text

    def write_difference(self, mean: float, low: float, high: float) -> str:
        """Write a difference that is in its unit with its interval, as +2.1 [0.4, 3.8] points."""
        bounds = f"[{low:.{self.digits}f}, {high:.{self.digits}f}]" if np.isfinite(low) else ""
        unit = "points" if self.scale == 100 else self.unit
        return " ".join(f"{mean:+.{self.digits}f} {bounds} {unit}".split()).replace("-", "−")

    def transformed(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the scale on which effects add up: the logit, or minus the logarithm of the error.

        Parameters
        ----------
        rows : columns score, loss and sequences, of one split.
        """
        if self is ACCURACY:
            right = rows["score"].to_numpy(float) * rows["sequences"].to_numpy(float)
            wrong = rows["sequences"].to_numpy(float) - right
            return np.log((right + 0.5) / (wrong + 0.5))
        with np.errstate(divide="ignore"):
            return -np.log(rows["loss"].to_numpy(float))


ACCURACY = Outcome(
    "accuracy", "test accuracy", "percentage points", 100.0, (-100.0, 100.0), (0.0, 1.0), "chance", 1
)
R2 = Outcome("r2", "R² on the test split", "R²", 1.0, None, None, "the mean's answer", 3)
RETURN = Outcome("return", "mean return", "return", 1.0, None, None, "", 0)
LOWEST_R2 = -0.5
OUTCOMES = {one.name: one for one in (ACCURACY, R2, RETURN)}
# Of several experiments that are judged differently: both, as shares.
BOTH = Outcome("score", "test accuracy or R²", "share", 1.0, None, None, "chance", 3)
ALL = (ACCURACY, R2, BOTH)  # that an experiment's runs may have


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs table with `score` and `judged_by`, the outcome's name, by experiment.

    A row without a score has NaN: of a regression whose mean's error is not known.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    if "score" in runs:
        return runs
    classes = runs.groupby("experiment")["accuracy"].transform("count") > 0
    error = runs["mean_loss"] if "mean_loss" in runs else np.nan
    score = runs["accuracy"].where(classes, 1 - runs["loss"] / error)
    return runs.assign(
        score=score.astype(float), judged_by=np.where(classes, ACCURACY.name, R2.name)
    )


def of(rows: pd.DataFrame) -> Outcome:
    """Return what rows are judged by; without a word of it, the accuracy.

    Parameters
    ----------
    rows : with the column `judged_by`, or a runs table.
    """
    if "judged_by" not in rows and {"experiment", "accuracy"} <= set(rows):
        rows = scored(rows)
    names = set(rows["judged_by"]) if "judged_by" in rows else {ACCURACY.name}
    return OUTCOMES[names.pop()] if len(names) == 1 else BOTH


def named(column: str, outcome: Outcome) -> str:
    """Return the name of a column of outcomes as tables write it: of R² test_r2, area_r2 …"""
    if outcome is ACCURACY:
        return column
    if column == "area":
        return f"area_{outcome.name}"  # its unit is another
    return column.replace("accuracy", outcome.name).replace("logit", "log_error")
