"""Designs: the rows that they yield, and the shards that these become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan
from blockmaps.plan.shards import MOST, group, read_ledger, write_ledger

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
    with pytest.raises(InputError, match="without the proportion"):
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


def preset(**changes):
    raw = {
        "name": "test",
        "seed": 1,
        "datasets": {"rad": {"kind": "rad", "train": 100, "test": 100}},
        "recipes": {"short": {"epochs": 1, "batch_size": 10, "learning_rate": 0.001}},
        "experiments": {
            "one": {
                "dataset": "rad",
                "recipe": "short",
                "seeds": 2,
                "designs": [
                    {"kind": "factorial", "budgets": [4000]},
                    {"kind": "uniform", "budgets": [4000], "densities": [0.1, 0.5]},
                ],
            }
        },
    }
    raw["experiments"]["one"] |= changes
    return raw


def plan(raw, ledger=()):
    return Plan(configs.parse(raw), ledger)


def variants(made):
    return [variant.key for shard in made.shards.values() for variant in shard.variants]


def test_a_plan_covers_every_variant_once():
    made = plan(preset())
    assert len(variants(made)) == len(set(variants(made))) == 2 * 66
    assert {member.key for member in made.members} == set(variants(made))
    assert all(len(shard.variants) <= MOST for shard in made.shards.values())
    for shard in made.shards.values():
        assert {variant.seed_index for variant in shard.variants} == {shard.seed_index}


def more(raw, what):
    designs = raw["experiments"]["one"]["designs"]
    if what == "a seed":
        raw["experiments"]["one"]["seeds"] = 3
    elif what == "an experiment":
        raw["experiments"]["another"] = raw["experiments"]["one"]
    elif what == "a design":
        designs.insert(0, {"kind": "balanced", "budgets": [4000]})
    elif what == "a data set":
        raw["datasets"]["other"] = {"kind": "rad", "train": 7, "test": 100}
    elif what == "a recipe":
        raw["recipes"]["long"] = {"epochs": 9, "batch_size": 10, "learning_rate": 0.001}
    elif what == "a density":
        designs[1]["densities"].insert(0, 0.3)
    elif what == "a budget":
        designs[0]["budgets"].insert(0, 3000)
    return raw


ALWAYS = ["a seed", "an experiment", "a design", "a data set", "a recipe"]


@pytest.mark.parametrize("what", [*ALWAYS, "a density", "a budget"])
def test_adding_leaves_the_shards_as_they_are(what):
    """With the ledger that training keeps; of variants trained again, only new ones."""
    before = plan(preset())
    after = plan(more(preset(), what), before.shards.values())
    assert set(before.shards) <= set(after.shards)
    new = [
        variant.key
        for name, shard in after.shards.items()
        if name not in before.shards and shard.experiment == "one"
        for variant in shard.variants
    ]
    assert not set(new) & set(variants(before))
    assert len(new) == len(set(new))


@pytest.mark.parametrize("what", ALWAYS)
def test_adding_leaves_the_shards_as_they_are_even_without_a_ledger(what):
    assert set(plan(preset()).shards) <= set(plan(more(preset(), what)).shards)


def test_removing_a_structure_keeps_its_shard_for_the_others():
    before = plan(preset())
    raw = preset()
    raw["experiments"]["one"]["designs"][1]["densities"] = [0.1]
    after = plan(raw, before.shards.values())
    assert set(after.shards) == set(before.shards)


def test_another_recipe_data_set_or_seed_makes_other_shards():
    before = plan(preset())
    for key, value in (("seed", 2), ("datasets", {"rad": {"kind": "rad", "train": 99}})):
        assert not set(plan(preset() | {key: value}, before.shards.values()).shards) & set(
            before.shards
        )


@given(st.sets(st.integers(0, 200)), st.data())
def test_a_plan_made_again_while_it_is_carried_out_is_the_same(extra, data):
    """Whatever shards of a plan have been started, the rest is grouped as before."""
    raw = preset()
    raw["experiments"]["one"]["designs"][1]["densities"] = [
        round(0.1 + number / 300, 4) for number in sorted(extra | {0})
    ]
    shards = list(plan(raw).shards.values())
    started = data.draw(st.sets(st.sampled_from(shards)))
    assert set(plan(raw, started).shards) == {shard.id for shard in shards}


def test_the_ledger_keeps_shards_and_leaves_out_what_is_broken(tmp_path):
    shards = list(plan(preset()).shards.values())
    for shard in shards:
        write_ledger(tmp_path, shard)
    assert {one.id for one in read_ledger(tmp_path)} == {one.id for one in shards}
    (tmp_path / f"{shards[0].id}.json").write_text("{")
    (tmp_path / "000000000000.json").write_text((tmp_path / f"{shards[1].id}.json").read_text())
    assert {one.id for one in read_ledger(tmp_path)} == {one.id for one in shards[1:]}


def test_a_shard_of_another_context_is_not_kept():
    (one, *_) = plan(preset()).shards.values()
    other = one.model_copy(update={"seed": 99})
    assert group(one, [one.variants], [other]) == [one]


def test_keys_and_names_are_what_they_were():
    """Pinned: a change here would train everything again."""
    made = plan(preset())
    assert min(variants(made)) == "02c5f0c361724a71"
    assert min(made.shards) == "1a08a270489a"


def test_a_design_that_cannot_be_made_names_its_place():
    raw = preset(designs=[{"kind": "factorial", "budgets": [100]}])
    with pytest.raises(InputError, match=r"experiments\.one\.designs\[0\].*takes a budget of"):
        plan(raw)


def test_uniform_names():
    rows = list(Uniform(budgets=(4000,), densities=(0.2, 0.35, 1)).rows(SIZES))
    assert [row.arm for row in rows] == ["uniform", "uniform-0.35", "dense"]
