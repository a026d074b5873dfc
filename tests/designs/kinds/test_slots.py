"""Maps that are written down: blocks by name, an MLP, all blocks, and how each starts."""

import pytest
from pydantic import ValidationError

from blockmaps.designs.kinds.design import Sizes
from blockmaps.designs.kinds.slots import Slots
from blockmaps.designs.variants import Initialisation, Variant, start

SIZES = Sizes(2500, 10, "elu")


def rows(*maps):
    return {row.arm: row.model for row in Slots(maps=maps).rows(SIZES)}


def test_the_counts_are_those_of_the_authors_models():
    """2404.00880's code, May 2023; biases are counted apart here."""
    found = rows(
        {"name": "mlp", "hidden": [400, 100], "blocks": "layers"},
        {"name": "dense", "hidden": [270, 100], "blocks": "all"},
        {"name": "one", "hidden": [900, 100], "blocks": {"h1x": 0.002, "yy": 1.0}},
    )
    total = {name: sum(one.expected().values()) for name, one in found.items()}
    assert total["mlp"] + 510 == 1_041_510
    assert total["dense"] + 4 * 380 == 1_095_920  # a bias for each of a row's four blocks
    assert total["one"] == pytest.approx(0.002 * 2500 * 900 + 100)


def test_linear_is_as_wide_as_torchs_layers():
    (row,) = Slots(
        maps=[{"name": "m", "hidden": [400, 100], "blocks": "all", "start": "linear"}]
    ).rows(SIZES)
    variant = Variant(
        pattern=row.model, initialisation=row.initialisation, learning_rate=0.1, seed_index=0
    )
    drawn = start(variant, 0)
    from_x = drawn.values[drawn.mask.columns < 2500]
    assert from_x.std() == pytest.approx((3 * 2500) ** -0.5, rel=0.01)


def test_a_block_that_is_not_there_is_said():
    with pytest.raises(ValidationError, match="no block 'h3x'; takes some of h1x"):
        rows({"name": "m", "hidden": [4], "blocks": {"h3x": 0.5}})
    kept = Slots(maps=[{"name": "m", "hidden": [4], "start": {"std": 0.05, "bias": False}}])
    assert next(iter(kept.rows(SIZES))).initialisation == Initialisation(std=0.05, bias=False)
