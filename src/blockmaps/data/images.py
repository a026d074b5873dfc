"""Single images and their classes: MNIST or scikit-learn's digits, as they are or made harder.

The same images, sizes and normalisation as RAD's, one a sequence of one step: what the first
paper's experiment classifies (2404.00880). The harder variant erases 2 to 5 % of the area of every
image and puts it into a perspective of distortion 0.5, once, before training.

A sequence may be several copies of one image, or several images of one class, as in the authors'
runs of May 2023; the loss is then taken after the last step or after every one.
"""

from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from blockmaps.data import ALONE, Means, Pieces, SequenceData, Shape, register
from blockmaps.data.sequences import CLASSES, generator, held_out_pools
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
STREAMS = ("pools", "train", "validation", "test")


@register
class Images(FromImages):
    """Which of ten digits is on the image.

    Images held out for validation and for test are never trained on, and every image is in one
    split at most. Training images are drawn without replacement, so that fewer of them are the
    first of more.
    """

    kind: Literal["images"] = "images"
    perturbed: bool = Field(
        default=False, description="Erase 2 to 5 % of the area, then perspective 0.5."
    )
    train: int | None = Field(
        default=None, ge=1, description="Training images; all that are not held out unless told."
    )
    validation: int = Field(default=0, ge=0, description="Images held out for validation.")
    test: int | None = Field(
        default=None,
        ge=FEWEST_HELD,
        description="Test images: of digits 400 unless told; of MNIST the first of its own 10,000.",
    )

    # None where they are not asked for, so that digests from before these fields are what they were
    copies: int | None = Field(
        default=None, ge=2, description="Steps of a sequence: the image so many times. None: 1."
    )
    others: Literal[True] | None = Field(
        default=None, description="Every further step has another image of the class."
    )
    every_step: Literal[True] | None = Field(
        default=None, description="Take the loss after every step, not after the last alone."
    )

    @model_validator(mode="after")
    def _of_copies(self) -> "Images":
        if self.copies is None and (self.others or self.every_step):
            raise ValueError("others and every_step are of copies; takes copies of 2 or more")
        return self

    @model_validator(mode="after")
    def _enough_images(self) -> "Images":
        if self._tests > OWN_TEST.get(self.source, self._tests):
            raise ValueError(f"{self.source} has {OWN_TEST[self.source]} test images")
        held = sum(self._held_out.values())
        left = IMAGES[self.source] - held
        if left < (self.train or 1):
            raise ValueError(
                f"{self.source} has {IMAGES[self.source]} images, of which {held} are held out; "
                f"{max(left, 0)} are left to train on"
            )
        return self

    @property
    def _tests(self) -> int:
        return self.test or OWN_TEST.get(self.source, 400)

    @property
    def _held_out(self) -> dict[str, int]:
        test = 0 if self.source in OWN_TEST else self._tests
        return {"test": test, "validation": self.validation}

    @property
    def shape(self) -> Shape:
        """|x| = side², |y| = 10 and one step, or one a copy."""
        return Shape(inputs=self.side**2, outputs=CLASSES, steps=self.copies or 1)

    def chosen(self, classes: np.ndarray, seed: np.random.SeedSequence) -> dict[str, np.ndarray]:
        """Return the images of each split, in their order.

        Parameters
        ----------
        classes : (all images,) the class of each; a test split of the source's own comes last.
        seed : the data set's.
        """
        first = len(classes) - OWN_TEST.get(self.source, 0)
        rng = generator(seed, STREAMS.index("pools"))
        pools = held_out_pools(classes[:first], self._held_out, rng)
        if first < len(classes):
            pools["test"] = np.arange(first, len(classes))[: self._tests]
        pools["train"] = rng.permutation(pools["train"])[: self.train]
        return {split: pools[split] for split in STREAMS[1:] if len(pools[split])}

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Make the images. The same seed gives the same bytes on any machine."""
        images, classes = self.load()
        chosen = self.chosen(classes, seed)

        steps = self.copies or 1
        drawn = 1 if self.others is None else steps

        def pieces() -> Iterator[np.ndarray]:
            for split, positions in chosen.items():
                rng = generator(seed, STREAMS.index(split), 0)
                shown = positions[:, None]
                if drawn > 1:
                    again = generator(seed, STREAMS.index(split), 1)
                    shown = np.hstack([shown, of_the_class(classes, positions, drawn - 1, again)])
                for begin in range(0, len(positions), AT_ONCE):
                    part = shown[begin : begin + AT_ONCE]
                    made = self._levels(images[part.reshape(-1)], rng)
                    yield np.repeat(made.reshape(len(part), drawn, -1), steps // drawn, axis=1)

        counts = {split: len(positions) for split, positions in chosen.items()}
        bounds = pairwise(np.cumsum([0, *counts.values()]).tolist())
        loss_steps = tuple(range(steps)) if self.every_step else (steps - 1,)
        targets = np.concatenate([classes[positions] for positions in chosen.values()])
        if self.every_step:
            targets = np.repeat(targets[:, None], steps, axis=1)
        return SequenceData(
            inputs=Pieces((sum(counts.values()), steps, self.side**2), np.dtype(np.uint8), pieces),
            targets=targets,
            loss="cross_entropy",
            loss_steps=loss_steps,
            splits=dict(zip(counts, bounds, strict=True)),
            scale=1 / (255 * STD),
            offset=-MEAN / STD,
            about=self._about(seed),
        )

    def _levels(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return (images, side²) levels 0 to 255 of (images, side, side) pixels in [0, 1]."""
        transforms = import_module("blockmaps.data.transforms")
        if not self.perturbed:
            return transforms.make_levels("none", pixels, np.empty((len(pixels), 0)))
        drawn = transforms.draw_perturbation(rng, len(pixels), self.side)
        return transforms.make_levels("erase-perspective-0.5", pixels, drawn)

    def _about(self, seed: np.random.SeedSequence) -> dict[str, Any]:
        """Say how the data set was made, alike on every machine."""
        return {
            "spec": self.model_dump(
                mode="json",
                exclude={*self.where, *(() if self.copies else ("copies", "others", "every_step"))},
            ),
            "entropy": seed.entropy,
            "spawn_key": list(seed.spawn_key),
            "versions": versions(),
        }


def of_the_class(
    classes: np.ndarray, positions: np.ndarray, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw further images of the class of each, from the same images, with replacement.

    Parameters
    ----------
    classes : (all images,) the class of each.
    positions : (images,) of a split.
    number : of images to draw for each.

    Returns
    -------
    (images, number) positions.
    """
    found = np.empty((len(positions), number), dtype=positions.dtype)
    for one in np.unique(classes[positions]):
        own = classes[positions] == one
        found[own] = rng.choice(positions[own], size=(own.sum(), number))
    return found
