"""Whether statistics meet a threshold of config/claims.yaml, and what verdict two of these give."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd
from scipy import stats

from blockmaps.analysis.statistics import holm
from blockmaps.claims.findings import Statistic
from blockmaps.claims.tests import Test, Threshold

SUPPORTED, CONTRADICTED = "supported", "contradicted"
INCONCLUSIVE, NOT_TESTED = "inconclusive", "not tested at this scale"
UNLEARNT = "an arm did not learn"
VERDICTS = (SUPPORTED, CONTRADICTED, INCONCLUSIVE, UNLEARNT, NOT_TESTED)

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


BARE = ("R2", "density", "max|difference| / max|reference|")  # units that go without saying


class Met(NamedTuple):
    """Whether one statistic meets a threshold, and in words what was compared."""

    statistic: Statistic
    meets: bool
    words: str


def _bound(threshold: Threshold, statistic: Statistic, level: float) -> float | Pair | None:
    """Return what the threshold looks at; None where the statistic has no such number."""
    interval = statistic.intervals.get(threshold.level or level, (math.nan, math.nan))
    numbers: dict[str, float | Pair] = {
        "estimate": statistic.estimate,
        "interval": interval,
        "lower": interval[0],
        "upper": interval[1],
    }
    found = numbers[threshold.bound]
    parts = found if isinstance(found, tuple) else (found,)
    return None if any(math.isnan(part) for part in parts) else found


def _value(threshold: Threshold, statistic: Statistic) -> float | Pair | None:
    """Return what the bound is held against; None where the statistic does not know it."""
    value = threshold.limit(statistic.name)
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
    shown = statistic.span if isinstance(threshold.value, str) and statistic.span else value
    words = f"{name} of {statistic.title}, {_said(bound)}, {verb} {_said(shown)}"
    return Met(statistic, meets, words)


def concerned(threshold: Threshold, statistics: Sequence[Statistic]) -> list[Statistic]:
    """Return the statistics that a threshold is about, in their order."""
    names = threshold.about([one.name for one in statistics])
    return [one for one in statistics if one.name in names]


def each(threshold: Threshold, statistics: Sequence[Statistic], level: float) -> list[Met] | None:
    """Compare all statistics that a threshold is about; None where one has nothing to compare."""
    about = concerned(threshold, statistics)
    found = [met for one in about if (met := compare(threshold, one, level)) is not None]
    return found if found and len(found) == len(about) else None


def meets(threshold: Threshold, found: Sequence[Met]) -> bool:
    """Return whether a threshold is met, of all or of any."""
    return (any if threshold.of == "any" else all)(one.meets for one in found)


def quantity(value: float, unit: str) -> str:
    """Write a number with its unit, in the singular where it is one; R2 and densities have none."""
    unit = unit.replace("points", "point") if abs(value) == 1 else unit
    return number(value) if unit in BARE else f"{number(value)} {unit}"


def sentence(threshold: Threshold, met: Met, unit: str) -> str:
    """Say what a statistic that meets a threshold shows, with the bound that was asked for."""
    name, value = met.statistic.title, threshold.limit(met.statistic.name)
    first, minus, second = met.statistic.name.partition(" - ")
    at = f" {met.statistic.at}" if met.statistic.at else ""
    # a slope of a difference is no difference
    difference = bool(minus) and not first.startswith("slope")
    if threshold.bound in ("lower", "upper") and isinstance(value, float | int):
        above, below = ("above", "below") if threshold.relation == "above" else ("below", "above")
        if not difference:
            return f"{name} is {above} {number(value)}"
        if value == 0:
            return f"{first} is {above} {second}{at}"
        beyond = (value > 0) == (above == "above")
        size = quantity(abs(value), unit)
        if beyond:
            return f"{first} is more than {size} {above} {second}{at}"
        return f"{first} is at most {size} {below} {second}{at}"
    if isinstance(value, tuple):
        how = "less" if threshold.relation == "inside" else "more"
        size = quantity(max(map(abs, value)), unit)
        return f"{first} and {second} differ by {how} than {size}{at}"
    if threshold.bound == "estimate":
        what = f"{first} and {second} differ by" if minus else f"{name} is"
        return f"{what} {threshold.relation} {number(value)}"
    if threshold.relation == "inside":
        return f"{name} is inside the densities that were tried, at neither end"
    return f"{name} is {number(value)} and nothing else" if value is not None else met.words


def undecided(test: Test, statistic: Statistic, level: float) -> str:
    """Say between what a statistic may lie that meets neither threshold."""
    first, minus, second = statistic.name.partition(" - ")
    less = bool(minus) and not first.startswith("slope")
    name = f"{first} less {second} {statistic.at}".strip() if less else statistic.title
    low, high = statistic.intervals.get(level, (math.nan, math.nan))
    if math.isnan(low):
        how = f"{first} and {second} differ by" if less else f"{name} is"
        return f"{how} {number(statistic.estimate)}, between both thresholds"
    asked = [
        f"{verdict}: {threshold.relation} {number(value)}"
        for verdict, threshold in ((SUPPORTED, test.supported), (CONTRADICTED, test.contradicted))
        if isinstance(value := threshold.limit(statistic.name), float | int)
    ]
    bounds = f" ({'; '.join(asked)})" if asked else ""
    return f"{name} may be anything from {number(low)} to {quantity(high, test.unit)}{bounds}"


class Judged(NamedTuple):
    """A verdict with its reason, the statistic that decided it, its p value, and as a sentence."""

    verdict: str
    reason: str
    statistic: Statistic | None
    p: float | None = None
    sentence: str = ""


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
    pro = each(test.supported, ordered, level)
    con = each(test.contradicted, ordered, level)
    if pro is None or con is None:
        return Judged(NOT_TESTED, _why_none(ordered), ordered[0])
    met = [meets(test.supported, pro), meets(test.contradicted, con)]
    p = p_value(test, ordered, level)
    if met == [True, False]:
        words = "; ".join(one.words for one in pro)
        said = "; ".join(sentence(test.supported, one, test.unit) for one in pro)
        return Judged(SUPPORTED, words, pro[0].statistic, p, said)
    if met == [False, True]:
        first = next(one for one in con if one.meets)
        said = sentence(test.contradicted, first, test.unit)
        return Judged(CONTRADICTED, first.words, first.statistic, p, said)
    if all(met):
        words = "; ".join(one.words for one in (*pro, *con) if one.meets)
        return Judged(INCONCLUSIVE, f"both thresholds are met: {words}", ordered[0], p, words)
    first = next(one for one in pro if not one.meets)
    against = con[0] if test.contradicted.of != "any" else _like(con, first)
    said = undecided(test, first.statistic, level)
    return Judged(INCONCLUSIVE, f"{first.words}; {against.words}", first.statistic, p, said)


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
    smallest after Holm's correction over them. None where a threshold is not on a lower or an upper
    bound.
    """
    sides = []
    for threshold in (test.supported, test.contradicted):
        about = concerned(threshold, statistics)
        limits = [threshold.limit(one.name) for one in about]
        if threshold.bound not in ("lower", "upper") or not all(
            isinstance(limit, float | int) for limit in limits
        ):
            return None
        found = [
            p
            for one, limit in zip(about, limits, strict=True)
            if (p := one_sided_p(one, threshold.bound, limit, level)) is not None
        ]
        if not found or len(found) < len(about):
            return None
        sides.append(min(holm(pd.Series(found))) if threshold.of == "any" else max(found))
    return min(1.0, 2 * min(sides))
