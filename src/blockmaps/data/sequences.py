"""Sequences of transformed images: what is drawn, and the images made from it, piece by piece."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import NamedTuple

import numpy as np

CLASSES = 10


def substream(seed: np.random.SeedSequence, *path: int) -> np.random.SeedSequence:
    """Return a stream below a seed. Unlike `seed.spawn`, it does not depend on earlier calls."""
    return np.random.SeedSequence(
        seed.entropy, spawn_key=(*seed.spawn_key, *path), pool_size=seed.pool_size
    )


def generator(seed: np.random.SeedSequence, *path: int) -> np.random.Generator:
    """Return a numpy generator on a stream below a seed."""
    return np.random.Generator(np.random.PCG64(substream(seed, *path)))


def held_out_pools(
    classes: np.ndarray, held_out: dict[str, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Cut images into pools that share none, each with the classes in proportion.

    Parameters
    ----------
    classes : (images,) of each image.
    held_out : how many images each pool takes; what is left is the pool "train".
    rng : decides which.

    Returns
    -------
    name → (pool,) positions of images, ascending.
    """
    # an image's quantile in its shuffled class: any run of quantiles has all classes in proportion
    quantile = np.empty(len(classes))
    for one in np.unique(classes):
        members = np.flatnonzero(classes == one)
        quantile[members] = (rng.permutation(len(members)) + 0.5) / len(members)
    order = np.argsort(quantile, kind="stable")
    *parts, rest = np.split(order, np.cumsum(list(held_out.values())))
    pools = dict(zip(held_out, parts, strict=True)) | {"train": rest}
    return {name: np.sort(pool) for name, pool in pools.items()}


class Choices(NamedTuple):
    """What is drawn for sequences before any image is transformed.

    Attributes
    ----------
    images : (sequences, images) positions of images.
    transforms : (sequences, images) numbers of transforms.
    places : (sequences,) where the anomaly is.
    groups : (sequences,) the pair of transforms: 8 A + B.
    """

    images: np.ndarray
    transforms: np.ndarray
    places: np.ndarray
    groups: np.ndarray


def draw_choices(
    number: int,
    length: int,
    transforms: int,
    pool: np.ndarray,
    classes: np.ndarray,
    rng: np.random.Generator,
) -> Choices:
    """Draw sequences. The first ones do not depend on how many are drawn.

    Parameters
    ----------
    number : of sequences.
    length : images of a sequence.
    transforms : how many there are.
    pool : (pool,) positions of the images to draw from, some of every class.
    classes : (all images,) their classes.
    rng : where the random numbers come from.
    """
    digit, others, step, place, *image = rng.random((number, 4 + length)).T
    digit = np.floor(digit * CLASSES).astype(np.int64)
    others = np.floor(others * transforms).astype(np.int64)
    anomaly = (others + 1 + np.floor(step * (transforms - 1)).astype(np.int64)) % transforms
    place = np.floor(place * length).astype(np.int64)
    by_class = pool[np.argsort(classes[pool], kind="stable")]
    sizes = np.bincount(classes[pool], minlength=CLASSES)
    within = np.floor(np.stack(image, axis=1) * sizes[digit, None]).astype(np.int64)
    is_anomaly = np.arange(length) == place[:, None]
    return Choices(
        images=by_class[(np.cumsum(sizes) - sizes)[digit, None] + within],
        transforms=np.where(is_anomaly, anomaly[:, None], others[:, None]),
        places=place,
        groups=(others * transforms + anomaly).astype(np.uint8),
    )


def draw_pieces(
    choices: Choices,
    images: np.ndarray,
    seed: np.random.SeedSequence,
    at_once: int,
    threads: int = 1,
    device: str = "cpu",
) -> Iterator[np.ndarray]:
    """Transform the images of sequences, a piece at a time.

    Every transform has a stream of its own, read in the order of its applications, so that the
    result depends neither on how many images are transformed at once nor on the threads.

    Parameters
    ----------
    choices : of the sequences.
    images : (all images, side, side) pixels in [0, 1]: an array, or `mnist.Resized`.
    seed : of the transforms' random numbers.
    at_once : about how many images are transformed at once.
    threads : that transform images.
    device : where the arithmetic is done, in float64.

    Yields
    ------
    (sequences, images, side²), uint8 levels.
    """
    module = import_module("blockmaps.data.transforms")
    streams = [generator(seed, number) for number in range(len(module.TRANSFORMS))]
    side, length = images.shape[-1], choices.images.shape[1]
    step = max(at_once // length, 1)

    def make(name: str, positions: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        return module.make_levels(name, images[positions], parameters, device)

    if threads > 1:
        import_module("torch").set_num_threads(1)  # else every thread would start as many again
    with ThreadPoolExecutor(threads) as pool:
        for begin in range(0, len(choices.images), step):
            applied = choices.transforms[begin : begin + step].reshape(-1)
            chosen = choices.images[begin : begin + step].reshape(-1)
            result = np.empty((len(chosen), side**2), dtype=np.uint8)
            jobs = []
            for number, name in enumerate(module.TRANSFORMS):
                where = np.flatnonzero(applied == number)
                # drawn here, in order, whatever thread is free first
                parameters = module.draw(name, streams[number], len(where), side)
                for part in np.array_split(np.arange(len(where)), threads):
                    if len(part):
                        now = (name, chosen[where[part]], parameters[part])
                        jobs.append((where[part], pool.submit(make, *now)))
            for where, job in jobs:
                result[where] = job.result()
            yield result.reshape(-1, length, side**2)


def draw_images(
    choices: Choices, images: np.ndarray, seed: np.random.SeedSequence, at_once: int
) -> np.ndarray:
    """Return all pieces of `draw_pieces` as one array, (sequences, images, side²)."""
    drawn = np.empty((*choices.images.shape, images.shape[-1] ** 2), dtype=np.uint8)
    end = 0
    for piece in draw_pieces(choices, images, seed, at_once):
        begin, end = end, end + len(piece)
        drawn[begin:end] = piece
    return drawn
