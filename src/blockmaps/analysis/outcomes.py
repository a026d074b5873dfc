"""Outcomes of every run under both protocols, beside what was known of it before training.

Two protocols: *clean*, test sequences of images that were not trained on (split `test`), and
*leaking*, the paper's (split `test_leaking`). Three outcomes of each, fixed beforehand:

    accuracy        after the last epoch; of a squared error R² (`results.outcome`)
    area            under the curve of it over epochs, divided by the epochs
    steps_to_half   optimiser steps until the curve is half way from chance to all, 100 % or 1

It is known at epoch ends only, so the curve is straight between them. A run that does not get
there is censored at the recipe's last step, which is then its value; the mean over runs is so a
restricted mean.
"""

import numpy as np
import pandas as pd

from blockmaps.analysis import divergence
from blockmaps.analysis.summary import final_outcomes
from blockmaps.results import outcome

PROTOCOLS = {"clean": "test", "leaking": "test_leaking"}
OUTCOMES = ("accuracy", "area", "steps_to_half")

# What is known before training, and not from the design alone.
BEFORE_TRAINING = ("initialisation", "spectral_radius", "state_scale", "learning_rate")


def half_way(chance: float) -> float:
    """Return the score half way from chance to all, which is 1."""
    return (1 + chance) / 2


def first_crossing(steps: np.ndarray, accuracy: np.ndarray, threshold: float) -> tuple[float, bool]:
    """Return the step at which a curve first reaches a threshold, and whether it does.

    Parameters
    ----------
    steps, accuracy : (points,) steps ascending; straight lines between points.

    Returns
    -------
    The last step, and False, of a curve that stays below: it is censored there.
    """
    at = np.flatnonzero(accuracy >= threshold)
    if not len(at):
        return float(steps[-1]), False
    (i,) = at[:1]
    if i == 0:
        return float(steps[0]), True
    share = (threshold - accuracy[i - 1]) / (accuracy[i] - accuracy[i - 1])
    return float(steps[i - 1] + share * (steps[i] - steps[i - 1])), True


def _curve_outcomes(runs: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return area, steps_to_half and reached by (experiment, key), of a split's curves."""
    rows = []
    tested = runs[(runs["split"] == split) & runs["score"].notna()]
    for name, curve in tested.groupby(["experiment", "key"]):
        ordered = curve.sort_values("epoch")
        epochs, steps, accuracy = (
            ordered[column].to_numpy(float) for column in ("epoch", "step", "score")
        )
        if len(epochs) < 2:
            continue
        threshold = half_way(outcome.of(ordered).chance(ordered["outputs"].iloc[0]))
        step, reached = first_crossing(steps, accuracy, threshold)
        area = np.trapezoid(accuracy, epochs) / np.ptp(epochs)
        rows.append((*name, area, step, reached))
    columns = ["experiment", "key", "area", "steps_to_half", "reached"]
    return pd.DataFrame(rows, columns=columns).set_index(["experiment", "key"])


def run_outcomes(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row a run: `summary.final_outcomes`, and what else is analysed.

    - `initialisation`, `spectral_radius`, `state_scale`, `learning_rate`
    - `density`: unknowns / places of the rows of h and y; `share_yx`: n_yx / unknowns
    - for each protocol P: `accuracy_P`, the score, accuracy or R² as `judged_by` says (see
      `results.outcome`), `area_P`, `steps_to_half_P`, `reached_P`, `loss_P`, and `logit_P`, the
      empirical logit of the accuracy, or minus the logarithm of a squared error. NaN where the
      table has no such split.
    - `logit_train`: the same of the training sequences
    """
    runs = outcome.scored(runs)
    outcomes = final_outcomes(runs)
    runs = divergence.valued(runs)
    run = pd.MultiIndex.from_frame(outcomes[["experiment", "key"]])
    first = runs.drop_duplicates(["experiment", "key"]).set_index(["experiment", "key"])
    for name in BEFORE_TRAINING:
        outcomes[name] = first[name].reindex(run).to_numpy()
    rows = outcomes["hidden"] + outcomes["outputs"]
    outcomes["density"] = outcomes["unknowns"] / (rows * (rows + outcomes["inputs"]))
    outcomes["share_yx"] = outcomes["unknowns_yx"] / outcomes["unknowns"]
    last = runs["epoch"] == runs.groupby(["experiment", "key"])["epoch"].transform("max")
    for protocol, split in (*PROTOCOLS.items(), ("train", "train")):
        final = runs[last & (runs["split"] == split)].set_index(["experiment", "key"])
        known = final[["score", "loss", "sequences"]].reindex(run)
        outcomes[f"accuracy_{protocol}"] = known["score"].to_numpy(float)
        outcomes[f"loss_{protocol}"] = known["loss"].to_numpy(float)
        logits = np.full(len(known), np.nan)
        for name, own in known.groupby(outcomes["judged_by"].to_numpy()):
            places = np.flatnonzero(outcomes["judged_by"] == name)
            logits[places] = outcome.OUTCOMES[name].transformed(own)
        outcomes[f"logit_{protocol}"] = logits
        if protocol not in PROTOCOLS:
            continue
        curves = _curve_outcomes(runs, split).reindex(run)
        for name in ("area", "steps_to_half"):
            outcomes[f"{name}_{protocol}"] = curves[name].to_numpy(float)
        outcomes[f"reached_{protocol}"] = curves["reached"].to_numpy()
    return outcomes
