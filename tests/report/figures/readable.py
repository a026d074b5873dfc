"""What a reader of a figure would stumble over: texts that touch or are cut, alike colours."""

from itertools import combinations

import numpy as np
from matplotlib.colors import to_rgb

from blockmaps.report.figures import style, wording

TOUCHING = 0.5  # pixels that two boxes may share: a box is a little larger than its ink


def texts(figure):
    """Yield every text that is drawn."""
    yield from figure.texts
    for legend in figure.legends:
        yield from legend.get_texts()
    for axes in figure.axes:
        yield from (axes.title, axes._left_title, axes._right_title, *axes.texts)
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            yield axis.get_label()
            yield axis.get_offset_text()
            for tick in axis._update_ticks():
                yield from (tick.label1, tick.label2)


def faults(sheet) -> list[str]:
    """Return what is wrong with the texts of a sheet; none is good."""
    figure = sheet.figure
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    drawn = [one for one in texts(figure) if one.get_visible() and one.get_text().strip()]
    boxes = [(one.get_text(), one.get_window_extent(renderer)) for one in drawn]
    wide, high = figure.bbox.width, figure.bbox.height
    found = [
        f"{one.get_text()!r} is {one.get_size():.1f} points"
        for one in drawn
        if one.get_size() < style.SMALLEST - 0.01
    ]
    found += [f"{text!r} is cut" for text, box in boxes if box.x0 < -TOUCHING or box.y0 < -TOUCHING]
    found += [
        f"{text!r} is cut"
        for text, box in boxes
        if box.x1 > wide + TOUCHING or box.y1 > high + TOUCHING
    ]
    for (one, a), (other, b) in combinations(boxes, 2):
        wide_of = min(a.x1, b.x1) - max(a.x0, b.x0)
        high_of = min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide_of > TOUCHING and high_of > TOUCHING:
            found.append(f"{one!r} touches {other!r}")
    if not style.fits(sheet.words.finding):
        found.append(f"title of several lines: {sheet.words.finding}")
    if any("$" in one.get_text() and one.get_parse_math() for one in drawn):
        found.append("a dollar is read as mathematics")
    return found


def words(sheet) -> str:
    """Return all that is written on a sheet and over its panels."""
    over = [text for axes in sheet.figure.axes for text in axes.texts]
    said = [text.get_text() for text in (*sheet.figure.texts, *over)]
    return " ".join(said).replace(wording.NO_BREAK, " ")


# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as seen without one kind of cone.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750]]
TO_XYZ += [[0.0193339, 0.1191920, 0.9503041]]
WHITE = [0.95047, 1, 1.08883]  # D65


def lab(colors, seen) -> np.ndarray:
    """Return CIELAB of sRGB colours under a matrix of `SEEN`: (n, 3)."""
    rgb = np.array([to_rgb(color) for color in colors])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ np.transpose(seen), 0, 1) @ np.transpose(TO_XYZ) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def apart(colors) -> tuple[float, str, tuple[str, str]]:
    """Return the smallest CIELAB distance of two colours, to which eye, and which two."""
    return min(
        (float(np.linalg.norm(at[one] - at[two])), name, (colors[one], colors[two]))
        for name, seen in SEEN.items()
        for at in [lab(colors, seen)]
        for one, two in combinations(range(len(colors)), 2)
    )
