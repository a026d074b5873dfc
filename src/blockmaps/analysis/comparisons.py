"""Differences between arms: three outcomes, two protocols, Holm's correction.

Fixed arms (dense, uniform, balanced, cells) have few seeds, and arms of one seed index share data
and order. Two intervals of a difference stand side by side:

paired
    Student's t of the differences by seed index. It takes nothing of how arms scatter, and needs
    three pairs.
pooled
    Student's t of the additive model value = pattern + seed index + noise over all fixed arms of
    the panel, the classical analysis of randomised blocks: many more degrees of freedom, but all
    arms have to scatter alike. It is the interval that the claims' tests name. For complete data
    it is that of a mixed model with a random seed effect (tests/analysis/test_compare.py).

Where dense scatters four times as much as the others, the pooled interval of a difference from it
covers in less than nine of ten cases (the same test): `low` and `high` are the paired ones. A
sample of patterns (mixed) has no pairs worth the name: its difference from a fixed arm is Welch's,
over patterns on its side and with the pooled variance on the other, both at the seed indices that
they share.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from blockmaps.analysis.columns import COMPARISONS, INITIALISATIONS
from blockmaps.analysis.outcomes import OUTCOMES, PROTOCOLS
from blockmaps.analysis.statistics import LEVEL, SAMPLED_ARMS, paired_difference
from blockmaps.analysis.summary import DIFFERENCES, PANEL, RECOMMENDED

UNITS = {"accuracy": "percentage points", "area": "percentage points", "steps_to_half": "steps"}
SCALES = {"accuracy": 100.0, "area": 100.0, "steps_to_half": 1.0}
PRIMARY = DIFFERENCES[:2]


class Estimate(NamedTuple):
    """A difference with its standard error and degrees of freedom."""

    value: float
    error: float
    degrees: float

    def bounds(self) -> tuple[float, float]:
        """Return the 95 % interval of Student's t; NaN without an error."""
        if not (self.degrees > 0 and np.isfinite(self.error)):
            return np.nan, np.nan
        half = stats.t.ppf((1 + LEVEL) / 2, self.degrees) * self.error
        return self.value - half, self.value + half

    def p_value(self) -> float:
        """Return the two-sided p value of no difference; NaN without an error."""
        if not (self.degrees > 0 and self.error > 0):
            return np.nan
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.degrees))


UNKNOWN = Estimate(np.nan, np.nan, 0)


class Blocks:
    """The additive model value = pattern + seed index + noise of fixed arms, fitted once.

    Parameters
    ----------
    values : runs of the fixed arms: arm, pattern, seed_index, value.

    Attributes
    ----------
    variance, degrees : of the noise; NaN and 0 where nothing is left to estimate it from.
    """

    def __init__(self, values: pd.DataFrame) -> None:
        self.arms = values.drop_duplicates("pattern").set_index("pattern")["arm"].sort_index()
        patterns = values["pattern"].to_numpy()[:, None] == self.arms.index.to_numpy()
        seeds = np.unique(values["seed_index"])[1:]  # the first is the patterns' own
        X = np.hstack([patterns, values["seed_index"].to_numpy()[:, None] == seeds]).astype(float)
        self.variance, self.degrees, self.fitted = np.nan, 0.0, None
        if len(X) and np.linalg.matrix_rank(X) == X.shape[1] < len(X):
            self.fitted = sm.OLS(values["value"].to_numpy(float), X).fit()
            self.variance, self.degrees = self.fitted.mse_resid, float(self.fitted.df_resid)

    def difference(self, first: str, second: str) -> Estimate:
        """Return first − second; an arm of several patterns is the mean of their effects."""
        if self.fitted is None:
            return UNKNOWN
        weights = np.zeros(len(self.fitted.params))
        for arm, sign in ((first, 1), (second, -1)):
            own = np.flatnonzero(self.arms == arm)
            weights[own] += sign / len(own)
        error = np.sqrt(weights @ self.fitted.cov_params() @ weights)
        return Estimate(float(weights @ self.fitted.params), float(error), self.degrees)


def welch_difference(sampled: pd.DataFrame, fixed: pd.DataFrame, blocks: Blocks) -> Estimate:
    """Return a sample of patterns less a fixed arm, at the seed indices that both have.

    The variance of a fixed pattern's run is that of the blocks.
    """
    shared = set(sampled["seed_index"]) & set(fixed["seed_index"])
    sides = [side[side["seed_index"].isin(shared)] for side in (sampled, fixed)]
    means = sides[0].groupby("pattern")["value"].mean()
    variance, degrees = blocks.variance, blocks.degrees
    if len(means) < 2 or sides[1].empty or not degrees:
        return UNKNOWN
    runs = sides[1].groupby("pattern")["value"].size()
    parts = np.array(
        [means.var() / len(means), variance * (1 / runs).sum() / len(runs) ** 2], dtype=float
    )
    if parts.sum() == 0:
        return UNKNOWN
    difference = means.mean() - sides[1].groupby("pattern")["value"].mean().mean()
    freedom = parts.sum() ** 2 / (parts**2 / [len(means) - 1, degrees]).sum()
    return Estimate(float(difference), float(np.sqrt(parts.sum())), float(freedom))


def _pairs(arms: set[str]) -> list[tuple[str, str, str, str]]:
    """Return claim, role, first and second of every comparison that the arms allow."""
    matched = [(arm, arm.partition("~")[2]) for arm in sorted(arms) if "~" in arm]
    named = [
        *(("A1", "primary" if pair in PRIMARY else "secondary", *pair) for pair in DIFFERENCES),
        *(("A4", "secondary", *pair) for pair in RECOMMENDED),
        *(
            ("E1b", "primary" if "uniform~lstm" in first else "secondary", first, second)
            for first, second in matched
        ),
    ]
    return [row for row in named if row[2] in arms and row[3] in arms]


def _compared(values: pd.DataFrame, blocks: Blocks, first: str, second: str) -> dict:
    """Return both intervals of a difference; the first is the paired one, or Welch's."""
    sides = [values[values["arm"] == arm] for arm in (first, second)]
    if first in SAMPLED_ARMS:
        main = welch_difference(*sides, blocks)
        method, pooled, p = "Welch, over patterns and runs", UNKNOWN, main.p_value()
        estimate, (low, high), degrees = main.value, main.bounds(), main.degrees
        if np.isnan(estimate):
            estimate = paired_difference(*sides).mean
    else:
        paired = paired_difference(*sides)
        estimate, low, high = paired.mean, paired.low, paired.high
        method, pooled = paired.method, blocks.difference(first, second)
        degrees = paired.n - 1
        half = (high - low) / 2 / stats.t.ppf((1 + LEVEL) / 2, max(degrees, 1))
        p = Estimate(estimate, half, degrees).p_value()
    pooled_low, pooled_high = pooled.bounds()
    return {
        "estimate": estimate,
        "low": low,
        "high": high,
        "p": p,
        "degrees": degrees,
        "method": method,
        "pooled": pooled.value,
        "pooled_low": pooled_low,
        "pooled_high": pooled_high,
        "pooled_p": pooled.p_value(),
        "pooled_degrees": pooled.degrees or np.nan,
        "patterns_first": sides[0]["pattern"].nunique(),
        "patterns_second": sides[1]["pattern"].nunique(),
        "n_first": len(sides[0]),
        "n_second": len(sides[1]),
        "seeds": len(set(sides[0]["seed_index"]) & set(sides[1]["seed_index"])),
    }


def holm(p: pd.Series) -> np.ndarray:
    """Return Holm's adjusted p values; NaN where there is none.

    With m values in ascending order, p̃_i = max over j ≤ i of (m − j + 1) p_j, at most 1. It is
    statsmodels' `multipletests`, which collects garbage at every call, a fifth of a second each.
    """
    values = p.to_numpy(float)
    found = np.full(len(values), np.nan)
    order = np.argsort(values)[: np.isfinite(values).sum()]  # NaN sorts last
    steps = np.arange(len(order), 0, -1) * values[order]
    found[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return found


def _panels(outcomes: pd.DataFrame):
    """Yield labels and runs with a value, for every panel, outcome and protocol."""
    for labels, panel in outcomes.groupby(PANEL):
        for outcome in OUTCOMES:
            for protocol in PROTOCOLS:
                values = panel.rename(columns={f"{outcome}_{protocol}": "value"})
                values = values[np.isfinite(values["value"].to_numpy(float))]
                if len(values):
                    named = dict(zip(PANEL, labels, strict=True))
                    named["initialisation"] = " and ".join(sorted(set(values["initialisation"])))
                    yield named | {"outcome": outcome, "protocol": protocol}, values


def comparisons(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of A1 and E1b, and the recommended pattern's, one row each.

    `p_holm` is corrected over the comparisons of a panel, outcome and protocol. Columns as in
    `COMPARISONS`.
    """
    rows = []
    for labels, values in _panels(outcomes):
        scaled = values.assign(value=SCALES[labels["outcome"]] * values["value"])
        blocks = Blocks(scaled[~scaled["arm"].isin(SAMPLED_ARMS)])
        for claim, role, first, second in _pairs(set(values["arm"])):
            named = labels | {"claim": claim, "role": role, "difference": f"{first} - {second}"}
            rows.append(
                named
                | {"unit": UNITS[labels["outcome"]]}
                | _compared(scaled, blocks, first, second)
            )
    table = pd.DataFrame(rows, columns=[name for name in COMPARISONS if "holm" not in name])
    family = table.groupby([*PANEL, "outcome", "protocol"], sort=False)
    for name in ("p", "pooled_p"):
        corrected = family[name].transform(holm) if len(table) else pd.Series(dtype=float)
        table[f"{name}_holm"] = corrected
    return table[list(COMPARISONS)]


def initialisations(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return every difference of A1 under two initialisations, and by how much it changes.

    Two experiments are set beside each other where data set, budget and arms agree and the scheme
    of the unknowns' start does not. The change is paired by seed index. Columns as in
    `INITIALISATIONS`.
    """
    rows = []
    for labels, values in _by_scheme(outcomes):
        schemes = sorted(values["initialisation"].unique(), key=lambda name: name[0] != "N")
        for other in schemes[1:]:
            sides = [values[values["initialisation"] == name] for name in (schemes[0], other)]
            arms = set(sides[0]["arm"]) & set(sides[1]["arm"])
            for first, second in DIFFERENCES:
                if {first, second} <= arms and first not in SAMPLED_ARMS:
                    named = {"difference": f"{first} - {second}", "first": schemes[0]}
                    rows.append(labels | named | _changed(sides, first, second, other))
    return pd.DataFrame(rows, columns=list(INITIALISATIONS))


def _by_scheme(outcomes: pd.DataFrame):
    """Yield runs of one data set, budget, outcome and protocol, of all experiments together."""
    whole = outcomes[~outcomes["initialisation"].str.contains("by block")]
    for (dataset, budget), panel in whole.groupby(["dataset", "budget"]):
        for outcome in OUTCOMES:
            for protocol in PROTOCOLS:
                value = SCALES[outcome] * panel[f"{outcome}_{protocol}"]
                labels = {"dataset": dataset, "budget": budget, "outcome": outcome}
                labels |= {"protocol": protocol, "unit": UNITS[outcome]}
                yield labels, panel.assign(value=value)


def _changed(sides: list[pd.DataFrame], first: str, second: str, other: str) -> dict:
    """Return the difference under each scheme, and the second's less the first's."""
    found, by_seed = {"second": other}, []
    for name, side in zip(("first", "second"), sides, strict=True):
        one = paired_difference(*(side[side["arm"] == arm] for arm in (first, second)))
        found |= {f"under_{name}": one.mean, f"{name}_low": one.low, f"{name}_high": one.high}
        means = side.groupby(["arm", "seed_index", "pattern"])["value"].mean()
        means = means.groupby(["arm", "seed_index"]).mean().unstack(0)
        by_seed.append(means[first] - means[second])
    change = pd.concat(by_seed, axis=1, keys=["first", "second"]).dropna()
    tables = [
        pd.DataFrame(
            {"pattern": name, "seed_index": change.index, "value": change[name].to_numpy()}
        )
        for name in ("second", "first")
    ]
    moved = paired_difference(*tables)
    return found | {"change": moved.mean, "low": moved.low, "high": moved.high, "seeds": moved.n}
