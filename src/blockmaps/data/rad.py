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

Where this differs from the authors' code: there a sequence's class is that of the image whose turn
it is, one sequence a training image, so that classes are as frequent as in MNIST; here the class is
uniform, and there can be any number of sequences.

Some pairs can hardly be told apart (nothing against weak noise): hence the group of a sequence, its
pair.
"""

from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from blockmaps.data import ALONE, Means, Pieces, SequenceData, Shape, register
from blockmaps.data.sequences import (
    draw_choices,
    draw_images,
    draw_pieces,
    generator,
    held_out_pools,
    substream,
)
from blockmaps.data.sources import (
    AT_ONCE,
    FEWEST_HELD,
    IMAGES,
    MEAN,
    OWN_TEST,
    STD,
    FromImages,
    versions,
)

# Positions are part of every data set: append, never reorder.
STREAMS = ("pools", "train", "validation", "test", "test_leaking", "validation_leaking")


@register
class Rad(FromImages):
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
    images: int = Field(default=10, ge=2, le=20, description="Images of a sequence; |y|.")
    train: int = Field(default=20000, ge=1, description="Training sequences.")
    validation: int = Field(default=1000, ge=0, description="Validation sequences; 0 for none.")
    test: int = Field(default=10000, ge=1, description="Test sequences of held-out images.")
    test_leaking: int = Field(
        default=1000, ge=0, description="Test sequences of training images; 0 for none."
    )
    validation_leaking: int = Field(
        default=0, ge=0, description="Validation sequences of training images; 0 for none."
    )
    blanks: int | None = Field(
        default=None,
        ge=2,
        description="Blank steps after the images, the last of which answers; 1 unless told.",
    )
    held_out_validation: int | None = Field(
        default=None,
        ge=0,
        description="Images held out for validation: 200 unless told; of MNIST none without it.",
    )
    held_out_test: int | None = Field(
        default=None,
        ge=FEWEST_HELD,
        description="Images held out for test, 400 unless told. MNIST has 10,000 of its own.",
    )

    @model_validator(mode="after")
    def _enough_images(self) -> "Rad":
        if self.validation and self._held_out["validation"] < FEWEST_HELD:
            raise ValueError(
                f"validation takes held_out_validation of at least {FEWEST_HELD} images, "
                "so that every class has one; or validation: 0"
            )
        if self.source in OWN_TEST and self.held_out_test is not None:
            raise ValueError(f"{self.source} has a test split of its own; leave held_out_test out")
        most = IMAGES[self.source] - FEWEST_HELD
        if sum(self._held_out.values()) > most:
            raise ValueError(f"held_out_validation and held_out_test take {most} images together")
        return self

    @property
    def _held_out(self) -> dict[str, int]:
        # test first: its images do not depend on how many are held out for validation
        test = 0 if self.source in OWN_TEST else self.held_out_test or 400
        validation = self.held_out_validation
        if validation is None:
            validation = 200 if self.validation or self.source == "digits" else 0
        return {"test": test, "validation": validation}

    @property
    def shape(self) -> Shape:
        """|x| = side², |y| = images, and a step for each image and blank one."""
        steps = self.images + (self.blanks or 1)
        return Shape(inputs=self.side**2, outputs=self.images, steps=steps)

    def pools(self, classes: np.ndarray, seed: np.random.SeedSequence) -> dict[str, np.ndarray]:
        """Return the images that each split draws from.

        Parameters
        ----------
        classes : (all images,) the class of each; a test split of the source's own comes last.
        seed : the data set's.

        Returns
        -------
        split → (pool,) positions of images, ascending.
        """
        own = OWN_TEST.get(self.source, 0)
        first = len(classes) - own
        rng = generator(seed, STREAMS.index("pools"))
        pools = held_out_pools(classes[:first], self._held_out, rng)
        if own:
            pools["test"] = np.arange(first, len(classes))
        return pools | {f"{split}_leaking": pools["train"] for split in ("test", "validation")}

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Make the sequences. The same seed gives the same bytes on any machine and device.

        Random numbers are numpy's, and pixels are computed in float64, then rounded to 256 levels:
        a last bit that differs is rounded away.
        """
        images, classes = self.load()
        names = import_module("blockmaps.data.transforms").TRANSFORMS
        pools = self.pools(classes, seed)
        counts = {name: number for name in STREAMS[1:] if (number := getattr(self, name))}
        drawn = {}
        for split, number in counts.items():
            rng = generator(seed, STREAMS.index(split), 0)
            drawn[split] = draw_choices(number, self.images, len(names), pools[split], classes, rng)

        def pieces() -> Iterator[np.ndarray]:
            for split, choices in drawn.items():
                stream = substream(seed, STREAMS.index(split), 1)
                yield from draw_pieces(
                    choices, images, stream, AT_ONCE, means.threads, means.device
                )

        bounds = pairwise(np.cumsum([0, *counts.values()]).tolist())
        return SequenceData(
            inputs=Pieces(
                (sum(counts.values()), self.images, self.side**2), np.dtype(np.uint8), pieces
            ),
            targets=np.concatenate([choices.places for choices in drawn.values()]),
            loss="cross_entropy",
            loss_steps=(self.shape.steps - 1,),
            splits=dict(zip(counts, bounds, strict=True)),
            scale=1 / (255 * STD),
            offset=-MEAN / STD,
            blank_steps=self.blanks or 1,
            groups=np.concatenate([choices.groups for choices in drawn.values()]),
            group_names=tuple(f"{a}|{b}" for a in names for b in names),
            about=self._about(seed, pools),
        )

    def make_epoch(
        self, seed: np.random.SeedSequence, seed_index: int, epoch: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Make the training sequences of one epoch, where every epoch has its own.

        They draw from the images that the training sequences of `make` draw from, with random
        numbers of their own.

        Parameters
        ----------
        seed : the data set's.
        seed_index : the run's.
        epoch : from 0.

        Returns
        -------
        (train, images, side²) levels and (train,) places, as `make` has them.
        """
        images, classes = self.load()
        transforms = len(import_module("blockmaps.data.transforms").TRANSFORMS)
        pool, stream = self.pools(classes, seed)["train"], STREAMS.index("train")
        # the streams 0 and 1 are those of `make`
        rng = generator(seed, stream, 2, seed_index, epoch)
        choices = draw_choices(self.train, self.images, transforms, pool, classes, rng)
        own = substream(seed, stream, 3, seed_index, epoch)
        return draw_images(choices, images, own, AT_ONCE), choices.places

    def _about(self, seed: np.random.SeedSequence, pools: dict[str, np.ndarray]) -> dict[str, Any]:
        """Say how the data set was made, alike on every machine."""
        return {
            "spec": self.model_dump(mode="json", exclude=set(self.where)),
            "entropy": seed.entropy,
            "spawn_key": list(seed.spawn_key),
            "pools": {name: len(pool) for name, pool in pools.items()},
            "versions": versions(),
        }
