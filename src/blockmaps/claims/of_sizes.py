"""Claims A4 and A5: what can be said before training, over sizes that took no part in the rule."""

from collections.abc import Iterator

import pandas as pd

from blockmaps.analysis.apriori import BEST, FEWEST_SIZES, GAIN, MEDIAN, SEARCHED, SLOPE, apriori
from blockmaps.claims.findings import Alternative, Finding, Scale, Statistic
from blockmaps.claims.folders import Tables, as_written
from blockmaps.claims.rows import (
    ALIKE,
    COVARIATE,
    DEFINITIONS,
    FAN_IN,
    LEAKING,
    NO_GROUPS,
    SECONDARY,
    SEPARABLE,
    chosen,
    completed,
    statistic,
)
from blockmaps.claims.scales import FAN_IN as FAN_IN_START
from blockmaps.claims.scales import RULE_SIZES, starts_as_the_paper

TABLE = "analysis/apriori.csv"
ALL, ONE = "all sizes", "one size"
KEYS = ["level", "statistic", "initialisation"]
# In the words of config/claims.yaml.
NAMES = {BEST: "recommended - expected best of 10 random", MEDIAN: "recommended - median random"}
SLOPES = {SLOPE: "slope"}
REASONS = {
    DEFINITIONS: "the rule is made for one definition",
    **ALIKE,
    SEPARABLE: NO_GROUPS,
    COVARIATE: "a size has one mean n_yx/N, which cannot be told from the size",
}


def _over(table: pd.DataFrame, names: dict[str, str]) -> tuple[Statistic, ...]:
    """Return the statistics over all sizes; of the slope, two degrees of freedom are spent."""
    found = []
    for written, name in names.items():
        for _, row in chosen(table, level=ALL, statistic=written).head(1).iterrows():
            spent = 2 if written == SLOPE else 1
            found.append(statistic(name, row, TABLE, KEYS, degrees=row["n"] - spent))
    return tuple(found)


def _scale(table: pd.DataFrame, statistic_name: str, initialisation: str) -> tuple[Scale, set]:
    """Return the sizes of the rows of one size, in words and as pairs |x|, |y|."""
    own = chosen(table, level=ONE, statistic=statistic_name)
    sizes = sorted({(int(x), int(y)) for x, y in zip(own["inputs"], own["outputs"], strict=True)})
    words = ", ".join(f"{x}/{y}" for x, y in sizes)
    about = f"{len(sizes)} size{'s' if len(sizes) != 1 else ''} |x|/|y|: {words}"
    return Scale(about, initialisation=initialisation), set(sizes)


def _other_outcomes(folder: Tables, names: dict[str, str]) -> Iterator[Alternative]:
    """Yield the same statistics of other outcomes, as `apriori` makes them of accuracy."""
    frames = {}
    if folder.outcomes is not None:
        for what, column in ((LEAKING, "accuracy_leaking"), (SECONDARY, "area_clean")):
            frames[what] = folder.outcomes.assign(accuracy_clean=folder.outcomes[column])
    if folder.separable is not None:
        frames[SEPARABLE] = folder.separable
    for what, outcomes in frames.items():
        known = outcomes[outcomes["accuracy_clean"].notna()]
        if len(known):
            table = as_written(apriori(known))
            table = table[[starts_as_the_paper("A4", one) for one in table["initialisation"]]]
            yield Alternative(what, _over(table, names))


def _finding(folder: Tables, claim: str, names: dict[str, str], of: str) -> Iterator[Finding]:
    table = folder.table("apriori")
    if table is None or table.empty:
        return
    starts = [starts_as_the_paper(claim, one) for one in table["initialisation"]]
    own = table[starts]
    if chosen(own, statistic=of).empty:
        return
    scale, sizes = _scale(own, of, str(own["initialisation"].iloc[0]))
    statistics = _over(own, names)
    missing = None
    if len(sizes) < FEWEST_SIZES:
        missing = f"{len(sizes)} of the sizes that it is about; an interval takes {FEWEST_SIZES}"
    elif claim == "A4" and sizes & RULE_SIZES:
        missing = "sizes that the rule was made from are among them"
    found = []
    if statistics:
        fan_in = table[table["initialisation"].str.contains(FAN_IN_START, regex=False)]
        found = [*_other_outcomes(folder, names), Alternative(FAN_IN, _over(fan_in, names))]
    complete = completed([one for one in found if one.statistics], REASONS)
    yield Finding(claim, scale, statistics, (), complete, "sizes", missing)


def recommended(folder: Tables) -> Iterator[Finding]:
    """Find A4: the recommended pattern against the best and the median of random ones."""
    assert NAMES[BEST].endswith(f"{SEARCHED} random")
    yield from _finding(folder, "A4", NAMES, BEST)


def by_size(folder: Tables) -> Iterator[Finding]:
    """Find A5: the slope of balanced less dense on log(|x|/|y|) over sizes."""
    yield from _finding(folder, "A5", SLOPES, GAIN)
