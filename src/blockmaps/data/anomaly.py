"""RAD, random anomaly detection: which image of a sequence was transformed unlike the others.

A sequence is a number of images of one class of digits and a blank step, after which the place of
the anomaly is asked (2509.15057, "RAD"):

    the class             uniform
    its images            uniform in the class, with replacement
    A, B                  two different ones of eight transforms, an ordered pair, uniform
    the place             uniform
    x_place = B(image), all other x = A(image), each with random numbers of its own

Every transformed image is clamped to the range of its untransformed self. The paper normalises
first and clamps then; the two commute, so here images are clamped in [0, 1], stored in 256 levels,
and normalised when they are read.

Some pairs can hardly be told apart (nothing against weak noise): hence the group of a sequence, its
pair.
"""

from importlib import import_module, metadata
from itertools import pairwise
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from blockmaps.data import DataSpec, SequenceData, Shape, register

CLASSES = 10
IMAGES = {"digits": 1797}  # how many there are, by source
FEWEST_HELD = 20  # a pool this large has an image of every class
MEAN, STD = 0.1307, 0.3081  # of MNIST's pixels; the paper's normalisation
AT_ONCE = 2048  # images in memory as floats; more is slower, and changes no byte

# Positions are part of every data set: append, never reorder.
STREAMS = ("pools", "train", "validation", "test", "test_leaking")


def substream(seed: np.random.SeedSequence, *path: int) -> np.random.SeedSequence:
    """Return a stream below a seed. Unlike `seed.spawn`, it does not depend on earlier calls."""
    return np.random.SeedSequence(
        seed.entropy, spawn_key=(*seed.spawn_key, *path), pool_size=seed.pool_size
    )


def generator(seed: np.random.SeedSequence, *path: int) -> np.random.Generator:
    """Return a numpy generator on a stream below a seed."""
    return np.random.Generator(np.random.PCG64(substream(seed, *path)))


def levels(pixels: np.ndarray) -> np.ndarray:
    """Return pixels in [0, 1] as levels 0 to 255, of any shape, half a level rounded up.

    The 1e-6 decides exact ties, such as a pixel of 0.5, whatever the last bit of a float is.
    """
    return np.floor(pixels * 255 + (0.5 + 1e-6)).astype(np.uint8)


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


def draw_images(
    choices: Choices,
    images: np.ndarray,
    seed: np.random.SeedSequence,
    at_once: int,
) -> np.ndarray:
    """Transform the images of sequences.

    Every transform has a stream of its own, read in the order of its applications, so that the
    result does not depend on how many images are transformed at once.

    Parameters
    ----------
    choices : of the sequences.
    images : (all images, side, side) pixels in [0, 1].
    seed : of the transforms' random numbers.
    at_once : about how many images are transformed at once.

    Returns
    -------
    (sequences, images, side²), uint8 levels.
    """
    module = import_module("blockmaps.data.transforms")
    streams = [generator(seed, number) for number in range(len(module.TRANSFORMS))]
    applied = choices.transforms.reshape(-1)
    chosen = choices.images.reshape(-1)
    result = np.empty((len(chosen), *images.shape[1:]), dtype=np.uint8)
    for begin in range(0, len(chosen), at_once):
        now = applied[begin : begin + at_once]
        for number, name in enumerate(module.TRANSFORMS):
            where = begin + np.flatnonzero(now == number)
            if len(where):
                changed = module.transform(name, images[chosen[where]], streams[number])
                result[where] = levels(changed)
    return result.reshape(*choices.images.shape, -1)


@register
class Rad(DataSpec):
    """Find the one image of a sequence that was transformed unlike the others.

    Splits. Images of the source are cut into three pools that share no image, each with the classes
    in proportion. Sequences of

    - "train" draw from the training images;
    - "validation" and "test" draw from the images held out for each: no image of theirs was seen in
      training;
    - "test_leaking" draw from the training images, as the paper's test sequences do. Its accuracy
      less that of "test" is what the leak is worth.

    Every split has a random stream of its own: its sequences do not depend on the sizes of the
    other splits, and a longer split begins with the shorter one.
    """

    kind: Literal["rad"] = "rad"
    source: Literal["digits"] = Field(
        default="digits", description="Where the images come from: scikit-learn's 8×8 digits."
    )
    # below 8 the reflected border of the blur would be wider than the image
    side: int = Field(default=16, ge=8, description="Images are side × side.")
    images: int = Field(default=10, ge=2, le=20, description="Images of a sequence; |y|.")
    train: int = Field(default=20000, ge=1, description="Training sequences.")
    validation: int = Field(default=1000, ge=0, description="Validation sequences; 0 for none.")
    test: int = Field(default=10000, ge=1, description="Test sequences of held-out images.")
    test_leaking: int = Field(
        default=1000, ge=0, description="Test sequences of training images; 0 for none."
    )
    held_out_validation: int = Field(
        default=200, ge=0, description="Images held out for validation."
    )
    held_out_test: int = Field(default=400, ge=FEWEST_HELD, description="Images held out for test.")

    made_by: ClassVar[tuple[str, ...]] = ("data.digits", "data.transforms")

    @model_validator(mode="after")
    def _enough_images(self) -> "Rad":
        if self.validation and self.held_out_validation < FEWEST_HELD:
            raise ValueError(
                f"validation takes held_out_validation of at least {FEWEST_HELD} images, "
                "so that every class has one; or validation: 0"
            )
        most = IMAGES[self.source] - FEWEST_HELD
        if self.held_out_validation + self.held_out_test > most:
            raise ValueError(f"held_out_validation and held_out_test take {most} images together")
        return self

    @property
    def shape(self) -> Shape:
        """|x| = side², |y| = images, and a step for each image and the blank one."""
        return Shape(inputs=self.side**2, outputs=self.images, steps=self.images + 1)

    def pools(self, classes: np.ndarray, seed: np.random.SeedSequence) -> dict[str, np.ndarray]:
        """Return the images that each split draws from.

        Parameters
        ----------
        classes : (all images,) the class of each.
        seed : the data set's.

        Returns
        -------
        split → (pool,) positions of images, ascending.
        """
        # test first: its images do not depend on how many are held out for validation
        held_out = {"test": self.held_out_test, "validation": self.held_out_validation}
        pools = held_out_pools(classes, held_out, generator(seed, STREAMS.index("pools")))
        return pools | {"test_leaking": pools["train"]}

    def make(self, seed: np.random.SeedSequence) -> SequenceData:
        """Make the sequences. The same seed gives the same bytes on any machine.

        Random numbers are numpy's, and pixels are computed in float64 on the CPU, then rounded to
        256 levels: a last bit that differs is rounded away.
        """
        # by name: an import statement would let planning reach torch
        images, classes = import_module(f"blockmaps.data.{self.source}").digits(self.side)
        names = import_module("blockmaps.data.transforms").TRANSFORMS
        pools = self.pools(classes, seed)
        counts = {name: number for name in STREAMS[1:] if (number := getattr(self, name))}
        parts, drawn = [], []
        for split, number in counts.items():
            stream = substream(seed, STREAMS.index(split))
            choices = draw_choices(
                number, self.images, len(names), pools[split], classes, generator(stream, 0)
            )
            parts.append(draw_images(choices, images, substream(stream, 1), AT_ONCE))
            drawn.append(choices)
        bounds = pairwise(np.cumsum([0, *counts.values()]).tolist())
        return SequenceData(
            inputs=np.concatenate(parts),
            targets=np.concatenate([choices.places for choices in drawn]),
            loss="cross_entropy",
            loss_steps=(self.images,),
            splits=dict(zip(counts, bounds, strict=True)),
            scale=1 / (255 * STD),
            offset=-MEAN / STD,
            blank_steps=1,
            groups=np.concatenate([choices.groups for choices in drawn]),
            group_names=tuple(f"{a}|{b}" for a in names for b in names),
            about=self._about(seed, pools),
        )

    def _about(self, seed: np.random.SeedSequence, pools: dict[str, np.ndarray]) -> dict[str, Any]:
        """Say how the data set was made, alike on every machine."""
        versions = {name: metadata.version(name) for name in ("numpy", "torch", "kornia")}
        versions["scikit-learn"] = metadata.version("scikit-learn")
        return {
            "spec": self.model_dump(mode="json"),
            "entropy": seed.entropy,
            "spawn_key": list(seed.spawn_key),
            "pools": {name: len(pool) for name, pool in pools.items()},
            # 2.13.0+cpu and 2.13.0+cu130 make the same sequences
            "versions": {name: text.partition("+")[0] for name, text in versions.items()},
        }
