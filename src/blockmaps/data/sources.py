"""What data sets of images share: where the images come from, and which modules make them."""

from importlib import import_module, metadata
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from blockmaps.data import DataSpec

IMAGES = {"digits": 1797, "mnist": 60000}  # of which some may be held out, by source
OWN_TEST = {"mnist": 10000}  # images of a test split that the source has itself
FEWEST_HELD = 20  # a pool this large has an image of every class
MEAN, STD = 0.1307, 0.3081  # of MNIST's pixels; the paper's normalisation
AT_ONCE = 4096  # images in memory as floats; changes no byte


class FromImages(DataSpec):
    """A data set made of scikit-learn's digits or of MNIST, at any size."""

    papers: ClassVar[bool] = True
    source: Literal["digits", "mnist"] = Field(
        default="digits",
        description="Where the images come from: scikit-learn's 8×8 digits, or MNIST.",
    )
    folder: str | None = Field(
        default=None,
        description="Where MNIST's four files are; else $BLOCKMAPS_DATA/mnist, else downloaded.",
    )
    # below 8 the reflected border of the blur would be wider than the image
    side: int = Field(default=16, ge=8, description="Images are side × side.")

    made_by: ClassVar[tuple[str, ...]] = ("data.digits", "data.mnist", "data.transforms")
    where: ClassVar[tuple[str, ...]] = ("folder",)

    @model_validator(mode="after")
    def _folder_of_files(self) -> "FromImages":
        if self.source == "digits" and self.folder:
            raise ValueError("digits come with scikit-learn; leave folder out")
        return self

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all images, side × side, and their classes, a test split of its own last."""
        # by name: an import statement would let planning reach torch
        module = import_module(f"blockmaps.data.{self.source}")
        options = {"folder": self.folder} if self.folder else {}
        return module.load(self.side, **options)


def versions() -> dict[str, str]:
    """Return the versions of what decides the images, alike on every machine."""
    names = ("numpy", "torch", "kornia", "scikit-learn")
    # 2.13.0+cpu and 2.13.0+cu130 make the same images
    return {name: metadata.version(name).partition("+")[0] for name in names}
