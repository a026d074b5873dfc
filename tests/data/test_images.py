"""Single images: splits that share none, and the harder variant's two transforms."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from test_mnist import TEST, TRAIN, small  # noqa: F401 small is a fixture

from blockmaps.core.seeds import stream
from blockmaps.data import images, rad, store, transforms
from blockmaps.data.images import Images

SEED = stream(3, "dataset")


def pixels(data):
    return np.asarray(data.inputs)[:, 0]


def test_every_image_is_in_one_split_at_most(monkeypatch):
    spec = Images(side=8, validation=150, test=300)
    data = spec.make(SEED)
    bounds = {"train": (0, 1347), "validation": (1347, 1497), "test": (1497, 1797)}
    assert data.splits == bounds
    assert data.inputs.shape == (1797, 1, 64)
    assert spec.shape == (64, 10, 1)
    assert data.loss_steps == (0,)
    assert data.blank_steps == 0
    classes = np.arange(1797) % 10
    chosen = spec.chosen(classes, SEED)
    assert len(np.unique(np.concatenate(list(chosen.values())))) == 1797
    for split in ("validation", "test"):  # classes in proportion
        assert np.ptp(np.bincount(classes[chosen[split]])) <= 2


def test_images_keep_their_classes():
    from sklearn.datasets import load_digits

    spec = Images(side=8, train=50, test=60)
    data, bundled = spec.make(SEED), load_digits()
    chosen = np.concatenate(list(spec.chosen(bundled.target, SEED).values()))
    np.testing.assert_array_equal(data.targets, bundled.target[chosen])
    exact = bundled.images[chosen].reshape(110, 64) / 16 * 255
    assert np.abs(pixels(data) - exact).max() <= 0.5 + 1e-6


@given(st.integers(1, 1300), st.integers(1, 1300))
def test_fewer_training_images_are_the_first_of_more(few, many):
    classes = np.arange(1797) % 10
    first, second = (Images(train=n).chosen(classes, SEED)["train"] for n in sorted((few, many)))
    np.testing.assert_array_equal(first, second[: len(first)])


def test_perturbed_images_are_the_same_images_made_harder(tmp_path):
    plain, hard = (Images(train=60, test=40, perturbed=p).make(SEED) for p in (False, True))
    np.testing.assert_array_equal(plain.targets, hard.targets)
    changed = (pixels(plain) != pixels(hard)).any(1)
    assert changed.mean() > 0.95
    again = Images(train=30, test=40, perturbed=True).make(SEED)
    np.testing.assert_array_equal(pixels(again)[:30], pixels(hard)[:30])
    np.testing.assert_array_equal(pixels(again)[30:], pixels(hard)[60:])
    for data, name in ((hard, "a"), (hard, "b")):
        store.write(data, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("side", [8, 16, 50])
def test_two_to_five_percent_are_erased_then_perspective(side):
    rng = np.random.default_rng(0)
    top, left, height, width, *corners = transforms.draw_perturbation(rng, 4000, side).T
    share = height * width / side**2
    slack = {8: 0.03, 16: 0.015, 50: 0.006}[side]  # heights and widths are whole pixels
    assert share.min() >= 0.02 - slack
    assert share.max() <= 0.05 + slack
    assert share.mean() == pytest.approx(0.035, abs=0.004)
    assert (top + height <= side).all()
    assert (left + width <= side).all()
    assert (height >= 1).all()
    assert (width >= 1).all()
    moved = np.abs(np.array(corners).T - transforms.corners(side).reshape(-1))
    assert moved.max() <= 0.5 * side / 2
    assert moved.max() > 0.45 * side / 2
    assert "perturbation" not in transforms.TRANSFORMS  # RAD draws from these


def test_mnists_own_test_images_are_the_test_split(small, monkeypatch):  # noqa: F811
    monkeypatch.setattr(images, "OWN_TEST", {"mnist": TEST})
    monkeypatch.setattr(images, "IMAGES", {"mnist": TRAIN})
    spec = Images(source="mnist", folder=str(small), side=10, train=25, validation=10, test=20)
    data = spec.make(SEED)
    assert data.splits == {"train": (0, 25), "validation": (25, 35), "test": (35, 55)}
    chosen = spec.chosen(np.zeros(60, dtype=int), SEED)
    np.testing.assert_array_equal(chosen["test"], np.arange(40, 60))
    assert chosen["train"].max() < 40
    assert "folder" not in data.about["spec"]


@pytest.mark.skipif("BLOCKMAPS_DATA" not in os.environ, reason="BLOCKMAPS_DATA is not set")
def test_mnist_itself():
    data = Images(source="mnist", side=50, train=30, test=20).make(SEED)
    assert data.inputs.shape == (50, 1, 2500)
    assert data.targets[30:].tolist()[:5] == [7, 2, 1, 0, 4]  # as the test file begins
    assert pixels(data).max() == 255


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"train": 1500}, "of which 400 are held out; 1397 are left to train on"),
        ({"validation": 1397}, "0 are left"),
        ({"source": "mnist", "test": 10001}, "10000 test images"),
        ({"folder": "there"}, "leave folder out"),
        ({"side": 7}, "greater than or equal to 8"),
    ],
)
def test_what_cannot_be_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        Images(**fields)


def test_rad_with_more_blank_steps_is_the_same_sequences_and_a_later_answer():
    """One output size whatever T: 4 images, then as many blank steps as there are to remember."""
    fields = {"side": 8, "images": 4, "train": 30, "validation": 0, "test": 20, "test_leaking": 0}
    short, long = rad.Rad(**fields), rad.Rad(**fields, blanks=7)
    assert short.shape == (64, 4, 5)
    assert long.shape == (64, 4, 11)
    a, b = short.make(SEED), long.make(SEED)
    np.testing.assert_array_equal(np.asarray(a.inputs), np.asarray(b.inputs))
    np.testing.assert_array_equal(a.targets, b.targets)
    assert (a.loss_steps, a.blank_steps) == ((4,), 1)
    assert (b.loss_steps, b.blank_steps) == ((10,), 7)
    store.check(b)


def of_digits(**fields) -> np.ndarray:
    """The images of a data set of 8×8 digits, (sequences, steps, 64)."""
    return np.asarray(Images(side=8, train=200, test=50, **fields).make(SEED).inputs)


def test_copies_are_the_same_image():
    made = Images(side=8, train=200, test=50, copies=3).make(SEED)
    assert made.loss_steps == (2,)
    np.testing.assert_array_equal(of_digits(copies=3), np.repeat(of_digits(), 3, axis=1))
    every = Images(side=8, train=200, test=50, copies=3, every_step=True).make(SEED)
    assert every.loss_steps == (0, 1, 2)
    np.testing.assert_array_equal(every.targets, np.repeat(made.targets[:, None], 3, axis=1))
    with pytest.raises(ValueError, match="copies"):
        Images(side=8, every_step=True)


def test_others_are_of_the_class_and_of_the_split():
    made, single = of_digits(copies=3, others=True), of_digits()
    np.testing.assert_array_equal(made[:, 0], single[:, 0])
    assert (made[:, 1] != made[:, 0]).any(axis=1).mean() > 0.8
    targets = Images(side=8, train=200, test=50).make(SEED).targets
    for split in (slice(0, 200), slice(200, 250)):
        images = zip(single[split, 0], targets[split], strict=True)
        own = {(image.tobytes(), one) for image, one in images}
        for step in (1, 2):
            pairs = zip(made[split, step], targets[split], strict=True)
            assert {(image.tobytes(), one) for image, one in pairs} <= own
