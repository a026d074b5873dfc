"""What a final accuracy hides: train and test accuracy, their gap, area and speed, by arm.

A description beside the verdicts, and no test: some of it was known when the later versions of the
claims' tests were written (`disclosed` in config/claims.yaml). Train accuracy is the running mean
of the last epoch, while weights move; the gap is that less test accuracy. The other measures are
under both protocols (see `outcomes`). A run that never gets half way counts with the last step, so
that the mean of steps is a restricted one.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from blockmaps.analysis.columns import TRAIN_TEST
from blockmaps.analysis.outcomes import PROTOCOLS
from blockmaps.analysis.statistics import Interval, arm_interval, difference
from blockmaps.analysis.summary import PANEL, with_families
from blockmaps.plan.needs import DIFFERENCES, FAMILIES
from blockmaps.results import outcome
from blockmaps.results.outcome import Outcome

TRAIN, GAP, HALF = "train", "gap", "steps_to_half"
MEASURES = ("accuracy", TRAIN, GAP, "area", HALF)
# What is read of a run beside its value: dozens of columns would be copied with every part.
NEEDED = ["arm", "pattern", "seed_index", "density_yh", "steps"]
NEEDED += [f"reached_{protocol}" for protocol in PROTOCOLS]


def measured(outcomes: pd.DataFrame) -> Iterator[tuple[str, str, Outcome, pd.DataFrame]]:
    """Yield measure, protocol, what it is judged by, and the runs of one panel with `value`.

    Values are in the measure's unit: percentage points, R², steps. Runs without one are left out.
    """
    judged = outcome.of(outcomes)
    for measure in MEASURES:
        for protocol in ("",) if measure == TRAIN else PROTOCOLS:
            if measure == TRAIN:
                values = judged.scale * outcomes["accuracy_train"]
            elif measure == GAP:
                test = outcomes[f"accuracy_{protocol}"]
                values = judged.scale * (outcomes["accuracy_train"] - test)
            else:
                scale = 1.0 if measure == HALF else judged.scale
                values = scale * outcomes[f"{measure}_{protocol}"]
            runs = outcomes[NEEDED].assign(value=values.to_numpy(float))
            if np.isfinite(runs["value"]).any():
                yield measure, protocol, judged, runs


def train_test(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return every measure of every arm, and of the differences of claim A1.

    Parameters
    ----------
    outcomes : of `outcomes.run_outcomes`.

    Returns
    -------
    Columns as in `TRAIN_TEST`. Intervals are as elsewhere: `arm_interval`, `difference`.
    """
    rows = []
    for labels, panel in outcomes.groupby(PANEL):
        named = dict(zip(PANEL, labels, strict=True))
        for measure, protocol, judged, runs in measured(panel):
            written = outcome.named("accuracy", judged) if measure == "accuracy" else measure
            unit = "steps" if measure == HALF else judged.unit
            of = named | {"measure": written, "protocol": protocol, "unit": unit}
            arms, ends = with_families(runs), _ends(measure, judged, runs["steps"].max())
            for arm, own in sorted(arms.items()):
                found = arm_interval(own, ends=ends)
                rows.append(of | {"of": arm} | _numbers(found, own, protocol))
            for first, second in (*DIFFERENCES, *FAMILIES):
                if first in arms and second in arms:
                    apart = ends and (ends[0] - ends[1], ends[1] - ends[0])
                    found = difference(arms[first], arms[second], ends=apart)
                    both = pd.concat([arms[first], arms[second]])
                    name = f"{first} - {second}"
                    rows.append(of | {"of": name} | _numbers(found, both, protocol))
    return pd.DataFrame(rows, columns=list(TRAIN_TEST))


def _ends(measure: str, judged: Outcome, last: int) -> tuple[float, float] | None:
    """Return the smallest and largest value of a measure, in its unit; None where there is none.

    Parameters
    ----------
    last : the last step, with which a run counts that never gets half way.
    """
    if measure == HALF:
        return 0.0, float(last)
    if judged.range is None:
        return None
    low, high = (judged.scale * one for one in judged.range)
    return (low - high, high - low) if measure == GAP else (low, high)


def _numbers(found: Interval, runs: pd.DataFrame, protocol: str) -> dict[str, object]:
    valued = runs[np.isfinite(runs["value"])]
    reached = int(valued[f"reached_{protocol}"].astype(bool).sum()) if protocol else len(valued)
    return {
        "estimate": found.mean,
        "low": found.low,
        "high": found.high,
        "reached": reached,
        "seeds": found.seeds,
        "n": len(valued),
        "method": found.method,
    }
