"""The best density of uniform patterns on made tables whose best density is known."""

import numpy as np
import pytest

from blockmaps.analysis import uniform

SIMULATIONS = 300
MONTE_CARLO = 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)
DENSITIES = np.array([0.1, 0.2, 0.5, 1.0])  # the default preset's, four seeds each


def table(rng, curve, noise: float):
    density, seeds = np.repeat(DENSITIES, 4), np.tile(np.arange(4), 4)
    shared = rng.normal(0, 1.0, 4)[seeds]
    return density, curve(np.log(density)) + shared + rng.normal(0, noise, 16), seeds


def test_a_known_optimum_is_found_and_covered():
    rng, hits = np.random.default_rng(1), 0
    for _ in range(SIMULATIONS):
        best, low, high, _ = uniform.best_density(
            *table(rng, lambda x: -((x - np.log(0.3)) ** 2), 0.3)
        )
        assert low <= best <= high
        hits += low <= 0.3 <= high
    assert hits / SIMULATIONS == pytest.approx(0.95, abs=MONTE_CARLO)


def test_an_optimum_at_the_end_stays_at_the_end():
    rng = np.random.default_rng(2)
    best, low, high, _ = uniform.best_density(*table(rng, lambda x: 5 * x, 0.01))
    assert (best, high) == (pytest.approx(1), pytest.approx(1))
    assert low == pytest.approx(1)
    best, low, high, _ = uniform.best_density(*table(rng, lambda x: -5 * x, 0.01))
    assert (best, low, high) == pytest.approx((0.1, 0.1, 0.1))


def test_no_effect_leaves_the_whole_range_open():
    rng = np.random.default_rng(3)
    wide, curved = 0, 0
    for _ in range(SIMULATIONS):
        _, low, high, p = uniform.best_density(*table(rng, np.zeros_like, 1.0))
        wide += high / low > 5
        curved += p < 0.05
    assert wide / SIMULATIONS > 0.8
    assert curved / SIMULATIONS == pytest.approx(0.05, abs=MONTE_CARLO)
