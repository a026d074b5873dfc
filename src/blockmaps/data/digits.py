"""The handwritten digits that come with scikit-learn: nothing is downloaded."""

import numpy as np
import torch
from jaxtyping import Float64, Int64
from sklearn.datasets import load_digits
from torch.nn.functional import interpolate

BRIGHTEST = 16  # the digits are 8×8 images of levels 0 to 16


def load(
    side: int,
) -> tuple[Float64[np.ndarray, "images side side"], Int64[np.ndarray, "images"]]:  # noqa: F821
    """Return all digits, resized, and their classes.

    Parameters
    ----------
    side : an image becomes side × side, bilinearly, antialiased when it shrinks.

    Returns
    -------
    images : (1797, side, side) pixels in [0, 1].
    classes : (1797,) 0 to 9.
    """
    bundled = load_digits()
    images = torch.from_numpy(bundled.images / BRIGHTEST)[:, None]
    resized = interpolate(
        images, size=(side, side), mode="bilinear", align_corners=False, antialias=True
    )
    return resized[:, 0].numpy(), bundled.target.astype(np.int64)
