"""Configs of every shape, made from config/schema.json: a plan, or one line, soon.

A strategy follows the schema, and now and then leaves it: a value of another kind, a key more or
less, a number at or beyond its range, a name that is none. What is planned can be trained: of small
plans some are, with `-m nightly`.
"""

import contextlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blockmaps.cli import app
from blockmaps.core.errors import InputError
from blockmaps.plan import config as configs
from blockmaps.plan import written
from blockmaps.plan.plan import Plan

SCHEMA = json.loads((Path(__file__).parents[2] / "config/schema.json").read_text(encoding="utf-8"))
SECONDS, BYTES = 10, 1e9
NAMES = st.sampled_from(["a", "b", "c-1", "x.y", "published", "it's", "{x}", "$a_b$", "é", ""])
ODD = st.one_of(
    st.none(), st.booleans(), st.just([]), st.just({}), st.just([[]]), st.just({"a": 1}),
    st.sampled_from([-1, 0, 1e308, -1e-308, 2**31, 2**63 - 1, 10**9, 0.5, "1", "tuned", "auto"]),
    NAMES, st.text(max_size=3),
)  # fmt: skip
# how often a value is something else than the schema says: the deeper, the rarer
RARELY = st.integers(0, 60).map(lambda one: one == 0)


def number(schema, whole):
    low = schema.get("minimum", schema.get("exclusiveMinimum", -3))
    high = schema.get("maximum", schema.get("exclusiveMaximum", 10**6))
    ends = st.sampled_from([low, high, low - 1, high + 1])
    near = st.integers(int(low), int(min(low + 6, high)))
    inside = near if whole else st.floats(low, min(high, low + 2), allow_subnormal=False)
    return st.integers(0, 30).flatmap(lambda one: ends if one == 0 else inside)


@st.composite
def follows(draw, schema):
    """Draw a value that a schema allows, most of the time."""
    if draw(RARELY):
        return draw(ODD)
    if "$ref" in schema:
        return draw(follows(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return draw(follows(draw(st.sampled_from(schema[several]))))
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    kind = schema.get("type")
    if kind == "object":
        return draw(an_object(schema))
    if kind == "array":
        few = schema.get("prefixItems")
        if few:
            return [draw(follows(one)) for one in few]
        size = draw(st.integers(schema.get("minItems", 0), schema.get("minItems", 0) + 2))
        return [draw(follows(schema.get("items", {}))) for _ in range(size)]
    if kind == "integer":
        return draw(number(schema, True))
    if kind == "number":
        return draw(number(schema, False))
    return draw({"boolean": st.booleans(), "null": st.none(), "string": NAMES}.get(kind, ODD))


@st.composite
def an_object(draw, schema):
    found, needed = {}, set(schema.get("required", ()))
    for name, one in schema.get("properties", {}).items():
        if name in needed or draw(st.integers(0, 3)) == 0:
            found[name] = draw(follows(one))
    if draw(RARELY) and found:
        found.pop(draw(st.sampled_from(sorted(found))))
    if draw(RARELY):
        found[draw(NAMES)] = draw(ODD)
    values = schema.get("additionalProperties")
    values = values if isinstance(values, dict) else None
    for one in schema.get("patternProperties", {}).values():
        values = values or one
    if values:
        for _ in range(draw(st.integers(1, 2))):
            found[draw(NAMES)] = draw(follows(values))
    return found


def of(name, **fixed):
    """Return a strategy of a definition of the schema, some of its keys given."""
    return follows({"$ref": f"#/$defs/{name}"}).map(
        lambda one: {**one, **fixed} if isinstance(one, dict) else one
    )


DESIGNS = SCHEMA["$defs"]["Experiment" if "Experiment" in SCHEMA["$defs"] else "Several"][
    "properties"
]["designs"]["items"]
COPY = {"kind": "copy", "steps": 4, "train": 8, "test": 4}
RECIPE = {"epochs": 1, "batch_size": 4, "learning_rate": 0.01}
# one part is drawn in full and what is around it is right, so that many are planned
PARTS = st.one_of(
    follows(SCHEMA),
    st.builds(lambda one: around(designs=[one]), follows(DESIGNS)),
    st.builds(lambda one: around(recipe=one), of("Protocol")),
    st.builds(
        lambda one: around(dataset=one), st.sampled_from(["Copy", "Rad", "Images"]).flatmap(of)
    ),
    st.builds(lambda one: around(**one), of("Initialisation").map(lambda x: {"initialisation": x})),
    st.builds(lambda one: around(whole=one), of("Several", dataset="d", recipe="r", datasets={})),
)


def around(dataset=None, recipe=None, designs=None, whole=None, **more):
    designs = designs or [{"kind": "uniform", "budgets": [400], "densities": [0.5]}]
    own = {"dataset": "d", "recipe": "r", "seeds": 1, "designs": designs, **more}
    return {
        "name": "fuzz",
        "seed": 1,
        "compute": {"accelerator": "cpu"},
        "datasets": {"d": COPY if dataset is None else dataset},
        "recipes": {"r": RECIPE if recipe is None else recipe},
        "experiments": {"e": own if whole is None else whole},
    }


def planned(raw):
    """Return the plan of a config, None where it is refused in one line; both soon."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        made = Plan(configs.parse(written.load(json.dumps(raw), "a.yaml"), "a.yaml"))
    except InputError as fault:
        made, said = None, " ".join(str(fault).split())
        assert len(said) < 1000
    assert time.perf_counter() - began < SECONDS
    if sys.platform == "linux":
        # the peak of this process, by which other tests may have grown before
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < BYTES
    return made


QUIET = {"suppress_health_check": list(HealthCheck), "deadline": None}


@settings(max_examples=150, **QUIET)
@given(PARTS)
def test_a_config_is_planned_or_told_in_one_line(raw):
    planned(raw)


@pytest.mark.nightly
@settings(max_examples=6000, **QUIET)
@given(PARTS)
def test_thousands_of_configs(raw):
    planned(raw)


def command(line):
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        app(line.split(), standalone_mode=False)


def small(made):
    units = [variant.size for shard in made.all.values() for variant in shard.variants]
    recipes = [shard.recipe for shard in made.all.values()]
    spec = made.config.datasets["d"]
    return (
        spec.kind == "copy"
        and spec.train + spec.test + spec.validation < 200
        and spec.shape.steps * spec.shape.inputs < 5000
        and len(units) <= 24
        and max(units) <= 200
        and all(one.evaluations <= 10 and (one.steps or 0) < 100 for one in recipes)
    )


@pytest.mark.nightly
def test_what_is_planned_can_be_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained = []

    @settings(max_examples=1500, **QUIET)
    @given(PARTS)
    def check(raw):
        made = planned(raw) if isinstance(raw, dict) else None
        if made is None or len(trained) >= 150 or made.config.name != "fuzz" or not small(made):
            return
        place = Path(str(len(trained)))
        place.mkdir()
        os.chdir(place)
        Path("a.yaml").write_text(json.dumps(raw), encoding="utf-8")
        command("plan --write -c a.yaml")
        for name, (dataset, seed_index) in made.data_files.items():
            command(f"data {dataset} --seed-index {seed_index} -c a.yaml")
            assert Path(f"results/fuzz/data/{name}.safetensors").is_file()
        for shard in made.tuning | made.shards:
            command(f"train results/fuzz/shards/{shard}.json")
        if not made.tuning:
            command("collect -c a.yaml")
        os.chdir("..")
        trained.append(raw)

    check()
    assert len(trained) > 50
