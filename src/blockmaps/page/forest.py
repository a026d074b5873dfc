"""Small forest plots: estimates with their intervals, where a verdict's bounds lie; as geometry."""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from blockmaps.page.numbers import number, with_interval

WIDTH, ROW, MARGIN = 240, 18, 12  # of the drawing, in its own units
LOG_FROM = 1e3  # the largest to the smallest value, both above zero, from which the scale is log
PADDING = 0.06  # of the scale at each end


class Line(NamedTuple):
    """One estimate: its place and its interval's, None where there is none."""

    name: str
    text: str
    x: float
    low: float | None
    high: float | None
    y: float


class Forest(NamedTuple):
    """A plot: what is drawn where."""

    lines: tuple[Line, ...]
    height: float
    zero: float | None
    bounds: tuple[tuple[float, str], ...]
    alternative: str

    @property
    def width(self) -> int:
        """The drawing's width."""
        return WIDTH


def is_number(value: Any) -> bool:
    """Say whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def as_list(value: Any) -> list[float]:
    """Return the numbers of a bound: none, one, or both ends."""
    values = value if isinstance(value, list | tuple) else [value]
    return [float(one) for one in values if is_number(one)]


def _scale(values: list[float]) -> tuple[Callable[[float], float], bool]:
    """Return a function from values to places, and whether zero is on it."""
    above = [value for value in values if value > 0]
    logarithmic = len(above) > 1 and min(values) >= 0 and max(above) / min(above) >= LOG_FROM
    if logarithmic:
        floor = min(above)
        change = lambda value: math.log10(max(value, floor))  # noqa: E731
    else:
        change = float
        values = [*values, 0.0]
    first, last = min(map(change, values)), max(map(change, values))
    span = (last - first) or 1.0
    first, span = first - PADDING * span, span * (1 + 2 * PADDING)

    def place(value: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (change(value) - first) / span, 2)

    return place, not logarithmic


def forest(statistics: Iterable[dict[str, Any]], bounds: Iterable[float] = ()) -> Forest | None:
    """Return the plot of statistics that have an estimate, None if none has.

    Parameters
    ----------
    statistics : each with `statistic`, `estimate`, `low`, `high`, in one unit.
    bounds : values at which a verdict turns, in that unit.
    """
    shown = [one for one in statistics if is_number(one.get("estimate"))]
    if not shown:
        return None
    bounds = sorted(set(bounds))
    values = [
        float(one[name])
        for one in shown
        for name in ("estimate", "low", "high")
        if is_number(one.get(name))
    ]
    place, has_zero = _scale([*values, *bounds])
    lines = []
    for row, one in enumerate(shown):
        ends = [place(one[name]) if is_number(one.get(name)) else None for name in ("low", "high")]
        name, text = str(one.get("statistic", "")), with_interval(one)
        lines.append(Line(name, text, place(one["estimate"]), *ends, ROW * (row + 1)))
    said = "; ".join(f"{line.name} {line.text}" for line in lines)
    turns = f"; verdict turns at {', '.join(map(number, bounds))}" if bounds else ""
    return Forest(
        tuple(lines),
        ROW * (len(lines) + 1),
        place(0.0) if has_zero else None,
        tuple((place(bound), number(bound)) for bound in bounds if bound or not has_zero),
        said + turns,
    )
