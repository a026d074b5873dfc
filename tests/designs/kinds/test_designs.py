"""Designs: the rows that they yield, and the shards that these become."""

import pytest

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds import (
    DESIGNS,
    Balanced,
    Even,
    Explicit,
    Factorial,
    Sizes,
    Uniform,
    named_rows,
)
from blockmaps.designs.kinds.structured import ExplicitRow
from blockmaps.designs.proportion import hidden_proportions

SIZES = Sizes(256, 10)


def test_the_registry_holds_every_design():
    structured = {"factorial", "uniform", "balanced", "explicit", "even", "grid", "recommended"}
    others = {"crossed", "slots", "random", "baseline", "continuum", "numbered"}
    assert set(DESIGNS) == structured | others


def test_factorial_is_all_64_structures_at_their_budget():
    rows = named_rows(Factorial(budgets=(4000, 10_000)), SIZES)
    assert len(rows) == 128
    assert {row.structure for row in rows} == {f"{code:06b}" for code in range(64)}
    arms = {row.structure: row.arm for row in rows}
    assert arms["111111"] == "dense"
    assert arms["000000"] == "uniform"
    assert list(arms.values()).count("mixed") == 62
    for row in rows:
        # rounding |h| is all that separates a pattern from its budget
        size = row.model.sizes["h"]
        slack = (256 + 20 + 2 * size + 1) / 2 + 1
        assert abs(sum(row.model.expected().values()) - row.budget) <= slack


def test_balanced_rows_are_balanced():
    for row in Balanced(budgets=(4000, 10_000), targets=(0.5, 0.3)).rows(SIZES):
        expected = row.model.expected()
        target = 0.5 if row.arm == "balanced" else 0.3
        assert hidden_proportions(expected)["hidden_proportion"] == pytest.approx(target, abs=0.02)
        assert sum(expected.values()) == pytest.approx(row.budget)


def test_even_rows_cover_the_proportion_at_one_budget_size_and_density():
    rows = list(Even(sizes={4000: (64, 96)}, points=9).rows(SIZES))
    assert len(rows) == 18
    for hidden in (64, 96):
        counts = [row.model.expected() for row in rows if row.model.sizes["h"] == hidden]
        assert {sum(count.values()) for count in counts} == {4000}
        shares = [hidden_proportions(count)["hidden_proportion"] for count in counts]
        assert shares == pytest.approx([(point + 0.5) / 9 for point in range(9)], abs=1e-3)


def test_even_rows_may_lie_more_densely_below_a_proportion():
    even = Even(sizes={4000: (64,)}, points=8, below={"proportion": 0.25, "share": 0.75})
    assert even.targets == pytest.approx(
        [*(0.25 * (one + 0.5) / 6 for one in range(6)), 0.25 + 0.75 / 4, 1 - 0.75 / 4]
    )
    for row, target in zip(even.rows(SIZES), even.targets, strict=True):
        assert row.structure == f"even:h64:{target:.3f}"
        found = hidden_proportions(row.model.expected())["hidden_proportion"]
        assert found == pytest.approx(target, abs=0.001)
    plain = Even(sizes={4000: (64,)}, points=8)
    assert plain.targets == [(one + 0.5) / 8 for one in range(8)]


def test_the_rules_control_has_its_budget_and_output_rows_but_not_the_proportion():
    rule, control = (
        named_rows(DESIGNS["recommended"](budgets=(16_000,), proportion=known), Sizes(784, 10))[0]
        for known in (True, False)
    )
    assert (rule.arm, control.arm) == ("recommended", "without-proportion")
    expected = [row.model.expected() for row in (rule, control)]
    assert [sum(counts.values()) for counts in expected] == pytest.approx([16_000] * 2)
    (uniform,) = named_rows(Uniform(budgets=(16_000,), densities=(0.2,)), Sizes(784, 10))
    assert control.model.sizes["h"] == uniform.model.sizes["h"] != rule.model.sizes["h"]
    densities = [
        {name: counts[name] / row.model.places(block) for block in row.model.reach
         if (name := block.target + block.source)}
        for row, counts in zip((rule, control), expected, strict=True)
    ]  # fmt: skip
    for name in ("yx", "yh", "yy"):
        assert densities[0][name] == pytest.approx(densities[1][name])
    assert (
        densities[1]["hx"] == pytest.approx(densities[1]["hh"]) == pytest.approx(densities[1]["hy"])
    )
    shares = [hidden_proportions(counts)["hidden_proportion"] for counts in expected]
    assert shares == pytest.approx([0.5, 0.104], abs=0.01)
    with pytest.raises(InputError, match=r"budgets: found 900, .*takes 1,753"):
        named_rows(DESIGNS["recommended"](budgets=(900,), proportion=False), Sizes(16, 20))


def test_explicit_rows_are_as_they_are_given():
    row = ExplicitRow(name="balanced_4", densities=(0.09, 1, 1, 0.1, 0.1, 1), budget=100_000)
    (made,) = Explicit(patterns=(row,)).rows(Sizes(2500, 10))
    assert made.model.sizes["h"] == 216
    (made,) = Explicit(patterns=(row.model_copy(update={"hidden": 7, "arm": "mine"}),)).rows(SIZES)
    assert (made.model.sizes["h"], made.arm) == (7, "mine")


def test_two_rows_of_one_name_are_refused():
    row = ExplicitRow(name="twice", densities=(1,) * 6, budget=4000)
    with pytest.raises(InputError, match="twice"):
        named_rows(Explicit(patterns=(row, row)), SIZES)


def test_uniform_names():
    rows = list(Uniform(budgets=(4000,), densities=(0.2, 0.35, 1)).rows(SIZES))
    assert [row.arm for row in rows] == ["uniform", "uniform-0.35", "dense"]
