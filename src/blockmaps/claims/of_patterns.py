"""Claims A2 and E1a: what the hidden proportion explains, and the best density, on RAD."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from blockmaps.analysis.columns import PANEL_COLUMNS
from blockmaps.analysis.explain import PLATEAU, PROPORTIONS, YH, explained
from blockmaps.analysis.summary import PANEL
from blockmaps.claims.findings import Alternative, Finding, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import (
    COVARIATE,
    DEFINITIONS,
    LEAKING,
    OF_RAD,
    SECONDARY,
    SEPARABLE,
    Rows,
    by_panel,
    chosen,
    statistics,
)
from blockmaps.claims.tests import Test
from blockmaps.core.csv import as_written
from blockmaps.core.fixed import STEEP

EXPLAINED, PARTIAL, UNIFORM = (
    f"analysis/{name}.csv" for name in ("explained", "partial", "uniform")
)
CV_R2 = "cross-validated R2"
BOOTSTRAP, JACKKNIFE = ("cv_bootstrap_low", "cv_bootstrap_high"), ("cv_low", "cv_high")
OF_ROW = [*PANEL_COLUMNS, "explanation", "form"]
HALF = 0.4  # of the patterns, or nearly, are below `STEEP`


def _r2(
    rows: Rows,
    name: str = CV_R2,
    explanation: str = PROPORTIONS[0],
    outcome: str = "logit_clean",
    bounds: tuple[str, str] | None = None,
    given: str | None = None,
) -> tuple[Statistic, ...]:
    """Return a cross-validated R² of a spline on an explanation, or what it adds to another.

    Bounds are those of the bootstrap where there are enough patterns for one (config/claims.yaml),
    else of the jackknife.
    """
    more = {} if given is None else {"given": given}
    own = chosen(rows, explanation=explanation, outcome=outcome, form="spline", **more)
    if own.empty:
        return ()
    if bounds is None:
        bounds = BOOTSTRAP if pd.notna(own.iloc[0][BOOTSTRAP[0]]) else JACKKNIFE
    columns = ("cv_r2" if given is None else "cv_partial_r2", *bounds, "patterns")
    table = EXPLAINED if given is None else PARTIAL
    return statistics(own, name, table, [*OF_ROW, *more], columns)


def explaining(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find A2: cross-validated R² of the hidden proportion, in the even design."""
    whole = folder.table("explained")

    def like(rows: Rows, table: Rows | None, design: str = "even") -> Rows:
        return chosen(table, design=design, **{name: rows.iloc[0][name] for name in PANEL})

    def others(rows: Rows) -> Iterator[Alternative]:
        yield Alternative("jackknife instead of the bootstrap", _r2(rows, bounds=JACKKNIFE))
        for name in PROPORTIONS[1:]:
            yield Alternative(f"{DEFINITIONS}: {name}", _r2(rows, explanation=name))
        yield Alternative(LEAKING, _r2(rows, outcome="logit_leaking"))
        yield Alternative(SECONDARY, _r2(rows, outcome="area_clean"))
        yield Alternative(SEPARABLE, _separable_r2(like(rows, folder.separable)))

    def secondary(rows: Rows) -> tuple[Statistic, ...]:
        """Return those that the test names; the design fixes n_yh, so that it has no R² there."""
        added = like(rows, folder.table("partial")) if test.secondary else rows[:0]
        found = {
            f"{CV_R2} above .15": lambda name: _r2(like(rows, whole, PLATEAU), name),
            f"{CV_R2} given n_yh": lambda name: _r2(added, name, given="n_yh"),
            f"{CV_R2} given the spectral radius": lambda name: _r2(added, name, given="radius"),
            f"{CV_R2} of n_yh": lambda name: _r2(rows, name, YH),
        }
        return tuple(one for name in test.secondary for one in found[name](name))

    def missing(rows: Rows, found: tuple[Statistic, ...]) -> str | None:
        if not test.patterns_at_least or found[0].n < test.patterns_at_least:
            return None  # of too few patterns the ledger says so itself
        means = like(rows, folder.outcomes).groupby("pattern")["hidden_proportion"].mean()
        steep = (means < STEEP).mean()
        return None if steep >= HALF else f"{100 * steep:.0f} % of the patterns are below {STEEP}"

    yield from by_panel(
        "A2",
        folder,
        chosen(whole, design="even"),
        _r2,
        n_of="patterns",
        others=others,
        reasons=OF_RAD | {DEFINITIONS: "", COVARIATE: "n_yx/N does not vary in the even design"},
        secondary=secondary,
        missing=missing,
    )


def _separable_r2(outcomes: Rows) -> tuple[Statistic, ...]:
    """Return A2's statistic without the inseparable pairs, of the hidden proportion alone."""
    if outcomes.empty:
        return ()
    others = [*PROPORTIONS[1:], YH, "density", "share_yx", "spectral_radius", "state_scale"]
    none = {name: float("nan") for name in (*others, "logit_leaking", "logit_train")}
    return _r2(as_written(explained(outcomes.assign(**none))))


def _density(
    rows: Rows, outcome: str = "accuracy", protocol: str = "clean"
) -> tuple[Statistic, ...]:
    own = chosen(rows, outcome=outcome, protocol=protocol)
    keys = [*PANEL, "initialisation", "outcome", "protocol"]
    found = statistics(own, "optimal density", UNIFORM, keys, ("optimum", "low", "high", "n"))
    return tuple(
        replace(one, span=(float(own.iloc[0]["first"]), float(own.iloc[0]["last"])))
        for one in found
    )


def band_of_densities(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find E1a: the density at which uniform patterns do best."""
    yield from by_panel(
        "E1a",
        folder,
        folder.table("uniform"),
        _density,
        n_of="runs",
        others=lambda rows: (
            Alternative(LEAKING, _density(rows, protocol="leaking")),
            Alternative(SECONDARY, _density(rows, outcome="area")),
        ),
        reasons=OF_RAD
        | {
            SEPARABLE: "not computed for an optimum",
            COVARIATE: "at one density everywhere n_yx/N is given by density and |h|",
        },
    )
