"""A results folder as the pipeline leaves it, small, with everything that a page shows."""

import json
from pathlib import Path

import pandas as pd
import pytest
from studies import continuum
from tables import runs_table

from blockmaps.analysis import continuum as tables_of_continuum
from blockmaps.analysis import summary
from blockmaps.core import csv
from blockmaps.report import redraw
from blockmaps.results import runs

ROW = {"experiment": "small", "budget": 4000, "difference": "balanced - dense"}
STATISTIC = {"statistic": "balanced - dense", "level": 0.95, "n": 4, "row": ROW}
CLAIM = {
    "id": "A1",
    "statement": "Varied sparsity beats uniform sparsity & dense, at |h| < 60.",
    "paper": "2509.15057",
    "source": "abstract",
    "unit": "percentage points",
    "n_of": "pairs of seeds",
    "test_version": 1,
    "test": "difference of means, paired by seed index",
    "outcome": "test_accuracy",
    "supported_if": "lower bound above 1 of all",
    "contradicted_if": "upper bound below 0 of any",
    "folder": "results/small",
    "bounds": {"supported": 1.0, "contradicted": 0.0},
}
VERDICTS = [  # verdict, estimate, low, high
    ("supported", 3.0, 2.0, 4.0),
    ("contradicted", -3.0, -4.0, -2.0),
    ("inconclusive", 0.5, -1.0, 2.0),
    ("not tested at this scale", None, None, None),
]

MANIFESTS = {  # as `blockmaps collect` gathers them
    "format": 1,
    "environments": [
        {
            "python": "3.11.7",
            "packages": {"torch": "2.13.0", "lightning": "2.6.6"},
            "cpu": "AMD EPYC",
            "cores": 2,
            "device": "cpu",
            "driver": None,
            "determinism": {"deterministic_algorithms": True, "threads": 1},
        }
    ],
    "jobs": [
        {
            "shard": f"{place:012d}",
            "experiment": "small",
            "seed_index": place,
            "commit": "f" * 40,
            "clean": place > 0,
            "started": f"2026-11-24T1{place}:00:00Z",
            "ended": f"2026-11-24T1{place}:01:00Z",
            "seconds": 60.0,
            "peak_memory_bytes": 5 * 10**8,
            "training_flops": 10**12,
            "variants": {"a": {}, "b": {}},
            "environment": 0,
        }
        for place in range(2)
    ],
    "without": [],
}


def claims() -> list[dict]:
    """A row a verdict of one claim, as `blockmaps claims --json` writes them."""
    rows = []
    for place, (verdict, estimate, low, high) in enumerate(VERDICTS):
        bounds = {"estimate": estimate, "low": low, "high": high}
        own = {**STATISTIC, **bounds, "table": "tables/differences.csv"}
        rows.append(
            {
                **CLAIM,
                **bounds,
                "verdict": verdict,
                "scale": f"digits, scale {place}",
                "n": None if estimate is None else 4,
                "reason": f"the bounds are {low} and {high}",
                "statistics": [] if estimate is None else [own],
                "secondary": [{**own, "statistic": "mixed - dense"}],
                "sensitivity": [
                    {"what": "leaking", **bounds, "statistic": "balanced - dense", "n": 4},
                    {"what": "a covariate", "absent": "cannot be told from the arm"},
                ],
            }
        )
    return rows


def equivalence() -> pd.DataFrame:
    """Two networks in two precisions."""
    return pd.DataFrame(
        [
            {
                "model": model,
                "form": "held input",
                "slots": 4,
                "iterations": 3,
                "unknowns": unknowns,
                "biases": 26,
                "dtype": dtype,
                "draws": 5,
                "output_deviation": deviation,
                "gradient_deviation": deviation / 2,
                "one_fewer_deviation": 1.0,
            }
            for model, unknowns in (("mlp", 1180), ("lstm", 928))
            for dtype, deviation in (("float64", 3e-16), ("float32", 2e-7))
        ]
    )


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """The folder; tests leave it as they found it."""
    folder = tmp_path_factory.mktemp("page") / "small"
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced", "even"), epochs=2)
    both = pd.concat([table, continuum(seeds=3)], ignore_index=True)[list(runs.COLUMNS)]
    runs.write(both, folder / "runs.parquet", runs.COLUMNS)
    csv.write(summary.differences(table), folder / "tables/differences.csv")
    csv.write(equivalence(), folder / "tables/equivalence.csv")
    redraw.save("proportion", [table], [folder / "figures/proportion.svg"])
    arms = tables_of_continuum.by_arm(both)
    differences = tables_of_continuum.differences(both)
    csv.write(arms, folder / "tables/continuum.csv")
    csv.write(differences, folder / "tables/continuum_differences.csv")
    redraw.save("path", [arms, differences], [folder / "figures/path.svg"])
    (folder / "claims.json").write_text(json.dumps(claims()))
    manifest = {
        "name": "small",
        "commit": "abc",
        "code": "",
        "packages": {"torch": "2.13.0"},
        "python": "3.11",
        "files": {"runs.parquet": {"sha256": "0" * 64, "bytes": 123}},
        "config": {"name": "small", "seed": 1, "datasets": {"digits": {}, "other": {}}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "manifests.json").write_text(json.dumps(MANIFESTS))
    return folder
