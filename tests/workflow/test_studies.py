"""A small config of both studies through the whole flow, from its plan to its tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from test_dynamics import walk

from blockmaps.analysis import continuum, tables
from blockmaps.core.errors import InputError
from blockmaps.core.seeds import stream
from blockmaps.data.making import make_file
from blockmaps.designs.variants import LayersVariant, Variant, start
from blockmaps.maps.map import IterativeMap
from blockmaps.plan import catalogue
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan
from blockmaps.results import measures, runs
from blockmaps.training import memory
from blockmaps.training import shard as training
from blockmaps.training.probes import measure

RAW = {
    "name": "small",
    "seed": 5,
    "zoo": False,
    "datasets": {
        "digits": {"kind": "images", "side": 8, "train": 300, "test": 100},
        "copy-5": {"kind": "copy", "steps": 5, "width": 2, "train": 200, "test": 300},
    },
    "recipes": {"short": {"epochs": 3, "batch_size": 32, "learning_rate": 0.01}},
    "experiments": {
        "path": {
            "dataset": "digits",
            "recipe": "short",
            "seeds": 1,
            "study": "continuum",
            "dynamics": True,
            "activation": "elu",
            "initialisation": {"std": 0.1, "bias": False},
            "designs": [
                {
                    "kind": "continuum",
                    "hidden": [16, 12],
                    "density": 0.9,
                    "moved": [0, 0.5, 1],
                    "iterations": {6: [1]},
                }
            ],
        },
        "copy-5": {
            "dataset": "copy-5",
            "recipe": "short",
            "seeds": 1,
            "study": "trainability",
            "dynamics": True,
            "initialisation": {"scheme": "fan_in"},
            "designs": [
                {"kind": "uniform", "budgets": [300], "densities": [0.3, 1.0], "replicates": 3}
            ],
        },
    },
}


@pytest.fixture(scope="module")
def made() -> Plan:
    return Plan(configs.parse(RAW))


def train(made: Plan, folder: Path) -> dict[str, pd.DataFrame]:
    """Train every shard, as the command line does, and gather what they give."""
    rows, known, dynamics = [], [], []
    for name, (dataset, seed_index) in made.data_files.items():
        spec, path = made.config.datasets[dataset], folder / f"{name}.safetensors"
        made_from = {"data_digest": made.data_digest(dataset, seed_index)}
        make_file(spec, 5, seed_index, made_from, path)
    for shard in made.shards.values():
        data = folder / f"{shard.dataset}.safetensors"
        trained = training.train_shard(
            shard, data, folder / shard.context, folder / "logs", "cpu", "csv"
        )
        rows.append(trained.rows)
        known.append(measures.known(shard, data))
        dynamics.append(measure(shard, trained))
    return {
        "runs": runs.collect(rows, known, made.members),
        "dynamics": runs.collect_dynamics(dynamics, made.members),
    }


@pytest.fixture(scope="module")
def trained(made, tmp_path_factory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("studies")
    first = train(made, folder)
    # complete checkpoints count as trained: of variants without biases too
    again = train(made, folder)
    for name, frame in first.items():
        pd.testing.assert_frame_equal(again[name], frame)
    return first


def test_columns_are_documented(made, trained):
    assert list(trained["runs"].columns) == list(runs.COLUMNS)
    assert list(trained["dynamics"].columns) == list(runs.DYNAMICS_COLUMNS)
    for name in made.tables:
        table = tables.make(name, lambda source: trained[Path(source).stem])
        assert list(table.columns) == list(catalogue.columns_of(name))
        assert len(table)


def test_all_arms_have_as_many_unknowns_and_no_biases(trained):
    path = trained["runs"][trained["runs"]["study"] == "continuum"]
    assert set(path["unknowns"]) == {922 + 173 + 108}
    assert set(path["biases"]) == {0}
    assert set(path["slots"]) == {"x h1 h2 y"}
    flops = path.groupby("structure")["flops_per_sequence"].first()
    assert flops["control"] == 2 * (922 + 281)
    assert flops["mlp"] == 2 * (922 + 3 * 281)  # what reads x once, the rest three times
    assert flops["random-places, K = 6"] > flops["random-places"]


def test_the_control_and_the_map_learn_alike_in_the_pipeline_too(trained):
    """In float32, over 30 optimiser steps: rounding has grown to less than a ten-thousandth."""
    table = continuum.differences(trained["runs"]).set_index(["difference", "iterations"])
    assert table.loc[("MLP - control", 3), "curve_deviation"] < 1e-4
    assert table.loc[("random - MLP", 3), "curve_deviation"] > 1e-2
    assert {("random - MLP", 6), ("path-0.5 - MLP", 3), ("dense - MLP", 3)} <= set(table.index)
    arms = continuum.by_arm(trained["runs"])
    assert (arms.loc[arms["arm"] != "dense", "accuracy"] > 0.2).all()  # they learn


def test_dynamics_are_of_every_map_before_and_after(trained):
    dynamics = trained["dynamics"]
    assert "control" not in set(dynamics["arm"])
    for (study, structure), rows in dynamics.groupby(["study", "structure"]):
        assert set(rows["epoch"]) == {0, 3}
        gradients = rows[rows["quantity"] == "gradient_norm"]
        steps = {"trainability": 5, "continuum": 6 if "K = 6" in structure else 3}[study]
        assert set(gradients["place"]) == set(range(steps))
        assert (gradients["value"] > 0).any()
    mlp = dynamics[(dynamics["arm"] == "mlp") & (dynamics["quantity"] == "exponent")]
    assert (mlp["value"] == -np.inf).all()
    before = dynamics[(dynamics["quantity"] == "spectral_radius") & (dynamics["epoch"] == 0)]
    known = trained["runs"].drop_duplicates("key").set_index("key")["spectral_radius"]
    rnn = before[before["study"] == "trainability"]
    np.testing.assert_allclose(rnn["value"], known.loc[rnn["key"]], rtol=1e-8)


@pytest.mark.parametrize("name", ["copy-5", "path"])
def test_gradients_are_of_each_sequences_own_loss_counted_back_from_the_last_step(
    name, made, trained
):
    """Autograd on the reference map, from the weights that the variant starts with."""
    shard = next(one for one in made.shards.values() if one.experiment == name)
    variant = next(one for one in shard.variants if isinstance(one, Variant) and one.unknowns > 90)
    begin = start(variant, shard.seed)
    model = IterativeMap.from_start(variant.pattern, begin, torch.float64)
    spec = made.config.datasets[made.config.experiments[name].dataset]
    data = spec.make(stream(shard.seed, "dataset"))
    given = torch.from_numpy(np.asarray(data.inputs)[:64]).double() * data.scale + data.offset
    blank = given.new_zeros(64, data.blank_steps, given.shape[2])
    tokens = torch.cat([given, blank], 1).transpose(0, 1)
    states, probes = walk(model, tokens, variant.repeats)
    y = states[-1][:, -spec.shape.outputs :]
    target = torch.from_numpy(data.targets[:64]).view(64)
    loss = torch.nn.functional.cross_entropy(y, target, reduction="sum")
    norms = [one.norm(dim=1).mean().item() for one in torch.autograd.grad(loss, probes)]
    rows = trained["dynamics"]
    rows = rows[(rows["key"] == variant.key) & (rows["epoch"] == 0)]
    found = rows[rows["quantity"] == "gradient_norm"].set_index("place")["value"]
    np.testing.assert_allclose(found.sort_index(ascending=False), norms, rtol=1e-5)


def test_banks_hold_variants_of_one_number_of_iterations(made):
    shard = next(one for one in made.shards.values() if one.experiment == "path")
    banks = memory.plan(shard.variants, memory.MinibatchSize(1, 32, 64), 10**10)
    assert [{one.repeats for one in bank} for bank in banks] == [{6}, {3}, {1}]
    assert isinstance(banks[-1][0], LayersVariant)


def test_a_plan_asks_only_for_tables_and_figures_that_it_has_runs_for(made):
    of_path = {"continuum", "continuum_differences", "spectra"}
    assert set(made.tables) == of_path | {"trainability", "gradients"}  # of one arm no differences
    assert set(made.figures) == {"path", "spectra", "gradients", "trainability"}
    alone = Plan(configs.parse(RAW | {"only": ["copy-5"]}))
    assert "continuum" not in alone.tables
    assert "path" not in alone.figures
    assert "trainability" in alone.figures


def test_runs_of_a_study_that_is_not_there_are_asked_for_in_vain(trained):
    with pytest.raises(InputError, match="no runs of the study 'proportion'"):
        runs.of_study(trained["runs"], "proportion")


def test_a_set_of_replicates_is_paired_with_nothing_and_none_is_drawn_twice(made):
    shard = next(one for one in made.shards.values() if one.experiment == "copy-5")
    keys = [variant.key for variant in shard.variants]
    assert len(set(keys)) == len(keys) == 6
    assert {variant.replicate for variant in shard.variants} == {None, 1, 2}
