"""The eight transforms of images that RAD draws from (2509.15057, "RAD").

Random numbers and arithmetic are apart. `draw` takes all random numbers from numpy, one row for
each application and row after row, so that drawing in parts gives the same rows; `apply` is a
function of images and rows alone. Pixels are in [0, 1], in float64.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from kornia.enhance import sharpness
from kornia.filters import gaussian_blur2d
from kornia.geometry.transform import get_perspective_transform, warp_perspective
from torch import Tensor

ERASED_AREA = (0.1, 0.2)  # as a fraction of the image
PERTURBED_AREA = (0.02, 0.05)  # the same, of the first paper's harder images (2404.00880)
ERASED_ASPECT = (0.3, 3.3)  # height over width
NOISE_STD = 0.01
BLUR_KERNEL = 15
BLUR_STD = (0.1, 2.0)
SHARPNESS = 4.0

# The blur reflects half a kernel of pixels about each edge, so an image has more than that.
SMALLEST_SIDE = BLUR_KERNEL // 2 + 1

Parameters = Float64[np.ndarray, "images numbers"]
Pixels = Float64[Tensor, "images side side"]


def _between(uniform: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    return bounds[0] + uniform * (bounds[1] - bounds[0])


def corners(side: int) -> Float64[np.ndarray, "4 2"]:
    """Return (x, y) of the corner pixels' centres, clockwise from the top left."""
    end = side - 1.0
    return np.array([[0.0, 0.0], [end, 0.0], [end, end], [0.0, end]])


def _moved_corners(
    uniform: Float64[np.ndarray, "images 8"], side: int, distortion: float
) -> Parameters:
    """Move every corner inwards, along x and along y, by up to distortion × side / 2.

    This is torchvision's RandomPerspective with its integers made continuous: at small sides
    integers are coarse, and some of their quadrilaterals are singular.
    """
    inwards = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    offsets = uniform.reshape(-1, 4, 2) * (distortion * side / 2)
    return (corners(side) + inwards * offsets).reshape(-1, 8)


def _rectangle(
    uniform: Float64[np.ndarray, "images 4"],
    side: int,
    erased: tuple[float, float] = ERASED_AREA,
) -> Parameters:
    """Return (top, left, height, width) of rectangles, in whole pixels.

    Area and aspect ratio are drawn, then height and width rounded. With the bounds above both
    are at least 1 and below `side` for every side ≥ 8, so that none is drawn again.
    """
    area = _between(uniform[:, 0], erased) * side**2
    aspect = np.exp(_between(uniform[:, 1], tuple(np.log(ERASED_ASPECT))))
    size = np.round(np.sqrt(np.stack([area * aspect, area / aspect], axis=1)))
    start = np.floor(uniform[:, 2:] * (side - size + 1))
    return np.concatenate([start, size], axis=1)


def _draw_nothing(rng: np.random.Generator, number: int, side: int) -> Parameters:
    return np.empty((number, 0))


def _draw_perspective(
    rng: np.random.Generator, number: int, side: int, distortion: float
) -> Parameters:
    return _moved_corners(rng.random((number, 8)), side, distortion)


def _draw_erasing(rng: np.random.Generator, number: int, side: int) -> Parameters:
    return _rectangle(rng.random((number, 4)), side)


def _draw_erasing_perspective(
    rng: np.random.Generator,
    number: int,
    side: int,
    distortion: float,
    erased: tuple[float, float] = ERASED_AREA,
) -> Parameters:
    uniform = rng.random((number, 12))
    moved = _moved_corners(uniform[:, 4:], side, distortion)
    return np.concatenate([_rectangle(uniform[:, :4], side, erased), moved], axis=1)


def draw_perturbation(rng: np.random.Generator, number: int, side: int) -> Parameters:
    """Draw the parameters of "erase-perspective-0.5" with 2 to 5 % of the area erased (2404.00880).

    It is not one of `TRANSFORMS`, of which RAD draws all.
    """
    return _draw_erasing_perspective(rng, number, side, 0.5, PERTURBED_AREA)


def _draw_noise(rng: np.random.Generator, number: int, side: int) -> Parameters:
    return NOISE_STD * rng.standard_normal((number, side**2))


def _draw_blur(rng: np.random.Generator, number: int, side: int) -> Parameters:
    return _between(rng.random((number, 1)), BLUR_STD)


def homography(moved: Float64[Tensor, "images 8"], side: int) -> Float64[Tensor, "images 3 3"]:
    """Return the matrices that take (x, y, 1) of the four corners to where they were moved."""
    begin = torch.from_numpy(corners(side)).to(moved.device).expand(len(moved), 4, 2)
    return get_perspective_transform(begin, moved.reshape(-1, 4, 2))


def _keep(images: Pixels, parameters: Tensor) -> Pixels:
    return images


def _warp(images: Pixels, moved: Tensor) -> Pixels:
    """Move the corners; bilinear, and 0 outside the image."""
    side = images.shape[-1]
    return warp_perspective(images[:, None], homography(moved, side), (side, side))[:, 0]


def _erase(images: Pixels, rectangle: Tensor) -> Pixels:
    """Set a rectangle to 0."""
    place = torch.arange(images.shape[-1], device=images.device)
    top, left, height, width = rectangle[:, :, None].unbind(1)
    rows = (place >= top) & (place < top + height)
    columns = (place >= left) & (place < left + width)
    return images.masked_fill(rows[:, :, None] & columns[:, None, :], 0.0)


def _erase_and_warp(images: Pixels, parameters: Tensor) -> Pixels:
    return _warp(_erase(images, parameters[:, :4]), parameters[:, 4:])


def _add(images: Pixels, noise: Tensor) -> Pixels:
    return images + noise.view_as(images)


def _blur(images: Pixels, std: Tensor) -> Pixels:
    """Blur by a truncated Gaussian, borders reflected about the edge pixel, as torchvision's."""
    return gaussian_blur2d(images[:, None], BLUR_KERNEL, std.expand(-1, 2), "reflect")[:, 0]


def _sharpen(images: Pixels, parameters: Tensor) -> Pixels:
    """Return 4 × image − 3 × smoothed image, clamped to [0, 1].

    Smoothing is the 3×3 kernel ((1, 1, 1), (1, 5, 1), (1, 1, 1)) / 13; border pixels stay. So do
    torchvision's adjust_sharpness and Pillow's ImageEnhance.Sharpness.
    """
    return sharpness(images[:, None], SHARPNESS)[:, 0]


class _Transform(NamedTuple):
    draw: Callable[[np.random.Generator, int, int], np.ndarray]
    apply: Callable[[Tensor, Tensor], Tensor]


_BY_NAME = {
    "none": _Transform(_draw_nothing, _keep),
    "perspective-0.5": _Transform(partial(_draw_perspective, distortion=0.5), _warp),
    "perspective-0.9": _Transform(partial(_draw_perspective, distortion=0.9), _warp),
    "erase": _Transform(_draw_erasing, _erase),
    "noise": _Transform(_draw_noise, _add),
    "erase-perspective-0.5": _Transform(
        partial(_draw_erasing_perspective, distortion=0.5), _erase_and_warp
    ),
    "blur": _Transform(_draw_blur, _blur),
    "sharpen": _Transform(_draw_nothing, _sharpen),
}

# A transform's position is its number in stored data: append, never reorder.
TRANSFORMS = tuple(_BY_NAME)


def draw(name: str, rng: np.random.Generator, number: int, side: int) -> Parameters:
    """Draw what a number of applications of a transform need.

    Parameters
    ----------
    name : one of `TRANSFORMS`.
    rng : where the random numbers come from; drawing 3 rows, then 4, is drawing 7.
    number : of applications.
    side : of the images.

    Returns
    -------
    (number, numbers of one application): "perspective": x and y of the four moved corners,
    clockwise from the top left; "erase": top, left, height, width; both together for
    "erase-perspective"; "noise": what is added to each pixel; "blur": σ in pixels.

    Raises
    ------
    ValueError
        If images are smaller than the blur needs.
    """
    if side < SMALLEST_SIDE:
        raise ValueError(f"found images of side {side}; the blur takes {SMALLEST_SIDE} or more")
    return _BY_NAME[name].draw(rng, number, side)


def apply(name: str, images: Pixels, parameters: Float64[Tensor, "images numbers"]) -> Pixels:
    """Apply a transform to images, one row of parameters each.

    Parameters
    ----------
    name : one of `TRANSFORMS`.
    images : (images, side, side) pixels in [0, 1].
    parameters : (images, numbers) from `draw`.
    """
    return _BY_NAME[name].apply(images, parameters)


def clamped(name: str, images: Pixels, parameters: Tensor) -> Pixels:
    """Apply a transform, and clamp each image to the range it had before.

    Parameters
    ----------
    name : one of `TRANSFORMS`.
    images : (images, side, side) pixels in [0, 1], on any device.
    parameters : (images, numbers) from `draw`.
    """
    result = apply(name, images, parameters)
    low, high = images.amin((1, 2), keepdim=True), images.amax((1, 2), keepdim=True)
    return result.clamp(low, high)


def make_levels(
    name: str,
    images: Float64[np.ndarray, "images side side"],
    parameters: Float64[np.ndarray, "images numbers"],
    device: str = "cpu",
) -> np.ndarray:
    """Apply a transform and clamp, on any device, and return (images, side²) levels 0 to 255."""
    given = torch.from_numpy(images).to(device)
    made = clamped(name, given, torch.from_numpy(parameters).to(device))
    return levels(made.flatten(1)).cpu().numpy()


def levels(pixels: Float64[Tensor, "..."]) -> Tensor:
    """Return pixels in [0, 1] as levels 0 to 255, half a level rounded up.

    The 1e-6 decides exact ties, such as a pixel of 0.5, whatever the last bit of a float is.
    """
    return (pixels * 255 + (0.5 + 1e-6)).floor().to(torch.uint8)
