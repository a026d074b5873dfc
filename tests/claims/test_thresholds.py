"""Thresholds on synthetic intervals: what supports, what contradicts, and never both."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from blockmaps.claims import tests, thresholds
from blockmaps.claims.findings import Statistic
from blockmaps.claims.tests import Threshold
from blockmaps.claims.thresholds import (
    CONTRADICTED,
    INCONCLUSIVE,
    NOT_TESTED,
    SUPPORTED,
    VERDICTS,
    judge,
    one_sided_p,
)

LEVEL = 0.95
NUMBER = st.floats(-50, 50, allow_nan=False)
ROOM = st.floats(0, 20, allow_nan=False)


@pytest.fixture(scope="module")
def ledger(root):
    return tests.read(root / "config/claims.yaml")


def at(name, estimate, low, high, narrow=None, **more):
    """A statistic with a 95 % interval, and a 90 % one within it."""
    intervals = {0.95: (low, high), 0.9: narrow or ((low + estimate) / 2, (high + estimate) / 2)}
    return Statistic(name, estimate, 20, intervals, **more)


@st.composite
def statistics(draw, test):
    """All statistics of a test, with nested intervals around their estimates."""
    made = []
    for name in test.statistics:
        estimate = draw(NUMBER) / draw(st.sampled_from([1, 10, 1e3, 1e7]))
        below, above, share = draw(ROOM), draw(ROOM), draw(st.floats(0, 1))
        span = (0.1, 1.0)
        if test.unit == "density":
            estimate = min(max(abs(estimate), span[0]), span[1])
            below, above = min(below, estimate - span[0]), min(above, span[1] - estimate)
        inner = (estimate - share * below, estimate + share * above)
        made.append(at(name, estimate, estimate - below, estimate + above, inner, span=span))
    return made


@given(data=st.data())
def test_a_verdict_is_what_the_thresholds_say_and_never_both(data, ledger):
    versions = [test for one in ledger.claims.values() for test in one.versions]
    versions = [test for test in versions if test.supported.value != "rounding"]
    test = data.draw(st.sampled_from(versions))
    found = data.draw(statistics(test))
    judged = judge(test, found, LEVEL)
    assert judged.verdict in VERDICTS[:3]
    assert judged.sentence
    met = []
    for threshold in (test.supported, test.contradicted):
        every = [
            thresholds.compare(threshold, one, LEVEL).meets
            for one in thresholds.concerned(threshold, found)
        ]
        met.append(any(every) if threshold.of == "any" else all(every))
    expected = {(True, False): SUPPORTED, (False, True): CONTRADICTED}
    assert judged.verdict == expected.get(tuple(met), INCONCLUSIVE)
    if met == [True, True]:  # two thresholds on different statistics alone
        about = [one.about(test.statistics) for one in (test.supported, test.contradicted)]
        assert about[0] != about[1]
    assert judged.reason
    assert judged.statistic in found


@given(data=st.data())
def test_p_is_below_the_level_just_where_a_threshold_on_bounds_is_met(data, ledger):
    """But for a threshold that any of several may meet: there p is corrected over these."""
    test = data.draw(st.sampled_from([ledger.claims[name].test for name in ("A1", "A2", "A5")]))
    found = data.draw(statistics(test))
    judged = judge(test, found, LEVEL)
    margins = [
        abs(bound - threshold.value)
        for threshold in (test.supported, test.contradicted)
        for one in found
        for bound in one.intervals[LEVEL]
    ]
    if judged.p is None or min(margins) < 1e-9:
        return
    decided = judged.verdict in (SUPPORTED, CONTRADICTED)
    if judged.verdict == CONTRADICTED and len(test.statistics) > 1:
        uncorrected = 2 * min(one_sided_p(one, "upper", 0.0, LEVEL) for one in found)
        assert judged.p == pytest.approx(min(1, 2 * uncorrected))
    else:
        assert (judged.p < 1 - LEVEL) == decided


def test_of_any_of_several_the_smallest_p_is_holms(ledger):
    """A1: contradicted by either of two, so that the smaller p counts twice."""
    test = ledger.claims["A1"].test
    values = zip(test.statistics, (-2.1, 3.0), strict=True)
    found = [at(name, value, value - 2, value + 2) for name, value in values]
    judged = judge(test, found, LEVEL)
    alone = one_sided_p(found[0], "upper", 0.0, LEVEL)
    assert judged.verdict == CONTRADICTED
    expected = multipletests([alone, one_sided_p(found[1], "upper", 0.0, LEVEL)], method="holm")[1]
    assert judged.p == pytest.approx(2 * expected.min())
    assert 2 * alone < 0.05 < judged.p  # by itself it would have been enough


@pytest.mark.parametrize(
    ("name", "version", "found", "said"),
    [
        ("A4", 1, ((0.3, -0.6, 1.3), (1.9, 0.2, 3.6)),
         "recommended is at most 1 percentage point below expected best of 10 random"),
        ("A1", 1, ((5, 1.1, 9), (5, 2, 9)),
         "balanced is more than 1 percentage point above dense; "
         "balanced is more than 1 percentage point above uniform"),
        ("A1", 1, ((5, 1.1, 9), (-5, -9, -0.1)), "balanced is below uniform"),
        ("E1b", 1, ((-5, -9, -1.1),), "uniform is more than 1 percentage point below LSTM"),
        ("A2", 1, ((0.5, 0.3, 0.7),), "cross-validated R2 is above 0.25"),
        ("A2", 1, ((0.2, 0.05, 0.4),),
         "cross-validated R2 may be anything from 0.05 to 0.4 "
         "(supported: above 0.25; contradicted: below 0.1)"),
        ("A5", 1, ((2, 1, 3),), "slope is above 0"),
        ("A3", 1, ((0.2, 0.1, 0.3),),
         "dense is more than 0.05 share of the expert's mean return above uniform"),
        ("B4", 2, ((-0.4, -0.6, -0.2), (0, -0.1, 0.1)), "dense is below balanced"),
        ("B4", 2, ((0.4, 0.2, 0.6), (0, -0.1, 0.1)),
         "dense less uniform may be anything from −0.1 to 0.1 share of runs "
         "(supported: above 0; contradicted: below 0)"),
    ],
)  # fmt: skip
def test_a_verdict_is_a_sentence_with_its_bound(ledger, name, version, found, said):
    test = ledger.claims[name].versions[version - 1]
    made = [at(one, *bounds) for one, bounds in zip(test.statistics, found, strict=True)]
    assert judge(test, made, LEVEL).sentence == said


def test_each_claim_by_its_own_threshold(ledger):
    def verdict(name, *found):
        return judge(ledger.claims[name].test, found, LEVEL).verdict

    dense, uniform = ledger.claims["A1"].test.statistics
    better, worse, open_end = (5, 1.1, 9), (-5, -9, -0.1), (0, -3, 3)
    assert verdict("A1", at(dense, *better), at(uniform, *better)) == SUPPORTED
    assert verdict("A1", at(dense, *better), at(uniform, *worse)) == CONTRADICTED
    assert verdict("A1", at(dense, *better), at(uniform, *open_end)) == INCONCLUSIVE
    # a lower bound above zero, but not above the smallest effect of interest
    assert verdict("A1", at(dense, 5, 0.9, 9), at(uniform, *better)) == INCONCLUSIVE
    assert verdict("A1", at(dense, *better)) == NOT_TESTED
    none = at(uniform, 1, math.nan, math.nan, (math.nan, math.nan))
    assert verdict("A1", at(dense, *better), none) == NOT_TESTED
    assert verdict("A2", at("cross-validated R2", 0.5, 0.26, 0.7)) == SUPPORTED
    assert verdict("A2", at("cross-validated R2", -0.5, -2, 0.09)) == CONTRADICTED
    assert verdict("B3", at("random - MLP", 0, -1.2, 1.2, (-0.9, 0.9))) == SUPPORTED
    assert verdict("B3", at("random - MLP", 2, 1.2, 2.8, (1.3, 2.7))) == CONTRADICTED
    assert verdict("B3", at("random - MLP", 1, 0.1, 1.9, (0.2, 1.8))) == INCONCLUSIVE
    density = "optimal density"
    span = {"span": (0.1, 1.0)}
    assert verdict("E1a", at(density, 0.3, 0.15, 0.8, **span)) == SUPPORTED
    assert verdict("E1a", at(density, 0.3, 0.1, 0.8, **span)) == INCONCLUSIVE
    assert verdict("E1a", at(density, 1.0, 1.0, 1.0, **span)) == CONTRADICTED
    deviations = [
        Statistic("float64 deviation", 1e-13, 16),
        Statistic("float32 deviation", 1e-6, 16),
    ]
    assert verdict("B1", *deviations) == SUPPORTED
    assert verdict("B1", deviations[0], Statistic("float32 deviation", 2e-5, 16)) == CONTRADICTED
    assert verdict("B1", Statistic("float64 deviation", math.nan, 16), deviations[1]) == NOT_TESTED


def test_both_thresholds_met_is_inconclusive(ledger):
    """Within a point of the best of ten and below the median: possible where patterns are alike."""
    test = ledger.claims["A4"].versions[0]
    best, median = test.statistics
    judged = judge(test, [at(best, -0.5, -0.9, -0.1), at(median, -0.4, -0.8, -0.1)], LEVEL)
    assert judged.verdict == INCONCLUSIVE
    assert "both thresholds are met" in judged.reason


def test_one_statistic_at_two_places_has_to_meet_it_at_both(ledger):
    test = ledger.claims["A3"].test
    (name,) = test.statistics
    good, bad = at(name, 0.2, 0.1, 0.3, at="at 10"), at(name, -0.2, -0.3, -0.1, at="at 400")
    assert judge(test, [good, good], LEVEL).verdict == SUPPORTED
    judged = judge(test, [good, bad], LEVEL)
    assert judged.verdict == CONTRADICTED
    assert judged.reason == "upper bound of dense - uniform at 400, −0.1, is below 0"


@given(NUMBER, st.floats(0.01, 10), st.integers(1, 60), NUMBER)
def test_p_of_a_t_interval_is_students(estimate, error, degrees, value):
    half = stats.t.ppf(0.975, degrees) * error
    one = Statistic("any", estimate, 9, {LEVEL: (estimate - half, estimate + half)}, degrees)
    expected = stats.t.sf((estimate - value) / error, degrees)
    assert one_sided_p(one, "lower", value, LEVEL) == pytest.approx(expected, rel=1e-6, abs=1e-12)
    other = one_sided_p(one, "upper", value, LEVEL)
    assert other == pytest.approx(1 - expected, rel=1e-6, abs=1e-9)


def test_a_relation_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="relation"):
        Threshold(bound="lower", relation="near", value=1.0, of="all")
