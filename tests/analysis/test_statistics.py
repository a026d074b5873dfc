"""Intervals against known cases, their coverage by simulation, and their unit: the pattern."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from blockmaps.analysis import smoothing, splines, statistics

SIMULATIONS = 400
# three standard errors of a coverage of 95 %
MONTE_CARLO = 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)


def outcomes(values: np.ndarray, patterns=None, **columns) -> pd.DataFrame:
    """Turn (patterns, seeds) values into a table of outcomes."""
    values = np.atleast_2d(values)
    names = [f"p{i:02d}" for i in range(len(values))] if patterns is None else patterns
    return pd.DataFrame(
        {
            "pattern": np.repeat(names, values.shape[1]),
            "seed_index": np.tile(np.arange(values.shape[1]), len(values)),
            "value": values.ravel(),
            "arm": "balanced",
            **columns,
        }
    )


def test_pooled_t_of_one_pattern_is_the_usual_t_interval():
    values = np.array([0.61, 0.64, 0.60, 0.66])
    found = statistics.pooled_t_interval(outcomes(values))
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    np.testing.assert_allclose(found[1:3], expected)
    assert (found.n, found.patterns, found.seeds, found.method) == (4, 1, 4, "pooled t")


def test_pooled_variance_and_interval_by_hand():
    table = outcomes(np.array([[1.0, 3.0], [10.0, 14.0]]))
    pooled = statistics.pooled_variance(table)
    assert pooled == (pytest.approx((2 + 8) / 2), 2)
    found = statistics.pooled_t_interval(table[table["pattern"] == "p00"], pooled)
    half = stats.t.ppf(0.975, 2) * np.sqrt(5 / 2)
    np.testing.assert_allclose(found[:3], (2, 2 - half, 2 + half))
    # of an arm of both: each pattern counts the same
    found = statistics.pooled_t_interval(table, pooled)
    half = stats.t.ppf(0.975, 2) * np.sqrt(5 * (1 / 2 + 1 / 2)) / 2
    np.testing.assert_allclose(found[:3], (7, 7 - half, 7 + half))


def test_one_seed_a_pattern_has_a_mean_but_no_bounds():
    table = outcomes(np.array([[0.5], [0.7]]))
    assert statistics.pooled_variance(table).degrees == 0
    found = statistics.pooled_t_interval(table)
    assert found.mean == pytest.approx(0.6)
    assert np.isnan(found[1:3]).all()


def test_runs_without_a_value_are_left_out():
    table = outcomes(np.array([[0.5, 0.6, np.nan]]))
    assert statistics.pooled_t_interval(table).n == 2
    empty = table.assign(value=np.nan)
    for interval in (statistics.pooled_t_interval, statistics.pattern_interval):
        found = interval(empty)
        assert found.n == 0
        assert np.isnan(found[:3]).all()


def test_pooled_t_covers():
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(SIMULATIONS):
        means = generator.normal(0.6, 0.05, 6)
        table = outcomes(means[:, None] + generator.normal(0, 0.02, (6, 2)))
        pooled = statistics.pooled_variance(table)
        found = statistics.pooled_t_interval(table[table["pattern"] == "p00"], pooled)
        covered += found.low <= means[0] <= found.high
    assert covered / SIMULATIONS == pytest.approx(0.95, abs=MONTE_CARLO)


HALVES = st.floats(1e-6, 5)
SCATTER = st.floats(0.01, 5)
SIDES = st.lists(st.floats(-100, 100), min_size=3, max_size=8)


@given(first=SIDES, second=SIDES)
def test_a_difference_is_scipys_welch_test(first, second):
    sides = [np.array(side) for side in (first, second)]
    if any(np.ptp(side) < 1e-3 for side in sides):
        return
    found = statistics.difference(outcomes(sides[0]), outcomes(sides[1]))
    test = stats.ttest_ind(*sides, equal_var=False)
    interval = test.confidence_interval()
    np.testing.assert_allclose(found[1:3], (interval.low, interval.high), rtol=1e-9)
    assert found.p == pytest.approx(test.pvalue)
    assert found.degrees == pytest.approx(test.df)
    assert found.n == min(map(len, sides))


@given(scales=st.tuples(SCATTER, SCATTER))
def test_a_differences_degrees_lie_between_those_of_one_arm_and_of_both(scales):
    rng = np.random.default_rng(0)
    sides = [rng.normal(0, scale, 4) for scale in scales]
    found = statistics.welch(sides)
    assert 3 - 1e-9 <= found.degrees <= 6 + 1e-9
    # the other way round it is the same interval, mirrored
    other = statistics.welch(sides[::-1])
    np.testing.assert_allclose((other.low, other.high), (-found.high, -found.low))


def test_a_contrast_of_four_arms_by_hand():
    rng = np.random.default_rng(1)
    sides = [rng.normal(0, scale, n) for scale, n in ((1, 4), (4, 5), (0.5, 3), (2, 6))]
    weights = (-1, 1, 0.5, -0.5)
    found = statistics.welch(sides, weights)
    parts = np.array([w**2 * s.var(ddof=1) / len(s) for w, s in zip(weights, sides, strict=True)])
    degrees = parts.sum() ** 2 / sum(p**2 / (len(s) - 1) for p, s in zip(parts, sides, strict=True))
    means = [side.mean() for side in sides]
    assert found.mean == pytest.approx(-means[0] + means[1] + 0.5 * means[2] - 0.5 * means[3])
    half = stats.t.ppf(0.975, degrees) * np.sqrt(parts.sum())
    assert found.high - found.mean == pytest.approx(half)
    assert found.n == 3


@pytest.mark.parametrize("scatter", [(1, 1), (4, 1), (50, 1)])
def test_a_difference_covers_however_arms_scatter(scatter):
    """Where one arm scatters as much more than another as dense did: pooling does not."""
    rng, hits = np.random.default_rng(2), 0
    for _ in range(SIMULATIONS):
        sides = [rng.normal(0, scale, 4) for scale in scatter]
        found = statistics.welch(sides)
        hits += found.low <= 0 <= found.high
    assert hits / SIMULATIONS == pytest.approx(0.95, abs=MONTE_CARLO)


def test_a_unit_is_a_seed_index_of_a_fixed_arm_and_a_pattern_of_a_sample():
    values = np.array([[1.0, 2.0, 3.0, 9.0], [3.0, 4.0, 5.0, np.nan]])
    fixed = outcomes(values)
    # a seed index at which a pattern is missing would mix in which one
    np.testing.assert_allclose(statistics.units(fixed), [2, 3, 4])
    np.testing.assert_allclose(statistics.units(fixed.assign(arm="mixed")), [3.75, 4])


def test_too_few_units_or_none_that_vary_have_no_interval():
    few = statistics.difference(outcomes(np.array([1.0, 2.0])), outcomes(np.array([1.0, 2, 3])))
    assert (few.mean, few.n, few.method) == (-0.5, 2, statistics.TOO_FEW)
    alike = statistics.welch([np.ones(4), np.zeros(3)])
    assert (alike.mean, alike.method) == (1, statistics.ALIKE)
    none = statistics.difference(outcomes(np.array([np.nan])), outcomes(np.array([1.0])))
    assert none.n == 0
    assert np.isnan([few.low, few.high, alike.low, alike.p, none.mean]).all()


@given(mean=st.one_of(st.floats(1e-6, 1 - 1e-6), st.sampled_from([0.0, 1.0])), half=HALVES)
def test_a_share_stays_a_share(mean, half):
    low, high = statistics.within(mean, half, (0.0, 1.0))
    assert 0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1
    if half <= min(mean, 1 - mean):
        assert (low, high) == (mean - half, mean + half)
    scaled = statistics.within(200 * mean - 100, 200 * half, (-100.0, 100.0))
    np.testing.assert_allclose(scaled, (200 * low - 100, 200 * high - 100), atol=1e-6)


def test_near_an_end_an_interval_is_the_logits_own():
    values = np.array([0.02, 0.10, 0.01, 0.01])
    found = statistics.arm_interval(outcomes(values), ends=(0.0, 1.0))
    m, se = values.mean(), stats.sem(values)
    assert m - stats.t.ppf(0.975, 3) * se < 0
    half = stats.t.ppf(0.975, 3) * se / (m * (1 - m))
    logit = np.log(m / (1 - m))
    expected = 1 / (1 + np.exp(-(logit + np.array([-half, half]))))
    np.testing.assert_allclose(found[1:3], expected)


def test_holm_is_statsmodels():
    values = np.random.default_rng(0).uniform(0, 0.5, 12).round(1)  # with ties
    expected = multipletests(values, method="holm")[1]
    np.testing.assert_allclose(statistics.holm(pd.Series(values)), expected)


def test_holm_by_hand():
    np.testing.assert_allclose(
        statistics.holm(pd.Series([0.01, np.nan, 0.04, 0.03])), [0.03, np.nan, 0.06, 0.06]
    )
    assert np.isnan(statistics.holm(pd.Series([np.nan]))).all()


@pytest.mark.parametrize(("patterns", "method"), [(8, "t over"), (30, "bootstrap over")])
def test_the_unit_is_the_pattern(patterns, method):
    values = np.random.default_rng(3).normal(0.6, 0.05, (patterns, 2))
    once, often = outcomes(values), outcomes(np.tile(values, (1, 10)))
    few, many = statistics.pattern_interval(once), statistics.pattern_interval(often)
    assert few.method.startswith(method)
    np.testing.assert_allclose(few[:3], many[:3])
    assert many.n == 10 * few.n
    assert statistics.pattern_interval(once) == few  # no chance left in it


def test_pattern_interval_known_cases():
    values = np.array([[0.5, 0.7], [0.6, 0.6], [0.9, 0.9]])
    means = values.mean(1)
    found = statistics.pattern_interval(outcomes(values))
    np.testing.assert_allclose(found[1:3], stats.ttest_1samp(means, 0).confidence_interval())
    assert np.isnan(statistics.pattern_interval(outcomes(values[:1])).low)
    same = statistics.pattern_interval(outcomes(np.full((30, 2), 0.1)))
    assert same[:3] == (pytest.approx(0.1),) * 3


def test_arms_that_sample_patterns_are_told_from_fixed_ones():
    table = outcomes(np.random.default_rng(4).normal(0.6, 0.1, (25, 4)))
    mixed = statistics.arm_interval(table.assign(arm="mixed"))
    assert mixed.method == "bootstrap over patterns"
    found = statistics.arm_interval(table)
    assert found.method == "t over seed indices"
    seeds = table.groupby("seed_index")["value"].mean()
    np.testing.assert_allclose(found[1:3], stats.ttest_1samp(seeds, 0).confidence_interval())


def curved(patterns: int, seeds: int, noise: float, seed: int = 5) -> pd.DataFrame:
    """Return outcomes whose curve is 0.7 − (x − 0.4)² with noise of pattern and run."""
    generator = np.random.default_rng(seed)
    x = np.repeat(np.linspace(0, 1, patterns), seeds)
    of_pattern = np.repeat(generator.normal(0, noise, patterns), seeds)
    values = 0.7 - (x - 0.4) ** 2 + of_pattern + generator.normal(0, noise, len(x))
    return outcomes(values.reshape(patterns, seeds), x=x)


def test_spline_recovers_a_curve_and_its_optimum():
    fit = splines.fit_spline(curved(60, 2, 0.01))
    truth = 0.7 - (fit.x - 0.4) ** 2
    np.testing.assert_allclose(fit.mean, truth, atol=0.015)
    assert ((fit.low <= truth) & (truth <= fit.high)).mean() > 0.8
    assert fit.optimum.low < 0.4 < fit.optimum.high
    assert fit.optimum.high - fit.optimum.low < 0.15
    assert (fit.optimum.patterns, fit.optimum.n) == (60, 120)


def test_spline_band_has_the_pattern_as_its_unit():
    table = curved(30, 2, 0.02)
    often = pd.concat([table.assign(seed_index=table["seed_index"] + 2 * i) for i in range(8)])
    few, many = splines.fit_spline(table), splines.fit_spline(often)
    np.testing.assert_allclose(few.low, many.low)
    np.testing.assert_allclose(few.optimum[:3], many.optimum[:3])


def test_spline_is_patsys_natural_cubic_regression_spline():
    from patsy import dmatrix

    table = curved(40, 1, 0.02)
    x, knots = table["x"].to_numpy(), splines.spline_knots(table["x"].to_numpy())
    basis = dmatrix(
        "cr(x, knots=inner, lower_bound=low, upper_bound=high) - 1",
        {"x": x, "inner": knots[1:-1], "low": knots[0], "high": knots[-1]},
    )
    ours = splines.spline_basis(x, knots)
    np.testing.assert_allclose(ours, basis, atol=1e-12)
    coefficients = np.linalg.lstsq(ours, table["value"].to_numpy())[0]
    fit = splines.fit_spline(table)
    np.testing.assert_allclose(fit.mean, splines.spline_basis(fit.x, knots) @ coefficients)


def test_spline_goes_on_straight_beyond_its_ends():
    knots = np.array([0.0, 0.3, 0.6, 1.0])
    outside = splines.spline_basis(np.array([1.0, 1.5, 2.0, -1.0, -0.5, 0.0]), knots)
    np.testing.assert_allclose(outside[2] - outside[1], outside[1] - outside[0], atol=1e-12)
    np.testing.assert_allclose(outside[5] - outside[4], outside[4] - outside[3], atol=1e-12)


def test_spline_with_few_patterns():
    fit = splines.fit_spline(curved(12, 2, 0.01))
    assert np.isnan(fit.low).all()
    assert np.isnan(fit.optimum.low)
    assert fit.optimum.mean == pytest.approx(0.4, abs=0.1)
    with pytest.raises(ValueError, match="9 patterns"):
        splines.fit_spline(curved(9, 2, 0.01))
    with pytest.raises(ValueError, match="does not vary"):
        splines.fit_spline(curved(30, 2, 0.01).assign(x=0.5))


def test_the_local_mean_finds_an_optimum_and_never_leaves_the_data():
    fit = smoothing.fit_local_mean(curved(60, 2, 0.01))
    assert fit.optimum.low <= fit.optimum.mean <= fit.optimum.high
    table = curved(40, 2, 0.0)
    step = table.assign(value=np.where(table["x"] < 0.1, 0.2, 0.6))
    fit = smoothing.fit_local_mean(step)
    assert fit.mean.min() >= 0.2
    assert fit.high.max() <= 0.6 + 1e-12
    constant = smoothing.fit_local_mean(table.assign(value=0.5))
    np.testing.assert_allclose(constant.mean, 0.5)
    assert np.isnan(smoothing.fit_local_mean(curved(12, 2, 0.01)).low).all()
    with pytest.raises(ValueError, match="takes 10"):
        smoothing.fit_local_mean(curved(9, 2, 0.01))


def test_no_share_has_an_interval_beyond_its_ends():
    rows = [("a", "p", seed, value) for seed, value in enumerate((0.96, 1.0, 1.0))]
    near_one = pd.DataFrame(rows, columns=["arm", "pattern", "seed_index", "value"])
    assert statistics.pooled_t_interval(near_one).high > 1
    held = statistics.pooled_t_interval(near_one, ends=(0.0, 1.0))
    assert 0 < held.low < held.mean < held.high < 1
    half = statistics.pooled_t_interval(near_one).high - held.mean
    expected = statistics.within(held.mean, half, (0.0, 1.0))
    np.testing.assert_allclose((held.low, held.high), expected)
