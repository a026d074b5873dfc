"""Accuracy by pair of transforms, a heat map an arm."""

import pandas as pd
import seaborn

from blockmaps.report.figures import facets, style, wording

ARMS = ("uniform", "balanced", "dense")
NOTHING = "The table holds no pairs of transforms"


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return what is drawn, of split test: the first experiment with the most of `ARMS` and pairs.

    Of several budgets the largest at which it has those arms.
    """
    rows = table[(table["split"] == "test") & table["anomaly"].notna()]
    rows = rows[rows["anomaly"] != ""]
    if rows.empty:
        return rows
    # an experiment and budget with none of the arms shows its own first arm
    panels = rows.groupby(["experiment", "budget"])["arm"].agg(
        lambda arms: len(set(arms) & set(ARMS))
    )
    best = panels[panels == panels.max()].reset_index()
    experiment = best["experiment"].iloc[0]
    budget = best.loc[best["experiment"] == experiment, "budget"].max()
    rows = rows[(rows["experiment"] == experiment) & (rows["budget"] == budget)]
    main = rows[rows["arm"].isin(ARMS)]
    return main if len(main) else rows[rows["arm"] == rows["arm"].iloc[0]]


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
    return f"Hardest to tell apart is {d} among {c}, easiest {b} among {a}"


@style.themed
def draw(table: pd.DataFrame) -> style.Sheet:
    """Draw a heat map an arm.

    Parameters
    ----------
    table : columns in `blockmaps.analysis.pairs`.
    """
    rows = shown(table)
    if rows.empty:
        return style.nothing(NOTHING)
    arms = list(dict.fromkeys(arm for arm in (*ARMS, *rows["arm"]) if arm in set(rows["arm"])))
    counts, (low, high) = rows.groupby("arm")["runs"].max(), rows["sequences"].agg(["min", "max"])
    runs, whole = ", ".join(f"{arm} {counts[arm]}" for arm in arms), overall(rows)
    names = list(dict.fromkeys([*rows["others"], *rows["anomaly"]]))
    room = max(style.text_width(name, 8) for name in names) + 0.2
    grid = facets.Arrangement(3, 0.0, left=room, below=room)
    grid = grid._replace(height=min(grid.width(len(arms[:3])), 2.4))
    ends = rows[rows["arm"] == whole.idxmax()]["mean"].agg(["min", "max"])
    sheet, panels = facets.draw(
        (
            finding(rows),
            "Accuracy in percent, by the transform of the one image that differs (columns) and of "
            "the others (rows)",
            f"Experiment {rows['experiment'].iloc[0]}, data set {rows['dataset'].iloc[0]}, "
            f"{rows['budget'].iloc[0]:,} unknowns, test sequences of images not trained on, "
            f"{low} to {high} a pair; {whole.idxmax()} from {100 * ends['min']:.0f} % to "
            f"{100 * ends['max']:.0f} %. Runs: {runs}; intervals are in pairs.csv.",
        ),
        [wording.Panel(arm, arm, f"all pairs: {100 * whole[arm]:.1f} %") for arm in arms[:3]],
        [],
        {},
        grid,
        ("", ""),
        {arm: ("accuracy over all pairs", f"{100 * value:.1f} %") for arm, value in whole.items()},
    )
    look = {"cmap": "cividis", "vmin": 0, "vmax": 100, "cbar": False, "fmt": ".0f", "annot": True}
    for place, (panel, axes) in enumerate(panels):
        own = rows[rows["arm"] == panel.name].pivot(
            index="others", columns="anomaly", values="mean"
        )
        own = 100 * own.reindex(index=names, columns=names)
        labels = names if place == 0 else False
        look |= {"xticklabels": names, "yticklabels": labels, "annot_kws": {"size": 7.5}}
        seaborn.heatmap(own, ax=axes, **look)
        facets.legible(axes)
        axes.set(xlabel="", ylabel="")
        axes.tick_params(length=0, labelsize=8)
        axes.grid(False)
    return sheet
