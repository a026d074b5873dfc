"""Learning curves: test accuracy against optimiser steps, a line an arm."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from blockmaps.analysis import divergence
from blockmaps.analysis.statistics import arm_interval, difference
from blockmaps.analysis.summary import SHARE, final_outcomes, without_repeats
from blockmaps.plan.needs import DIFFERENCES, SAMPLED_ARMS
from blockmaps.report.figures import style, wording
from blockmaps.report.figures.multiples import Multiples
from blockmaps.results import outcome

COLUMNS = 3
PANEL_HEIGHT, TITLE, BELOW, BESIDE = 3.2, 0.48, 0.68, 0.68
MOST_ARMS = 7  # more lines than these cannot be told apart
LABEL_SIZE, LABEL_APART = 9, 0.16  # points, inches


def learning_curves(runs: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the mean test accuracy of every arm after every epoch, with its 95 % interval.

    Parameters
    ----------
    runs : the runs table.
    outcomes : a panel's `final_outcomes`; its runs are used.

    Returns
    -------
    Rows by arm and step: arm, step, mean, low, high.
    """
    named = outcomes[["experiment", "key", "pattern"]]
    tested = divergence.valued(runs[runs["split"] == "test"]).merge(named, on=["experiment", "key"])
    tested = outcome.scored(tested).rename(columns={"score": "value"})
    rows = []
    for step, values in tested.groupby("step"):
        for arm, group in values.groupby("arm"):
            interval = arm_interval(group, ends=SHARE)
            rows.append((arm, step, interval.mean, interval.low, interval.high))
    return pd.DataFrame(rows, columns=["arm", "step", "mean", "low", "high"])


def pairs_of(outcomes: pd.DataFrame) -> list[tuple[str, str]]:
    """Return claim A1's two primary differences, as far as there are both arms; else any one."""
    arms = set(outcomes["arm"])
    pairs = [pair for pair in DIFFERENCES if set(pair) <= arms]
    return [pair for pair in pairs if pair[0] == pairs[0][0]]


def finding(outcomes: pd.DataFrame, pair: tuple[str, str] | None) -> tuple[str, str]:
    """Say how a difference between two arms comes out at the end of training."""
    outcomes = outcomes.dropna(subset="test_accuracy")
    if outcomes.empty:
        return wording.NOTHING, ""
    arms = dict(tuple(outcomes.rename(columns={"test_accuracy": "value"}).groupby("arm")))
    if pair is None or not set(pair) <= set(arms):
        return f"learning curves of {wording.counted(len(arms), 'arm')}", ""
    first, second = pair
    found = difference(arms[first], arms[second])
    if np.isnan(found.low):
        return f"too few seeds to tell {first} from {second}", ""
    judged = outcome.of(outcomes)
    scale, digits = judged.scale, judged.digits
    interval = wording.interval(scale * found.low, scale * found.high, digits)
    numbers = f"{scale * found.mean:.{digits}f}{wording.NO_BREAK}{interval}".replace("-", "−")
    clear = found.low > 0 or found.high < 0
    relation = ("above" if found.low > 0 else "below") if clear else "not clearly apart from"
    return f"{first} ends {relation} {second}:", numbers


def findings(panels: list[tuple[str, pd.DataFrame]]) -> list[wording.Findings]:
    """Say how the arms end in every panel, one difference after the other."""
    pairs: list = pairs_of(pd.concat([panel for _, panel in panels])) or [None]
    return [{name: finding(panel, pair) for name, panel in panels} for pair in pairs]


def spread(wanted: np.ndarray, gap: float, highest: float = np.inf) -> np.ndarray:
    """Move places as little as needed for a gap between each and the next.

    Places that are too close form a group about the middle of what they wanted, and groups that
    then meet become one.

    Parameters
    ----------
    wanted : (n,), in any order.
    gap : the smallest distance, in the same unit.
    highest : no place is above it.
    """

    def places(group: list[float]) -> np.ndarray:
        half = gap * (len(group) - 1) / 2
        return min(float(np.mean(group)), highest - half) + np.linspace(-half, half, len(group))

    order = np.argsort(wanted, kind="stable")
    groups: list[list[float]] = []
    for value in wanted[order]:
        groups.append([value])
        while len(groups) > 1 and places(groups[-1])[0] - places(groups[-2])[-1] < gap - 1e-12:
            groups[-2:] = [groups[-2] + groups[-1]]
    moved = np.concatenate([places(group) for group in groups])
    placed = np.empty(len(wanted))
    placed[order] = moved
    return placed


def _name_ends(
    axes: Axes, curves: pd.DataFrame, marks: dict[str, style.Mark], apart: float
) -> None:
    """Write every arm's name at the end of its line, none over another.

    `apart` is the distance of the names from the axes, as a share of their width.
    """
    ends = curves.dropna(subset="mean").groupby("arm").last()
    if ends.empty:
        return
    low, high = axes.get_ylim()
    gap = LABEL_SIZE * 1.25 / 72 / PANEL_HEIGHT * (high - low)
    placed = spread(ends["mean"].to_numpy(), gap, high)
    for (arm, end), y in zip(ends.iterrows(), placed, strict=True):
        axes.annotate(
            arm,
            (end["step"], end["mean"]),
            xytext=(1 + apart, y),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            size=LABEL_SIZE,
            weight="bold",
            color=marks[arm].color,
            arrowprops={
                "arrowstyle": "-",
                "color": marks[arm].color,
                "linewidth": 0.7,
                "shrinkA": 1,
                "shrinkB": 4,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )


def _draw_curves(axes: Axes, curves: pd.DataFrame, marks: dict[str, style.Mark]) -> None:
    for arm, mark in marks.items():
        line = curves[curves["arm"] == arm]
        axes.fill_between(
            *(line[name] for name in ("step", "low", "high")),
            color=mark.color,
            alpha=0.16,
            linewidth=0,
            zorder=2,
        )
        axes.plot(
            line["step"],
            line["mean"],
            color=mark.color,
            marker=mark.marker,
            markersize=4.5,
            markevery=max(1, len(line) // 12),
            linestyle=mark.line,
            linewidth=1.8,
            zorder=3,
        )


def about_bands(curves: pd.DataFrame) -> str:
    """Say what the bands of curves are, as far as there are any."""
    banded = curves.dropna(subset=["low"])["arm"]
    sampled = " and ".join(sorted(set(SAMPLED_ARMS) & set(banded)))
    if banded.isin(SAMPLED_ARMS).all():
        alone = f": 95 %, over patterns, for {sampled} alone" if sampled else ": none"
        return f"Bands{alone}; one seed a pattern says nothing of the scatter between seeds."
    over = f"; over patterns for {sampled}" if sampled else ""
    return (
        f"Bands: 95 %, t with the variance between seeds pooled over the fixed patterns{over}. "
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
    panels = list(wording.panels(outcomes))
    marks = style.marks(outcomes["arm"])
    drawn = [learning_curves(runs, panel) for _, panel in panels]
    both = pd.concat(drawn)
    found = findings(panels)
    names = max(style.text_width(arm, LABEL_SIZE, "bold") for arm in marks) + LABEL_APART + 0.12
    room = {"beside": BESIDE, "below": BELOW, "between": names, "above": TITLE}
    layout = Multiples(len(panels), COLUMNS, PANEL_HEIGHT, right=names, under=-0.2, **room)
    sheet = style.sheet(
        ". ".join(dict.fromkeys(map(wording.sentence, found))),
        f"{judged.said_first} while training, the mean of each arm; differences at the end, in "
        f"{'points' if judged.scale == 100 else judged.unit}",
        wording.facts(outcomes, about_bands(both) + left_out),
        layout.body,
        {
            f"{what.rstrip(':')} ({name})": numbers
            for one in found
            for name, (what, numbers) in one.items()
            if numbers
        },
    )
    values = pd.concat([both["mean"], both["low"], both["high"]])
    low, high = style.shown(values, outcomes)
    apart = LABEL_APART / layout.width(sheet.right - sheet.left)
    for (name, panel), curves, (column, axes) in zip(
        panels, drawn, layout.axes(sheet), strict=True
    ):
        valued = panel[panel["test_accuracy"].notna()]
        patterns = wording.counted(valued["pattern"].nunique(), "pattern")
        style.panel_title(axes, name, f"n = {len(valued)}, {patterns}")
        axes.set_xlim(*style.padded(curves["step"], 0.02))
        axes.set_ylim(low, high)
        _draw_curves(axes, curves, marks)
        _name_ends(axes, curves, marks, apart)
        style.chance_line(axes, panel, low)
        style.outcome_axis(axes, judged)
        style.thousands_axis(axes)
        axes.set_xlabel("optimiser steps")
        if column:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
    return sheet
