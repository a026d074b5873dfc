"""The density at which uniform patterns do best, all with one number of unknowns (claim E1a).

The outcome is quadratic in the logarithm of the density, with an effect of the seed index. The
optimum is where the parabola is highest within the range of densities. Its interval is Fieller's:
all places of that range at which the slope's own 95 % interval holds zero, from the first to the
last; and an end of the range where the parabola still rises or falls there. It covers as Student's
t does, also where there is no peak, and then is the whole range.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from blockmaps.analysis.columns import UNIFORM
from blockmaps.analysis.outcomes import OUTCOMES, PROTOCOLS
from blockmaps.analysis.summary import PANEL
from blockmaps.core.fixed import LEVEL
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.plan.needs import FEWEST_DENSITIES
from blockmaps.results import outcome

GRID = 401


def uniform_runs(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the runs whose six blocks have one density, which is their column `uniform`."""
    densities = outcomes[[f"density_{name}" for name in RNN_BLOCKS]]
    alike = (densities.max(axis=1) - densities.min(axis=1)) < 1e-9
    return outcomes[alike].assign(uniform=densities["density_hx"][alike])


def best_density(
    density: np.ndarray, value: np.ndarray, seeds: np.ndarray
) -> tuple[float, float, float, float]:
    """Return the optimal density, its 95 % interval, and the p value of the curvature.

    Parameters
    ----------
    density, value, seeds : (runs,) the seeds' indices.
    """
    x = np.log(density)
    centre = x.mean()
    blocks = pd.get_dummies(seeds).to_numpy(float)
    fitted = sm.OLS(value, np.column_stack([x - centre, (x - centre) ** 2, blocks])).fit()
    grid = np.linspace(x.min(), x.max(), GRID) - centre
    height = fitted.params[0] * grid + fitted.params[1] * grid**2
    at = np.column_stack([np.ones(GRID), 2 * grid])
    slope = at @ fitted.params[:2]
    error = np.sqrt(np.einsum("ij,jk,ik->i", at, fitted.cov_params()[:2, :2], at))
    t = stats.t.ppf((1 + LEVEL) / 2, fitted.df_resid)
    rises, falls = slope - t * error > 0, slope + t * error < 0
    possible = ~rises & ~falls
    possible[0] |= falls[0]  # the maximum over the range is then at its end
    possible[-1] |= rises[-1]
    places = np.flatnonzero(possible)
    ends = grid[[places[0], places[-1]]] if len(places) else grid[[0, -1]]
    low, high = np.exp(ends + centre)
    return float(np.exp(grid[height.argmax()] + centre)), low, high, float(fitted.pvalues[1])


def uniform_optima(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the optimal density of every panel with at least four; columns as in `UNIFORM`."""
    rows = []
    for labels, panel in uniform_runs(outcomes).groupby([*PANEL, "initialisation"]):
        for name in OUTCOMES:
            for protocol in PROTOCOLS:
                runs = panel[np.isfinite(panel[f"{name}_{protocol}"].to_numpy(float))]
                if runs["uniform"].nunique() < FEWEST_DENSITIES or runs["seed_index"].nunique() < 2:
                    continue
                sign = -1 if name == "steps_to_half" else 1
                best, low, high, p = best_density(
                    runs["uniform"].to_numpy(float),
                    sign * runs[f"{name}_{protocol}"].to_numpy(float),
                    runs["seed_index"].to_numpy(),
                )
                first, last = runs["uniform"].min(), runs["uniform"].max()
                rows.append(
                    dict(zip([*PANEL, "initialisation"], labels, strict=True))
                    | {"outcome": outcome.named(name, outcome.of(runs)), "protocol": protocol}
                    | {"first": first, "last": last}
                    | {"optimum": best, "low": low, "high": high, "curvature_p": p}
                    | {"interior": bool(low > first * 1.001 and high < last / 1.001)}
                    | {"densities": runs["uniform"].nunique(), "n": len(runs)}
                    | {"seeds": runs["seed_index"].nunique()}
                )
    return pd.DataFrame(rows, columns=list(UNIFORM))
