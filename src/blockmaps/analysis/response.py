"""How accuracy answers to densities, pooled over sizes: what the rule of `recommend` was made from.

Of the `grid` designs of all experiments. Every panel, one experiment and budget, has a mean of its
own, and the outcome is the logit of test accuracy, so that only differences within a panel count.

The *curve* is piecewise linear in the hidden proportion, between knots, over all patterns. The
*response*, off the cliff at the small proportions, is a natural cubic spline with 4 degrees of
freedom in the proportion, quadratic in the logarithm of the density of hh, and has a term for full
output blocks and one for their product with that logarithm. Its highest place has an interval by a
bootstrap over patterns within panels, all runs of a pattern together.
"""

import numpy as np
import pandas as pd

from blockmaps.analysis.columns import CURVE, RESPONSE
from blockmaps.analysis.splines import spline_basis, spline_knots
from blockmaps.analysis.summary import PANEL
from blockmaps.core.fixed import LEVEL
from blockmaps.plan.needs import CLIFF, FEWEST_OF_RESPONSE, FULL_OUTPUTS
from blockmaps.plan.needs import KNOTS as PLACES

KNOTS = np.array(PLACES)
STATES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
RESAMPLES = 999


def _grid(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of the grid designs, with the panel's and the pattern's number."""
    runs = outcomes[(outcomes["design"] == "grid") & outcomes["logit_clean"].notna()]
    panel = runs.groupby(PANEL).ngroup()
    pattern = runs.groupby([*PANEL, "pattern"]).ngroup()
    return runs.assign(panel=panel, number=pattern)


def _hats(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the piecewise linear functions that are 1 at one knot and 0 at the others."""
    return np.column_stack([np.interp(x, knots, row) for row in np.eye(len(knots))])


def _panels(runs: pd.DataFrame) -> np.ndarray:
    return pd.get_dummies(runs["panel"]).to_numpy(float)


def curve(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the fitted curve at its knots, the highest as zero; columns as in `CURVE`."""
    runs = _grid(outcomes)
    if runs["number"].nunique() < 2 * len(KNOTS):
        return pd.DataFrame(columns=list(CURVE))
    x = runs["hidden_proportion"].to_numpy(float)
    hats = _hats(x, KNOTS)
    found = np.linalg.lstsq(np.hstack([hats, _panels(runs)]), runs["logit_clean"], rcond=None)[0]
    heights = found[: len(KNOTS)]
    table = {"hidden_proportion": KNOTS, "logit": heights - heights.max()}
    near = np.abs(x[:, None] - KNOTS).argmin(1)
    counts = np.bincount(near, minlength=len(KNOTS))
    return pd.DataFrame(table | {"n": counts, "panels": runs["panel"].nunique()})[list(CURVE)]


def _terms(proportion: np.ndarray, state: np.ndarray, full: np.ndarray, knots: np.ndarray):
    """Return the columns of the response, without the panels': (n, 8)."""
    spline = spline_basis(proportion, knots)[:, 1:]
    log = np.log(state)
    return np.column_stack([spline, log, log**2, full, full * log])


def _lattice() -> pd.DataFrame:
    """Return the places at which the response is asked for."""
    proportions = np.arange(0.15, 0.951, 0.01).round(2)
    places = [(p, s, full) for full in (0.0, 1.0) for s in STATES for p in proportions]
    return pd.DataFrame(places, columns=["hidden_proportion", "density_hh", "full"])


def response(outcomes: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return the response at every tenth of the proportion, and its highest place.

    Columns as in `RESPONSE`; empty with fewer than 40 patterns off the cliff, or output blocks of
    one kind.
    """
    runs = _grid(outcomes)
    runs = runs[runs["hidden_proportion"] >= CLIFF]
    full = (runs["density_yh"] > FULL_OUTPUTS).to_numpy(float)
    if runs["number"].nunique() < FEWEST_OF_RESPONSE or full.min() == full.max():
        return pd.DataFrame(columns=list(RESPONSE))
    x = runs["hidden_proportion"].to_numpy(float)
    state = np.maximum(runs["density_hh"].to_numpy(float), 1e-3)
    knots = spline_knots(x)
    X = np.hstack([_terms(x, state, full, knots), _panels(runs)])
    value = runs["logit_clean"].to_numpy(float)
    lattice = _lattice()
    first, second, third = (lattice[name].to_numpy() for name in lattice)
    at = _terms(first, second, third, knots)

    def heights(weights: np.ndarray) -> np.ndarray:
        root = np.sqrt(weights)
        return at @ np.linalg.lstsq(root[:, None] * X, root * value, rcond=None)[0][: at.shape[1]]

    fitted = heights(np.ones(len(runs)))
    best = _bootstrap(runs, heights, lattice, seed)
    table = lattice.assign(logit=fitted - fitted.max(), n=len(runs))
    shown = np.isclose(table["hidden_proportion"] * 20 % 2, 0) | (table["logit"] == 0)
    table = table[shown].assign(highest=table["logit"] == 0)
    for name in ("hidden_proportion", "density_hh"):
        low, high = np.quantile(best[name], ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        for side, bound in (("low", low), ("high", high)):
            table[f"{name}_{side}"] = np.where(table["highest"], bound, np.nan)
    table["share_full"] = np.where(table["highest"], best["full"].mean(), np.nan)
    table["full"] = table["full"] > FULL_OUTPUTS
    table["patterns"] = runs["number"].nunique()
    table["panels"] = runs["panel"].nunique()
    return table.reset_index(drop=True)[list(RESPONSE)]


def _bootstrap(runs: pd.DataFrame, heights, lattice: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the highest place of every resample of the patterns within panels."""
    rng = np.random.default_rng(seed)
    codes, numbers = pd.factorize(runs["number"], sort=True)
    panel = runs.drop_duplicates("number").set_index("number")["panel"].loc[numbers].to_numpy()
    found = []
    for _ in range(RESAMPLES):
        times = np.zeros(len(numbers))
        for one in np.unique(panel):
            own = np.flatnonzero(panel == one)
            times[own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)))
        found.append(heights(times[codes]).argmax())
    return lattice.iloc[found]
