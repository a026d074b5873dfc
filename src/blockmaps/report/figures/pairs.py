"""Accuracy by pair of transforms, a heat map an arm."""

from typing import Any

import pandas as pd

from blockmaps.report.figures import facets, style

ARMS = ("uniform", "balanced", "dense")
LOOK: dict[str, Any] = {"cmap": "cividis", "vmin": 0, "vmax": 100, "annot": True, "fmt": ".0f"}
LOOK |= {"annot_kws": {"size": 7.5}}
NOTHING = "The table holds no pairs of transforms"


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return what is drawn, of split test: the first experiment with the most of `ARMS` and pairs.

    Of several budgets the largest at which it has those arms. An experiment and budget with none of
    the arms shows its own first arm.
    """
    rows = table[(table["split"] == "test") & table["anomaly"].notna() & (table["anomaly"] != "")]
    if rows.empty:
        return rows
    panel = rows[["experiment", "budget"]]
    main = rows["arm"].where(rows["arm"].isin(ARMS)).groupby([*panel.T.to_numpy()]).nunique()
    best = main[main == main.max()].index.to_frame(index=False, name=["experiment", "budget"])
    experiment = best["experiment"].iloc[0]
    budget = best.loc[best["experiment"] == experiment, "budget"].max()
    rows = rows[(rows["experiment"] == experiment) & (rows["budget"] == budget)]
    own = rows[rows["arm"].isin(ARMS)]
    return own if len(own) else rows[rows["arm"] == rows["arm"].iloc[0]]


def overall(rows: pd.DataFrame) -> pd.Series:
    """Return every arm's accuracy over all pairs, a mean over sequences."""
    right = (rows["mean"] * rows["sequences"]).groupby(rows["arm"]).sum()
    return right / rows.groupby("arm")["sequences"].sum()


def finding(rows: pd.DataFrame) -> str:
    """Say which pair is easiest and which hardest for the best of the arms drawn."""
    if rows.empty:
        return NOTHING
    best = overall(rows).idxmax()
    means = rows[rows["arm"] == best].set_index(["others", "anomaly"])["mean"]
    (a, b), (c, d) = means.idxmax(), means.idxmin()
    hardest = f"Hardest to tell apart is {d} among {c}"
    whole = f"{hardest}, easiest {b} among {a}"
    return whole if style.fits(whole) else hardest


@style.themed
def draw(table: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw a heat map an arm (columns in `blockmaps.analysis.pairs`)."""
    rows = shown(table)
    if rows.empty:
        return style.nothing(NOTHING)
    arms = list(dict.fromkeys(arm for arm in (*ARMS, *rows["arm"]) if arm in set(rows["arm"])))
    counts, sequences, whole = rows.groupby("arm")["runs"].max(), rows["sequences"], overall(rows)
    first, best = rows.iloc[0], rows.loc[rows["arm"] == whole.idxmax(), "mean"]
    names = list(dict.fromkeys([*rows["others"], *rows["anomaly"]]))
    room = max(style.text_width(name, 8) for name in names) + 0.2
    grid = facets.PanelGrid(height=0.0, left=room, below=room)
    sheet = facets.draw(
        finding(rows),
        caption,
        f"Experiment {first['experiment']}, data set {first['dataset']}, {first['budget']:,} "
        f"unknowns, test sequences of images not trained on, {sequences.min()} to "
        f"{sequences.max()} a pair; {whole.idxmax()} from {100 * best.min():.0f} % to "
        f"{100 * best.max():.0f} %. Runs: {', '.join(f'{arm} {counts[arm]}' for arm in arms)}; "
        "intervals are in pairs.csv.",
        [(arm, "accuracy over all pairs", f"{100 * share:.1f} %") for arm, share in whole.items()],
        {arm: f"all pairs: {100 * whole[arm]:.1f} %" for arm in arms[:3]},
        grid=grid._replace(height=min(grid.width(len(arms[:3])), 2.4)),
    )
    for arm, axes in sheet.panels.items():
        own = rows[rows["arm"] == arm].pivot(index="others", columns="anomaly", values="mean")
        own = 100 * own.reindex(index=names, columns=names)
        facets.heat(axes, own, xticklabels=names, yticklabels=names, **LOOK)
    return sheet
