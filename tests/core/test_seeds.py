"""Streams: independent by purpose, paired across arms where they must be."""

import numpy as np

from blockmaps.core.seeds import PURPOSES, generator
from blockmaps.designs.kinds import Factorial, Sizes
from blockmaps.designs.variants import Initialisation, Variant, start


def first(*path):
    return generator(1, *path).integers(2**63)


def test_streams_differ_by_purpose_index_and_key():
    paths = [(purpose, index) for purpose in PURPOSES for index in (0, 1)]
    paths += [("mask", 0, "ab"), ("mask", 0, "ba"), ("mask", 0, "ab", 1)]
    assert len({first(*path) for path in paths}) == len(paths)
    assert first("mask", 0, "ab") == first("mask", 0, "ab")


def variants(seed_index):
    rows = list(Factorial(budgets=(2000,)).rows(Sizes(50, 4)))[:5]
    return [
        Variant(
            pattern=row.model,
            initialisation=Initialisation(),
            learning_rate=0.01,
            seed_index=seed_index,
        )
        for row in rows
    ]


def test_masks_and_weights_differ_between_arms_and_seed_indices():
    drawn = [start(variant, 3) for index in (0, 1) for variant in variants(index)]
    firsts = {tuple(np.round(one.values[:5], 12)) for one in drawn}
    assert len(firsts) == len(drawn)
    biases = {tuple(np.round(one.bias[:3], 12)) for one in drawn}
    assert len(biases) == len(drawn)
    same_sizes = [one for one in drawn if len(one.mask.rows) == len(drawn[0].mask.rows)]
    assert all(
        one is drawn[0] or (one.mask.columns != drawn[0].mask.columns).any() for one in same_sizes
    )


def test_the_root_seed_changes_everything_and_nothing_else_does():
    variant = variants(0)[0]
    assert (start(variant, 3).values == start(variant, 3).values).all()
    other = start(variant, 4)
    assert (
        len(other.values) != len(start(variant, 3).values)
        or (other.values != start(variant, 3).values).any()
    )


def test_initialisation_as_it_says():
    rows = list(Factorial(budgets=(20_000,)).rows(Sizes(50, 4)))
    pattern = rows[0].model

    def of(**recipe):
        return start(
            Variant(
                pattern=pattern,
                initialisation=Initialisation(**recipe),
                learning_rate=0.01,
                seed_index=0,
            ),
            0,
        )

    normal = of(mean=1.0, std=0.05)
    assert abs(normal.values.mean() - 1) < 0.002
    assert abs(normal.values.std() - 0.05) < 0.002
    bound = 1 / np.sqrt(sum(pattern.sizes.values()))
    assert np.abs(normal.bias).max() <= bound
    assert np.abs(normal.bias).max() > 0.95 * bound
    scaled = of(scheme="fan_in", gain=1.0)
    rows_of = scaled.mask.rows
    n = np.bincount(rows_of)[rows_of]
    assert abs((scaled.values * np.sqrt(n)).std() - 1) < 0.03
    blocks = of(blocks={"hx": {"mean": 5.0, "std": 0.0}})
    assert (blocks.values == 5.0).sum() == blocks.mask.counts["hx"]
