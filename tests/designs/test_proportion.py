"""The budget equation and the hidden proportion, against every size that the papers list."""

import contextlib
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blockmaps.core.errors import InputError
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.proportion import (
    balanced_at,
    even_counts,
    even_fits,
    expected_unknowns,
    fit_balanced,
    hidden_proportions,
    least_even_hidden,
    solve_balanced,
    solve_hidden,
)


def six(values):
    return dict(zip(RNN_BLOCKS, values, strict=True))


def coded(code):
    return six([1.0 if digit == "1" else 0.2 for digit in code])


RAD = (2500, 10)
HAMMER = (46, 26)
DOOR = (39, 28)

STRUCTURES = {
    100_000: {
        "111111": 29, "000000": 176, "011001": 145, "100110": 30, "000100": 141, "000110": 139,
        "001001": 174, "010000": 146, "010010": 145, "010100": 120, "011000": 145, "100010": 38,
        "100100": 30,
    },
    1_000_000: {"111111": 341, "000000": 1302, "010000": 777, "011001": 774, "100100": 378},
}  # fmt: skip
BALANCED = {
    100_000: [
        (208, (0.10, 1, 1, 0.1, 0.1, 0.1), 0.466),
        (205, (0.10, 1, 1, 0.1, 1, 1), 0.462),
        (170, (0.10, 1, 1, 1, 1, 1), 0.419),
        (213, (0.09, 1, 1, 0.1, 1, 1), 0.498),
        (216, (0.09, 1, 1, 0.1, 0.1, 1), 0.501),
        (177, (0.09, 1, 1, 1, 1, 1), 0.454),
        (213, (0.09, 1, 1, 0.09, 1, 1), 0.498),
        (193, (0.07, 1, 1, 1, 1, 1), 0.537),
        (185, (0.08, 1, 1, 1, 1, 1), 0.494),
    ],
    1_000_000: [
        (685, (0.3, 1, 1, 0.3, 0.3, 1), None),
        (683, (0.3, 1, 1, 0.3, 1, 1), None),
    ],
}
HAMMER_DESIGNS = [
    ((0.2,) * 6, 176, 1365),
    ((0.2, 1, 1, 0.2, 0.2, 0.2), 80, 612),
    ((0.2, 1, 1, 0.2, 0.2, 1), 77, 612),
    ((0.2, 1, 0.2, 0.2, 0.2, 0.2), 89, 622),
    ((0.2, 1, 0.2, 0.2, 1, 0.2), 80, 612),
    ((0.2, 1, 0.2, 1, 0.2, 0.2), 84, 622),
    ((0.2, 0.2, 1, 0.2, 0.2, 1), 135, 1315),
    ((0.2, 0.2, 0.2, 1, 0.2, 0.2), 165, 1364),
    ((0.2, 0.2, 0.2, 1, 1, 0.2), 130, 1314),
    ((1, 0.2, 0.2, 1, 0.2, 0.2), 110, 1278),
    ((1, 0.2, 0.2, 1, 1, 0.2), 91, 1232),
    ((1, 0.2, 0.2, 0.2, 1, 0.2), 99, 1234),
    ((1,) * 6, 54, 584),
    ((1, 0.4, 0.2, 1, 1, 0.2), 80, None),
    ((1, 0.01, 0.01, 1, 1, 0.01), None, 3663),
    ((1, 0.4, 0.2, 1, 0.4, 0.2), 89, None),
    ((1, 0.01, 0.01, 1, 0.01, 0.01), None, 4404),
    ((1, 0.2, 0.4, 1, 1, 0.4), 86, None),
    ((1, 0.1, 0.1, 1, 1, 0.1), None, 1658),
    ((1, 0.2, 0.4, 1, 0.2, 0.4), 104, None),
    ((1, 0.1, 0.1, 1, 0.1, 0.1), None, 1757),
]
SWEEPS = [
    (HAMMER, 50_000, (658, 452, 360, 268, 176)),
    (HAMMER, 200_000, (1365, 951, 768, 584, 399)),
    (HAMMER, 400_000, (1951, 1365, 1106, 846, 584)),
    (HAMMER, 800_000, (2780, 1951, 1584, 1216, 846)),
    (DOOR, 10_000, (269, 177, 136, 95, 54)),
    (DOOR, 400_000, (1953, 1367, 1107, 847, 585)),
]
LISTED = [
    *(
        (RAD, budget, coded(code), hidden)
        for budget, codes in STRUCTURES.items()
        for code, hidden in codes.items()
    ),
    *((RAD, budget, six(d), hidden) for budget, rows in BALANCED.items() for hidden, d, _ in rows),
    *((HAMMER, 10_000, six(d), hidden) for d, hidden, _ in HAMMER_DESIGNS if hidden),
    *((HAMMER, 400_000, six(d), hidden) for d, _, hidden in HAMMER_DESIGNS if hidden),
    *(
        (sizes, budget, six([density] * 6), hidden)
        for sizes, budget, row in SWEEPS
        for density, hidden in zip((0.1, 0.2, 0.3, 0.5, 1), row, strict=True)
    ),
]


@pytest.mark.parametrize(("sizes", "budget", "densities", "hidden"), LISTED)
def test_every_listed_size(sizes, budget, densities, hidden):
    assert solve_hidden(budget, densities, *sizes) == hidden


@pytest.mark.parametrize(
    ("code", "hidden", "unknowns", "proportion"),
    [
        ("111111", 29, 99_021, 0.015),
        ("000000", 176, 99_919, 0.069),
        ("011001", 145, 100_365, 0.237),
        ("100110", 30, 100_560, 0.003),
    ],
)
def test_listed_counts_and_proportions(code, hidden, unknowns, proportion):
    counts = expected_unknowns(coded(code), RAD[0], hidden, RAD[1])
    assert round(sum(counts.values())) == unknowns
    assert hidden_proportions(counts)["hidden_proportion"] == pytest.approx(proportion, abs=5e-4)


@pytest.mark.parametrize(("hidden", "densities", "proportion"), BALANCED[100_000])
def test_listed_balanced_proportions(hidden, densities, proportion):
    counts = expected_unknowns(six(densities), RAD[0], hidden, RAD[1])
    assert hidden_proportions(counts)["hidden_proportion"] == pytest.approx(proportion, abs=6e-4)


def test_the_three_definitions():
    shares = hidden_proportions(six([10, 20, 30, 1, 2, 3]))
    assert shares["hidden_proportion"] == 50 / 60
    assert shares["hidden_proportion_hh_hx"] == 20 / 30
    assert shares["hidden_proportion_hh_all"] == 20 / 66
    assert math.isnan(hidden_proportions(six([0] * 6))["hidden_proportion"])


sizes = st.tuples(st.integers(1, 300), st.integers(1, 30))
some_densities = st.lists(st.floats(0, 1), min_size=6, max_size=6).map(six)


@given(sizes, some_densities, st.integers(1, 2000))
def test_the_solution_is_the_nearest_size(sizes, densities, hidden):
    assume(densities["hh"] > 1e-3 or densities["hx"] > 1e-3)
    budget = sum(expected_unknowns(densities, sizes[0], hidden, sizes[1]).values())
    assert solve_hidden(budget, densities, *sizes) == hidden


def test_a_linear_budget_equation():
    assert solve_hidden(100, six([1, 0, 0, 0, 0, 0]), 10, 3) == 10


def test_a_budget_too_small_names_the_smallest_that_can_be_met():
    densities = six([1] * 6)
    smallest = round(sum(expected_unknowns(densities, RAD[0], 1, RAD[1]).values()))
    assert solve_hidden(smallest, densities, *RAD) == 1
    with pytest.raises(InputError, match=f"takes a budget of at least {smallest}"):
        solve_hidden(smallest - 1, densities, *RAD)


def test_no_block_that_grows_with_h():
    with pytest.raises(InputError, match="cannot be solved"):
        solve_hidden(100_000, six([0, 0, 0, 1, 0, 1]), *RAD)


@given(st.sampled_from([3000, 10_000, 30_000]), st.floats(0.3, 0.7), sizes)
def test_balanced_patterns_meet_budget_and_target(budget, target, sizes):
    inputs, outputs = max(sizes[0], 150), min(sizes[1], 10)
    densities_of_y = {"yx": 0.1, "yh": 0.1, "yy": 0.1}
    try:
        hidden, densities = solve_balanced(budget, target, inputs, outputs, densities_of_y)
    except InputError:
        # refused only where the input block would have to be more than full
        assert budget * (1 - target) > 0.9 * (budget * target) ** 0.5 * inputs
        return
    counts = expected_unknowns(densities, inputs, hidden, outputs)
    assert sum(counts.values()) == pytest.approx(budget)
    # rounding |h| moves the proportion by about 1/|h|
    got = hidden_proportions(counts)["hidden_proportion"]
    assert got == pytest.approx(target, abs=1.5 / hidden + 0.01)


def test_a_balance_that_cannot_be_had():
    with pytest.raises(InputError, match="input block would need a density"):
        solve_balanced(100_000, 0.05, 5, 2, {"yx": 0.1, "yh": 0.1, "yy": 0.1})


@given(st.integers(0, 8), st.sampled_from([64, 96]))
def test_even_counts_hold_budget_and_size(point, hidden):
    target = (point + 0.5) / 9
    counts = even_counts(4000, target, 256, hidden, 10, {"yx": 0.1, "yh": 0.1, "yy": 0.1})
    assert sum(counts.values()) == 4000
    assert hidden_proportions(counts)["hidden_proportion"] == pytest.approx(target, abs=1e-3)
    rest = even_counts(4000, 0.5, 256, hidden, 10, {"yx": 0.1, "yh": 0.1, "yy": 0.1})
    assert all(counts[name] == rest[name] for name in ("yx", "yh", "yy"))


def test_an_even_point_without_places_names_what_can_be_reached():
    with pytest.raises(InputError, match="reachable: from 0"):
        even_counts(4000, 0.95, 256, 20, 10, {"yx": 0.1, "yh": 0.1, "yy": 0.1})


OUTPUT = {"yx": 0.1, "yh": 1.0, "yy": 1.0}


@given(
    st.integers(500, 20_000),
    st.floats(0.02, 0.98),
    st.integers(1, 500),
    st.integers(1, 30),
    st.floats(0.01, 1),
)
def test_a_state_density_that_works_is_found(budget, target, inputs, outputs, asked):
    """The budget and the proportion are met, by the density that is asked for or the nearest."""

    def others():
        for hidden in range(1, 200):
            with contextlib.suppress(InputError):
                yield balanced_at(budget, target, inputs, hidden, outputs, OUTPUT)

    try:
        hidden, densities = fit_balanced(budget, target, inputs, outputs, OUTPUT, asked)
    except InputError:
        assert not list(others())
        return
    assert all(0 <= value <= 1 for value in densities.values())
    assert densities["hh"] == densities["hy"]
    expected = expected_unknowns(densities, inputs, hidden, outputs)
    assert sum(expected.values()) == pytest.approx(budget)
    try:
        exact = solve_balanced(budget, target, inputs, outputs, OUTPUT, asked)
    except InputError:
        assert hidden_proportions(expected)["hidden_proportion"] == pytest.approx(target)
        near = min((abs(other["hh"] - asked) for other in others()), default=1)
        assert abs(densities["hh"] - asked) <= near
    else:
        assert (hidden, densities) == exact


@given(st.integers(20, 5_000), st.integers(2, 20), st.integers(1, 200), st.integers(1, 12))
def test_the_least_h_of_an_even_design_is_the_least(budget, points, inputs, outputs):
    targets = [(point + 0.5) / points for point in range(points)]
    densities = {"yx": 0.1, "yh": 0.1, "yy": 0.1}
    least = least_even_hidden(budget, targets, inputs, outputs, densities)
    if least is None:
        return
    assert even_fits(budget, targets, inputs, least, outputs, densities)
    for target in targets:
        even_counts(budget, target, inputs, least, outputs, densities)
    if least > 1:
        assert not even_fits(budget, targets, inputs, least - 1, outputs, densities)
