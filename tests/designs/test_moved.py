"""Moved unknowns: a path from one mask to random places, with an exact number of unknowns on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blockmaps.designs.kinds.mlp_path import layered, with_moved
from blockmaps.designs.patterns import Block, Pattern, Slot, draw_mask, number_moved
from blockmaps.designs.variants import Initialisation, Variant, start

NORMAL = Initialisation(std=0.1, bias=False)
shares = st.floats(0, 1)


def variant(pattern, initialisation=NORMAL, seed_index=0, **fields):
    return Variant(
        pattern=pattern,
        initialisation=initialisation,
        learning_rate=0.01,
        seed_index=seed_index,
        **fields,
    )


def places(mask):
    return set(zip(mask.rows.tolist(), mask.columns.tolist(), strict=True))


@given(shares, st.floats(0.02, 1), st.integers(0, 99))
def test_the_number_of_unknowns_is_exact_whatever_is_moved(share, density, seed):
    mlp = layered(9, (5, 4), 3, density)
    total = sum(block.count for block in mlp.blocks)
    pattern = with_moved(mlp, share)
    mask = draw_mask(pattern, np.random.default_rng(seed))
    assert len(places(mask)) == len(mask.rows) == sum(mask.counts.values()) == total
    assert mask.rows.min() >= 9  # the input has no rows
    assert sum(pattern.expected().values()) == pytest.approx(total)
    order = mask.rows * 21 + mask.columns
    assert (np.diff(order) > 0).all()
    own = {block.target + block.source for block in mlp.blocks}
    assert sum(mask.counts[name] for name in own) >= total - number_moved(pattern)


def test_none_moved_is_the_mlps_own_mask_and_start():
    mlp = layered(9, (5, 4), 3, 0.5)
    assert with_moved(mlp, 0.0) == mlp
    assert variant(with_moved(mlp, 0)).key == variant(mlp).key
    mask = start(variant(mlp), 1).mask
    inside = np.zeros((21, 21), dtype=bool)
    inside[9:14, :9] = inside[14:18, 9:14] = inside[18:, 14:18] = True
    assert inside[mask.rows, mask.columns].all()


@given(st.integers(0, 30), st.lists(shares, min_size=2, max_size=2))
def test_a_path_is_nested_and_unknowns_keep_their_numbers(seed_index, two):
    """What is moved at a share is moved at a larger one; of the others, place and value stay."""
    low, high = sorted(two)
    mlp = layered(9, (5, 4), 3, 0.4)
    starts = [start(variant(with_moved(mlp, s), NORMAL, seed_index), 3) for s in (0, low, high)]
    values = [
        dict(zip(zip(one.mask.rows, one.mask.columns, strict=True), one.values, strict=True))
        for one in starts
    ]
    total = len(values[0])
    for share, one in ((low, values[1]), (high, values[2])):
        stayed = [place for place in values[0] if one.get(place) == values[0][place]]
        assert len(stayed) >= total - number_moved(with_moved(mlp, share))
        assert sorted(one.values()) == sorted(values[0].values())
    kept = {place for place in values[0] if values[2].get(place) == values[0][place]}
    assert len(kept & set(values[1])) == len(kept)


def test_all_moved_is_uniform_over_all_places():
    """Against the share of places that each block has: 2,000 draws, and places of the MLP too."""
    pattern = with_moved(layered(6, (4,), 2, 0.5), 1.0)
    counts = np.zeros((12, 12))
    rng = np.random.default_rng(0)
    for _ in range(2000):
        mask = draw_mask(pattern, rng)
        counts[mask.rows, mask.columns] += 1
    total = 16
    expected = 2000 * total / (6 * 12)
    assert not counts[:6].any()
    # 72 binomial counts: five standard deviations
    spread = np.sqrt(expected * (1 - total / 72))
    assert np.abs(counts[6:] - expected).max() < 5 * spread
    assert pattern.expected()["h1x"] == pytest.approx(total * 24 / 72)


def test_expected_counts_are_the_mean_of_realised_ones():
    pattern = with_moved(layered(6, (4, 3), 2, 0.6), 0.5)
    rng = np.random.default_rng(1)
    drawn = [draw_mask(pattern, rng).counts for _ in range(1500)]
    for name, expected in pattern.expected().items():
        found = np.array([counts[name] for counts in drawn])
        error = found.std() / np.sqrt(len(found)) + 1e-9
        assert abs(found.mean() - expected) < 5 * error, name


def test_replicates_and_seeds_differ_and_iterations_do_not():
    mlp = layered(9, (5, 4), 3, 0.5)
    base = start(variant(with_moved(mlp, 0.5)), 1)
    for other in (
        variant(with_moved(mlp, 0.5), replicate=1),
        variant(with_moved(mlp, 0.5), seed_index=1),
    ):
        assert places(start(other, 1).mask) != places(base.mask)
    again = start(variant(with_moved(mlp, 0.5), iterations=8), 1)
    np.testing.assert_array_equal(again.values, base.values)
    np.testing.assert_array_equal(again.mask.columns, base.mask.columns)


def test_fan_in_is_that_of_the_row_an_unknown_is_moved_to():
    mlp = layered(400, (60, 30), 10, 0.3)
    begin = start(variant(with_moved(mlp, 1.0), Initialisation(scheme="fan_in", gain=1.0)), 1)
    in_row = np.bincount(begin.mask.rows)[begin.mask.rows]
    scaled = begin.values * np.sqrt(in_row)
    assert scaled.std() == pytest.approx(1, abs=0.03)
    wide = in_row > np.median(in_row)
    assert scaled[wide].std() == pytest.approx(scaled[~wide].std(), abs=0.05)


def test_no_bias_is_no_bias_and_keys_from_before_are_what_they_were():
    mlp = layered(9, (5, 4), 3, 0.5)
    assert len(start(variant(mlp), 1).bias) == 0
    biased = variant(mlp, Initialisation(std=0.1))
    assert len(start(biased, 1).bias) == 12
    assert biased.key == variant(mlp, Initialisation(std=0.1, bias=True)).key
    assert biased.key != variant(mlp).key


def test_densities_are_not_moved():
    slots = (Slot(name="x", size=3), Slot(name="y", size=2))
    with pytest.raises(ValidationError, match="exact counts"):
        Pattern(slots=slots, blocks=(Block(target="y", source="x", density=0.5),), moved=0.5)
