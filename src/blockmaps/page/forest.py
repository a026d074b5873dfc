"""Small forest plots: estimates with their intervals on a scale that they share; as geometry."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from blockmaps.page.numbers import number, with_interval

WIDTH, ROW, MARGIN = 240, 38, 12  # of the drawing, in its own units
LOG_FROM = 1e3  # the largest to the smallest value, both above zero, from which the scale is log
PADDING = 0.06  # of the scale at each end
TICKS_APART = 34  # units between ticks that both have room for their numbers


class Line(NamedTuple):
    """One estimate: its place and its interval's, None where there is none."""

    name: str
    text: str
    x: float
    low: float | None
    high: float | None
    y: float


class Scale(NamedTuple):
    """A scale that plots share: from values to places.

    `first` and `span` are in logarithms (base 10) if it is `logarithmic`. `turns` are values at
    which a verdict turns.
    """

    first: float
    span: float
    floor: float
    logarithmic: bool
    turns: tuple[float, ...]

    def place(self, value: float) -> float:
        """Return the place of a value."""
        if self.logarithmic:
            value = math.log10(max(value, self.floor))
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (value - self.first) / self.span, 2)

    @property
    def marks(self) -> tuple[tuple[float, str, str], ...]:
        """The lines that are drawn through all plots: their place, value and kind."""
        kinds = dict.fromkeys(self.turns, "turn")
        if not self.logarithmic:
            kinds[0.0] = "zero"
        return tuple((self.place(value), number(value), kind) for value, kind in kinds.items())

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """The marks that have room for their numbers, zero before all others."""
        shown: list[tuple[float, str]] = []
        for x, text, _ in sorted(self.marks, key=lambda mark: mark[2] != "zero"):
            if all(abs(x - other) >= TICKS_APART for other, _ in shown):
                shown.append((x, text))
        return tuple(sorted(shown))


class Forest(NamedTuple):
    """A plot: what is drawn where."""

    lines: tuple[Line, ...]
    scale: Scale
    alternative: str

    @property
    def width(self) -> int:
        """The drawing's width."""
        return WIDTH

    @property
    def height(self) -> int:
        """The drawing's height."""
        return ROW * len(self.lines)


def is_number(value: Any) -> bool:
    """Say whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def numbers_of(value: Any) -> list[float]:
    """Return the numbers of a bound: none, one, or both ends."""
    values = value if isinstance(value, list | tuple) else [value]
    return [float(one) for one in values if is_number(one)]


def scale_of(statistics: Iterable[dict[str, Any]], turns: Iterable[float] = ()) -> Scale | None:
    """Return the scale that holds all statistics, None if there is no estimate.

    Parameters
    ----------
    statistics : each with `estimate`, `low`, `high`, all in one unit.
    turns : values at which a verdict turns, in that unit.
    """
    turns = tuple(sorted(set(turns)))
    values = [
        float(one[name])
        for one in statistics
        for name in ("estimate", "low", "high")
        if is_number(one.get("estimate")) and is_number(one.get(name))
    ]
    if not values:
        return None
    values += turns
    above = [value for value in values if value > 0]
    logarithmic = len(above) > 1 and min(values) >= 0 and max(above) / min(above) >= LOG_FROM
    floor = min(above, default=1.0)
    if logarithmic:
        values = [math.log10(max(value, floor)) for value in values]
    else:
        values.append(0.0)
    span = (max(values) - min(values)) or 1.0
    first = min(values) - PADDING * span
    return Scale(first, span * (1 + 2 * PADDING), floor, logarithmic, turns)


def forest(statistics: Iterable[dict[str, Any]], scale: Scale | None) -> Forest | None:
    """Return the plot of statistics that have an estimate, None if none has."""
    shown = [one for one in statistics if is_number(one.get("estimate"))]
    if not shown or scale is None:
        return None
    lines = []
    for row, one in enumerate(shown):
        low, high = (
            scale.place(one[name]) if is_number(one.get(name)) else None for name in ("low", "high")
        )
        name = str(one.get("statistic") or "")
        y = ROW * (row + 0.5)
        lines.append(Line(name, with_interval(one), scale.place(one["estimate"]), low, high, y))
    said = "; ".join(f"{line.name} {line.text}" for line in lines)
    turns = f"; a verdict turns at {', '.join(map(number, scale.turns))}" if scale.turns else ""
    return Forest(tuple(lines), scale, said + turns)
