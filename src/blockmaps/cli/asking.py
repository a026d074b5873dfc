"""Commands that say what is asked for and what things mean."""

import json
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, ConfigFile, app, read_plan
from blockmaps.core.errors import InputError
from blockmaps.core.files import whole


@app.command()
def config(
    file: Annotated[Path, typer.Argument(help="A config file.")] = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="Write it as JSON here.")] = None,
) -> None:
    """Check a config and print it whole, defaults included, as JSON."""
    from blockmaps.core.canonical import plain
    from blockmaps.plan import config as configs

    text = json.dumps(plain(configs.read(file)), indent=1) + "\n"
    if output:
        with whole(output) as partial:
            partial.write_text(text)
    else:
        print(text, end="")


@app.command()
def schema() -> None:
    """Print the JSON schema of a config (config/schema.json is its output)."""
    from blockmaps.plan import config as configs

    print(json.dumps(configs.schema(), indent=1))


@app.command()
def columns(
    table: Annotated[
        str, typer.Argument(help="A table of results/README.md: runs, groups, pairs, continuum …")
    ] = "runs",
) -> None:
    """Print the columns of a table as a Markdown table (results/README.md has them)."""
    from blockmaps.plan.plan import ANALYSES, CONTROL_TABLES, STUDY_TABLES, ZOO_TABLES

    if table in ("runs", "groups", "dynamics"):
        from blockmaps.results import runs

        own = {"groups": runs.GROUP_COLUMNS, "dynamics": runs.DYNAMICS_COLUMNS}
        found = own.get(table, runs.COLUMNS)
        about = {name: column.about for name, column in found.items()}
    elif table in STUDY_TABLES:
        from importlib import import_module

        about = import_module(f"blockmaps.{STUDY_TABLES[table].module}").COLUMNS[table]
    elif table == "episodes":
        from blockmaps.results.returns import RETURN_COLUMNS

        about = {name: column.about for name, column in RETURN_COLUMNS.items()}
    elif table in CONTROL_TABLES:
        from blockmaps.analysis.control import COLUMNS

        about = COLUMNS[table]
    elif table in ("pairs", "detectable"):
        from importlib import import_module

        module = {"pairs": "analysis.pairs", "detectable": "analysis.power"}[table]
        about = import_module(f"blockmaps.{module}").COLUMNS
    elif table in ZOO_TABLES:
        from blockmaps.maps.zoo import tables

        about = tables.COLUMNS[table]
    elif table in ANALYSES:
        from blockmaps.analysis import columns

        about = columns.COLUMNS[table]
    elif table == "claims":
        from blockmaps.claims import writing

        about = writing.COLUMNS
    else:
        known = ["runs", "groups", "dynamics", "pairs", "claims", "episodes", "detectable"]
        known += (*CONTROL_TABLES, *STUDY_TABLES, *ZOO_TABLES, *ANALYSES)
        raise InputError(f"table {table!r}: takes one of: {', '.join(known)}")
    print("| column | what it holds |\n|---|---|")
    for name, words in about.items():
        print(f"| `{name}` | {words.replace('|', chr(92) + '|')} |")


@app.command()
def recommend(
    inputs: Annotated[int, typer.Option(help="|x|, the size of the input.")],
    outputs: Annotated[int, typer.Option(help="|y|, the size of the output.")],
    unknowns: Annotated[int, typer.Option(help="The number of trainable weights; no biases.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead: a row of an `explicit` design.")
    ] = False,
) -> None:
    """Recommend a pattern for a number of unknowns, before any training.

    Half of the hidden rows' unknowns read the state, hh has a density of 0.3, the output's blocks
    are full: `src/blockmaps/designs/recommend.py` says from which sizes the rule was made.
    """
    from blockmaps.designs.patterns import RNN_BLOCKS
    from blockmaps.designs.recommend import recommendation

    found = recommendation(inputs, outputs, unknowns)
    row = {
        "name": "recommended",
        "budget": unknowns,
        "hidden": found.hidden,
        "densities": [float(f"{found.densities[name]:.6g}") for name in RNN_BLOCKS],
    }
    design = {"kind": "explicit", "patterns": [row]}
    if as_json:
        print(json.dumps(found._asdict() | {"design": design}, indent=1))
        return
    print(f"|h| = {found.hidden:,}, hidden proportion {found.hidden_proportion:.3f}\n")
    print("block  density  expected unknowns")
    for name in RNN_BLOCKS:
        print(f"{name}     {found.densities[name]:7.4f}  {found.unknowns[name]:17,.1f}")
    print(f"all             {sum(found.unknowns.values()):17,.1f}")
    print(f"\nAs a design of a config:\n- {json.dumps(design)}")


@app.command()
def plan(config: ConfigFile = DEFAULT) -> None:
    """List the data files and shards that a config asks for, and what each tier of it costs."""
    from blockmaps.plan import tiers

    made, results = read_plan(config)
    for name in made.data_files:
        print(f"data   {name}")
    for name, shard in made.all.items():
        print(
            f"shard  {name if name not in made.provisional else '(waits for rates)'}  "
            f"{shard.experiment}, seed index {shard.seed_index}: "
            f"{len(shard.variants)} variants, {shard.unknowns:,.0f} unknowns"
        )
    for tier in tiers.of_plan(made.config, made.all.values(), results / "runs"):
        print(f"tier   {tier}")
    runs = sum(len(shard.variants) for shard in made.all.values())
    print(f"{runs} variants in {len(made.all)} shards")
