"""What YAML allows and a config does not is one line, at once."""

import copy
import time

import pytest
import yaml

from blockmaps.core.errors import InputError
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan

RAW = {
    "name": "test",
    "seed": 1,
    "datasets": {"d": {"kind": "copy", "steps": 5, "train": 20}},
    "recipes": {"r": {"epochs": 1, "batch_size": 5, "learning_rate": 0.01}},
    "experiments": {
        "e": {
            "dataset": "d",
            "recipe": "r",
            "seeds": 2,
            "designs": [{"kind": "uniform", "budgets": [3000], "densities": [1.0]}],
        }
    },
}
TEXT = yaml.safe_dump(RAW)


def refused(tmp_path, text, match):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    began = time.perf_counter()
    with pytest.raises(InputError, match=match) as raised:
        Plan(configs.read(path))
    assert time.perf_counter() - began < 5
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400
    return str(raised.value)


def bomb(levels=9, wide=9):
    lines = ["a0: &a0 [1, 2]"]
    for level in range(1, levels):
        inside = ", ".join([f"*a{level - 1}"] * wide)
        lines.append(f"a{level}: &a{level} [{inside}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (TEXT + "seed: 2\n", r"own\.yaml:\d+: .*found the key 'seed' twice"),
        (TEXT.replace("epochs: 1", "epochs: 1\n    epochs: 2"), "found the key 'epochs' twice"),
        (TEXT.replace("seed: 1", "seed: 010"), "found 010, which it takes for 8"),
        (TEXT.replace("seed: 1", "seed: 1:30"), "found 1:30, which it takes for 90"),
        (TEXT.replace("seed: 1", "seed: 0x1F"), "found 0x1F, which it takes for 31"),
        (bomb(), "aliases stand for more than"),
        ("a: &a [*a]", "alias within what it stands for"),
        ("[" * 20_000, "nested too deep|is not YAML"),
        ("a: " + "[" * 60 + "]" * 60, "nested too deep"),
        ("? [a]\n: b", "key that is no text"),
        ("a: 1\n\tb: 2", "is not YAML"),
        ("a: \0", "is not YAML"),
        ("a: 2020-13-45", "is not YAML"),
        ("seed: " + "9" * 5000, "is not YAML"),
        (TEXT.replace("seed: 1", "seed: " + "9" * 400), "seed: found a number of about 10"),
        (TEXT.replace("name: test", "name: 2020-01-01"), "name: found 2020-01-01 .*quotes"),
        (TEXT.replace("name: test", "name: " + "n" * 300), "name: "),
        (TEXT.replace("  d:", "  " + "d" * 300 + ":"), "found the key"),
        (TEXT.replace("name: test", "name: published"), "results/published is taken"),
        (TEXT.replace("seed: 1", "seed: .inf"), "seed: found inf"),
        ("- a", "found list; takes a mapping"),
        ("", "found NoneType; takes a mapping"),
    ],
)
def test_yaml_that_is_no_config(tmp_path, text, match):
    refused(tmp_path, text, match)


def changed(path, value):
    raw = copy.deepcopy(RAW)
    here = raw
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    return yaml.safe_dump(raw)


DESIGN = ("experiments", "e", "designs", 0)


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("seed",), True, "seed: found true"),
        (("recipes", "r", "epochs"), True, "recipes.r.epochs: found true"),
        (("recipes", "r", "learning_rate"), True, "recipes.r.learning_rate: "),
        (("datasets", "d", "train"), False, "datasets.d.train: "),
        ((*DESIGN, "densities"), [True], r"experiments.e.designs\[0\].densities\[0\]: found true"),
        ((*DESIGN, "replicates"), True, r"designs\[0\].replicates: found true"),
        (("experiments", "e", "seeds"), True, "experiments.e.seeds: "),
        (("experiments", "e", "seeds"), 10**9, "experiments.e.seeds: .*at most 10,000"),
        ((*DESIGN, "replicates"), 10**9, "replicates: found 1000000000"),
        ((*DESIGN, "budgets"), [10**18], "budgets"),
        (DESIGN, {"kind": "even", "sizes": {3000: [20]}, "points": 10**9}, "points: found"),
        (DESIGN, {"kind": "random", "distribution": "uniform", "draws": 10**9}, "draws: found"),
        (("only",), [], "only: found"),
    ],
)
def test_values_that_are_no_numbers_or_too_large(tmp_path, path, value, key):
    refused(tmp_path, changed(path, value), key)


HALVES = [one / 200 for one in range(1, 101)]
ROW = {"name": "a", "densities": [1] * 6, "budget": 10}


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        (("recipes", "r", "batch_size"), 10**7, "recipes.r.batch_size: found"),
        (("recipes", "r", "epochs"), 10**6, "recipes.r.epochs: found"),
        (("datasets", "d", "steps"), 10**9, "datasets.d: found .* more than a job can hold"),
        (("datasets", "d", "train"), 10**12, "datasets.d: found .* more than a job can hold"),
        (("datasets", "d", "symbols"), 10**15, "datasets.d: found .* more than a job can hold"),
        (("datasets", "d"), {"kind": "images", "side": 3000}, "datasets.d: found .* hold"),
        (("datasets", "d"), {"kind": "images", "copies": 10**9}, "datasets.d: found .* hold"),
        (("datasets", "d"), {"kind": "rad", "blanks": 10**12}, "datasets.d: found .* hold"),
        (
            ("datasets", "d"),
            {"kind": "npz", "file": "a.npz", "steps": 3, "sizes": [0, -3]},
            "takes 1 of each or more",
        ),
        (DESIGN, {"kind": "uniform", "budgets": [3000], "densities": [1e-12]}, "places in W"),
        (DESIGN, {"kind": "uniform", "budgets": [3000], "densities": [5e-324]}, "places in W|hold"),
        (DESIGN, {"kind": "uniform", "budgets": [10**9], "densities": [1]}, "places in W"),
        (DESIGN, {"kind": "recommended", "budgets": [10**9]}, "places in W"),
        (DESIGN, {"kind": "balanced", "budgets": [10**9]}, "would need a density"),
        (DESIGN, {"kind": "even", "sizes": {10**9: "auto"}}, "takes another budget"),
        (DESIGN, {"kind": "even", "sizes": {3000: [10**9]}}, "sizes.3000: found"),
        (DESIGN, {"kind": "explicit", "patterns": [{**ROW, "hidden": 10**12}]}, "hidden: found"),
        (DESIGN, {"kind": "explicit", "patterns": [{**ROW, "hidden": 20_000}]}, "places in W"),
        (DESIGN, {"kind": "explicit", "patterns": [{**ROW, "arm": "a\nb"}]}, "arm: found"),
        (DESIGN, {"kind": "continuum", "hidden": [5] * 5000}, "at most 100 items"),
        (DESIGN, {"kind": "continuum", "hidden": [20_000] * 2}, "places in W"),
        (DESIGN, {"kind": "continuum", "hidden": [5], "iterations": {10**9: [1]}}, "iterations"),
        (DESIGN, {"kind": "baseline", "budgets": [3000], "outputs": [2, 1, 1]}, "outputs"),
        (DESIGN, {"kind": "baseline", "budgets": [3000], "outputs": []}, r"outputs\[0\]: found no"),
        (DESIGN, {"kind": "slots", "maps": [{"name": "m", "hidden": [10**9]}]}, r"hidden\[0\]"),
        (
            DESIGN,
            {"kind": "slots", "maps": [{"name": "m", "hidden": [3], "blocks": {}}]},
            r"maps\[0\].blocks: found {}",
        ),
        (
            DESIGN,
            {"kind": "grid", "budgets": [3000], "densities": dict.fromkeys(RNN_BLOCKS, HALVES)},
            "more patterns than 10,000",
        ),
        (
            DESIGN,
            {"kind": "random", "distribution": "normal", "draws": 3, "hidden": [5, -1]},
            r"hidden\[1\]: found -1",
        ),
    ],
)
def test_what_no_job_can_hold_is_not_planned(tmp_path, path, value, match):
    """It was planned in a moment, and then the job's memory, or somebody's patience, ran out."""
    refused(tmp_path, changed(path, value), match)


def test_a_plan_of_millions_asks_for_less(tmp_path):
    raw = copy.deepcopy(RAW)
    raw["experiments"]["e"]["seeds"] = 5000
    raw["experiments"]["e"]["designs"][0]["replicates"] = 5000
    text = yaml.safe_dump(raw)
    said = refused(tmp_path, text, "found 25,000,000 variants .* takes at most 1,000,000, or")
    assert said.endswith("any number with `large: true`")


def test_the_word_for_more_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("blockmaps.plan.plan.MOST", 1)
    refused(tmp_path, TEXT, "found 2 variants .* takes at most 1, or any number with `large: true`")
    (tmp_path / "own.yaml").write_text(TEXT + "large: true\n", encoding="utf-8")
    assert len(Plan(configs.read(tmp_path / "own.yaml")).members) == 2


def test_what_a_config_may_have_is_taken(tmp_path):
    path = tmp_path / "own.yaml"
    anchored = TEXT.replace("d:\n", "d: &d\n", 1) + "zoo: false\n"
    path.write_text(anchored, encoding="utf-8")
    assert configs.read(path).zoo is False
    path.write_text(str(configs.read(path).model_dump_json()), encoding="utf-8")
    assert configs.read(path).name == "test"
