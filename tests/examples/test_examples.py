"""The worked examples fit, and a sparse network learns each of them in seconds."""

import subprocess
import sys

import pytest

from blockmaps.core.seeds import stream
from blockmaps.data import checking, store
from blockmaps.data.making import make_file
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan, data_digest
from blockmaps.plan.shards import Recipe

# Accuracy that is reached at least, and of a regression the most of the variance that is left.
EXAMPLES = {"sine": 0.6, "mackey_glass": 0.5, "walks": 0.8}


@pytest.fixture(params=EXAMPLES)
def example(request, root, monkeypatch):
    monkeypatch.chdir(root)
    return request.param, configs.read(root / f"examples/{request.param}.yaml")


def test_an_example_fits_without_a_word(example):
    _, config = example
    for name, spec in config.datasets.items():
        data = spec.make(stream(config.seed, "dataset"))
        assert checking.examine(data, spec.shape)[1:] == ([], []), name


def test_an_example_is_learned(example, tmp_path):
    from blockmaps.training.shard import train_shard

    name, config = example
    ((name_of_data, spec),) = config.datasets.items()
    path = tmp_path / "data.safetensors"
    made_from = {"data_digest": data_digest(config, name_of_data, 0)}
    make_file(spec, config.seed, 0, made_from, path)
    shard, uniform = next(
        (shard, variant)
        for shard in Plan(config).shards.values()
        for variant in shard.variants
        if {block.density for block in variant.pattern.blocks} == {0.2}
    )
    recipe = Recipe(steps=300, batch_size=32, learning_rate=5e-3)
    shard = shard.model_copy(update={"recipe": recipe, "variants": (uniform,)})
    rows = train_shard(shard, path, tmp_path / "c", tmp_path / "l", "cpu").rows
    last = rows[(rows["epoch"] == rows["epoch"].max()) & (rows["split"] == "test")]
    data = store.read(path)
    if data.loss == "cross_entropy":
        assert last["accuracy"].min() > EXAMPLES[name]
    else:
        begin, end = data.splits["test"]
        assert last["loss"].max() < EXAMPLES[name] * data.targets[begin:end].var()


def test_the_table_is_what_its_script_prints(root):
    done = subprocess.run(
        [sys.executable, "examples/walks.py"], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == (root / "examples/walks.csv").read_text(encoding="utf-8")
