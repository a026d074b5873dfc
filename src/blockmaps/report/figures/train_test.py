"""Train and test accuracy against epochs: what an arm fits, and what of it holds on new images."""

import numpy as np
import pandas as pd

from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.summary import PANEL, final_outcomes, without_repeats
from blockmaps.analysis.train_test import GAP, HALF, TRAIN, train_test
from blockmaps.report.figures import facets, style, wording
from blockmaps.report.figures.curves import few_enough, learning_curves, pairs_of
from blockmaps.results import outcome

SPLITS = {"test": "test", "train": "train, while the epoch goes on"}
SAID = {TRAIN: "train", "accuracy": "test", GAP: "gap", "area": "area under the test curve"}
SAID |= {HALF: "steps to half way"}


def differences(table: pd.DataFrame, rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the last of claim A1's differences in a panel, by measure; clean protocol.

    Parameters
    ----------
    table : of `train_test`.
    rows : the panel's outcomes.
    """
    pairs = pairs_of(rows)
    if not pairs:
        return {}
    own = table[(table[PANEL] == rows[PANEL].iloc[0]).all(axis=1)]
    own = own[(own["of"] == " - ".join(pairs[-1])) & own["protocol"].isin(["clean", ""])]
    measures = own["measure"].where(own["measure"].isin(SAID), "accuracy")
    return {measure: row for measure, (_, row) in zip(measures, own.iterrows(), strict=True)}


def finding(found: dict[str, pd.Series], digits: int) -> tuple[str, str]:
    """Say by how much two arms are apart at the end, measure by measure."""
    said = []
    for measure, name in SAID.items():
        if measure in found and np.isfinite(found[measure]["low"]):
            value, low, high = found[measure][["estimate", "low", "high"]].astype(float)
            places = 0 if measure == HALF else digits
            said.append(f"{name} {wording.estimate(value, low, high, places)}")
    return "the difference in", ", ".join(said)


def title(panels: list[tuple[str, pd.DataFrame]], table: pd.DataFrame) -> str:
    """Say how two arms end on train and on test, in most panels."""
    told = {}
    for measure in (TRAIN, "accuracy"):
        found = [differences(table, rows).get(measure) for _, rows in panels]
        bounds = [
            None if one is None or not np.isfinite(one["low"]) else (one["low"], one["high"])
            for one in found
        ]
        if not any(bounds):
            return "Accuracy on training and on test sequences, by arm"
        pair = next(pairs_of(rows)[-1] for _, rows in panels if pairs_of(rows))
        told[measure] = wording.compared(pair[0], bounds, pair[1])
    test = told["accuracy"].partition(" ends ")[2].replace(f" {pair[1]}", "")
    whole = f"{told[TRAIN]} on train, {test.removesuffix(' from')} on test"
    return wording.first_upper(whole if style.fits(whole) else f"{told[TRAIN]} on train")


@style.themed
def draw(runs: pd.DataFrame) -> style.Sheet:
    """Draw test and train accuracy against epochs, two panels an experiment and budget.

    Parameters
    ----------
    runs : the runs table (columns in `blockmaps.results.runs`).
    """
    runs = without_repeats(runs)
    outcomes = final_outcomes(runs)
    judged = outcome.of(outcomes)
    outcomes, left_out = few_enough(outcomes)
    found = list(wording.panels(outcomes))
    if compared := [(name, rows) for name, rows in found if pairs_of(rows)]:
        found = compared  # where arms of claim A1 are side by side; others have nothing beside them
        outcomes = pd.concat([rows for _, rows in found])
    if not outcomes["test_accuracy"].notna().any():
        return style.nothing(wording.NOTHING)
    table, marks = train_test(run_outcomes(runs)), style.marks(outcomes["arm"])
    drawn = pd.concat(
        learning_curves(runs, rows, split, "epoch").assign(panel=f"{name}, {split}")
        for name, rows in found
        for split in SPLITS
    )
    each = [(name, rows, split) for name, rows in found for split in SPLITS]
    sheet, panels = facets.draw(
        (
            title(found, table),
            f"{judged.said_first} beside that on the training sequences, the mean of each arm",
            wording.facts(
                outcomes,
                "Bands: 95 %, t over seed indices, over patterns for samples of these. Train: the "
                "mean over an epoch, while weights move." + left_out,
            ),
        ),
        [wording.Panel(f"{name}, {split}", name, SPLITS[split]) for name, _, split in each],
        [(drawn.rename(columns={"epoch": "x", "mean": "y"}), ["band", "line"])],
        marks,
        facets.Arrangement(
            columns=2 if len(found) == 1 else 4, height=2.5 if len(found) == 1 else 1.9
        ),
        ("epochs", judged.said.removeprefix("test ")),
        {
            f"{name}, {' − '.join(pairs_of(rows)[-1])}": finding(
                differences(table, rows), judged.digits
            )
            for name, rows in found
            if pairs_of(rows)
        },
    )
    low, high = style.shown(pd.concat([drawn["mean"], drawn["low"], drawn["high"]]), outcomes)
    for (_, rows, _), (_, axes) in zip(each, panels, strict=True):
        axes.set_ylim(low, high)
        axes.set_xlim(*style.padded(pd.Series([0, rows["epochs"].max()]), 0.02))
        style.chance_line(axes, rows, low)
        if judged.scale == 100:
            style.percent_axis(axes)
        style.written(axes.xaxis, lambda epoch: f"{epoch:g}", 5)
    return sheet
