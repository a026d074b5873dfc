"""Frames of episodes in a file: what a figure of them reads.

Images are arrays, in safetensors, and what they show is its metadata, so that the same frames give
the same bytes. Where nothing could be rendered the file says why, and has no images.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from blockmaps.core.canonical import canonical_json
from blockmaps.core.errors import InputError
from blockmaps.core.files import whole

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
    images = [strip.images for strip in strips]
    stacked = np.stack(images) if images else np.zeros((0, len(MOMENTS), SIDE, SIDE, 3), np.uint8)
    with whole(path) as partial:
        partial.write_bytes(save({"images": stacked}, {"blockmaps": canonical_json(facts)}))


def read(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the images, (strips, moments, SIDE, SIDE, 3), and what they show.

    Raises
    ------
    InputError
        If the file is not there or not of frames.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such frames; make them with `blockmaps frames`")
    try:
        with safe_open(path, framework="numpy") as file:
            return file.get_tensor("images"), json.loads(file.metadata()["blockmaps"])
    except (SafetensorError, KeyError, TypeError) as fault:
        raise InputError(f"{path}: not a file of frames ({fault}); remove it") from fault
