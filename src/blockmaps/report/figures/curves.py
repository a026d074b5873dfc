"""Learning curves: accuracy on test and on training sequences against steps, a line an arm."""

import numpy as np
import pandas as pd

from blockmaps.analysis import divergence
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.statistics import arm_interval
from blockmaps.analysis.summary import PANEL, final_outcomes, without_repeats
from blockmaps.analysis.train_test import GAP, HALF, TRAIN, train_test
from blockmaps.plan.needs import DIFFERENCES
from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

SPLITS = ("test", "train")
TEST = "accuracy"
SAID = {TEST: "test", TRAIN: "train", GAP: "gap", "area": "area under the test curve"}
SAID |= {HALF: "steps to half way"}
BANDS = (
    "Bands: 95 %, t over seed indices, over patterns for samples of these (even, mixed …), on the "
    "logit beyond 0 and 100 %; none with one seed. In brackets: 95 % Welch's t interval. Train: "
    "the mean over an epoch, while weights move."
)
MOST_ARMS = 7  # more lines than these cannot be told apart
MOST_TOLD = 4  # of more panels test accuracy alone is said: the rest would be half a page
IN_TABLE = " The table train_test has train accuracy, gap, area and steps."


def learning_curves(runs: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the mean score of every arm after every epoch, with its 95 % interval.

    Parameters
    ----------
    runs : the runs table, of one split.
    outcomes : a panel's `final_outcomes`; its runs are used.

    Returns
    -------
    Columns step, arm, mean, low, high.
    """
    named = outcomes[["experiment", "key", "pattern"]]
    scored = outcome.scored(divergence.valued(runs).merge(named, on=["experiment", "key"]))
    scored, ends = scored.rename(columns={"score": "value"}), outcome.of(outcomes).range
    rows = [
        (*labels, *arm_interval(group, ends=ends)[:3])
        for labels, group in scored.groupby(["step", "arm"])
    ]
    return pd.DataFrame(rows, columns=["step", "arm", "mean", "low", "high"])


def pairs_of(arms: set[str]) -> list[tuple[str, str]]:
    """Return claim A1's two primary differences, as far as there are both arms; else any one."""
    pairs = [pair for pair in DIFFERENCES if set(pair) <= arms]
    return [pair for pair in pairs if pair[0] == pairs[0][0]]


def differences(runs: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the claim's differences at the end by panel, pair and measure; clean protocol.

    Columns as in `analysis.columns.TRAIN_TEST`, and panel.
    """
    table = train_test(run_outcomes(runs))
    table = table[table["protocol"].isin(["clean", ""])]
    table["measure"] = table["measure"].where(table["measure"].isin(SAID), TEST)
    names = outcomes[[*PANEL, "panel"]].drop_duplicates()
    found = names.merge(table, on=PANEL).set_index(["panel", "of"])
    arms = outcomes.groupby("panel")["arm"].agg(set)
    shown = [(name, " - ".join(pair)) for name, own in arms.items() for pair in pairs_of(own)]
    return found.loc[found.index.isin(shown)].reset_index()


def findings(table: pd.DataFrame, digits: int) -> wording.Findings:
    """Say how arms end against each other on test; of the last pair, and few panels, the rest too.

    Parameters
    ----------
    table : of `differences`.
    """
    known = table["measure"] == TEST
    if table["panel"].nunique() <= MOST_TOLD:
        known |= table["of"].isin(table["of"].tail(1))
    return [
        (
            row.panel,
            f"{row.of.replace(' - ', ' less ')}, {SAID[row.measure]}:",
            wording.estimate(
                row[["estimate", "low", "high"]], 0 if row.measure == HALF else digits
            ),
        )
        for _, row in table[known & np.isfinite(table["low"])].iterrows()
    ]


def title(table: pd.DataFrame) -> str:
    """Say how two arms end on train and on test, in most panels."""
    if table.empty:
        return "Accuracy while training, by arm"
    first, second = table["of"].iloc[-1].split(" - ")
    own = table[table["of"] == table["of"].iloc[-1]].set_index("measure")
    train, test = (
        wording.compared(f"{first} ends", second, own.loc[[one], ["low", "high"]].to_numpy())
        for one in (TRAIN, TEST)
    )
    end = test.partition(" ends ")[2].replace(f" {second}", "").removesuffix(" from")
    whole = f"{train} on train, {end} on test"
    return whole if " ends " in test and " ends " in train and style.fits(whole) else test


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
def draw(runs: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw accuracy by step from the runs table (columns in `blockmaps.results.runs`)."""
    runs = without_repeats(runs)
    every = final_outcomes(runs)
    judged = outcome.of(every)
    outcomes, left_out = few_enough(pd.concat(wording.panels(every).values()))
    found = dict(tuple(outcomes.groupby("panel", sort=False)))
    if not outcomes["test_accuracy"].notna().any():
        return style.nothing(wording.NOTHING)
    told = differences(runs, outcomes)
    compared = [name for name in found if name in set(told["panel"])]
    each = {wording.part(name, split): (name, split) for name in compared for split in SPLITS}
    each |= {wording.part(name, "test"): (name, "test") for name in found if name not in compared}
    curves = pd.concat(
        learning_curves(runs[runs["split"] == split], found[name]).assign(panel=panel)
        for panel, (name, split) in each.items()
    )
    few = len(each) <= 2
    return facets.draw(
        title(told),
        caption,
        wording.facts(outcomes, BANDS + left_out + IN_TABLE * (len(compared) > MOST_TOLD)),
        findings(told, judged.digits),
        {panel: wording.runs_and_patterns(found[name]) for panel, (name, _) in each.items()},
        [facets.PanelLayer("band line", curves, "step", "mean")],
        style.marks(outcomes["arm"]),
        facets.PanelAxis("optimiser steps", write="{:,.0f}".format, most=4),
        facets.score(outcomes, curves["mean"], curves["low"], curves["high"])._replace(
            label=judged.said.removeprefix("test ")
        ),
        grid=facets.PanelGrid(columns=2 if few else 4, height=2.5 if few else 1.9),
        chance=pd.concat(found[name].assign(panel=panel) for panel, (name, _) in each.items()),
    )
