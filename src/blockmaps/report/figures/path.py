"""Accuracy on the path from an MLP to random places, and with more iterations of the map."""

import pandas as pd
import seaborn

from blockmaps.report.figures import facets, style, wording

PANEL = ["experiment", "dataset", "budget", "initialisation"]
# The arms' names on a sheet and their marks; dense is drawn as everywhere.
NAMES = {
    "control": "torch's layers",
    "mlp": "MLP",
    "path-0.5": "half moved",
    "random-places": "random places",
    "dense": "dense",
}
ARMS = {
    NAMES["control"]: style.Mark("#595959", "", (0, (5, 1.5))),
    NAMES["mlp"]: style.Mark("#000000", "o", "-"),
    NAMES["path-0.5"]: style.Mark("#7A1F6B", "v", (0, (3, 1.5, 1, 1.5))),
    NAMES["random-places"]: style.Mark("#D55E00", "D", (0, (4, 1.5))),
    **style.marks(["dense"]),
}
CONTROL, ON_PATH, DENSE = NAMES["control"], "from MLP to random", "dense map"
FEWEST = 3  # shares on a path that is drawn
NOTHING = "The table holds no path from an MLP to random places"
DENSE_AT, ENDS, APART = 1.14, (-0.06, 1.21), 0.035
BARS = (
    "95 %, t over seeds with the arm's own variance, on the logit where it would leave 0 to 100 %"
)


def _named(experiment: str, dataset: str, budget: int, initialisation: str) -> str:
    """Name a panel in words: the data set, how unknowns start, how many there are."""
    told = experiment == dataset or experiment.startswith("path")
    name = dataset.replace("-", " ") + ("" if told else f" ({experiment})")
    return f"{name}, {wording.start(initialisation)}; {budget:,} unknowns"


def on_paths(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of every path, with their panel, what they are drawn as, and where.

    The path has as many iterations as the MLP has layers; an arm with more stands beside it.
    """
    rows = table[table["moved"].notna() | table["arm"].isin(["dense", "control"])]
    named = [_named(*labels) for labels in rows[PANEL].itertuples(index=False)]
    rows = rows.assign(panel=named, name=rows["arm"]).sort_values(PANEL, kind="stable")
    by_panel = rows["iterations"].where(rows["arm"] == "mlp").groupby(rows["panel"])
    least = by_panel.transform("min").fillna(rows.groupby("panel")["iterations"].transform("max"))
    more = (rows["iterations"] > least) & rows["moved"].notna() & (rows["arm"] != "mlp")
    kept = (rows["iterations"] == least) | (rows["arm"] == "control")
    shares = rows["moved"].where(kept).groupby(rows["panel"]).transform("nunique")
    place = rows["iterations"].where(more).groupby(rows["panel"]).rank(method="dense").fillna(0)
    rows["at"] = rows["moved"].fillna(DENSE_AT) - APART * place
    rows["arm"] = rows["arm"].map({"dense": DENSE, "control": CONTROL}).fillna(ON_PATH)
    rows.loc[more, "arm"] = rows.loc[more, "iterations"].map("K = {:g}".format)
    return rows[(kept | more) & (shares >= FEWEST)]


def differences_of(paths: pd.DataFrame, differences: pd.DataFrame) -> dict[str, list[float]]:
    """Return random places less the MLP by panel, as mean, low and high; NaN without a row."""
    own = differences[differences["difference"] == "random - MLP"].sort_values("iterations")
    names = paths[[*PANEL, "panel"]].drop_duplicates()
    rows = names.merge(own.drop_duplicates(PANEL), on=PANEL, how="left").set_index("panel")
    return rows[["mean", "low_95", "high_95"]].T.to_dict("list")


def iterations(rows: pd.DataFrame) -> tuple[str, str] | None:
    """Say what more iterations do to random places, as far as intervals do not overlap."""
    own = rows[rows["name"] == "random-places"].sort_values("iterations")
    if own["iterations"].nunique() < 2:
        return None
    first, last = own.iloc[0], own.iloc[-1]
    change = f"{100 * first['accuracy']:.1f} → {100 * last['accuracy']:.1f}{wording.NO_BREAK}%"
    numbers = f"{change} from K = {first['iterations']:g} to {last['iterations']:g}"
    clear = "better" if last["low"] > first["high"] else "worse"
    if last["low"] > first["high"] or last["high"] < first["low"]:
        return f"with more iterations random places do {clear}", numbers
    return "more iterations make no clear difference to random places", numbers


@style.themed
def draw(table: pd.DataFrame, differences: pd.DataFrame, caption: str = "") -> style.Sheet:
    """Draw accuracy by share of unknowns moved (columns in `blockmaps.analysis.continuum`)."""
    paths = on_paths(table)
    if paths.empty:
        return style.nothing(NOTHING)
    bounds = differences_of(paths, differences)
    further = {name: iterations(rows) for name, rows in paths.groupby("panel", sort=False)}
    control = paths[paths["arm"] == CONTROL].merge(pd.DataFrame({"to": ENDS}), how="cross")
    of_path = paths[paths["arm"] == ON_PATH]
    beside = paths.drop(of_path.index)
    beside = beside[beside["arm"] != CONTROL]
    more = sorted({one for one in paths["arm"] if one.startswith("K = ")}, key=lambda K: int(K[4:]))
    ramp = seaborn.blend_palette(["#E0A458", "#7A2E00"], max(len(more), 2)).as_hex()
    marks = {
        CONTROL: ARMS[CONTROL],
        ON_PATH: style.Mark("#7A1F6B", "o", "-"),
        DENSE: ARMS["dense"],
        **{K: style.Mark(color, "D", "") for K, color in zip(more, ramp, strict=False)},
    }
    images = paths.groupby("dataset", sort=True)["test_images"].first()
    data = ", ".join(f"{name} ({number:,} test images)" for name, number in images.items())
    budgets = " or ".join(f"{one:,}" for one in sorted(paths["budget"].unique()))
    return facets.draw(
        wording.compared("random places end", "the MLP", [one[1:] for one in bounds.values()]),
        caption,
        f"{wording.ran(paths['n'].sum(), paths['diverged'].sum())}, "
        f"{wording.several(paths['n'])} an arm, {budgets} unknowns in every arm, "
        f"{wording.trained(paths)}. Data set {data}. Bars and band: {BARS}; in brackets: 95 % "
        "Welch's t interval of the difference in points. The path takes as many iterations as "
        "the MLP has layers; with more (K) the image is held, and the MLP stays the same.",
        [
            (name, *wording.told("random places end", "the MLP", one, 1))
            for name, one in bounds.items()
        ]
        + [(name, *said) for name, said in further.items() if said],
        dict.fromkeys(bounds, ""),
        [
            facets.PanelLayer("band line", control, "to", "accuracy"),
            facets.PanelLayer("range line", of_path.sort_values("at"), "at", "accuracy"),
            facets.PanelLayer("range dots", beside, "at", "accuracy"),
        ],
        marks,
        facets.PanelAxis("share of unknowns moved", ENDS, {0: "0\nMLP", 0.5: "½", 1: "1\nrandom"}),
        facets.PanelAxis("test accuracy", write=facets.percent),
        grid=facets.PanelGrid(columns=3, height=2.2, share_y=False, below=0.62),
    )
