"""Shards: what a growing or shrinking config trains, whatever has been trained before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockmaps.core.errors import InputError
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan
from blockmaps.plan.shards import EMPTY, MOST, Ledger
from blockmaps.results.folder import Folder, read_shard


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


def plan(raw, ledger=EMPTY):
    return Plan(configs.parse(raw), ledger)


def trained(made):
    return Ledger(trained=tuple(made.shards.values()))


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
    """With the ledger; of variants trained again, only new ones."""
    before = plan(preset())
    after = plan(more(preset(), what), trained(before))
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
    after = plan(raw, trained(before))
    assert set(after.shards) == set(before.shards)


def test_another_recipe_data_set_or_seed_makes_other_shards():
    before = plan(preset())
    for key, value in (("seed", 2), ("datasets", {"rad": {"kind": "rad", "train": 99}})):
        assert not set(plan(preset() | {key: value}, trained(before)).shards) & set(before.shards)


def of_densities(*numbers):
    """A config of uniform patterns alone, a shard or more a seed."""
    densities = [round(0.1 + number / 100, 2) for number in numbers]
    return preset(designs=[{"kind": "uniform", "budgets": [4000], "densities": densities}])


def unwanted(made):
    """The variants that a plan trains and the config does not ask for."""
    return set(variants(made)) - {member.key for member in made.members}


def test_what_was_only_written_down_trains_nothing_that_is_not_wanted():
    many = plan(of_densities(*range(40)))
    assert len(many.shards) == 4  # of each seed 32 variants and 8
    fewer = of_densities(*range(25))
    made = plan(fewer, Ledger(written=tuple(many.shards.values())))
    assert unwanted(made) == set()
    assert len(variants(made)) == len(set(variants(made))) == 50
    # of a shard that was trained all is there already: it stays
    first = min(many.shards)
    others = tuple(shard for name, shard in many.shards.items() if name != first)
    made = plan(fewer, Ledger((many.shards[first],), others))
    assert unwanted(made) <= {variant.key for variant in many.shards[first].variants}
    assert (first in made.shards) == bool(
        {one.key for one in many.shards[first].variants} & {one.key for one in made.members}
    )


def test_what_was_only_written_down_stays_where_it_is_wanted_whole():
    """So a job that waits in a queue, or was cut off, is the one that a grown config asks for."""
    before = plan(of_densities(*range(5)))
    after = plan(of_densities(*range(9)), Ledger(written=tuple(before.shards.values())))
    assert set(before.shards) <= set(after.shards)
    assert len(variants(after)) == len(set(variants(after))) == 18


def test_written_shards_that_share_variants_train_each_once():
    small, large = plan(of_densities(*range(5))), plan(of_densities(*range(9)))
    ledger = Ledger(written=(*small.shards.values(), *large.shards.values()))
    made = plan(of_densities(*range(9)), ledger)
    assert len(variants(made)) == len(set(variants(made))) == 18


NUMBERS = st.sets(st.integers(0, 80), min_size=1)


@given(st.lists(NUMBERS, min_size=1, max_size=4), st.data())
def test_a_plan_made_again_while_it_is_carried_out_is_the_same(histories, data):
    """Whatever earlier configs left, and whatever part of the plan is written down or trained."""
    trained, written = {}, {}
    for numbers in histories:
        ledger = Ledger(tuple(trained.values()), tuple(written.values()))
        made = plan(of_densities(*sorted(numbers)), ledger)
        assert {member.key for member in made.members} <= set(variants(made))
        known = {one.key for shard in trained.values() for one in shard.variants}
        assert unwanted(made) <= known, "only what is trained already comes along"
        fresh = [key for key in variants(made) if key not in known]
        assert len(fresh) == len(set(fresh))
        names = sorted(made.shards)
        for name in data.draw(st.lists(st.sampled_from(names), unique=True)):
            written |= {name: made.shards[name]}
            if data.draw(st.booleans()):
                trained |= {name: written.pop(name)}
            again = Ledger(tuple(trained.values()), tuple(written.values()))
            assert set(plan(of_densities(*sorted(numbers)), again).shards) == set(names)


def test_the_ledger_of_a_folder(tmp_path):
    """A shard counts as trained by its mark or its table; what is broken counts as nothing."""
    folder, made = Folder(tmp_path), plan(preset())
    shards = list(made.shards.values())
    folder.write_asked(made)
    assert {one.id for one in folder.ledger.written} == set(made.shards)
    assert folder.ledger.trained == []
    folder.file("trained", shards[0].id).touch()
    table = folder.file("shard runs", shards[1].id)
    table.parent.mkdir()
    table.touch()
    assert {one.id for one in folder.ledger.trained} == {shards[0].id, shards[1].id}
    folder.file("shard", shards[0].id).write_text("{")
    folder.file("shard", "0" * 12).write_text(folder.file("shard", shards[1].id).read_text())
    known = [*folder.ledger.trained, *folder.ledger.written]
    assert {one.id for one in known} == {one.id for one in shards[1:]}
    # a broken one is written again
    folder.write_asked(made)
    assert read_shard(folder.file("shard", shards[0].id)) == shards[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file"),
        ("{", "is no JSON"),
        ("[]", "is no shard"),
        ("\udcff", "is no JSON"),
        ('{"experiment": "one"}', "is no shard .* faults"),
    ],
)
def test_a_file_that_is_no_shard_is_one_line(text, said, tmp_path):
    path = tmp_path / "shards/0123456789ab.json"
    path.parent.mkdir()
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=said) as raised:
        read_shard(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_shard_of_another_context_is_not_kept():
    made = plan(preset())
    others = [shard.model_copy(update={"seed": 99}) for shard in made.shards.values()]
    assert plan(preset(), Ledger(others, others)).shards == made.shards


def test_keys_and_names_are_what_they_were():
    """Pinned: a change here would train everything again."""
    made = plan(preset())
    assert min(variants(made)) == "02c5f0c361724a71"
    assert min(made.shards) == "1a08a270489a"


def test_a_design_that_cannot_be_made_names_its_place():
    raw = preset(designs=[{"kind": "factorial", "budgets": [100]}])
    with pytest.raises(
        InputError, match=r"experiments\.one\.designs\[0\]\.?.*budgets: found .* takes \d"
    ):
        plan(raw)
