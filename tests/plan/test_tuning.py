"""The tuned protocol's plan: rates by arm, shards that wait for them, choices that are stale."""

import pytest
import yaml

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds.design import Sizes
from blockmaps.designs.kinds.structured import Even, Uniform
from blockmaps.plan import config as configs
from blockmaps.plan import tuning
from blockmaps.plan.plan import Plan


@pytest.fixture
def raw(root):
    return yaml.safe_load((root / "tests/workflow/tuned.yaml").read_text(encoding="utf-8"))


def chosen(plan: Plan, rates: dict[str, float]) -> tuning.ChosenRates:
    """Choices of these rates, by arm, as the table has them."""
    return {
        arm: tuning.ChosenRate(rates[arm[1]], tuning.chosen_by(several))
        for arm, several in tuning.by_arm(plan.tuned).items()
    }


def test_an_arms_patterns_are_taken_evenly_each_once():
    sizes = Sizes(64, 5)
    even = list(Even(sizes={2000: (44,)}, points=9).rows(sizes))
    ends = list(Uniform(budgets=(2000,), densities=(0.2, 1)).rows(sizes))
    arms = tuning.arms_of([*even, *ends, *ends], 3)
    assert {arm: [row.structure for row in rows] for arm, rows in arms.items()} == {
        ("even", 2000): [even[0].structure, even[3].structure, even[6].structure],
        ("uniform", 2000): ["uniform-0.2"],
        ("dense", 2000): ["uniform-1"],
    }
    own = [row._replace(learning_rate=0.1) for row in ends]
    assert tuning.arms_of(own, 3) == {}


def test_a_comparison_waits_for_its_rates_and_then_has_them(raw):
    config = configs.parse(raw)
    before = Plan(config)
    assert {one.experiment for one in before.shards.values()} == {"fixed"}
    assert {one.experiment for one in before.provisional.values()} == {"tuned"}
    rates = {(label.arm, label.learning_rate) for label in before.tuned}
    assert rates == {(arm, rate) for arm in ("uniform", "dense") for rate in (1e-4, 1e-2)}
    variants = [one for shard in before.tuning.values() for one in shard.variants]
    assert {one.key for one in variants} == {label.key for label in before.tuned}
    assert {one.seed_index for one in variants} == {tuning.FIRST}

    after = Plan(config, choices=chosen(before, {"uniform": 1e-4, "dense": 1e-2}))
    assert not after.provisional
    assert set(after.tuning) == set(before.tuning)
    assert set(before.shards) < set(after.shards)
    found = {
        (member.arm, variant.learning_rate)
        for shard in after.shards.values()
        for variant in shard.variants
        for member in after.members
        if (member.key, member.experiment) == (variant.key, "tuned")
    }
    assert found == {("uniform", 1e-4), ("dense", 1e-2)}
    # all but keys is known before
    labels = [[member._replace(key="") for member in plan.members] for plan in (before, after)]
    assert labels[0] == labels[1]
    assert after.data_files == before.data_files


def test_a_choice_by_other_runs_does_not_count(raw):
    choices = chosen(Plan(configs.parse(raw)), {"uniform": 1e-4, "dense": 1e-2})
    raw["recipes"]["tuned"]["grid"].append(0.1)
    after = Plan(configs.parse(raw), choices=choices)
    assert after.provisional
    assert {one.experiment for one in after.shards.values()} == {"fixed"}


def test_what_is_trained_does_not_depend_on_what_it_is_tuned_by(raw):
    """A shard holds its variants' rates; the grid, or who else was tried, is no part of it."""
    plans = []
    for grid in ([1e-4, 1e-2], [1e-4, 1e-3, 1e-2]):
        raw["recipes"]["tuned"]["grid"] = grid
        config = configs.parse(raw)
        plans.append(Plan(config, choices=chosen(Plan(config), {"uniform": 1e-4, "dense": 1e-2})))
    assert set(plans[0].shards) == set(plans[1].shards)
    contexts = [{one.context for one in plan.tuning.values()} for plan in plans]
    assert contexts[0] == contexts[1]  # so its variants go on from their checkpoints


def test_the_table_of_rates_is_read_back(raw, tmp_path):
    plan = Plan(configs.parse(raw))
    assert tuning.read(tmp_path / "rates.csv") == {}
    arms = tuning.by_arm(plan.tuned)
    lines = ["experiment,arm,budget,learning_rate,chosen,chosen_by"]
    for (experiment, arm, budget), several in arms.items():
        for rate, best in ((0.0001, False), (0.01000001, True)):  # a table has six digits
            by = tuning.chosen_by(several)
            lines.append(f"{experiment},{arm},{budget},{rate},{best},{by}")
    (tmp_path / "rates.csv").write_text("\n".join(lines), encoding="utf-8")
    choices = tuning.read(tmp_path / "rates.csv")
    assert tuning.decided(choices, plan.tuned) == dict.fromkeys(arms, 0.01)
    for text in ("arm\nuniform\n", "[" * 200_000):  # more than Python's csv takes in a field
        (tmp_path / "rates.csv").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="is no table of rates"):
            tuning.read(tmp_path / "rates.csv")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("recipes", "tuned", "grid"), [], "takes a grid if learning_rate is tuned"),
        (("recipes", "fixed", "grid"), [0.1, 0.2], "takes a grid if learning_rate is tuned"),
        (("recipes", "tuned", "grid"), [0.1], "takes a grid of at least two rates, each once"),
        (("recipes", "tuned", "grid"), [0.1, -1], "recipes.tuned.grid[1]: found -1; Input should"),
        (("experiments", "tuned", "seeds"), [0, 1000], "found 1000; of a tuned recipe takes seed"),
        (("datasets", "rad", "validation"), 0, "takes a data set with classes and validation"),
    ],
)
def test_faults_of_a_tuned_recipe_are_named(raw, path, value, says):
    above = raw
    for key in path[:-1]:
        above = above[key]
    above[path[-1]] = value
    with pytest.raises(InputError) as fault:
        configs.parse(raw)
    assert says in str(fault.value)
