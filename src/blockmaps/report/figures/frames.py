"""A strip of frames a policy: the expert, the best and the worst model from one start state."""

from typing import Any

import numpy as np

from blockmaps.report.figures import style, wording

LEFT, GAP = 1.35, 0.04  # inches: names of the strips, and between frames


def described(strip: dict[str, Any]) -> list[str]:
    """Return the lines that name a strip."""
    outcome = "reaches the goal" if strip["success"] else "does not reach it"
    ending = [wording.minus(f"return {strip['return']:,.0f}"), outcome]
    if strip["name"] == "expert":
        return ["expert", "(its mean action)", *ending]
    about = [f"{strip['structure']}, {strip['arm']}", wording.counted(strip["budget"], "unknown")]
    mean = wording.minus(f"mean {strip['mean_return']:,.0f}")
    return [f"{strip['name']} model", *about, mean, *ending]


def finding(about: dict[str, Any]) -> str:
    """Say which of the models reach the goal."""
    reached = {strip["name"]: strip["success"] for strip in about["strips"]}
    said = {
        (True, True): "reaches the goal, and so does the worst",
        (True, False): "reaches the goal, the worst does not",
        (False, True): "misses the goal, the worst reaches it",
        (False, False): "misses the goal, and so does the worst",
    }[reached["best"], reached["worst"]]
    return f"From one start state the best of {about['runs']} models {said}"


@style.themed
def draw(images: np.ndarray, about: dict[str, Any], caption: str = "") -> style.Sheet:
    """Draw the strips, one under another, time from left to right.

    Parameters
    ----------
    images, about : as `strips.read` returns them.
    """
    if not len(images):
        title = "No frames: no renderer of MuJoCo's works where they were asked for"
        return style.nothing(title, about["reason"])
    pitch = (style.WIDTH - 2 * style.MARGIN - LEFT) / images.shape[1]
    side = pitch - GAP
    sheet = style.sheet(
        finding(about),
        caption,
        f"Experiment {about['experiment']}: frames after the named steps. Best and worst by mean "
        f"return, of {about['runs']} runs. The start state is number {about['episode']}, in which "
        "the best model's return is its median. Unknowns: the budget; mean: over all the model's "
        "episodes.",
        0.3 + len(images) * pitch,
        [(one["name"], *described(one)[-2].split()) for one in about["strips"]],
    )
    for row, (strip, known) in enumerate(zip(images, about["strips"], strict=True)):
        for column, image in enumerate(strip):
            axes = sheet.axes(LEFT + column * pitch, 0.25 + row * pitch, side, side)
            axes.imshow(image, interpolation="antialiased")
            axes.axis("off")
            if row == 0:
                axes.set_title(f"step {about['moments'][column]}", size=9, loc="left", pad=3)
        for place, line in enumerate(described(known)):
            left, low, *_ = sheet.box(0, 0.45 + row * pitch + 0.16 * place, 0, 0)
            look: dict[str, Any] = {"size": 8.5, "color": style.FAINT}
            look |= {"size": 10, "weight": "bold", "color": style.INK} if place == 0 else {}
            sheet.figure.text(left, low, line, **look)
    return sheet
