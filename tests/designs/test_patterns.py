"""Masks: exact counts, Bernoulli densities, and patterns that do not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blockmaps.designs.patterns import RNN_BLOCKS, Block, Pattern, Slot, draw_mask, rnn_pattern


def six(*values):
    return dict(zip(RNN_BLOCKS, values, strict=True))


@given(
    st.integers(1, 20), st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**32),
    st.lists(st.floats(0, 1), min_size=6, max_size=6),
)  # fmt: skip
def test_exact_counts_are_exact_and_inside_their_blocks(inputs, hidden, outputs, seed, shares):
    size = {"x": inputs, "h": hidden, "y": outputs}
    counts = {
        name: int(share * size[name[0]] * size[name[1]])
        for name, share in zip(RNN_BLOCKS, shares, strict=True)
    }
    pattern = rnn_pattern(inputs, hidden, outputs, counts=counts)
    mask = draw_mask(pattern, np.random.default_rng(seed))
    assert mask.counts == counts
    assert pattern.expected() == counts
    assert len(mask.rows) == sum(counts.values())
    dense = mask.dense(sum(size.values()))
    assert dense.sum() == len(mask.rows)  # no place twice
    assert not dense[:inputs].any()  # x has no rows
    assert dense[inputs : inputs + hidden, :inputs].sum() == counts["hx"]
    assert dense[inputs + hidden :, inputs : inputs + hidden].sum() == counts["yh"]
    assert (np.diff(mask.rows * dense.shape[0] + mask.columns) > 0).all()


def test_a_bernoulli_mask_has_its_density():
    pattern = rnn_pattern(200, 100, 10, six(0.1, 0.5, 0, 1, 0.3, 1))
    mask = draw_mask(pattern, np.random.default_rng(0))
    for name, expected in pattern.expected().items():
        density = {b.target + b.source: b.density for b in pattern.blocks}[name]
        spread = np.sqrt(expected * (1 - density))
        assert abs(mask.counts[name] - expected) <= 4 * spread
    assert mask.counts["hy"] == 0
    assert mask.counts["yx"] == 2000


def test_one_seed_one_mask():
    pattern = rnn_pattern(20, 10, 3, six(0.1, 0.5, 0.2, 1, 0.3, 1))
    one, two, other = (draw_mask(pattern, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one.rows == two.rows).all()
    assert (one.columns == two.columns).all()
    assert len(one.rows) != len(other.rows) or (one.columns != other.columns).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": (Block(target="x", source="h", density=1),)}, "takes no block"),
        ({"blocks": (Block(target="h", source="g", density=1),)}, "not there"),
        ({"blocks": (Block(target="h", source="x", density=1),) * 2}, "given twice"),
        ({"blocks": (Block(target="h", source="x", count=99),)}, "too few"),
        ({"slots": (Slot(name="x", size=3), Slot(name="x", size=2))}, "same name"),
    ],
)
def test_patterns_that_do_not_fit(change, message):
    fits = {
        "slots": (Slot(name="x", size=3), Slot(name="h", size=4), Slot(name="y", size=2)),
        "blocks": (),
    }
    with pytest.raises(ValidationError, match=message):
        Pattern(**(fits | change))


@pytest.mark.parametrize(
    "block", [{"density": 1.5}, {"density": -0.1}, {}, {"density": 1, "count": 1}]
)
def test_a_block_takes_one_density_or_count(block):
    with pytest.raises(ValidationError):
        Block(target="h", source="x", **block)
