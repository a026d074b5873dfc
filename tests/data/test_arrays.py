"""Arrays and torch's data sets become data sets, and back."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from blockmaps.core.errors import InputError
from blockmaps.data import SequenceData, Shape, held_out
from blockmaps.data.checking import examine
from blockmaps.data.torch_dataset import Sequences, from_dataset

RNG = np.random.default_rng(3)
INPUTS = RNG.standard_normal((50, 4, 3))


@pytest.mark.parametrize(
    ("targets", "loss", "shape", "steps", "outputs"),
    [
        (np.arange(50) % 2, "cross_entropy", (50,), (4,), 2),
        (np.tile(np.arange(4), (50, 1)), "cross_entropy", (50, 4), (1, 2, 3, 4), 4),
        (RNG.standard_normal(50), "mean_squared_error", (50, 1, 1), (4,), 1),
        (RNG.standard_normal((50, 2)), "mean_squared_error", (50, 1, 2), (4,), 2),
        (RNG.standard_normal((50, 3, 2)), "mean_squared_error", (50, 3, 2), (2, 3, 4), 2),
    ],
)
def test_arrays_are_a_data_set_that_fits(targets, loss, shape, steps, outputs):
    data = SequenceData.from_arrays(INPUTS, targets, test=0.3, validation=0.1)
    assert (data.loss, data.targets.shape, data.loss_steps) == (loss, shape, steps)
    assert data.splits == {"train": (0, 30), "validation": (30, 35), "test": (35, 50)}
    assert examine(data, Shape(3, outputs, 5)).faults == []
    # every sequence is there once, with its own target
    for given, answer in zip(INPUTS, targets, strict=True):
        (place,) = np.flatnonzero((data.inputs == given.astype(np.float32)).all((1, 2)))
        assert np.allclose(data.targets[place].ravel(), np.ravel(answer))


def test_splits_may_be_given_as_places_or_truth_values():
    late = np.arange(50) >= 40
    splits = {"train": np.arange(40), "test": late, "test_seen": np.arange(5)}
    data = SequenceData.from_arrays(INPUTS, np.arange(50), splits=splits)
    assert data.splits == {"train": (0, 40), "test": (40, 50), "test_seen": (50, 55)}
    assert data.targets.tolist() == [*range(50), *range(5)]


@pytest.mark.parametrize(
    ("inputs", "targets", "options", "words"),
    [
        (np.zeros(50), np.zeros(50), {}, "takes \\(sequences, steps, \\|x\\|\\)"),
        (INPUTS, np.zeros(49), {}, "as many targets"),
        (INPUTS, np.zeros((50, 9), int), {}, "9 answers in 5 steps"),
        (INPUTS, np.zeros(50), {"test": 0}, "split test of 50 sequences is empty"),
        (INPUTS, np.zeros(50), {"splits": {"test": [1]}}, "split train"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(inputs, targets, options, words):
    with pytest.raises(InputError, match=words):
        SequenceData.from_arrays(inputs, targets, **options)


def test_what_is_held_out_follows_from_the_seed_alone():
    one, same, other = (held_out(100, {"test": 0.25}, seed) for seed in (1, 1, 2))
    assert len(one["test"]) == 25
    np.testing.assert_array_equal(one["test"], same["test"])
    assert set(one["test"]) != set(other["test"])
    assert sorted([*one["train"], *one["test"]]) == list(range(100))


def test_a_torch_data_set_becomes_one_and_back():
    x, y = torch.randn(40, 4, 3), torch.arange(40) % 2
    parts = {"train": TensorDataset(x[:30], y[:30]), "test": TensorDataset(x[30:], y[30:])}
    data = from_dataset(parts)
    assert data.splits == {"train": (0, 30), "test": (30, 40)}
    sequences = Sequences(data, "test")
    given, answers = next(iter(DataLoader(sequences, batch_size=10)))
    assert given.shape == (10, 5, 3)  # the blank step too
    assert torch.equal(given[:, :4], x[30:])
    assert not given[:, 4].any()
    assert torch.equal(answers, y[30:])
    assert len(from_dataset(TensorDataset(x, y), test=0.5).targets) == 40
    with pytest.raises(InputError, match="takes one of: train, test"):
        Sequences(data, "validation")


def test_torch_data_sets_of_other_forms_are_refused():
    class Ragged(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, place):
            return np.zeros((place + 1, 2)), 0

    with pytest.raises(InputError, match="sequences of one length"):
        from_dataset(Ragged())
    with pytest.raises(InputError, match="no pair"):
        from_dataset(TensorDataset(torch.zeros(3, 2)))
