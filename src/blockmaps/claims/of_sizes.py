"""Claims A4 and A5: what can be said before training, over sizes that took no part in the rule."""

from collections.abc import Iterator

from blockmaps.analysis.apriori import FEWEST_SIZES, ON_RATIO, apriori
from blockmaps.claims.findings import Alternative, Finding, Scale, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import (
    COVARIATE,
    DEFINITIONS,
    FAN_IN,
    LEAKING,
    OF_RAD,
    SECONDARY,
    SEPARABLE,
    Rows,
    chosen,
    completed,
    one_rate,
    statistics,
)
from blockmaps.claims.scales import FAN_IN as FAN_IN_START
from blockmaps.claims.scales import RULE_SIZES, starts_as_the_paper
from blockmaps.claims.tests import Test
from blockmaps.core.csv import as_written

TABLE = "analysis/apriori.csv"
ALL, ONE = "all sizes", "one size"
REASONS = OF_RAD | {
    DEFINITIONS: "the rule is made for one definition",
    COVARIATE: "a size has one mean n_yx/N, which cannot be told from the size",
}


def _written(name: str) -> str:
    """Return a statistic of a test in the table's words."""
    name = "slope of balanced - dense" if name == "slope" else name
    return f"{name} on {ON_RATIO}" if name.startswith("slope") and " on " not in name else name


def _over(table: Rows, names: tuple[str, ...]) -> tuple[Statistic, ...]:
    """Return the statistics over all sizes."""
    rows = {name: {"level": ALL, "statistic": _written(name)} for name in names}
    return statistics(table, rows, TABLE, ["level", "statistic", "initialisation", "steps"])


def _other_outcomes(folder: Tables, names: tuple[str, ...], steps: int) -> Iterator[Alternative]:
    """Yield the same statistics of other outcomes, as `apriori` makes them of accuracy."""
    frames = {
        LEAKING: (folder.outcomes, "accuracy_leaking"),
        SECONDARY: (folder.outcomes, "area_clean"),
        SEPARABLE: (folder.separable, "accuracy_clean"),
    }
    for what, (outcomes, column) in frames.items():
        if outcomes is not None and outcomes[column].notna().any():
            table = as_written(apriori(outcomes[outcomes["steps"] == steps], column))
            own = [starts_as_the_paper("A4", one) for one in table["initialisation"]]
            yield Alternative(what, _over(table[own], names))


def _findings(folder: Tables, claim: str, test: Test, of: str) -> Iterator[Finding]:
    """Find a claim over the sizes at which the difference `of` is measured, by steps trained."""
    table = folder.table("apriori")
    if table is not None and len(table):
        for steps, rows in table.groupby("steps"):
            yield from _finding(folder, claim, test, of, rows, int(steps))


def _finding(
    folder: Tables, claim: str, test: Test, of: str, table: Rows, steps: int
) -> Iterator[Finding]:
    own = table[[starts_as_the_paper(claim, one) for one in table["initialisation"]]]
    of_one = chosen(own, level=ONE, statistic=of)
    if of_one.empty:
        return
    left_out = _pairs(of_one[~of_one["learnt"].astype(bool)])
    sizes = [size for size in _pairs(of_one) if size not in left_out]
    words = f"{len(sizes)} size{'s' if len(sizes) != 1 else ''} |x|/|y|: {_said(sizes)}"
    if left_out:
        words += f"; without {_said(left_out)}, where an arm did not learn"
    fan_in = table[table["initialisation"].str.contains(FAN_IN_START, regex=False)]
    found = _over(own, test.statistics)
    others = [
        *(_other_outcomes(folder, test.statistics, steps) if found else ()),
        Alternative(FAN_IN, _over(fan_in, test.statistics)),
    ]
    outcomes = folder.outcomes
    rates = outcomes is not None and all(
        folder.own_rates(one, outcomes[outcomes["experiment"] == one])
        for one in set(of_one["experiment"])
    )
    start = str(own["initialisation"].iloc[0])
    yield Finding(
        claim,
        Scale(words, initialisation=start, steps=steps, own_rates=rates),
        found,
        _over(own, test.secondary),
        completed(others, REASONS),
        "sizes",
        _missing(folder, claim, test, sizes, left_out, set(of_one["experiment"])),
    )


def _pairs(rows: Rows) -> list[tuple[int, int]]:
    return sorted({(int(x), int(y)) for x, y in zip(rows["inputs"], rows["outputs"], strict=True)})


def _said(sizes: list[tuple[int, int]]) -> str:
    return ", ".join(f"{x}/{y}" for x, y in sizes)


def _missing(
    folder: Tables,
    claim: str,
    test: Test,
    sizes: list[tuple[int, int]],
    left_out: list[tuple[int, int]],
    experiments: set[str],
) -> str | None:
    """Return why there can be no verdict; |x| and |y| are to be crossed in what was trained."""
    least = test.sizes_at_least or FEWEST_SIZES
    if len(sizes) < least:
        return f"{len(sizes)} of the sizes that it is about; it takes {least}"
    if claim == "A4":
        return "sizes that the rule was made from are among them" if RULE_SIZES & {*sizes} else None
    if not test.own_rates:
        return None
    trained = {*sizes, *left_out}
    if {(x, y) for x, _ in trained for _, y in trained} != trained:
        return "|x| and |y| are not crossed"
    if folder.outcomes is None:
        return one_rate(folder, {}, ())
    by_experiment = dict(tuple(folder.outcomes.groupby("experiment")))
    shared = (
        one_rate(folder, dict(tuple(by_experiment[one].groupby("arm"))), ("dense", "uniform"))
        for one in sorted(experiments)
    )
    return next((one for one in shared if one), None)


def recommended(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find A4: the recommended pattern against random ones, and against the rule's control."""
    yield from _findings(folder, "A4", test, test.statistics[0])


def by_size(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find A5: slopes of differences between arms on log(|x|/|y|) over sizes."""
    first = _written(test.statistics[0]).removeprefix("slope of ").removesuffix(f" on {ON_RATIO}")
    yield from _findings(folder, "A5", test, first)
