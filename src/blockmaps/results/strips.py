"""Frames of episodes in a file: what a figure of them reads.

Images are arrays, and what they show is a line beside them (`core.sealed`), so that the same frames
give the same bytes. Where nothing could be rendered the file says why, and has no images.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blockmaps.core import sealed

# Shares of an episode's steps at which a frame is taken: most happens early.
MOMENTS = (0, 0.075, 0.15, 0.2, 0.25, 0.35, 1)
SIDE = 240  # pixels of a frame


class Strip(NamedTuple):
    """One policy's episode.

    Attributes
    ----------
    images : (moments, SIDE, SIDE, 3) uint8.
    about : its name, return, and whether it reaches the goal.
    """

    images: np.ndarray
    about: dict[str, Any]


def write(path: Path, strips: list[Strip], about: dict[str, Any]) -> None:
    """Write strips, or the reason for none, whole or not at all."""
    steps = about.get("steps", 0)
    facts = about | {
        "moments": [round(share * steps) for share in MOMENTS],
        "strips": [strip.about for strip in strips],
    }
    each = strips[0].images.shape if strips else (len(MOMENTS), SIDE, SIDE, 3)
    shape = (len(strips), *each)
    images = sealed.Pieced(shape, np.dtype(np.uint8), (strip.images for strip in strips))
    sealed.write(path, {"images": images}, facts)


def read(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the images, (strips, moments, SIDE, SIDE, 3), and what they show.

    Raises
    ------
    InputError
        If the file is not there, or not of frames or damaged.
    """
    with sealed.opened(path, "file of frames", "blockmaps frames") as file:
        return file.read("images"), file.facts
