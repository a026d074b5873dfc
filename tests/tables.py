"""A synthetic runs table, with all the columns of a real one and known truths behind it."""

import hashlib
from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd

from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.proportion import (
    even_counts,
    expected_unknowns,
    hidden_proportions,
    solve_balanced,
    solve_hidden,
)
from blockmaps.results import runs

INPUTS, OUTPUTS = 256, 10
SPLITS = {"train": 18000, "validation": 1000, "test": 1000, "test_leaking": 1000}
# where accuracy is highest in the synthetic world, and how high
OPTIMUM, HEIGHT = 0.45, {4000: 0.66, 10000: 0.72, 25000: 0.76}


def _patterns(budgets: tuple[int, ...], designs: tuple[str, ...]) -> Iterator[dict]:
    """Yield labels, |h|, expected counts and the number of seeds of every pattern."""
    outputs = {"yx": 0.1, "yh": 0.1, "yy": 0.1}
    for budget in budgets:
        if "factorial" in designs:
            for code in product("01", repeat=6):
                levels = (1.0 if digit == "1" else 0.2 for digit in code)
                densities = dict(zip(RNN_BLOCKS, levels, strict=True))
                hidden = solve_hidden(budget, densities, INPUTS, OUTPUTS)
                text = "".join(code)
                arm = {"111111": "dense", "000000": "uniform"}.get(text, "mixed")
                counts = expected_unknowns(densities, INPUTS, hidden, OUTPUTS)
                yield {
                    "design": "factorial",
                    "arm": arm,
                    "structure": text,
                    "seeds": 2,
                    "budget": budget,
                    "hidden": hidden,
                    "counts": counts,
                }
        if "uniform" in designs:
            for density in (1.0, 0.5, 0.2, 0.1):
                densities = dict.fromkeys(RNN_BLOCKS, density)
                hidden = solve_hidden(budget, densities, INPUTS, OUTPUTS)
                arm = {1.0: "dense", 0.2: "uniform"}.get(density, f"uniform-{density:g}")
                counts = expected_unknowns(densities, INPUTS, hidden, OUTPUTS)
                yield {
                    "design": "uniform",
                    "arm": arm,
                    "structure": f"uniform-{density:g}",
                    "budget": budget,
                    "hidden": hidden,
                    "counts": counts,
                    "seeds": 5,
                }
        if "balanced" in designs:
            for level in (0.1, 0.5):
                given = dict.fromkeys(outputs, level)
                hidden, densities = solve_balanced(budget, 0.5, INPUTS, OUTPUTS, given)
                counts = expected_unknowns(densities, INPUTS, hidden, OUTPUTS)
                yield {
                    "design": "balanced",
                    "arm": "balanced",
                    "seeds": 5,
                    "structure": f"balanced:{level:g}/{level:g}/{level:g}",
                    "budget": budget,
                    "hidden": hidden,
                    "counts": counts,
                }
    if "even" in designs:
        for hidden, point in product((56, 60), range(9)):
            target = (point + 0.5) / 9 if "factorial" not in designs else 0.1 + point * 0.1
            counts = even_counts(4000, target * 0.75, INPUTS, hidden, OUTPUTS, outputs)
            yield {
                "design": "even",
                "arm": "even",
                "structure": f"even:h{hidden}:{target:.3f}",
                "budget": 4000,
                "hidden": hidden,
                "counts": counts,
                "seeds": 2,
            }


def _measures(pattern: dict) -> dict:
    """Return the columns that do not change over epochs."""
    places = expected_unknowns(dict.fromkeys(RNN_BLOCKS, 1.0), INPUTS, pattern["hidden"], OUTPUTS)
    counts = pattern["counts"]
    realised = {name: round(counts[name]) for name in RNN_BLOCKS}
    unknowns, biases = sum(realised.values()), pattern["hidden"] + OUTPUTS
    return {
        "replicate": 0,
        "slots": "x h y",
        "tokens": 11,
        "iterations": 1,
        "moved": 0.0,
        "inputs": INPUTS,
        "hidden": pattern["hidden"],
        "outputs": OUTPUTS,
        **{f"density_{name}": counts[name] / places[name] for name in RNN_BLOCKS},
        **{f"expected_{name}": float(counts[name]) for name in RNN_BLOCKS},
        **{f"unknowns_{name}": realised[name] for name in RNN_BLOCKS},
        **{f"mean_{name}": 0.0 for name in RNN_BLOCKS},
        **{f"std_{name}": 0.05 for name in RNN_BLOCKS},
        "expected_unknowns": float(sum(counts.values())),
        "unknowns": unknowns,
        "biases": biases,
        **hidden_proportions(realised),
        "initialisation": "N(0, 0.05²)",
        "spectral_radius": 0.4,
        "state_scale": 0.3,
        "learning_rate": 1e-3,
        "flops_per_sequence": 11.0 * (2 * unknowns + biases),
        "dense_flops_per_sequence": 1e6,
        "parameter_bytes": 4 * (unknowns + biases),
        "device": "cpu",
    }


def runs_table(
    budgets: tuple[int, ...] = (4000, 10000),
    designs: tuple[str, ...] = ("factorial", "balanced", "even"),
    epochs: int = 4,
    seeds: int | None = None,
    experiment: str = "small",
    noise: float = 0.012,
) -> pd.DataFrame:
    """Return a runs table whose accuracy is highest at a hidden proportion of `OPTIMUM`.

    Parameters
    ----------
    seeds : at most so many seed indices a pattern.
    noise : standard deviation of accuracy between seeds of one pattern.
    """
    generator = np.random.default_rng(5)
    rows = []
    for pattern in _patterns(budgets, designs):
        measures = _measures(pattern)
        distance = measures["hidden_proportion"] - OPTIMUM
        for seed_index in range(min(pattern["seeds"], seeds or 99)):
            name = f"{experiment}/{pattern['design']}/{pattern['structure']}"
            text = f"{name}/{pattern['budget']}/{seed_index}"
            top = HEIGHT[pattern["budget"]] - 0.35 * distance**2 + generator.normal(0, noise)
            for epoch in range(epochs + 1):
                learnt = 1 - np.exp(-1.3 * epoch / (1 + abs(distance)))
                for split, sequences in SPLITS.items():
                    leak = 0.02 * learnt if split in ("train", "test_leaking") else 0.0
                    accuracy = 0.1 + (top - 0.1) * learnt + leak + generator.normal(0, 0.003)
                    rows.append(
                        {
                            "experiment": experiment,
                            "dataset": "digits",
                            "design": pattern["design"],
                            "arm": pattern["arm"],
                            "structure": pattern["structure"],
                            "budget": pattern["budget"],
                            "study": "proportion",
                            "key": hashlib.sha256(text.encode()).hexdigest()[:16],
                            "seed_index": seed_index,
                            **measures,
                            "epoch": epoch,
                            "step": epoch * 282,
                            "split": split,
                            "loss": 2.3 * (1 - learnt) + 0.5,
                            "accuracy": accuracy,
                            "sequences": sequences,
                            "seconds": float(epoch),
                        }
                    )
    table = pd.DataFrame(rows).sort_values(list(runs.ORDER), ignore_index=True)
    return table.assign(task="rad", mean_loss=np.nan)[list(runs.COLUMNS)]
