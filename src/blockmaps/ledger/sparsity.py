"""Claims A1, A2, E1a and E1b: arms, the hidden proportion and density on RAD."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from blockmaps.analysis.columns import PANEL_COLUMNS
from blockmaps.analysis.compare import comparisons
from blockmaps.analysis.explain import PROPORTIONS, explained
from blockmaps.ledger.findings import Alternative, Finding, Statistic
from blockmaps.ledger.folders import Folder, as_written
from blockmaps.ledger.rows import (
    COVARIATE,
    DEFINITIONS,
    FAN_IN,
    LEAKING,
    SECONDARY,
    SEPARABLE,
    chosen,
    completed,
    statistic,
)
from blockmaps.ledger.scales import FAN_IN as FAN_IN_START
from blockmaps.ledger.scales import starts_as_the_paper
from blockmaps.statistics import FEWEST_PAIRS
from blockmaps.summary import DIFFERENCES, PANEL

COMPARISONS, EXPLAINED, PARTIAL, UNIFORM = (
    f"analysis/{name}.csv" for name in ("comparisons", "explained", "partial", "uniform")
)
POOLED = ("pooled", "pooled_low", "pooled_high", "seeds")
PAIRED = ("estimate", "low", "high", "seeds")
WELCH = ("estimate", "low", "high", "patterns_first")
NO_GROUPS = "no answers by pair of transforms are kept here"
ONE_SHARE = "an arm has one share n_yx/N, which cannot be told from the arm"
NOT_READ = "the statistic does not read the hidden proportion"
ALIKE = {LEAKING: "no such runs here", FAN_IN: "no such runs here", SECONDARY: "no such runs here"}

Rows = pd.DataFrame


def _panels(claim: str, table: Rows | None, *more: str) -> Iterator[Rows]:
    """Yield a table's rows by panel, of those that start as the paper's."""
    if table is None or table.empty:
        return
    for _, rows in table.groupby([*PANEL, "initialisation", *more], sort=True):
        if starts_as_the_paper(claim, rows["initialisation"].iloc[0]):
            yield rows


def _fan_in(table: Rows, like: Rows) -> Iterator[tuple[str, Rows]]:
    """Yield experiment and rows of the same data set and budget, started by fan-in."""
    first = like.iloc[0]
    same = chosen(table, dataset=first["dataset"], budget=first["budget"])
    same = same[same["initialisation"].str.contains(FAN_IN_START, regex=False)]
    for experiment, rows in same.groupby("experiment"):
        yield f"{FAN_IN}: {experiment}", rows


def _difference(
    rows: Rows, name: str, columns: tuple[str, str, str, str], degrees: str
) -> Statistic | None:
    """Return a difference of arms from its row; None without one."""
    if rows.empty:
        return None
    row = rows.iloc[0]
    keys = [*PANEL, "difference", "outcome", "protocol"]
    return statistic(name, row, COMPARISONS, keys, columns, row[degrees])


def _pair(
    rows: Rows,
    outcome: str = "accuracy",
    protocol: str = "clean",
    columns: tuple[str, str, str, str] = POOLED,
) -> tuple[Statistic, ...]:
    """Return A1's two differences under an outcome, protocol and interval, where they are."""
    degrees = "pooled_degrees" if columns == POOLED else "degrees"
    found = []
    for first, second in DIFFERENCES[:2]:
        name = f"{first} - {second}"
        own = chosen(rows, difference=name, outcome=outcome, protocol=protocol)
        found.append(_difference(own, name, columns, degrees))
    return tuple(one for one in found if one is not None)


def _few_pairs(statistics: tuple[Statistic, ...]) -> str | None:
    pairs = min((one.n for one in statistics), default=0)
    return None if pairs >= FEWEST_PAIRS else f"{pairs} pairs of seeds; it takes {FEWEST_PAIRS}"


def _arms(folder: Folder, rows: Rows, table: Rows, extract) -> tuple[Alternative, ...]:
    """Return the sensitivity analyses that claims on differences of arms share.

    Parameters
    ----------
    extract : from rows, outcome, protocol and columns to statistics.
    """
    found = [
        Alternative("paired t instead of the pooled variance", extract(rows, columns=PAIRED)),
        Alternative(LEAKING, extract(rows, protocol="leaking")),
        Alternative(SECONDARY, extract(rows, outcome="area")),
        *(Alternative(what, extract(own)) for what, own in _fan_in(table, rows)),
    ]
    if folder.separable is not None:
        first = rows.iloc[0]
        values = {name: first[name] for name in PANEL}
        own = chosen(folder.separable, **values)
        if len(own):
            found.append(Alternative(SEPARABLE, extract(as_written(comparisons(own)))))
    reasons = {DEFINITIONS: NOT_READ, **ALIKE, SEPARABLE: NO_GROUPS, COVARIATE: ONE_SHARE}
    return completed([one for one in found if one.statistics], reasons)


def varied_sparsity(folder: Folder) -> Iterator[Finding]:
    """Find A1: balanced less dense and less uniform, by experiment and budget."""
    table = folder.analysis("comparisons")
    own = chosen(table, claim="A1")
    for rows in _panels("A1", own):
        statistics = _pair(rows)
        if not statistics:
            continue
        secondary = [
            _difference(
                chosen(rows, difference=name, outcome="accuracy", protocol="clean"),
                *(name, WELCH, "degrees"),
            )
            for name in (" - ".join(pair) for pair in DIFFERENCES[2:])
        ]
        yield Finding(
            "A1",
            folder.scale(rows),
            statistics,
            tuple(one for one in secondary if one is not None),
            _arms(folder, rows, own, _pair),
            "pairs of seeds",
            _few_pairs(statistics),
        )


CV_R2 = "cross-validated R2"
BOOTSTRAP = ("cv_r2", "cv_bootstrap_low", "cv_bootstrap_high", "patterns")
JACKKNIFE = ("cv_r2", "cv_low", "cv_high", "patterns")
WITH_OTHERS = ("cv_partial_r2", "cv_low", "cv_high", "patterns")
_R2_KEYS = [*PANEL_COLUMNS, "explanation", "form"]


def _r2(
    rows: Rows, explanation: str = PROPORTIONS[0], outcome: str = "logit_clean", columns=None
) -> tuple[Statistic, ...]:
    """Return A2's statistic under an explanation, outcome and interval.

    Bounds are those of the bootstrap where there are enough patterns for one (config/claims.yaml),
    else of the jackknife.
    """
    own = chosen(rows, explanation=explanation, outcome=outcome, form="spline")
    if own.empty:
        return ()
    row = own.iloc[0]
    if columns is None:
        columns = BOOTSTRAP if pd.notna(row["cv_bootstrap_low"]) else JACKKNIFE
    return (statistic(CV_R2, row, EXPLAINED, _R2_KEYS, columns),)


def explaining(folder: Folder) -> Iterator[Finding]:
    """Find A2: cross-validated R² of the hidden proportion, in the even design."""
    table = chosen(folder.analysis("explained"), design="even")
    partial = folder.analysis("partial")
    for rows in _panels("A2", table):
        statistics = _r2(rows)
        if not statistics:
            continue
        first = rows.iloc[0]
        values = {name: first[name] for name in (*PANEL, "design")}
        found = [
            Alternative("jackknife instead of the bootstrap", _r2(rows, columns=JACKKNIFE)),
            *(Alternative(f"{DEFINITIONS}: {name}", _r2(rows, name)) for name in PROPORTIONS[1:]),
            Alternative(LEAKING, _r2(rows, outcome="logit_leaking")),
            Alternative(SECONDARY, _r2(rows, outcome="area_clean")),
            *(Alternative(what, _r2(own)) for what, own in _fan_in(table, rows)),
            Alternative(SEPARABLE, _separable_r2(folder, values)),
            Alternative(f"{COVARIATE}, with density and |h|: partial R2", _given(partial, values)),
        ]
        reasons = {DEFINITIONS: "", **ALIKE, SEPARABLE: NO_GROUPS, COVARIATE: "no such rows here"}
        yield Finding(
            "A2",
            folder.scale(rows),
            statistics,
            sensitivity=completed([one for one in found if one.statistics], reasons),
            n_of="patterns",
        )


def _given(partial: Rows | None, values: dict) -> tuple[Statistic, ...]:
    own = chosen(
        partial,
        **values,
        explanation=PROPORTIONS[0],
        outcome="logit_clean",
        form="spline",
        given="sizes",
    )
    keys = [*_R2_KEYS, "given"]
    return tuple(
        statistic(CV_R2, row, PARTIAL, keys, WITH_OTHERS) for _, row in own.head(1).iterrows()
    )


def _separable_r2(folder: Folder, values: dict) -> tuple[Statistic, ...]:
    """Return A2's statistic without the inseparable pairs, of the hidden proportion alone."""
    own = chosen(folder.separable, **values)
    if own.empty:
        return ()
    alone = {name: float("nan") for name in PROPORTIONS[1:]}
    others = ("density", "share_yx", "spectral_radius", "state_scale", "logit_leaking")
    own = own.assign(**alone, **dict.fromkeys(others, float("nan")))
    return _r2(as_written(explained(own)))


DENSITY = "optimal density"


def _density(
    rows: Rows, outcome: str = "accuracy", protocol: str = "clean"
) -> tuple[Statistic, ...]:
    own = chosen(rows, outcome=outcome, protocol=protocol)
    if own.empty:
        return ()
    row = own.iloc[0]
    keys = [*PANEL, "initialisation", "outcome", "protocol"]
    found = statistic(DENSITY, row, UNIFORM, keys, ("optimum", "low", "high", "n"))
    span = (float(row["first"]), float(row["last"]))
    return (replace(found, span=span),)


def band_of_densities(folder: Folder) -> Iterator[Finding]:
    """Find E1a: the density at which uniform patterns do best."""
    table = folder.analysis("uniform")
    for rows in _panels("E1a", table):
        statistics = _density(rows)
        if not statistics:
            continue
        found = [
            Alternative(LEAKING, _density(rows, protocol="leaking")),
            Alternative(SECONDARY, _density(rows, outcome="area")),
            *(Alternative(what, _density(own)) for what, own in _fan_in(table, rows)),
        ]
        reasons = {
            DEFINITIONS: NOT_READ,
            **ALIKE,
            SEPARABLE: "not computed for an optimum",
            COVARIATE: "at one density everywhere n_yx/N is given by density and |h|",
        }
        yield Finding(
            "E1a",
            folder.scale(rows),
            statistics,
            sensitivity=completed([one for one in found if one.statistics], reasons),
            n_of="runs",
        )


LSTM, PATTERN, NAMED = "lstm", "uniform~lstm", "uniform - LSTM"
ALLOWED = 0.02  # difference of parameter counts that E1b's test allows


def _cells(
    rows: Rows,
    outcome: str = "accuracy",
    protocol: str = "clean",
    columns: tuple[str, str, str, str] = POOLED,
) -> tuple[Statistic, ...]:
    own = chosen(rows, difference=f"{PATTERN} - {LSTM}", outcome=outcome, protocol=protocol)
    found = _difference(own, NAMED, columns, "pooled_degrees" if columns == POOLED else "degrees")
    return () if found is None else (found,)


def against_lstm(folder: Folder) -> Iterator[Finding]:
    """Find E1b: uniform patterns less LSTMs with as many parameters."""
    own = chosen(folder.analysis("comparisons"), claim="E1b")
    for rows in _panels("E1b", own):
        statistics = _cells(rows)
        if not statistics:
            continue
        yield Finding(
            "E1b",
            folder.scale(rows),
            statistics,
            sensitivity=_arms(folder, rows, own, _cells),
            n_of="pairs of seeds",
            missing=_few_pairs(statistics) or _unequal(folder, rows),
        )


def _unequal(folder: Folder, rows: Rows) -> str | None:
    """Return by how much parameter counts differ, if that is more than is allowed."""
    if folder.outcomes is None:
        return "without the runs table parameters cannot be counted"
    own = chosen(folder.outcomes, **{name: rows.iloc[0][name] for name in PANEL})
    counts = [
        (side["unknowns"] + side["biases"]).mean()
        for side in (chosen(own, arm=PATTERN), chosen(own, arm=LSTM))
    ]
    apart = abs(counts[0] / counts[1] - 1)
    if apart <= ALLOWED:
        return None
    return f"parameter counts differ by {100 * apart:.1f} %; it allows {100 * ALLOWED:.0f} %"
