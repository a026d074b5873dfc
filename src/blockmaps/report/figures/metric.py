"""What predicts a pattern that was left out: the hidden proportion, its rivals, and of what.

Fixed before any run of the papers' `even` design at its own scale: four outcomes, R² of patterns
left out of a natural spline with 4 degrees of freedom on the hidden proportion, alone and given
each rival, patterns resampled and refitted. Beside it, of final accuracy: every other explanation.
"""

import pandas as pd

from blockmaps.report.figures import facets, style, wording
from blockmaps.results import outcome

FINAL, AREA, PROPORTION = "logit_clean", "area_clean", "hidden_proportion"
OUTCOMES = {
    FINAL: "final test accuracy",
    "logit_train": "final train accuracy",
    AREA: "area under the test curve",
    "steps_to_half_clean": "steps to half way",
}
DESIGNS = ("even", "factorial", "grid", "random", "all")  # in even unknowns and |h| are fixed
MOST_DESIGNS = 2  # of each panel, in that order; all only where there is no other
LOWEST = -0.6  # R² below it is drawn at the left edge, with an arrow
# The rows: an outcome and what it is explained by.
ROWS = {
    (FINAL, PROPORTION): "hidden proportion",
    ("logit_train", PROPORTION): "· of train accuracy",
    (AREA, PROPORTION): "· of the curve's area",
    ("steps_to_half_clean", PROPORTION): "· of steps to half way",
    (FINAL, "hidden_proportion_hh_hx"): "n_hh / (n_hx + n_hh)",
    (FINAL, "hidden_proportion_hh_all"): "n_hh / all",
    (FINAL, "density"): "overall density",
    (FINAL, "hidden"): "|h|",
    (FINAL, "share_yx"): "n_yx / N",
    (FINAL, "spectral_radius"): "spectral radius before",
    (FINAL, "state_scale"): "state's scale before",
}
SPLINE = "spline"
MARKS = {
    "linear": style.Mark("#868686", "o", ""),
    "quadratic": style.Mark("#D55E00", "^", ""),
    SPLINE: style.Mark("#00664B", "s", ""),
    "spline, given n_yh": style.Mark("#7A1F6B", "v", ""),
    "spline, given the spectral radius": style.Mark("#0072B2", "D", ""),
    "spline, given |h|": style.Mark("#000000", "P", ""),
}
LOW = {f"{arm}, below": mark._replace(marker="<") for arm, mark in MARKS.items()}
_GIVEN = {"n_yh": "n_yh", "radius": "the spectral radius", "|h|": "|h|"}
TOO_FEW = "Too few patterns to explain the outcome by"


def selected(explained: pd.DataFrame, partial: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return R² by panel: of every experiment and budget at most two designs.

    Bounds are a bootstrap's that fits again where there is one (splines of the even design), else
    a jackknife's.

    Returns
    -------
    Rows by panel, with columns row, arm (a form, or a spline beside what is given), value, low,
    high, patterns, n, and `judged`: whether what is given can be told from the proportion. What
    does not vary in a design has no row.
    """
    beside = partial[partial["given"].isin(_GIVEN) & (partial["inflation"] > 1)]
    beside = beside[(beside["explanation"] == PROPORTION) & (beside["form"] == SPLINE)].assign(
        arm="spline, given " + beside["given"].map(_GIVEN), judged=beside["separable"].astype(bool)
    )
    alone = explained.assign(arm=explained["form"], judged=True)
    beside = beside[beside["design"] == "even"].rename(columns={"cv_partial_r2": "cv_r2"})
    rows = pd.concat([alone, beside], ignore_index=True).rename(columns={"cv_r2": "value"})
    rows["outcome"] = rows["outcome"].replace(
        {outcome.named(FINAL, one): FINAL for one in outcome.ALL}
    )
    rows["row"] = list(map(ROWS.get, zip(rows["outcome"], rows["explanation"], strict=True)))
    for bound in ("low", "high"):
        rows[bound] = rows[f"cv_bootstrap_{bound}"].fillna(rows[f"cv_{bound}"])
    found = {}
    for name, panel in wording.panels(rows[rows["row"].notna()]).items():
        there = [one for one in DESIGNS if one in set(panel["design"])]
        for design in [one for one in there if one != "all"][:MOST_DESIGNS] or there:
            named = wording.part(name, design)
            found[named] = panel[panel["design"] == design].assign(panel=named)
    return found


def of_proportion(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the hidden proportion's spline, alone, by outcome."""
    own = (panel["explanation"] == PROPORTION) & (panel["arm"] == SPLINE)
    return panel[own].drop_duplicates("outcome").set_index("outcome")


def fixed(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the panels in which unknowns and |h| are fixed, all where there is none."""
    even = {name: rows for name, rows in found.items() if (rows["design"] == "even").all()}
    return even or found


def finding(panel: pd.DataFrame) -> tuple[str, str]:
    """Say the R² of every outcome on the hidden proportion, alone."""
    own = of_proportion(panel)
    own = own[["value", "low", "high"]].clip(
        lower=-1
    )  # far below the mean is no number to remember
    said = {name: own.loc[one] for one, name in OUTCOMES.items() if one in own.index}
    numbers = [f"{name} {wording.estimate(row, 2, '')}" for name, row in said.items()]
    text = ", ".join(numbers).replace("−1.00", f"below{wording.NO_BREAK}−1")
    return "R² of the hidden proportion's spline for", text


def title(found: dict[str, pd.DataFrame]) -> str:
    """Say in how many panels the proportion predicts patterns left out, of those with |h| fixed."""
    if not found:
        return TOO_FEW
    own = [of_proportion(rows) for rows in fixed(found).values()]
    lows = [rows.loc[FINAL, "low"] for rows in own if FINAL in rows.index]
    if not lows:
        return "The hidden proportion does not vary here"
    told = sum(low > 0 for low in lows)
    if not told:
        return "The hidden proportion is not shown to predict patterns left out"
    where = wording.where_fixed(told, len(lows), len(found))
    return f"The hidden proportion predicts patterns left out{where}"


def speed(found: dict[str, pd.DataFrame]) -> str:
    """Say in how many of these panels the area is explained better than final accuracy."""
    both = [of_proportion(rows)["value"].reindex([AREA, FINAL]) for rows in fixed(found).values()]
    known = [one for one in both if one.notna().all()]
    more = sum(one[AREA] > one[FINAL] for one in known)
    where = wording.of_panels(more, len(known))
    return f"The area is explained better than final accuracy{where}. " * bool(more)


@style.themed
def draw(explained: pd.DataFrame, partial: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw R² by explanation, from the tables `explained` and `partial` (see `analysis.columns`).

    What is below `LOWEST` stands there, as an arrow.
    """
    found = selected(explained, partial)
    if not found:
        return style.nothing(title(found))
    rows = pd.concat(found.values())
    names = [name for name in ROWS.values() if name in set(rows["row"])]
    arms = [arm for arm in MARKS if arm in set(rows["arm"])]
    edge = rows["value"] < LOWEST
    points = rows.assign(
        at=facets.aside(rows["row"].map(names.index), rows["arm"], arms, 0.75 / len(arms)),
        arm=rows["arm"].where(~edge, rows["arm"] + ", below"),
        **rows[["value", "low", "high"]].clip(lower=LOWEST),
    )
    starts = rows.groupby("initialisation")["experiment"].unique()
    said = "; ".join(f"{start}: {', '.join(of)}" for start, of in starts.items())
    first = {name: panel.iloc[0] for name, panel in found.items()}
    return facets.draw(
        title(found),
        caption,
        f"{speed(found)}{wording.data(rows)} {f'Initialisation {said}. ' * (len(starts) > 1)}A "
        "pattern is left out with all its seeds. Below zero: worse than the mean of the others (in "
        "even: of those with the same |h|). What does not vary in a design has no mark. Open: an "
        "inflation of variance above 10, so that the two are hardly told apart. Bars: 95 %, of "
        "splines in even a bootstrap over patterns that fits again, else a jackknife. Spline: "
        "natural cubic, 4 degrees of freedom.",
        [(name, *finding(rows)) for name, rows in fixed(found).items()],
        {name: f"n = {row['n']:,}, {row['patterns']} patterns" for name, row in first.items()},
        [
            facets.PanelLayer("across dots", points[points["judged"]], "value", "at"),
            facets.PanelLayer("across open", points[~points["judged"]], "value", "at"),
        ],
        MARKS | LOW,
        facets.PanelAxis(
            "cross-validated R²",
            (LOWEST - 0.06, 1.03),
            {-0.5: "−0.5", 0: "0", 0.5: "0.5", 1: "1"},
            line=0,
        ),
        facets.rows(names),
        grid=facets.PanelGrid(
            columns=3 if len(found) > 4 else 2, height=0.3 * len(names), left=1.85
        ),
        key=MARKS,
    )
