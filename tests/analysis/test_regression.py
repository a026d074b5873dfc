"""R² by pattern against statsmodels and scikit-learn, and what its intervals cover."""

from functools import cache

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.model_selection import LeaveOneGroupOut

from blockmaps.analysis import regression
from blockmaps.analysis.splines import spline_basis, spline_knots

SIMULATIONS = 400
# three standard errors of a coverage of 95 %
MONTE_CARLO = 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)


def sample(seed: int, patterns: int = 14, most: int = 4):
    """Return an outcome, a design matrix and pattern codes, one to `most` runs a pattern."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(patterns), rng.integers(1, most + 1, patterns)))
    x = rng.uniform(size=patterns)[codes] + 0.02 * rng.normal(size=len(codes))
    X = np.column_stack([np.ones(len(codes)), x, x**2])
    value = 2 * x - x**2 + rng.normal(0, 0.3, patterns)[codes] + rng.normal(0, 0.2, len(codes))
    return value, X, codes


@pytest.mark.parametrize("seed", range(3))
def test_a_fit_is_statsmodels_and_leaving_out_is_refitting(seed):
    value, X, codes = sample(seed)
    found = regression.fit(value, X, codes)
    fitted = sm.OLS(value, X).fit()
    np.testing.assert_allclose(found.inside.sum(), fitted.ssr)
    base = regression.fit(value, X[:, :1], codes)
    assert regression.in_sample(found, base) == pytest.approx(fitted.rsquared)
    assert regression.adjusted(found, base).value == pytest.approx(fitted.rsquared_adj)
    refitted = np.zeros(codes.max() + 1)
    for train, test in LeaveOneGroupOut().split(X, value, codes):
        predicted = sm.OLS(value[train], X[train]).fit().predict(X[test])
        refitted[codes[test[0]]] = ((value[test] - predicted) ** 2).sum()
    np.testing.assert_allclose(found.outside, refitted)


def test_a_pattern_that_the_model_cannot_do_without_has_no_prediction():
    value, X, codes = sample(0)
    alone = np.column_stack([X, codes == 3])
    found = regression.fit(value, alone, codes)
    assert np.flatnonzero(np.isnan(found.outside)).tolist() == [3]
    assert np.isnan(regression.cross_validated(found, found).value)


def test_a_column_twice_changes_nothing():
    value, X, codes = sample(1)
    once = regression.fit(value, X, codes)
    twice = regression.fit(value, np.hstack([X, X[:, 1:]]), codes)
    assert once.rank == twice.rank
    np.testing.assert_allclose(once.outside, twice.outside)


@cache
def simulated(patterns: int, levels: int, height: float, of_pattern: float, of_run: float):
    """Return shares of many tables with two seeds a pattern, `levels` of |h|, and their truth.

    The truth of a cross-validated R² is what fits to so many patterns predict on average, of an
    adjusted one the share of variance that the curve has.
    """
    rng = np.random.default_rng(7)
    points = patterns // levels
    codes = np.repeat(np.arange(patterns), 2)
    x = ((np.arange(points) + 0.5) / points)[np.arange(patterns) % points][codes]
    groups = np.eye(levels)[(np.arange(patterns) // points)[codes]]
    X = np.hstack([groups, spline_basis(x, spline_knots(x))[:, 1:]])
    curve = -height * (x - 0.4) ** 2
    inside, outside, sums = [], [], []
    for number in range(4 * SIMULATIONS):
        value = curve + rng.normal(0, of_pattern, patterns)[codes] + rng.normal(0, of_run, len(x))
        large, small = (regression.fit(value, columns, codes) for columns in (X, groups))
        sums.append((large.outside.sum(), small.outside.sum()))
        if number < SIMULATIONS:
            inside.append(regression.adjusted(large, small))
            outside.append(regression.cross_validated(large, small))
    large, small = np.mean(sums, axis=0)
    within = curve.var() / (curve.var() + of_pattern**2 + of_run**2)
    return inside, outside, within, 1 - large / small


def coverage(shares, truth: float, bounds=("low", "high")) -> float:
    low, high = (np.array([getattr(share, name) for share in shares]) for name in bounds)
    return float(((low <= truth) & (truth <= high)).mean())


# the default preset's even design at one budget; the factorial's 64 structures; no effect at all
PRESETS = [(20, 2, 3.0, 0.05, 0.15), (64, 1, 3.0, 0.1, 0.3), (20, 2, 0.0, 0.05, 0.15)]


@pytest.mark.parametrize("preset", PRESETS)
def test_intervals_cover_at_the_presets_numbers_of_patterns_and_seeds(preset):
    inside, outside, within, predicted = simulated(*preset)
    assert coverage(outside, predicted) > 0.95 - MONTE_CARLO
    assert coverage(inside, within) > 0.95 - MONTE_CARLO


def test_a_refit_to_a_resample_is_a_refit_without_all_copies_of_a_pattern():
    value, X, codes = sample(2)
    model = regression.fit(value, X, codes)
    rng, patterns = np.random.default_rng(0), codes.max() + 1
    times = rng.multinomial(patterns, np.full(patterns, 1 / patterns), 3)
    for weights, found in zip(times, regression.refitted(model, times), strict=True):
        total = 0.0
        for pattern in np.flatnonzero(weights):
            others = codes != pattern
            fitted = sm.WLS(value[others], X[others], weights[codes][others]).fit()
            predicted = fitted.predict(X[~others])
            total += weights[pattern] * ((value[~others] - predicted) ** 2).sum()
        assert found == pytest.approx(total, rel=1e-4)
    # of each pattern once it is the cross-validation itself
    once = regression.refitted(model, np.ones((1, patterns)))
    assert once[0] == pytest.approx(model.outside.sum(), rel=1e-6)


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_the_refitting_bootstrap_covers_at_forty_patterns(noise):
    """Half of them below a proportion of .25 and a cliff there: the later test of claim A2."""
    simulations, patterns = 60, 40
    rng, codes = np.random.default_rng(8), np.repeat(np.arange(patterns), 2)
    places = np.interp((np.arange(20) + 0.5) / 20, [0, 0.5, 1], [0, 0.25, 1])
    x = np.tile(places, 2)[codes]
    groups = np.eye(2)[(np.arange(patterns) // 20)[codes]]
    X = np.hstack([groups, spline_basis(x, spline_knots(x))[:, 1:]])
    curve = np.where(x < 0.15, -1.2 * (1 - x / 0.15), 0.0)
    found, sums = [], []
    for number in range(10 * simulations):
        value = curve + rng.normal(0, noise, patterns)[codes] + rng.normal(0, noise, len(x))
        large, small = (regression.fit(value, columns, codes) for columns in (X, groups))
        sums.append((large.outside.sum(), small.outside.sum()))
        if number < simulations:
            found.append(regression.cross_validated(large, small, bootstrap=True))
    above, below = np.mean(sums, axis=0)
    share = coverage(found, 1 - above / below, ("bootstrap_low", "bootstrap_high"))
    assert share > 0.95 - 3 * np.sqrt(0.95 * 0.05 / simulations)
    # the cliff is found where the noise is small
    powered = np.mean([one.bootstrap_low > 0.25 for one in found])
    assert powered > 0.9 if noise == 0.1 else powered < 0.9


def test_a_table_with_no_effect_yields_none():
    inside, outside, _, predicted = simulated(*PRESETS[2])
    assert predicted < 0
    for shares in (inside, outside):
        assert np.mean([share.low > 0 for share in shares]) < 0.025 + MONTE_CARLO
    assert np.mean([share.value for share in inside]) == pytest.approx(0, abs=0.05)


def test_a_true_share_is_found():
    inside, outside, within, _ = simulated(*PRESETS[1])
    assert np.median([share.value for share in inside]) == pytest.approx(within, abs=0.05)
    assert np.median([share.value for share in outside]) == pytest.approx(within, abs=0.07)
