"""RAD: one seed, one file; pools that share nothing; and what is drawn is uniform."""

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.stats import chi2

from blockmaps.core.errors import InputError
from blockmaps.data import KINDS, rad, store
from blockmaps.data.digits import load as digits
from blockmaps.data.rad import Rad
from blockmaps.data.sequences import draw_choices, draw_images, held_out_pools
from blockmaps.data.transforms import TRANSFORMS
from blockmaps.data.transforms import levels as torch_levels

SMALL = Rad(train=60, validation=15, test=25, test_leaking=20)
MAPS = Path("/proc/self/maps")
SPLITS = ("train", "validation", "test", "test_leaking")
POOL_SIZES = {"train": 1197, "validation": 200, "test": 400, "test_leaking": 1197}
POOL_SIZES["validation_leaking"] = 1197


def levels(pixels):
    """Levels as the data sets have them, of numpy's pixels."""
    return torch_levels(torch.from_numpy(np.asarray(pixels))).numpy()


def made(spec, seed):
    """A data set with its images, which are otherwise made as they are written."""
    data = spec.make(seed)
    return dataclasses.replace(data, inputs=np.asarray(data.inputs))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def small():
    return made(SMALL, np.random.SeedSequence(7))


@pytest.fixture(scope="module")
def source():
    return digits(16)


def file_digest(data, folder):
    path = folder / "data.safetensors"
    store.write(data, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def part(data, split):
    begin, end = data.splits[split]
    return data.inputs[begin:end], data.targets[begin:end], data.groups[begin:end]


def choices_of(number, pool, classes, seed=0, length=10):
    rng = np.random.Generator(np.random.PCG64(seed))
    return draw_choices(number, length, len(TRANSFORMS), pool, classes, rng)


def assert_uniform(counts):
    """A chi-square of equal expectation, at one in 10,000."""
    expected = counts.sum() / counts.size
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert statistic < chi2.ppf(1 - 1e-4, counts.size - 1)


def test_registered():
    assert KINDS["rad"] is Rad
    assert Rad().shape == (256, 10, 11)
    assert Rad(side=50, images=9).shape == (2500, 9, 10)


def test_what_is_made(small):
    assert small.inputs.shape == (120, 10, 256)
    assert small.inputs.dtype == np.uint8
    assert small.targets.dtype == np.int64
    assert small.groups.dtype == np.uint8
    assert (small.loss, small.loss_steps, small.blank_steps) == ("cross_entropy", (10,), 1)
    assert tuple(small.splits) == SPLITS
    assert small.splits["test_leaking"] == (100, 120)
    assert len(small.group_names) == 64
    assert small.group_names[8 * 1 + 4] == "perspective-0.5|noise"
    assert small.about["entropy"] == 7
    assert small.about["pools"] == POOL_SIZES


def test_one_seed_gives_one_file(small, tmp_path):
    seed = np.random.SeedSequence(7)
    seed.spawn(3)  # what was spawned before does not matter
    for _ in range(2):
        assert file_digest(SMALL.make(seed), tmp_path) == file_digest(small, tmp_path)


def test_threads_do_not_matter(small, tmp_path):
    torch.set_num_threads(2)
    again = SMALL.make(np.random.SeedSequence(7))
    assert file_digest(again, tmp_path) == file_digest(small, tmp_path)


@pytest.mark.parametrize("at_once", [7, 64, 100_000])
def test_the_number_at_once_does_not_matter(small, tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(rad, "AT_ONCE", at_once)
    again = SMALL.make(np.random.SeedSequence(7))
    assert file_digest(again, tmp_path) == file_digest(small, tmp_path)


def test_another_seed_gives_others(small):
    for seed in (np.random.SeedSequence(8), np.random.SeedSequence(7, spawn_key=(1,))):
        other = made(SMALL, seed)
        assert (other.inputs != small.inputs).any(axis=(1, 2)).mean() > 0.9
        assert (other.targets != small.targets).mean() > 0.5


def test_splits_do_not_depend_on_each_other(small):
    """And a longer split begins with the shorter one."""
    changed = SMALL.model_copy(update={"validation": 0, "test": 40, "test_leaking": 0})
    other = made(changed, np.random.SeedSequence(7))
    assert tuple(other.splits) == ("train", "test")
    for split in ("train", "test"):
        for mine, others in zip(part(small, split), part(other, split), strict=True):
            np.testing.assert_array_equal(mine, others[: len(mine)])


def test_pools(source):
    classes = source[1]
    pools = SMALL.pools(classes, np.random.SeedSequence(7))
    assert {name: len(pool) for name, pool in pools.items()} == POOL_SIZES
    np.testing.assert_array_equal(pools["test_leaking"], pools["train"])
    apart = np.concatenate([pools[name] for name in ("train", "validation", "test")])
    assert sorted(apart) == list(range(1797))
    for name in SPLITS:
        share = np.bincount(classes[pools[name]]) / np.bincount(classes)
        np.testing.assert_allclose(share, len(pools[name]) / 1797, atol=1.01 / 174)
    assert (SMALL.pools(classes, np.random.SeedSequence(8))["test"] != pools["test"]).any()
    fewer = SMALL.model_copy(update={"held_out_validation": 100})
    np.testing.assert_array_equal(
        fewer.pools(classes, np.random.SeedSequence(7))["test"], pools["test"]
    )


def test_the_smallest_pools_have_every_class(source):
    classes = source[1]
    for held_out in ({"a": 20, "b": 20}, {"a": 1757, "b": 20}, {"a": 333, "b": 1444}):
        for seed in range(5):
            rng = np.random.Generator(np.random.PCG64(seed))
            pools = held_out_pools(classes, held_out, rng)
            assert all(len(np.unique(classes[pool])) == 10 for pool in pools.values())


def test_no_test_image_is_in_a_training_sequence(small, source):
    """In what is stored: images that were left as they are, found again among all images."""
    images, classes = source
    pools = SMALL.pools(classes, np.random.SeedSequence(7))
    stored = {levels(image).tobytes(): number for number, image in enumerate(images)}
    assert len(stored) == len(images)
    for split in SPLITS:
        inputs, places, groups = part(small, split)
        found = []
        for sequence, place, group in zip(inputs, places, groups, strict=True):
            untouched = np.where(np.arange(10) == place, group % 8, group // 8) == 0
            found += [stored[image.tobytes()] for image in sequence[untouched]]
        assert found
        assert set(found) <= set(pools[split].tolist())


def test_choices_are_uniform(source):
    classes = source[1]
    pool = np.arange(0, 1797, 3)
    choices = choices_of(40_000, pool, classes)
    digit = classes[choices.images]
    assert (digit == digit[:, :1]).all()
    assert_uniform(np.bincount(digit[:, 0], minlength=10))
    assert_uniform(np.bincount(choices.places, minlength=10))
    pairs = np.bincount(choices.groups, minlength=64).reshape(8, 8)
    assert (np.diag(pairs) == 0).all()
    assert_uniform(pairs[~np.eye(8, dtype=bool)])
    assert set(choices.images.reshape(-1).tolist()) == set(pool.tolist())
    assert_uniform(np.unique(choices.images[digit == 0], return_counts=True)[1])
    assert (np.diff(np.sort(choices.images)) == 0).any()  # with replacement


def test_one_image_has_the_other_transform(source):
    choices = choices_of(500, np.arange(1797), source[1])
    others, odd = np.divmod(choices.groups.astype(int), 8)
    place = np.arange(10) == choices.places[:, None]
    np.testing.assert_array_equal(
        choices.transforms, np.where(place, odd[:, None], others[:, None])
    )


def test_images_stay_in_their_own_range(source):
    images, classes = source
    choices = choices_of(200, np.arange(1797), classes)
    made = draw_images(choices, images, np.random.SeedSequence(1), 64)
    untransformed = levels(images)[choices.images].reshape(200, 10, -1)
    assert (made >= untransformed.min(-1, keepdims=True)).all()
    assert (made <= untransformed.max(-1, keepdims=True)).all()
    same = (made == untransformed).all(-1)
    assert same[choices.transforms == TRANSFORMS.index("none")].all()
    assert not same[choices.transforms == TRANSFORMS.index("noise")].any()


def test_each_application_has_its_own_numbers(source):
    images, classes = source
    choices = choices_of(1, np.arange(1797), classes)
    for number in (1, 2, 3, 4, 5, 6):
        same = choices._replace(
            images=np.zeros((1, 10), dtype=int), transforms=np.full((1, 10), number)
        )
        made = draw_images(same, images, np.random.SeedSequence(1), 64)[0]
        assert len(np.unique(made, axis=0)) == 10


def test_levels_decide_ties():
    ties = (np.arange(255) + 0.5) / 255
    for near in (ties, np.nextafter(ties, 0), np.nextafter(ties, 1)):
        np.testing.assert_array_equal(levels(near), np.arange(1, 256))
    np.testing.assert_array_equal(levels(np.arange(256) / 255), np.arange(256))


ANEW = Rad(train=60, validation=15, test=25, test_leaking=20, redraw="epoch")


def test_an_epoch_of_its_own_follows_from_the_seeds_and_its_number_alone(small):
    seed = np.random.SeedSequence(7)
    inputs, targets = ANEW.make_epoch(seed, 2, 5)
    assert inputs.shape == small.inputs[:60].shape
    assert inputs.dtype == small.inputs.dtype
    assert targets.dtype == small.targets.dtype
    ANEW.make_epoch(seed, 2, 4)  # nor does it depend on what was made before
    again = ANEW.make_epoch(np.random.SeedSequence(7), 2, 5)
    np.testing.assert_array_equal(inputs, again[0])
    np.testing.assert_array_equal(targets, again[1])
    # the first of more, as with the splits of a file
    more = ANEW.model_copy(update={"train": 80}).make_epoch(seed, 2, 5)
    np.testing.assert_array_equal(targets, more[1][:60])
    # what is evaluated on is the file's, and that of a data set that is not drawn anew
    np.testing.assert_array_equal(made(ANEW, seed).inputs, small.inputs)


def test_no_sequence_is_drawn_twice(small):
    seed = np.random.SeedSequence(7)
    sequences = [small.inputs] + [
        ANEW.make_epoch(seed, seed_index, epoch)[0] for seed_index in (0, 1) for epoch in range(4)
    ]
    every = np.concatenate(sequences)
    assert len(every) == 120 + 8 * 60
    assert len({one.tobytes() for one in every}) == len(every)


def test_an_epoch_of_its_own_has_no_image_that_is_held_out(source, monkeypatch):
    pools, drawn = ANEW.pools(source[1], np.random.SeedSequence(7)), []

    def spy(choices, *arguments):
        drawn.append(choices.images)
        return draw_images(choices, *arguments)

    monkeypatch.setattr(rad, "draw_images", spy)
    ANEW.make_epoch(np.random.SeedSequence(7), 0, 0)
    assert set(drawn[0].reshape(-1)) <= set(pools["train"])


def test_other_kinds_are_not_drawn_anew_every_epoch():
    with pytest.raises(ValidationError, match="cannot be drawn anew every epoch"):
        KINDS["images"](redraw="epoch")


def test_nine_images_and_the_smallest_side():
    nine = Rad(images=9, train=30, validation=0, test=10, test_leaking=0)
    data = store.check(nine.make(np.random.SeedSequence(0)))
    assert data.inputs.shape == (40, 9, 256)
    assert data.loss_steps == (9,)
    assert data.targets.max() == 8
    eight = Rad(side=8, train=20, validation=0, held_out_validation=0, test=10, test_leaking=0)
    assert eight.make(np.random.SeedSequence(0)).inputs.shape == (30, 10, 64)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"side": 7}, "side"),
        ({"images": 1}, "images"),
        ({"images": 21}, "images"),
        ({"train": 0}, "train"),
        ({"held_out_test": 5}, "held_out_test"),
        ({"held_out_validation": 5}, "held_out_validation"),
        ({"held_out_validation": 1700}, "held_out_validation and held_out_test"),
        ({"source": "cifar"}, "source"),
        ({"length": 3}, "length"),
    ],
)
def test_faults_are_named(fields, named):
    with pytest.raises(ValidationError, match=named):
        Rad(**fields)


@pytest.mark.parametrize("framework", ["numpy", "pt"])
def test_round_trip(small, tmp_path, framework):
    path = tmp_path / "data" / "rad.safetensors"
    store.write(small, path)
    found = store.read(path, framework)
    for name in store.ARRAYS:
        np.testing.assert_array_equal(np.asarray(getattr(found, name)), getattr(small, name))
        assert np.asarray(getattr(found, name)).dtype == getattr(small, name).dtype
    for name in store.FACTS:
        assert getattr(found, name) == getattr(small, name)


def test_reading_normalises(small):
    read = small.inputs[:3] * small.scale + small.offset
    expected = (small.inputs[:3] / 255 - rad.MEAN) / rad.STD
    np.testing.assert_allclose(read, expected, atol=1e-12)
    assert read.min() == pytest.approx(-0.1307 / 0.3081)


@pytest.mark.skipif(not MAPS.exists(), reason="the mapped files of a process are Linux's to tell")
def test_tensors_are_memory_mapped(small, tmp_path):
    path = tmp_path / "rad.safetensors"
    store.write(small, path)
    found = store.read(path, "pt")
    assert str(path) in MAPS.read_text()
    assert found.inputs.shape == (120, 10, 256)


@pytest.mark.parametrize("fault", ["cut", "text", "empty"])
def test_a_corrupt_file_is_bad_input(small, tmp_path, fault):
    path = tmp_path / "rad.safetensors"
    store.write(small, path)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-1], "text": b"a" * 200, "empty": b""}[fault])
    with pytest.raises(InputError, match=r"rad\.safetensors"):
        store.read(path)
    with pytest.raises(InputError, match="no such data set"):
        store.read(tmp_path / "other.safetensors")


def test_planning_reaches_neither_torch_nor_kornia():
    from blockmaps.core.code import closure

    reached = closure("blockmaps.data.rad")
    assert not {f"blockmaps.{name}" for name in Rad.made_by} & reached
    program = "import sys, blockmaps.data.rad; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "blockmaps.data.rad" in run.stdout.split()
    assert not {"torch", "kornia", "sklearn", "lightning"} & set(run.stdout.split())
