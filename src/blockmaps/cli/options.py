"""The application, and the options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ABOUT = """Every step of the pipeline is one command.

Exit codes: 0 done, 1 a fault of the program, 2 bad input (one line says what and what to do).
"""

app = typer.Typer(
    name="blockmaps",
    help=ABOUT,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", help="The preset: YAML, or results/<name>/config.json."),
]
RunsFile = Annotated[Path, typer.Option(help="The runs table.")]
Size = Annotated[
    int | None,
    typer.Option(help="If the model has this size.", show_default="the size in equivalence.csv"),
]
DEFAULT = Path("config/config.yaml")
DEFAULT_RUNS = Path("results/default/runs.parquet")


def read_plan(file: Path):
    """Return the plan of a config file and its results folder."""
    from blockmaps.plan import config as configs
    from blockmaps.plan.plan import Plan

    loaded = configs.read(file)
    results = Path("results") / loaded.name
    return Plan.of(loaded, results, str(file)), results


def give(frame, output: Path | None) -> None:
    """Write a table to a file, or print it where none is named."""
    from blockmaps.core import csv

    if output:
        csv.write(frame, output)
        print(f"{output}: {len(frame)} rows")
    else:
        print(csv.to_csv(frame), end="")


def experts(made, results: Path) -> dict[tuple[str, int], dict]:
    """Return how the experts do in their data sets' episodes, by data set and seed index."""
    from blockmaps.data import store
    from blockmaps.results.returns import expert_of

    experts = {}
    for name in made.policy_shards:
        shard = made.shards[name]
        dataset = made.config.experiments[shard.experiment].dataset
        about = store.read(results / "data" / f"{shard.dataset}.safetensors").about
        experts[dataset, shard.seed_index] = expert_of(about)
    return experts
