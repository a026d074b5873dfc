"""What does not fit is said in one line each, and before training."""

from dataclasses import replace

import numpy as np
import pytest

from blockmaps.core.errors import InputError
from blockmaps.data import SequenceData, Shape
from blockmaps.data.checking import examine, require

SHAPE = Shape(inputs=3, outputs=2, steps=6)
RNG = np.random.default_rng(0)


def classes(**changes) -> SequenceData:
    """Return a data set that fits, but for what is changed."""
    data = SequenceData(
        inputs=RNG.standard_normal((400, 5, 3)).astype(np.float32),
        targets=np.arange(400) % 2,
        loss="cross_entropy",
        loss_steps=(5,),
        splits={"train": (0, 250), "test": (250, 400)},
        blank_steps=1,
    )
    return replace(data, **changes)


def numbers(**changes) -> SequenceData:
    targets = RNG.standard_normal((400, 1, 2)).astype(np.float32)
    return classes(loss="mean_squared_error", targets=targets, **changes)


def test_what_fits_has_neither_faults_nor_notes():
    assert examine(classes(), SHAPE)[1:] == ([], [])
    assert examine(numbers(), SHAPE)[1:] == ([], [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": np.zeros((400, 5), np.float32)}, "takes (sequences, steps, |x|)"),
        (
            {"inputs": np.zeros((400, 5, 4), np.float32)},
            "|x| = 4; the class's `shape` says inputs=3",
        ),
        ({"inputs": np.zeros((400, 7, 3), np.float32)}, "8 steps (7 given and 1 blank)"),
        ({"inputs": np.array([["a"]])}, "takes an array of numbers"),
        ({"inputs": np.full((400, 5, 3), np.nan, np.float32)}, "first at [0, 0, 0]"),
        ({"targets": np.arange(400) % 3}, "133 targets are out of range, such as 2"),
        ({"targets": np.full(400, -1)}, "such as -1; takes classes 0 to 1, as |y| = 2"),
        ({"targets": np.full(400, 0.5)}, "numbers with a fraction"),
        ({"targets": np.ones(400, int)}, "target of split train is class 1: nothing is to be told"),
        ({"targets": np.zeros(399, int)}, "differ in their number of sequences"),
        ({"targets": np.zeros((400, 3), int)}, "targets have shape (400, 3)"),
        ({"splits": {"train": (0, 400)}}, "splits lack ['test']"),
        ({"splits": {"train": (0, 300), "test": (300, 401)}}, "split test is 300:401"),
        ({"splits": {"train": (0, 300), "test": 5 * [1]}}, "split test is [1, 1, 1, 1, 1]"),
        ({"loss_steps": (6,)}, "loss steps (6,) of 6 steps"),
        ({"loss_steps": ()}, "loss steps ()"),
        ({"loss": "hinge"}, "loss is 'hinge'; takes one of cross_entropy"),
        ({"groups": np.full(400, 3), "group_names": ("a",)}, "numbers up to 3 of 1 names"),
    ],
)
def test_a_fault_is_named_in_one_line(changes, words):
    faults = examine(classes(**changes), SHAPE).faults
    assert any(words in fault for fault in faults), faults
    assert not any("\n" in fault for fault in faults)


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (np.zeros((400, 2)), "takes (sequences, loss steps, |y|): (400, 1, 2)"),
        (np.full((400, 1, 2), np.inf), "of the targets is infinite"),
        (np.full((400, 1, 2), np.nan), "every target of split train is NaN"),
        (np.full((400, 1, 2), 2.5), "every target of split train is 2.5, 2.5: nothing is to be"),
    ],
)
def test_targets_of_a_regression_have_their_shape_and_are_numbers(targets, words):
    faults = examine(replace(numbers(), targets=targets), SHAPE).faults
    assert any(words in fault for fault in faults), faults


def test_numbers_are_cast_with_a_word_and_nothing_else_is_changed():
    data = numbers()
    wide = replace(data, inputs=data.inputs.astype(float), targets=data.targets.astype(float))
    found = examine(wide, SHAPE)
    assert found.notes == [
        "inputs are float64; cast to float32",
        "targets are float64; cast to float32",
    ]
    assert found.data.inputs.dtype == found.data.targets.dtype == np.float32
    np.testing.assert_array_equal(found.data.inputs, data.inputs)
    own = classes(targets=(np.arange(400) % 2).astype(float))
    assert examine(own, SHAPE).data.targets.dtype == np.int64


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (classes(targets=np.arange(400) // 200), "sorted by class"),
        (classes(targets=(np.arange(400) % 10 == 0).astype(int)), "class 0 every time is right in"),
        (classes(splits={"train": (0, 250), "test": (200, 400)}), "shares 50 sequences with train"),
        (classes(splits={"train": (0, 350), "test": (350, 400)}), "has 50 sequences"),
        (
            classes(splits={"train": (0, 250), "test": (250, 400), "valid": (250, 400)}),
            "split valid is never evaluated",
        ),
        (classes(scale=1000.0), "standard deviation"),
        (classes(loss_steps=(4,)), "blank_steps=1"),
    ],
)
def test_what_is_worth_a_look_is_a_note(data, words):
    found = examine(data, SHAPE)
    assert not found.faults
    assert any(words in note for note in found.notes), found.notes


def test_a_class_that_training_never_sees_is_a_note():
    found = examine(classes(), SHAPE._replace(outputs=3))
    assert not found.faults
    assert "split train has no sequence of class 2 (1 of 3)" in found.notes


def test_what_is_to_be_written_fits_or_ends_in_one_line():
    assert require("own", classes(), SHAPE).inputs.shape == (400, 5, 3)
    with pytest.raises(InputError, match=r"data set own: .* \(and 1 more\); `blockmaps check-data"):
        require("own", classes(targets=np.full(400, 9)), SHAPE._replace(inputs=4))
    with pytest.raises(InputError, match="`make` returns list"):
        require("own", [1], SHAPE)
