"""Rows and columns of equal panels on a page, with a key of arms above them."""

from collections.abc import Iterator

from matplotlib.axes import Axes

from blockmaps.figures import style

HEIGHT, TITLE, BELOW, LEFT, BETWEEN = 2.5, 0.5, 0.62, 0.75, 0.35  # inches


def body(number: int, columns: int, drawn: dict[str, style.Mark]) -> float:
    """Return the height that panels and their key take."""
    return style.key_height(drawn) + -(-number // columns) * (TITLE + HEIGHT + BELOW) - 0.15


def axes_of(
    page: style.Page, number: int, columns: int, drawn: dict[str, style.Mark], **options
) -> Iterator[Axes]:
    """Yield the panels' axes, row after row, and draw the key first.

    Parameters
    ----------
    number, columns : how many panels, and how many of them side by side.
    drawn : the arms' marks, for the key.
    options : of every axes.
    """
    style.key(page, LEFT, drawn, lines=True)
    top = style.key_height(drawn)
    width = (page.right - page.left - LEFT - (columns - 1) * (BETWEEN + LEFT)) / columns
    for place in range(number):
        row, column = divmod(place, columns)
        yield page.axes(
            LEFT + column * (width + BETWEEN + LEFT),
            top + TITLE + row * (TITLE + HEIGHT + BELOW),
            width,
            HEIGHT,
            **options,
        )
