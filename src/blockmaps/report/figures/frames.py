"""A strip of frames a policy: the expert, the best and the worst model from one start state."""

from typing import Any

import numpy as np

from blockmaps.report.figures import style, wording

LEFT, GAP = 1.35, 0.04  # inches: names of the strips, and between frames


def described(strip: dict[str, Any]) -> list[str]:
    """Return the lines that name a strip."""
    outcome = "reaches the goal" if strip["success"] else "does not reach it"
    ending = [f"return {strip['return']:,.0f}".replace("-", "−"), outcome]
    if strip["name"] == "expert":
        return ["expert", "(its mean action)", *ending]
    mean = f"mean {strip['mean_return']:,.0f}".replace("-", "−")
    budget = wording.counted(strip["budget"], "unknown")
    about = [f"{strip['structure']}, {strip['arm']}", budget]
    return [f"{strip['name']} model", *about, mean, *ending]


def finding(about: dict[str, Any]) -> str:
    """Say which of the models reach the goal."""
    best, worst = (
        next(strip["success"] for strip in about["strips"] if strip["name"] == name)
        for name in ("best", "worst")
    )
    said = {
        (True, True): "reaches the goal, and so does the worst",
        (True, False): "reaches the goal, the worst does not",
        (False, True): "misses the goal, the worst reaches it",
        (False, False): "misses the goal, and so does the worst",
    }
    return f"From one start state the best of {about['runs']} models {said[best, worst]}"


@style.themed
def draw(images: np.ndarray, about: dict[str, Any]) -> style.Sheet:
    """Draw the strips, one under another, time from left to right.

    Parameters
    ----------
    images, about : as `strips.read` returns them.
    """
    if not len(images):
        title = "No frames: no renderer of MuJoCo's works where they were asked for"
        return style.nothing(title, about["reason"])
    shown = about["strips"]
    width = style.WIDTH - 2 * style.MARGIN - LEFT
    side = width / images.shape[1] - GAP
    sheet = style.sheet(
        finding(about),
        f"{about['experiment']}: frames after the named steps of one episode; the start state is "
        f"the same in all rows",
        f"Best and worst by mean return, of {about['runs']} runs of the experiment. The start "
        f"state is number {about['episode']}, in which the best model's return is its median. "
        f"Unknowns: the budget; mean: over all the model's episodes.",
        0.3 + len(images) * (side + GAP),
        {strip["name"]: ("return", f"{strip['return']:,.0f}".replace("-", "−")) for strip in shown},
    )
    for row, (strip, known) in enumerate(zip(images, shown, strict=True)):
        top = 0.25 + row * (side + GAP)
        for column, image in enumerate(strip):
            axes = sheet.axes(LEFT + column * (side + GAP), top, side, side)
            axes.imshow(image, interpolation="antialiased")
            axes.axis("off")
            if row == 0:
                axes.set_title(f"step {about['moments'][column]}", size=9, loc="left", pad=3)
        high = sheet.figure.get_size_inches()[1]
        for place, line in enumerate(described(known)):
            sheet.figure.text(
                sheet.left / style.WIDTH,
                (sheet.top - top - 0.2 - 0.16 * place) / high,
                line,
                size=10 if place == 0 else 8.5,
                weight="bold" if place == 0 else "normal",
                color=style.INK if place == 0 else style.FAINT,
            )
    return sheet
