"""The eight transforms against closed forms, scipy and Pillow; digits against interpolation."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy.ndimage import gaussian_filter, map_coordinates
from sklearn.datasets import load_digits

from blockmaps.data import transforms
from blockmaps.data.digits import load as digits
from blockmaps.data.transforms import TRANSFORMS, apply, clamped, corners, draw, homography

SIDES = (8, 16, 50)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def generator(seed=0):
    return np.random.Generator(np.random.PCG64(seed))


def random_images(number, side, seed=5):
    return torch.from_numpy(generator(seed).random((number, side, side)))


def drawn(name, number, side, seed=0):
    return torch.from_numpy(draw(name, generator(seed), number, side))


def test_names():
    assert TRANSFORMS == (
        "none",
        "perspective-0.5",
        "perspective-0.9",
        "erase",
        "noise",
        "erase-perspective-0.5",
        "blur",
        "sharpen",
    )


@pytest.mark.parametrize("name", TRANSFORMS)
def test_drawing_in_parts_is_drawing_at_once(name):
    whole, rng = draw(name, generator(), 50, 16), generator()
    parts = [draw(name, rng, number, 16) for number in (1, 0, 20, 29)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_images_do_not_depend_on_their_batch(name):
    images, parameters = random_images(12, 16), drawn(name, 12, 16)
    whole = apply(name, images, parameters)
    parts = [apply(name, images[[k]], parameters[[k]]) for k in range(12)]
    torch.testing.assert_close(whole, torch.cat(parts), rtol=0, atol=1e-12)
    assert whole.dtype == torch.float64
    assert whole.shape == images.shape


@pytest.mark.parametrize("name", TRANSFORMS)
def test_images_stay_in_their_own_range(name):
    images = 0.2 + 0.5 * random_images(200, 8).numpy()
    parameters = torch.from_numpy(draw(name, generator(), 200, 8))
    result = clamped(name, torch.from_numpy(images), parameters).numpy()
    assert (result >= images.min((1, 2), keepdims=True)).all()
    assert (result <= images.max((1, 2), keepdims=True)).all()
    assert (name == "none") == np.array_equal(result, images)


def test_small_images_are_refused():
    with pytest.raises(ValueError, match="8 or more"):
        draw("none", generator(), 1, 7)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("distortion", [0.5, 0.9])
def test_corners_move_inwards_uniformly(side, distortion):
    moved = draw(f"perspective-{distortion}", generator(), 4000, side).reshape(-1, 4, 2)
    inwards = (moved - corners(side)) * [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    most = distortion * side / 2
    assert inwards.min() >= 0
    assert inwards.max() <= most
    np.testing.assert_allclose(inwards.mean(0), most / 2, atol=0.03 * most)
    np.testing.assert_allclose(inwards.std(0), most / np.sqrt(12), atol=0.02 * most)


@pytest.mark.parametrize("side", SIDES)
def test_homography_takes_corners_to_moved_corners(side):
    moved = drawn("perspective-0.9", 200, side)
    begin = np.concatenate([corners(side), np.ones((4, 1))], axis=1)
    found = np.einsum("nij,kj->nki", homography(moved, side).numpy(), begin)
    found = found[..., :2] / found[..., 2:]
    np.testing.assert_allclose(found, moved.reshape(-1, 4, 2).numpy(), atol=1e-6 * side)


def test_perspective_of_unmoved_corners_is_the_identity():
    images = random_images(3, 16)
    unmoved = torch.from_numpy(corners(16)).reshape(1, 8).repeat(3, 1)
    result = apply("perspective-0.5", images, unmoved)
    torch.testing.assert_close(result, images, rtol=0, atol=1e-12)


def test_perspective_takes_corner_pixels_along():
    """Corners moved by whole pixels arrive with their value; outside is 0."""
    images = torch.ones(1, 16, 16, dtype=torch.float64) * 0.5
    images[0, 0, 0], images[0, 0, -1], images[0, -1, -1] = 1.0, 0.8, 0.7
    images[0, -1, 0] = 0.6
    moved = torch.tensor([[2.0, 3.0, 12.0, 1.0, 14.0, 13.0, 1.0, 15.0]], dtype=torch.float64)
    result = apply("perspective-0.5", images, moved)[0]
    places = [result[3, 2], result[1, 12], result[13, 14], result[15, 1]]
    np.testing.assert_allclose(places, [1.0, 0.8, 0.7, 0.6], atol=1e-9)
    assert result[0, 0] == result[0, -1] == result[-1, -1] == 0


def linear_homography(begin, end):
    """Solve the eight linear equations of a homography."""
    rows, values = [], []
    for (x, y), (u, v) in zip(begin, end, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)


@pytest.mark.parametrize("name", ["perspective-0.5", "perspective-0.9"])
def test_perspective_is_bilinear_sampling_through_the_inverse(name):
    side = 16
    images, moved = random_images(30, side), drawn(name, 30, side)
    result = apply(name, images, moved).numpy()
    y, x = np.mgrid[:side, :side]
    for image, end, found in zip(images, moved.reshape(-1, 4, 2), result, strict=True):
        back = linear_homography(end.numpy(), corners(side))
        u, v, w = np.einsum("ij,jyx->iyx", back, np.stack([x, y, np.ones_like(x)]))
        expected = map_coordinates(
            image.numpy(), [v / w, u / w], order=1, mode="grid-constant", cval=0
        )
        np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("side", SIDES)
def test_erased_rectangles(side):
    number = 3000
    rectangle = draw("erase", generator(), number, side)
    top, left, height, width = rectangle.T
    assert (np.minimum(top, left) >= 0).all()
    assert (np.maximum(height, width) < side).all()
    assert (top + height <= side).all()
    assert (left + width <= side).all()
    # rounding to whole pixels moves each of height and width by at most a half
    assert ((height + 0.5) * (width + 0.5) >= 0.1 * side**2).all()
    assert ((height - 0.5) * (width - 0.5) <= 0.2 * side**2).all()
    assert ((height + 0.5) / (width - 0.5) >= 0.3).all()
    assert ((height - 0.5) / (width + 0.5) <= 3.3).all()
    assert (height * width / side**2).mean() == pytest.approx(0.15, rel=0.05)
    if side == 50:
        log_aspect = np.log(height / width)
        assert log_aspect.mean() == pytest.approx(np.log(0.3 * 3.3) / 2, abs=0.05)
        assert log_aspect.std() == pytest.approx(np.log(3.3 / 0.3) / np.sqrt(12), rel=0.05)
    images = 0.1 + 0.9 * random_images(number, side)
    result = apply("erase", images, torch.from_numpy(rectangle))
    for k in range(50):
        expected = images[k].clone()
        t, le, h, w = rectangle[k].astype(int)
        expected[t : t + h, le : le + w] = 0
        assert torch.equal(result[k], expected)
    np.testing.assert_array_equal((result == 0).sum((1, 2)), height * width)


def test_erased_rectangles_fit_at_the_extremes():
    for side in range(3, 130):
        for uniform in np.array(np.meshgrid([0, 1 - 1e-12], [0, 1 - 1e-12])).reshape(2, -1).T:
            row = np.array([[*uniform, 1 - 1e-12, 1 - 1e-12]])
            top, left, height, width = transforms._rectangle(row, side)[0]
            assert 1 <= height < side
            assert 1 <= width < side
            assert top + height == left + width == side


def test_erasing_comes_before_perspective():
    images, parameters = random_images(8, 16), drawn("erase-perspective-0.5", 8, 16)
    erased = apply("erase", images, parameters[:, :4])
    expected = apply("perspective-0.5", erased, parameters[:, 4:])
    assert torch.equal(apply("erase-perspective-0.5", images, parameters), expected)


def test_noise():
    images = random_images(400, 16)
    added = apply("noise", images, drawn("noise", 400, 16)) - images
    assert added.mean().item() == pytest.approx(0, abs=2e-4)
    assert added.std().item() == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("side", SIDES)
def test_blur_is_a_truncated_gaussian_with_mirrored_borders(side):
    images, std = random_images(20, side), drawn("blur", 20, side)
    assert ((std >= 0.1) & (std <= 2.0)).all()
    result = apply("blur", images, std)
    for image, one, found in zip(images.numpy(), std[:, 0].tolist(), result, strict=True):
        expected = gaussian_filter(image, one, mode="mirror", radius=7)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_sharpening_is_pillows():
    levels = generator().integers(0, 256, (10, 16, 16), dtype=np.uint8)
    result = apply("sharpen", torch.from_numpy(levels / 255), drawn("sharpen", 10, 16))
    for image, found in zip(levels, result, strict=True):
        expected = np.asarray(ImageEnhance.Sharpness(Image.fromarray(image)).enhance(4.0))
        # Pillow rounds the smoothed image, by at most a half, and takes it three times
        assert np.abs(found.numpy() * 255 - expected).max() <= 3 * 0.5 + 1


def test_sharpening_in_closed_form():
    image = torch.zeros(1, 9, 9, dtype=torch.float64)
    image[0, 4, 4], image[0, 0, 0] = 0.2, 0.3
    result = apply("sharpen", image, drawn("sharpen", 1, 9))[0]
    assert result[4, 4].item() == pytest.approx(4 * 0.2 - 3 * 0.2 * 5 / 13)
    assert result[0, 0].item() == pytest.approx(0.3)
    assert result[4, 3] == 0


def test_digits_are_the_bundled_ones():
    bundled = load_digits()
    images, classes = digits(8)
    np.testing.assert_array_equal(images, bundled.images / 16)
    np.testing.assert_array_equal(classes, bundled.target)
    assert classes.dtype == np.int64


@pytest.mark.parametrize("side", [12, 16, 50])
def test_digits_grow_bilinearly(side):
    place = np.clip((np.arange(side) + 0.5) * 8 / side - 0.5, 0, 7)
    low = np.minimum(np.floor(place).astype(int), 6)
    weights = np.zeros((side, 8))
    weights[np.arange(side), low] = 1 - (place - low)
    weights[np.arange(side), low + 1] = place - low
    images, _ = digits(side)
    expected = np.einsum("ij,njk,lk->nil", weights, load_digits().images / 16, weights)
    assert images.dtype == np.float64
    np.testing.assert_allclose(images, expected, atol=1e-12)
    assert images.min() == 0
    assert images.max() <= 1
