"""Claims A2 and E1a: what the hidden proportion explains, and the best density, on RAD."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from blockmaps.analysis.columns import PANEL_COLUMNS
from blockmaps.analysis.explain import PROPORTIONS, explained
from blockmaps.analysis.summary import PANEL
from blockmaps.claims.findings import Alternative, Finding, Statistic
from blockmaps.claims.folders import Tables, as_written
from blockmaps.claims.rows import (
    ALIKE,
    COVARIATE,
    DEFINITIONS,
    LEAKING,
    NO_GROUPS,
    NOT_READ,
    SECONDARY,
    SEPARABLE,
    chosen,
    completed,
    fan_in,
    panels,
    statistic,
)

EXPLAINED, UNIFORM = "analysis/explained.csv", "analysis/uniform.csv"
ALIKE_IN_EVEN = "n_yx/N does not vary in the even design"

Rows = pd.DataFrame


CV_R2 = "cross-validated R2"
BOOTSTRAP = ("cv_r2", "cv_bootstrap_low", "cv_bootstrap_high", "patterns")
JACKKNIFE = ("cv_r2", "cv_low", "cv_high", "patterns")
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


def explaining(folder: Tables) -> Iterator[Finding]:
    """Find A2: cross-validated R² of the hidden proportion, in the even design."""
    table = chosen(folder.table("explained"), design="even")
    for rows in panels("A2", table):
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
            *(Alternative(what, _r2(own)) for what, own in fan_in(table, rows)),
            Alternative(SEPARABLE, _separable_r2(folder, values)),
        ]
        reasons = {DEFINITIONS: "", **ALIKE, SEPARABLE: NO_GROUPS, COVARIATE: ALIKE_IN_EVEN}
        yield Finding(
            "A2",
            folder.scale(rows),
            statistics,
            sensitivity=completed([one for one in found if one.statistics], reasons),
            n_of="patterns",
        )


def _separable_r2(folder: Tables, values: dict) -> tuple[Statistic, ...]:
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


def band_of_densities(folder: Tables) -> Iterator[Finding]:
    """Find E1a: the density at which uniform patterns do best."""
    table = folder.table("uniform")
    for rows in panels("E1a", table):
        statistics = _density(rows)
        if not statistics:
            continue
        found = [
            Alternative(LEAKING, _density(rows, protocol="leaking")),
            Alternative(SECONDARY, _density(rows, outcome="area")),
            *(Alternative(what, _density(own)) for what, own in fan_in(table, rows)),
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
