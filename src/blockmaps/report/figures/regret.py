"""Regret against N: the best of N random patterns less the recommended one, size by size."""

import pandas as pd

from blockmaps.core.fixed import SEARCHED
from blockmaps.report.figures import facets, style, wording

BEST = f"recommended - expected best of {SEARCHED} random"
LESS = f"best of {SEARCHED} less the recommended one"
NOTHING = "The table holds no recommended pattern beside random ones"
MARKS = {
    "best of N": style.Mark("#0072B2", "", "-"),
    "as a search reports it": style.Mark("#D55E00", "", (0, (5, 1.5))),
    "what its choice is worth": style.Mark("#00664B", "", (0, (1.2, 1.2))),
}


def finding(table: pd.DataFrame) -> str:
    """Say how the recommended pattern stands against ten random ones, size by size."""
    at = table[table["N"] == SEARCHED]
    if at.empty:
        return NOTHING
    worse, better = (at["low"] > 0).sum(), (at["high"] < 0).sum()
    if not worse and not better:
        return f"Recommended is not clearly apart from the best of {SEARCHED} random patterns"
    return (
        f"Recommended beats the best of {SEARCHED} random patterns at {better} of "
        f"{wording.counted(len(at), 'size')}, loses at {worse}"
    )


def average(apriori: pd.DataFrame) -> str:
    """Say the mean of the difference over sizes."""
    rows = apriori[(apriori["statistic"] == BEST) & (apriori["level"] == "all sizes")]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    said = wording.estimate(row[["estimate", "low", "high"]], 1)
    sizes = wording.counted(int(row["n"]), "size")
    return f"Recommended less the best of {SEARCHED}, over {sizes}: {said} points. "


def lines(table: pd.DataFrame) -> pd.DataFrame:
    """Return the three lines of `MARKS`, the first with its band."""
    values = table["regret"], *(table[of] - table["recommended"] for of in ("reported", "chosen"))
    drawn = pd.concat(table.assign(arm=arm, y=y) for arm, y in zip(MARKS, values, strict=True))
    bounds = drawn[["low", "high"]].where(drawn["arm"] == next(iter(MARKS)))
    # of one seed there is no choice to report
    return drawn.assign(low=bounds["low"], high=bounds["high"]).dropna(subset="y")


@style.themed
def draw(table: pd.DataFrame, apriori: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw regret against N, from `analysis/regret.csv` and `analysis/apriori.csv`."""
    if table.empty:
        return style.nothing(NOTHING)
    table = table.sort_values(["inputs", "outputs", "budget", "experiment"], kind="stable")
    table["panel"] = [
        f"|x| = {x} and |y| = {y}, {budget:,} unknowns"
        for x, y, budget in table[["inputs", "outputs", "budget"]].itertuples(index=False)
    ]
    first, at = table.iloc[0], table[table["N"] == SEARCHED].drop_duplicates("panel")
    best = table.drop_duplicates("panel").set_index("panel")["recommended"]
    low, high = table[["regret", "low", "high"]].stack().agg(["min", "max"])
    # a size at which most random patterns fail would press the others into a strip
    floor = max(low, -4 * max(high, 1.0))
    room = 0.06 * (high - floor)
    papers = (table["inputs"] == wording.PAPER_INPUTS).any()
    scale = "" if papers else "Not the paper's scale. "
    return facets.draw(
        finding(table),
        caption,
        f"{average(apriori)}{first['patterns']} random patterns a size (normal_size of "
        "2509.15057, learning rate and spreads left at the recipe's), "
        f"{wording.counted(first['seeds'], 'seed')} each; recommended: "
        f"{wording.counted(first['n'], 'seed')}. {wording.data(table)} {scale}"
        "Band: 95 %, jackknife over patterns and t over seeds, up to two fifths of the patterns.",
        [
            (row["panel"], LESS, wording.estimate(row[["regret", "low", "high"]], 1))
            for _, row in at.iterrows()
        ],
        {name: f"recommended: {value:.1f} %" for name, value in best.items()},
        [facets.PanelLayer("band line", lines(table), "N", "y")],
        MARKS,
        facets.PanelAxis(
            "N, random patterns tried",
            (0.93, table["N"].max() * 1.08),
            {N: f"{N}" for N in (1, 2, 5, 10, 20, 50)},
            log=True,
        ),
        facets.PanelAxis("percentage points", (floor - room, high + room), line=0),
        grid=facets.PanelGrid(columns=3, height=1.9),
    )
