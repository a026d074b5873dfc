"""What an experiment says of its own task: the best arm, the rule, the plateau, the metric.

An answer is descriptive, and for every task; the papers' claims and their tests are in `claims`.
Intervals are 95 %. That of the best arm's lead is over the arms that were tried, so that it is
corrected for their number, after Bonferroni.
"""

from typing import Any

import numpy as np
import pandas as pd

from blockmaps.analysis import statistics
from blockmaps.analysis.smoothing import BANDWIDTH, RESAMPLES, fit_local_mean
from blockmaps.analysis.statistics import Interval
from blockmaps.analysis.summary import PANEL, final_outcomes
from blockmaps.core.fixed import BOOTSTRAP_FROM, LEVEL
from blockmaps.plan.needs import SAMPLED_ARMS
from blockmaps.results import outcome
from blockmaps.results.outcome import Outcome

# What the rule's arms are set against.
RIVALS = ("dense", "uniform")
RULED = ("recommended", "balanced")
# The plateau is where the fitted curve is less than this share of the way from chance to the best
# below its highest place.
DROP = 0.05


def answers(runs: pd.DataFrame, explained: pd.DataFrame | None = None) -> list[dict[str, Any]]:
    """Return the answers of every experiment and budget of the main study.

    Parameters
    ----------
    runs : the main study's, of the runs table.
    explained : the table of that name, if there is one.

    Returns
    -------
    Of each: `experiment`, `dataset`, `budget`, `outcome`, `unit`, `chance`, and `arms`, `best`,
    `differences`, `plateau` and `explained` with their numbers, and `sentences`.
    """
    found = []
    for labels, panel in final_outcomes(runs).groupby(PANEL):
        valued = panel[panel["test_accuracy"].notna()].assign(
            value=lambda rows: rows["test_accuracy"]
        )
        if valued.empty:
            continue
        named = dict(zip(PANEL, labels, strict=True))
        judged = outcome.of(valued)
        arms = _arms(valued, judged)
        parts = {
            "arms": arms,
            "differences": _differences(valued, judged),
            "plateau": _plateau(valued, judged),
            "explained": _explained(explained, named),
            "best": _best(valued, judged, arms),
        }
        found.append(
            {
                **named,
                "budget": int(named["budget"]),
                "outcome": judged.name,
                "unit": judged.unit,
                "chance": judged.chance(int(valued["outputs"].iloc[0])),
                **parts,
                "sentences": sentences(parts, judged),
            }
        )
    return found


def _bounds(found: Interval) -> dict[str, float | None]:
    values = {"low": found.low, "high": found.high}
    return {name: float(value) if np.isfinite(value) else None for name, value in values.items()}


def _arms(valued: pd.DataFrame, judged: Outcome) -> list[dict[str, Any]]:
    """Return every arm's mean with its interval, the best first; in the outcome's own numbers."""
    rows = []
    for arm, own in valued.groupby("arm"):
        found = _of_arm(own, judged)
        rows.append({"arm": arm, "mean": found.mean, **_bounds(found), "runs": len(own)})
    return sorted(rows, key=lambda row: -row["mean"])


def _of_arm(rows: pd.DataFrame, judged: Outcome) -> Interval:
    """Return an arm's mean with its interval."""
    return statistics.arm_interval(rows, ends=judged.range)


def _difference(
    first: pd.DataFrame, second: pd.DataFrame, judged: Outcome, level: float = LEVEL
) -> Interval:
    """Return the difference of two arms in the outcome's unit with its interval, Welch's t."""
    one, other = (side.assign(value=judged.scale * side["value"]) for side in (first, second))
    return statistics.difference(one, other, level=level, ends=judged.ends)


def _best(
    valued: pd.DataFrame, judged: Outcome, arms: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the best arm that was fixed beforehand, and its lead over each of the others."""
    fixed = [row["arm"] for row in arms if row["arm"] not in SAMPLED_ARMS]
    if len(fixed) < 2:
        return None
    by_arm = dict(tuple(valued.groupby("arm")))
    level = 1 - (1 - LEVEL) / (len(fixed) - 1)
    leads = []
    for other in fixed[1:]:
        found = _difference(by_arm[fixed[0]], by_arm[other], judged, level)
        leads.append({"over": other, "mean": found.mean, **_bounds(found)})
    clear = all(lead["low"] is not None and lead["low"] > 0 for lead in leads)
    return {"arm": fixed[0], "clear": clear, "leads": leads}


def _differences(valued: pd.DataFrame, judged: Outcome) -> list[dict[str, Any]]:
    """Return the rule's arms less dense and uniform."""
    by_arm = dict(tuple(valued.groupby("arm")))
    rows = []
    for first in RULED:
        for second in RIVALS:
            if first in by_arm and second in by_arm:
                found = _difference(by_arm[first], by_arm[second], judged)
                rows.append({"first": first, "second": second, "mean": found.mean} | _bounds(found))
    return rows


def _plateau(valued: pd.DataFrame, judged: Outcome) -> dict[str, Any] | None:
    """Return where along the hidden proportion the curve is within `DROP` of its highest place.

    The curve is the local mean over the even design's patterns, in which unknowns and |h| are
    fixed. Its ends' intervals are percentiles of a bootstrap over patterns, None with fewer than
    `BOOTSTRAP_FROM`.
    """
    even = valued[(valued["design"] == "even") & valued["hidden_proportion"].notna()]
    try:
        fit = fit_local_mean(even, "hidden_proportion")
    except ValueError:
        return None
    chance = judged.chance(int(even["outputs"].iloc[0]))
    begin, end = plateau_ends(fit.x, fit.mean, chance)
    means = even.groupby("pattern")[["hidden_proportion", "value"]].mean()
    drawn: list[tuple[float, float]] = []
    if len(means) >= BOOTSTRAP_FROM:
        at, value = means.to_numpy(float).T
        kernel = np.exp(-0.5 * ((fit.x[:, None] - at) / BANDWIDTH) ** 2)
        rng = np.random.default_rng(0)
        times = rng.multinomial(len(at), np.full(len(at), 1 / len(at)), size=RESAMPLES)
        curves = (times * value) @ kernel.T / np.maximum(times @ kernel.T, 1e-300)
        drawn = [plateau_ends(fit.x, curve, chance) for curve in curves]
    intervals = np.percentile(drawn, [2.5, 97.5], axis=0).T.tolist() if drawn else [None, None]
    return {
        "from": begin,
        "to": end,
        "from_interval": intervals[0],
        "to_interval": intervals[1],
        "first": float(fit.x[0]),
        "last": float(fit.x[-1]),
        "highest_at": float(fit.optimum.mean),
        "highest": float(fit.mean.max()),
        "lowest": float(fit.mean.min()),
        "lowest_at": float(fit.x[fit.mean.argmin()]),
        "drop": DROP,
        "patterns": len(means),
    }


def plateau_ends(x: np.ndarray, curve: np.ndarray, chance: float) -> tuple[float, float]:
    """Return the ends of the stretch about the highest place that is within `DROP` of it."""
    best = curve.argmax()
    near = curve >= curve[best] - DROP * max(curve[best] - chance, 0.0)
    apart = np.flatnonzero(~near)
    left, right = apart[apart < best], apart[apart > best]
    begin = left[-1] + 1 if len(left) else 0
    end = right[0] - 1 if len(right) else len(x) - 1
    return float(x[begin]), float(x[end])


def _explained(table: pd.DataFrame | None, named: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the hidden proportion predicts of patterns left out, and its best rival."""
    if table is None or table.empty:
        return None
    of = [outcome.named("logit_clean", one) for one in outcome.ALL]
    rows = table[(table["form"] == "spline") & table["outcome"].isin(of)]
    for name in PANEL:
        rows = rows[rows[name] == named[name]]
    rows = rows[rows["design"] == ("even" if (rows["design"] == "even").any() else "all")]
    own = rows[rows["explanation"] == "hidden_proportion"]
    if own.empty:
        return None
    others = rows[~rows["explanation"].str.startswith("hidden_proportion")]
    rival = others.loc[others["cv_r2"].idxmax()] if others["cv_r2"].notna().any() else None
    return {
        "design": own["design"].iloc[0],
        "patterns": int(own["patterns"].iloc[0]),
        **_share(own.iloc[0]),
        "rival": None if rival is None else {"name": rival["explanation"], **_share(rival)},
    }


def _share(row: pd.Series) -> dict[str, float | None]:
    names = {"r2": "cv_r2", "low": "cv_low", "high": "cv_high"}
    return {
        name: float(row[column]) if np.isfinite(row[column]) else None
        for name, column in names.items()
    }


RIVAL_NAMES = {
    "density": "the overall density",
    "hidden": "|h|",
    "share_yx": "the share of unknowns from x to y",
    "spectral_radius": "the spectral radius before training",
    "state_scale": "the state's scale before training",
}


def sentences(parts: dict[str, Any], judged: Outcome) -> list[str]:
    """Say the answers of one experiment and budget, a sentence each."""
    said = [_of_best(parts, judged), *_of_rule(parts["differences"], judged)]
    said += [_of_plateau(parts["plateau"], judged), _of_explained(parts["explained"])]
    return [sentence for sentence in said if sentence]


def _of_best(parts: dict[str, Any], judged: Outcome) -> str:
    arms, best = parts["arms"], parts["best"]
    top = next((row for row in arms if best and row["arm"] == best["arm"]), arms[0])
    said = f"Best of the arms: {top['arm']}, {judged.said} {judged.write(top['mean'])}"
    if top["low"] is not None:
        said += f" [{judged.write(top['low'])}, {judged.write(top['high'])}]"
    if not best:
        return f"{said}."
    lead = best["leads"][0]
    by = judged.write_difference(*(_number(lead[name]) for name in ("mean", "low", "high")))
    if best["clear"]:
        return f"{said}; clear of all others: {by} over {lead['over']}, the next."
    many = "corrected for the number of arms" if len(best["leads"]) > 1 else "the only other"
    return f"{said}; not clear of {lead['over']}: {by}, {many}."


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _of_rule(differences: list[dict[str, Any]], judged: Outcome) -> list[str]:
    said = []
    for first in RULED:
        own = [row for row in differences if row["first"] == first]
        parts = []
        for row in own:
            numbers = judged.write_difference(
                *(_number(row[name]) for name in ("mean", "low", "high"))
            )
            relation = "is not clearly apart from"
            if row["low"] is None:
                relation = "cannot be told from"
            elif row["low"] > 0:
                relation = "beats"
            elif row["high"] < 0:
                relation = "falls behind"
            parts.append(f"{relation} {row['second']} ({numbers})")
        if parts:
            said.append(f"{first.capitalize()} {' and '.join(parts)}.")
    return said


def _of_plateau(plateau: dict[str, Any] | None, judged: Outcome) -> str:
    if plateau is None:
        return ""
    ends = []
    for name, bound in (("from", "first"), ("to", "last")):
        text = f"{plateau[name]:.2f}"
        if abs(plateau[name] - plateau[bound]) < 1e-9:
            text += " (the end of what was tried)"
        elif interval := plateau[f"{name}_interval"]:
            text += f" [{interval[0]:.2f}, {interval[1]:.2f}]"
        ends.append(text)
    said = (
        f"Along the hidden proportion, with unknowns and |h| fixed, the plateau is from {ends[0]} "
        f"to {ends[1]}: there {judged.said} is within {plateau['drop']:.0%} of the way down from "
        f"its highest, {judged.write(plateau['highest'])} at {plateau['highest_at']:.2f}, to "
        f"{judged.chance_said}"
    )
    whole = plateau["from"] <= plateau["first"] and plateau["to"] >= plateau["last"]
    if whole:
        return f"{said}; no cliff was met."
    return f"{said}; lowest {judged.write(plateau['lowest'])} at {plateau['lowest_at']:.2f}."


def _of_explained(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""

    def bound(share: float) -> str:
        return f"{share:.0%}" if share >= 0 else "below 0"

    def share(row: dict[str, Any]) -> str:
        if row["r2"] is None:
            return "nothing that can be told"
        bounds = "" if row["low"] is None else f" [{bound(row['low'])}, {bound(row['high'])}]"
        return ("nothing" if row["r2"] < 0 else f"{row['r2']:.0%}") + bounds

    said = (
        f"Of how patterns differ, the hidden proportion predicts {share(found)} for patterns left "
        f"out ({found['patterns']} patterns, {found['design']} design"
    )
    worse = found["r2"] is not None and found["r2"] < 0  # a negative share is no share
    said += "; the mean of the others is the better guess)" if worse else ")"
    if rival := found["rival"]:
        name = RIVAL_NAMES.get(rival["name"], rival["name"])
        said += f"; the best of its rivals, {name}, {share(rival)}"
    return said.replace("-", "−") + "."
