"""Whether statistics meet a threshold of config/claims.yaml, and what verdict two of these give."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from scipy import stats

from blockmaps.claims.findings import Statistic
from blockmaps.claims.tests import Test, Threshold

SUPPORTED, CONTRADICTED = "supported", "contradicted"
INCONCLUSIVE, NOT_TESTED = "inconclusive", "not tested at this scale"
VERDICTS = (SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTED)

# Densities are found on a grid: nearer to an end of their range than this share of it, they are it.
NEAR = 1e-3

Pair = tuple[float, float]
BOUNDS = {
    "lower": "lower bound",
    "upper": "upper bound",
    "interval": "interval",
    "estimate": "estimate",
}
# A relation of a bound, or of an interval, to a value, or to a range of values.
RELATIONS: dict[str, Callable] = {
    "above": lambda bound, value: bound > value,
    "below": lambda bound, value: bound < value,
    "at most": lambda bound, value: bound <= value,
    "inside": lambda interval, ends: ends[0] < interval[0] and interval[1] < ends[1],
    "outside": lambda interval, ends: interval[1] < ends[0] or ends[1] < interval[0],
    "contains only": lambda interval, value: all(
        math.isclose(bound, value, rel_tol=NEAR) for bound in interval
    ),
}


class Met(NamedTuple):
    """Whether one statistic meets a threshold, and in words what was compared."""

    statistic: Statistic
    meets: bool
    words: str


def _bound(threshold: Threshold, statistic: Statistic, level: float) -> float | Pair | None:
    """Return what the threshold looks at; None where the statistic has no such number."""
    if threshold.bound == "estimate":
        found: float | Pair = statistic.estimate
    else:
        interval = statistic.intervals.get(threshold.level or level, (math.nan, math.nan))
        found = {"lower": interval[0], "upper": interval[1], "interval": interval}[threshold.bound]
    parts = found if isinstance(found, tuple) else (found,)
    return None if any(math.isnan(part) for part in parts) else found


def _value(threshold: Threshold, statistic: Statistic) -> float | Pair | None:
    """Return what the bound is held against; None where the statistic does not know it."""
    value = threshold.value
    if isinstance(value, dict):
        return value[statistic.name]
    if value == "range of densities":
        if statistic.span is None:
            return None
        return statistic.span[0] * (1 + NEAR), statistic.span[1] / (1 + NEAR)
    return None if isinstance(value, str) else value


def number(value: float) -> str:
    """Write a number as a reason has it."""
    return f"{value:.3g}".replace("-", "−") if abs(value) >= 1e-3 or value == 0 else f"{value:.1e}"


def _said(value: float | Pair) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    return " to ".join(number(part) for part in parts)


def compare(threshold: Threshold, statistic: Statistic, level: float) -> Met | None:
    """Compare one statistic with a threshold; None where there is nothing to compare."""
    bound, value = _bound(threshold, statistic, level), _value(threshold, statistic)
    if bound is None or value is None:
        return None
    meets = bool(RELATIONS[threshold.relation](bound, value))
    name = BOUNDS[threshold.bound]
    verb = f"is {'' if meets else 'not '}{threshold.relation}"
    if threshold.relation == "contains only":
        verb = "contains only" if meets else "does not contain only"
    shown = statistic.span if isinstance(threshold.value, str) else value
    words = f"{name} of {statistic.title}, {_said(bound)}, {verb} {_said(shown)}"
    return Met(statistic, meets, words)


def concerned(threshold: Threshold, statistics: Sequence[Statistic]) -> list[Statistic]:
    """Return the statistics that a threshold is about, in their order."""
    if isinstance(threshold.of, str):
        return list(statistics)
    return [one for one in statistics if one.name in threshold.of]


def each(threshold: Threshold, statistics: Sequence[Statistic], level: float) -> list[Met] | None:
    """Compare all statistics that a threshold is about; None where one has nothing to compare."""
    found = [compare(threshold, one, level) for one in concerned(threshold, statistics)]
    return None if not found or any(one is None for one in found) else found


def meets(threshold: Threshold, found: Sequence[Met]) -> bool:
    """Return whether a threshold is met, of all or of any."""
    return (any if threshold.of == "any" else all)(one.meets for one in found)


class Judged(NamedTuple):
    """A verdict with its reason in words, the statistic that decided it, and its p value."""

    verdict: str
    reason: str
    statistic: Statistic | None
    p: float | None = None


def judge(test: Test, statistics: Sequence[Statistic], level: float) -> Judged:
    """Return the verdict of a test on its statistics, before any correction for several claims.

    *Not tested* where a statistic that the test names is missing or has no interval. Both
    thresholds can be met at once only where they are about different statistics; then it is
    inconclusive.
    """
    lacking = sorted(set(test.statistics) - {one.name for one in statistics})
    if lacking:
        return Judged(NOT_TESTED, f"no {', no '.join(lacking)} here", _first(statistics))
    ordered = [one for name in test.statistics for one in statistics if one.name == name]
    sides = [each(threshold, ordered, level) for threshold in (test.supported, test.contradicted)]
    if any(side is None for side in sides):
        return Judged(NOT_TESTED, _why_none(ordered), ordered[0])
    met = [
        meets(threshold, side)
        for threshold, side in zip((test.supported, test.contradicted), sides, strict=True)
    ]
    p = p_value(test, ordered, level)
    if met == [True, False]:
        words = "; ".join(one.words for one in sides[0])
        return Judged(SUPPORTED, words, sides[0][0].statistic, p)
    if met == [False, True]:
        first = next(one for one in sides[1] if one.meets)
        return Judged(CONTRADICTED, first.words, first.statistic, p)
    if all(met):
        words = "; ".join(one.words for side in sides for one in side if one.meets)
        return Judged(INCONCLUSIVE, f"both thresholds are met: {words}", ordered[0], p)
    first = next(one for one in sides[0] if not one.meets)
    against = sides[1][0] if test.contradicted.of != "any" else _like(sides[1], first)
    return Judged(INCONCLUSIVE, f"{first.words}; {against.words}", first.statistic, p)


def _first(statistics: Sequence[Statistic]) -> Statistic | None:
    return statistics[0] if statistics else None


def _like(found: Sequence[Met], other: Met) -> Met:
    """Return the comparison of the same statistic, else the first."""
    same = [one for one in found if one.statistic is other.statistic]
    return (same or list(found))[0]


def _why_none(statistics: Sequence[Statistic]) -> str:
    without = [
        one.title
        for one in statistics
        if math.isnan(one.estimate)
        or any(math.isnan(bound) for pair in one.intervals.values() for bound in pair)
    ]
    return f"too few runs for an interval of {', '.join(without or ['its statistics'])}"


def one_sided_p(statistic: Statistic, bound: str, value: float, level: float) -> float | None:
    """Return the p value of "not beyond the value", from the interval's bound on that side.

    The distance between estimate and bound is taken as the quantile of Student's t (of the normal
    distribution where degrees of freedom are not known) times the standard error, so that p is
    below (1 − level) / 2 just where the bound is beyond the value. For intervals of Student's t it
    is exact.

    Parameters
    ----------
    bound : "lower": p of the statistic not being above the value; "upper": of not being below.
    """
    sign = 1 if bound == "lower" else -1
    low, high = statistic.intervals.get(level, (math.nan, math.nan))
    half = sign * (statistic.estimate - (low if bound == "lower" else high))
    beyond = sign * (statistic.estimate - value)
    if math.isnan(half) or math.isnan(beyond) or half < 0:
        return None
    if half == 0:
        return 0.0 if beyond > 0 else 1.0
    law = stats.t(statistic.degrees) if statistic.degrees else stats.norm
    return float(law.sf(float(law.ppf((1 + level) / 2)) * beyond / half))


def p_value(test: Test, statistics: Sequence[Statistic], level: float) -> float | None:
    """Return the two-sided p value of a test: twice the smaller of its two thresholds'.

    Of a threshold on all statistics it is the largest (an intersection-union test), on any the
    smallest, as the test has it. None where a threshold is not on a lower or an upper bound.
    """
    sides = []
    for threshold in (test.supported, test.contradicted):
        if threshold.bound not in ("lower", "upper") or not isinstance(
            threshold.value, float | int
        ):
            return None
        found = [
            one_sided_p(one, threshold.bound, threshold.value, level)
            for one in concerned(threshold, statistics)
        ]
        if not found or any(one is None for one in found):
            return None
        sides.append((min if threshold.of == "any" else max)(found))
    return min(1.0, 2 * min(sides))
