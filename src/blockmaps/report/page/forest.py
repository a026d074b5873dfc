"""Small forest plots: estimates with their intervals on a scale that they share; as geometry."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from blockmaps.report.page.numbers import number, with_interval

WIDTH, ROW, MARGIN = 240, 38, 12  # of the drawing, in its own units
LOG_FROM = 1e3  # largest to smallest of deviations, which have no interval: from here on log
PADDING = 0.06  # of the scale at each end
TICKS_APART = 34  # units between ticks that both have room for their numbers


class Line(NamedTuple):
    """One estimate: its place and its interval's, None where there is none, and its turns'."""

    name: str
    text: str
    x: float
    low: float | None
    high: float | None
    y: float
    turns: tuple[float, ...]


class Axis(NamedTuple):
    """A scale that plots share: from values to places.

    `first` and `span` are in logarithms (base 10) if it is `logarithmic`. `turns` are all values at
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
    def zero(self) -> float | None:
        """The place of zero, None on a logarithmic scale."""
        return None if self.logarithmic else self.place(0.0)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Zero and the turns that have room for their numbers beside it."""
        values = self.turns if self.logarithmic else (0.0, *self.turns)
        shown: list[tuple[float, str]] = []
        for value in values:
            x = self.place(value)
            if all(abs(x - other) >= TICKS_APART for other, _ in shown):
                shown.append((x, number(value)))
        return tuple(sorted(shown))


class Forest(NamedTuple):
    """A plot: what is drawn where."""

    lines: tuple[Line, ...]
    scale: Axis
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


def turns_of(statistic: dict[str, Any]) -> list[float]:
    """Return the values at which a statistic turns a verdict, from its `bounds`: one or both ends.

    Those of `supported` and of `contradicted` may be one.
    """
    bounds = statistic.get("bounds") or {}
    found: set[float] = set()
    for value in (bounds.get("supported"), bounds.get("contradicted")):
        ends = value if isinstance(value, list | tuple) else [value]
        found |= {float(one) for one in ends if one is not None and is_number(one)}
    return sorted(found)


def scale_of(statistics: Iterable[dict[str, Any]]) -> Axis | None:
    """Return the scale that holds all statistics, None if there is no estimate.

    Parameters
    ----------
    statistics : each with `estimate`, `low`, `high` and `bounds`, all in one unit.
    """
    shown = [one for one in statistics if is_number(one.get("estimate"))]
    if not shown:
        return None
    turns = tuple(sorted({turn for one in shown for turn in turns_of(one)}))
    values = [
        float(one[name])
        for one in shown
        for name in ("estimate", "low", "high")
        if is_number(one.get(name))
    ]
    values += turns
    above = [value for value in values if value > 0]
    bare = not any(is_number(one.get(name)) for one in shown for name in ("low", "high"))
    wide = len(above) > 1 and min(values) >= 0 and max(above) / min(above) >= LOG_FROM
    logarithmic = bare and wide
    floor = min(above, default=1.0)
    if logarithmic:
        values = [math.log10(max(value, floor)) for value in values]
    else:
        values.append(0.0)
    span = (max(values) - min(values)) or 1.0
    first = min(values) - PADDING * span
    return Axis(first, span * (1 + 2 * PADDING), floor, logarithmic, turns)


def forest(statistics: Iterable[dict[str, Any]], scale: Axis | None) -> Forest | None:
    """Return the plot of statistics that have an estimate, None if none has."""
    shown = [one for one in statistics if is_number(one.get("estimate"))]
    if not shown or scale is None:
        return None
    names = [str(one.get("statistic") or "") for one in shown]
    lines, said = [], []
    for row, one in enumerate(shown):
        low, high = (
            scale.place(one[name]) if is_number(one.get(name)) else None for name in ("low", "high")
        )
        name, text = names[row], with_interval(one)
        if names.count(name) > 1 and is_number(one.get("level")):
            name = f"{name}, {100 * one['level']:g} %"
        turns = turns_of(one)
        y = ROW * (row + 0.5)
        places = tuple(map(scale.place, turns))
        lines.append(Line(name, text, scale.place(one["estimate"]), low, high, y, places))
        at = f", a verdict turns at {' and '.join(map(number, turns))}" if turns else ""
        said.append(f"{name} {text}{at}")
    return Forest(tuple(lines), scale, "; ".join(said))
