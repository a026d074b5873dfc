"""Made runs tables of the continuum and of trainability, whose truth is known."""

from itertools import product

import numpy as np
import pandas as pd

from blockmaps.analysis.may2023 import AUTHORS, MODELS

PATH = (0.0, 0.5, 1.0)


def _run(experiment, study, arm, seed_index, accuracies, **fields):
    """A run's rows of two splits; accuracies by epoch."""
    structure = fields.pop("structure", arm)
    common = {
        "experiment": experiment,
        "study": study,
        "dataset": "digits",
        "design": "continuum",
        "arm": arm,
        "structure": structure,
        "budget": 3000,
        "key": f"{experiment}/{structure}/{seed_index}/{fields.get('replicate', 0)}",
        "seed_index": seed_index,
        "replicate": 0,
        "iterations": 3,
        "tokens": 1,
        "moved": 0.0,
        "outputs": 10,
        "hidden": 140,
        "unknowns": 3000,
        "initialisation": "N(0, 0.01²), no bias",
        "flops_per_sequence": 7760.0,
    } | fields
    return [
        common
        | {
            "epoch": epoch,
            "step": 50 * epoch,
            "split": split,
            "accuracy": accuracy,
            "loss": fields.get("loss", 2.3 * (1 - accuracy)),
            "sequences": 400,
        }
        for epoch, accuracy in enumerate(accuracies)
        for split in ("test", "train")
        if epoch or split == "test"
    ]


def continuum(seeds=5, gain=0.02, noise=0.006, experiment="path", seed=0):
    """Random places are `gain` above the MLP in every seed but for noise; the control is it."""
    rng = np.random.default_rng(seed)
    rows = []
    for seed_index in range(seeds):
        base = 0.85 + 0.003 * rng.standard_normal()  # what the arms of a seed have in common
        curve = [0.1, 0.6, base]
        for arm, iterations in (("control", 1), ("mlp", 3)):
            rows += _run(experiment, "continuum", arm, seed_index, curve, iterations=iterations)
        for iterations in (3, 6):
            for share, arm in ((0.5, "path-0.5"), (1.0, "random-places")):
                end = base + gain * share + noise * rng.standard_normal()
                name = arm if iterations == 3 else f"{arm}, K = {iterations}"
                rows += _run(
                    *(experiment, "continuum", arm, seed_index, [0.1, 0.6, end]),
                    structure=name,
                    iterations=iterations,
                    moved=share,
                )
        rows += _run(experiment, "continuum", "dense", seed_index, [0.1, 0.7, base + 0.05])
    return pd.DataFrame(rows)


def spectra(runs, study="continuum"):
    """Singular values 1/rank, doubled by training."""
    runs = runs[runs["arm"] != "control"].drop_duplicates("key")
    labels = ["experiment", "study", "dataset", "design", "arm", "structure", "budget"]
    rows = [
        {name: run[name] for name in [*labels, "key", "seed_index"]}
        | {"epoch": epoch, "quantity": "singular_value", "place": rank, "value": (1 + epoch) / rank}
        for _, run in runs.iterrows()
        for epoch in (0, 1)
        for rank in (1, 2, 4, 8)
    ]
    return pd.DataFrame(rows)


def trainability(fates, steps=(5, 50), experiment="copy"):
    """Runs whose fate is given: arm → (right, chance, diverged) numbers of runs, at every T."""
    rows = []
    for tokens in steps:
        for arm, numbers in fates.items():
            replicate = 0
            for number, accuracy in zip(numbers, (0.9, 0.125, 0.125), strict=True):
                for _ in range(number):
                    name = f"{experiment}-{tokens}"
                    fields = {"loss": np.nan} if replicate >= sum(numbers[:2]) else {}
                    rows += _run(
                        *(name, "trainability", arm, 0, [0.12, accuracy]),
                        dataset=name,
                        replicate=replicate,
                        iterations=1,
                        tokens=tokens,
                        outputs=8,
                        **fields,
                    )
                    replicate += 1
    return pd.DataFrame(rows)


def dynamics(runs):
    """Gradients that halve a step back before training and do not after; exponents, radii."""
    labels = ["experiment", "study", "dataset", "design", "arm", "structure", "budget"]
    rows = []
    for _, run in runs.drop_duplicates("key").iterrows():
        known = {name: run[name] for name in [*labels, "key", "seed_index"]}
        for epoch, factor in ((0, 0.5), (1, 1.0)):
            single = {"exponent": np.log(factor), "spectral_radius": factor}
            values = [(name, 0, value) for name, value in single.items()]
            values += [("gradient_norm", back, factor**back) for back in range(run["tokens"])]
            rows += [
                known | {"epoch": epoch, "quantity": name, "place": place, "value": value}
                for name, place, value in values
            ]
    return pd.DataFrame(rows)


def may2023(seeds=5, seed=0):
    """Return runs of the authors' models with losses like theirs; sparse diverges at 0.02."""
    rng, rows = np.random.default_rng(seed), []
    for experiment, theirs in AUTHORS.items():
        for suffix, rate, number in (("", 0.02, seeds), ("-tenth", 0.002, 2)):
            for (model, own), index in product(zip(MODELS, theirs, strict=True), range(number)):
                lost = model == "sparse" and rate == 0.02 and index < seeds - 1
                rows.append(
                    {"study": "may2023", "experiment": experiment + suffix, "arm": model}
                    | {"key": f"{model}{index}{rate}", "learning_rate": rate, "unknowns": 10}
                    | {"split": "test", "epoch": 100, "accuracy": 0.4}
                    | {"loss": np.inf if lost else rng.normal(own.mean, own.sd)}
                )
    return pd.DataFrame(rows)
