"""Copy memory: what is shown, what is asked, and sizes that do not depend on the time between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blockmaps.core.seeds import stream
from blockmaps.data import store
from blockmaps.data.copy_memory import Copy

SEED = stream(3, "dataset")


@given(
    st.integers(1, 3), st.integers(2, 6), st.integers(1, 3), st.integers(0, 20),
)  # fmt: skip
def test_symbols_then_nothing_then_the_sign(length, symbols, width, wait):
    steps = 2 * length + 1 + wait
    spec = Copy(steps=steps, symbols=symbols, length=length, width=width, train=9, test=5)
    data = store.check(spec.make(SEED))
    assert spec.shape == ((symbols + 1) * width, symbols, steps)
    assert data.inputs.shape == (14, steps - length, spec.shape.inputs)
    assert data.inputs.shape[1] + data.blank_steps == steps
    channels = data.inputs.reshape(14, steps - length, symbols + 1, width)
    assert (channels == channels[..., :1]).all()
    one = channels[..., 0]
    np.testing.assert_array_equal(one[:, :length].argmax(2), data.targets)
    np.testing.assert_array_equal(one[:, :length].sum(2), 1)
    assert not one[:, length:-1].any()
    np.testing.assert_array_equal(one[:, -1], np.eye(symbols + 1)[[symbols] * 14])
    assert data.loss_steps == tuple(range(steps - length, steps))


def test_the_time_between_changes_neither_sizes_nor_symbols():
    short, long = (Copy(steps=steps, train=40, test=20).make(SEED) for steps in (5, 50))
    np.testing.assert_array_equal(short.targets, long.targets)
    more = Copy(steps=5, train=60, test=20).make(SEED)
    np.testing.assert_array_equal(more.targets[:40], short.targets[:40])
    np.testing.assert_array_equal(more.targets[60:], short.targets[40:])
    assert len(np.unique(short.targets)) == 8


def test_too_few_steps_are_refused():
    with pytest.raises(ValidationError, match="3 answers take 7 steps"):
        Copy(steps=6, length=3)
