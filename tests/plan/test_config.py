"""The config: every shipped preset fits, and every fault is one line with exit code 2."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from blockmaps.core.canonical import digest
from blockmaps.core.errors import InputError
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan

CONFIG = Path(__file__).parents[2] / "config"
PRESETS = sorted({path.name for path in CONFIG.glob("*.yaml")} - {"claims.yaml"})


def test_the_readme_lists_every_shipped_preset():
    listed = re.findall(
        r"^\| `([\w-]+\.yaml)` \|", (CONFIG / "README.md").read_text(), re.MULTILINE
    )
    assert sorted(listed) == PRESETS


@pytest.mark.parametrize("preset", PRESETS)
def test_every_shipped_preset_can_be_planned(preset):
    assert Plan(configs.read(CONFIG / preset)).shards


def test_the_default_preset_is_what_the_readme_says(root):
    made = Plan(configs.read(root / "config/config.yaml"))
    main = [member for member in made.members if member.study == "proportion"]
    budgets = {member.budget for member in main}
    assert budgets == {4000, 10_000}
    assert len(main) == 472
    for budget in budgets:
        here = [member for member in main if member.budget == budget]
        assert len({m.structure for m in here if m.design == "factorial"}) == 64
        assert {"dense", "uniform", "mixed", "balanced", "even"} <= {m.arm for m in here}
        assert {m.seed_index for m in here if m.arm == "mixed"} >= {0, 1}
    path = [member for member in made.members if member.study == "continuum"]
    assert {member.budget for member in path} == {7879}
    arms = {"control", "mlp", "random-places", "dense", *(f"path-0.{n}" for n in range(1, 10))}
    ends = {"control", "mlp", "path-0.5", "random-places", "dense"}
    for name in ("path", "path-perturbed", "path-fan-in"):
        seeds = [m for m in path if m.experiment == name]
        assert {m.arm for m in seeds} == (arms if name == "path" else ends)
        assert {m.seed_index for m in seeds} == {0, 1, 2}
    counts = Counter(
        (m.experiment, m.arm, m.budget) for m in made.members if m.study == "trainability"
    )
    assert set(counts.values()) == {20}
    assert {m.arm for m in made.members if m.study == "trainability"} >= {"dense", "uniform"}


def test_the_schema_is_the_generated_one(root):
    text = (root / "config/schema.json").read_text()
    assert json.loads(text) == json.loads(json.dumps(configs.schema())), (
        "drifted: blockmaps schema > config/schema.json"
    )


def change(raw, path, value):
    *above, last = path
    for key in above:
        raw = raw[key]
    raw[last] = value


D = ("experiments", "rad", "designs")
FAULTS = [  # the path of a key, what is put there, what is said
    (("epochs",), 3, "epochs: found an unknown key; takes one of: name, seed"),
    (
        (*D, 0, "lo"), 0.5,
        "experiments.rad.designs[0].lo: found an unknown key; takes one of: seeds, replicates, ",
    ),
    ((*D, 0, "low"), 1.5, "experiments.rad.designs[0].low: found 1.5; Input should be less than"),
    (
        (*D, 0, "budgets"), [-4000],
        "designs[0].budgets[0]: found -4000; Input should be greater than 0",
    ),
    (
        (*D, 0, "budgets"), ["many"],
        "designs[0].budgets[0]: found 'many'; Input should be a valid int",
    ),
    ((*D, 0, "kind"), "fractal", "expected tags: 'factorial', 'uniform', "),
    (
        ("experiments", "rad", "dataset"), "mnist",
        "rad.dataset: found 'mnist'; takes one of: copy-5, copy-50, digits",
    ),
    (("experiments", "rad", "recipe"), "long", "rad.recipe: found 'long'; takes one of: layers, "),
    (("experiments", "rad", "seeds"), 0, "rad.seeds: found"),
    (
        ("datasets", "rad-digits", "kind"), "mnist",
        "expected tags: 'adroit', 'copy', 'csv', 'npz', 'images', 'rad'",
    ),
    (
        ("experiments", "path", "initialisation", "gian"), 1,
        "experiments.path.initialisation.gian: found an unknown key; takes one of: scheme, mean",
    ),
    (
        ("experiments", "path", "initialisation", "blocks"), {"hh": {"sdt": 1}},
        "initialisation.blocks.hh.sdt: found an unknown key; takes one of: mean, std (and",
    ),
    (
        (*D, 3, "below"), {"share": 0.5, "proprtion": 0.5},
        "designs[3].below.proprtion: found an unknown key; takes one of: proportion, share (and",
    ),
    (
        (*D, 0), {"kind": "explicit", "patterns": [{"nam": "x"}]},
        "designs[0].patterns[0].nam: found an unknown key; takes one of: name, densities, hidden,",
    ),
    (("experiments", "rad", "dat"), 1, "rad.dat: found an unknown key; takes one of: dataset, "),
    (("compute",), {"cpu": 1}, "compute.cpu: found an unknown key; takes one of: accelerator, "),
    (("recipes", "short", "rate"), 1, "short.rate: found an unknown key; takes one of: epochs, "),
    (
        ("experiments", "rad", "datasets"), {5: "digits"},
        "experiments.rad: found {'dataset'",
    ),
    (
        ("experiments", "rad", "initialisations"), {"fan/in": {"scheme": "fan_in"}},
        "experiments.rad.initialisations.fan/in.[key]: found 'fan/in'; String should match",
    ),
    (("datasets", "rad-digits", "sides"), 16, "sides: found an unknown key; takes one of: "),
    (("recipes", "short", "learning_rate"), 0, "learning_rate: found 0; Input should be greater"),
    (
        ("recipes", "short", "learning_rate"), "fast",
        "recipes.short.learning_rate: found 'fast'; Input should be a valid number, unable to "
        "parse string as a number, or Input should be 'tuned'",
    ),
    (("name",), "../up", "name: found '../up'"),
    (("plugins",), ["nowhere.py"], "plugins: found 'nowhere.py'; takes a Python file that exists"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "says"), FAULTS)
def test_a_fault_is_one_line_with_file_path_found_and_takes(root, tmp_path, path, value, says):
    raw = yaml.safe_load((root / "config/config.yaml").read_text())
    change(raw, path, value)
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(raw))
    with pytest.raises(InputError) as fault:
        configs.read(file)
    text = str(fault.value)
    assert says in text
    assert "\n" not in text
    assert str(file) in text or path == ("plugins",)


def test_a_missing_key(root):
    raw = yaml.safe_load((root / "config/config.yaml").read_text())
    del raw["recipes"]["short"]["batch_size"]
    with pytest.raises(
        InputError, match=r"recipes\.short\.batch_size: found nothing; it is needed"
    ):
        configs.parse(raw)


@pytest.mark.parametrize("length", [{}, {"epochs": 6, "steps": 100}])
def test_a_recipe_has_one_length(root, length):
    raw = yaml.safe_load((root / "config/config.yaml").read_text())
    del raw["recipes"]["short"]["epochs"]
    raw["recipes"]["short"] |= length
    with pytest.raises(InputError, match=r"recipes\.short: .*takes one of epochs and steps"):
        configs.parse(raw)


# Of the long form of tests/plan/paper-in-short.yaml: its experiments in config/paper.yaml at commit
# c9049ce, planned by that commit's code.
LONG = {"shards": "96055459548982d3", "members": "f289149a0e621196", "names": "568344a9512df71d"}


def test_an_experiment_over_several_is_what_it_was_typed_out(root):
    config = configs.read(root / "tests/plan/paper-in-short.yaml")
    made = Plan(config)
    assert len(config.experiments) == 44
    assert len(made.members) == 4920
    assert {
        "shards": digest(sorted(made.shards)),
        "members": digest(sorted(list(one[:-1]) for one in made.members)),  # but for the task
        "names": digest(list(config.experiments)),
    } == LONG


def test_an_experiment_over_several_is_one_for_each_pair(root):
    raw = yaml.safe_load((root / "config/config.yaml").read_text())
    one = raw["experiments"]["rad"]
    del one["dataset"]
    raw["experiments"] = {
        "rad": one
        | {
            "datasets": {"": "rad-digits", 2: "digits"},
            "initialisations": {"normal": {}, "fan-in": {"scheme": "fan_in"}},
        }
    }
    made = configs.parse(raw).experiments
    assert [(name, each.dataset, each.initialisation.scheme) for name, each in made.items()] == [
        ("rad-normal", "rad-digits", "normal"),
        ("rad-fan-in", "rad-digits", "fan_in"),
        ("rad-2-normal", "digits", "normal"),
        ("rad-2-fan-in", "digits", "fan_in"),
    ]
    raw["experiments"]["rad-2"] = raw["experiments"]["rad"] | {"datasets": {"": "digits"}}
    with pytest.raises(InputError, match=r"two experiments are named rad-2-fan-in, rad-2-normal"):
        configs.parse(raw)


def test_a_data_set_that_is_drawn_anew_every_epoch_is_one_file_for_all_seeds(root):
    raw = yaml.safe_load((root / "config/config.yaml").read_text())
    names, digests = {}, {}
    for redraw in (False, True, "epoch"):
        raw["datasets"]["rad-digits"]["redraw"] = redraw
        made = Plan(configs.parse(raw))
        names[redraw] = [made.data_name("rad-digits", index) for index in (0, 1)]
        digests[redraw] = [made.data_digest("rad-digits", index) for index in (0, 1)]
    assert names["epoch"] == names[False] == ["rad-digits"] * 2
    assert len({*digests["epoch"], *digests[True], *digests[False]}) == 4
    raw["recipes"]["short"] = {"steps": 10, "batch_size": 10, "learning_rate": 0.1}
    with pytest.raises(InputError, match=r"rad\.recipe: found a number of steps; a data"):
        configs.parse(raw)


def test_what_is_not_yaml_or_not_there(tmp_path):
    file = tmp_path / "mine.yaml"
    with pytest.raises(InputError, match="cannot be read"):
        configs.read(file)
    file.write_text("name: [")
    with pytest.raises(InputError, match="is not YAML"):
        configs.read(file)
    file.write_text("3")
    with pytest.raises(InputError, match="takes a mapping"):
        configs.read(file)


def test_the_command_line_says_it_in_one_line_and_exits_with_2(root, tmp_path, blockmaps):
    raw = yaml.safe_load((root / "config/config.yaml").read_text())
    raw["experiments"]["rad"]["designs"][0]["low"] = 1.5
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(raw))
    for command in (["plan"], ["data", "rad-digits"], ["collect"]):
        done = blockmaps(*command, "--config", file, cwd=tmp_path, check=False)
        assert done.returncode == 2
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1
        assert "designs[0].low: found 1.5" in done.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_a_config_survives_being_written_whole(root, tmp_path, blockmaps):
    done = blockmaps("config", root / "config/config.yaml", cwd=tmp_path)
    file = tmp_path / "whole.json"
    file.write_text(done.stdout)
    one, two = configs.read(root / "config/config.yaml"), configs.read(file)
    assert one == two
    assert set(Plan(one).shards) == set(Plan(two).shards)


def test_planning_imports_neither_torch_nor_lightning(root, blockmaps):
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from blockmaps.plan import config, plan; "
        "plan.Plan(config.read(Path('config/config.yaml'))); "
        "print([m for m in ('torch', 'lightning', 'kornia', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
