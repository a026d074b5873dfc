"""Commands that are the pipeline's steps, in the order of the data's flow."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, DEFAULT_RUNS, ConfigFile, RunsFile, app, read_plan
from blockmaps.errors import InputError


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="A name under `datasets` in the config.")],
    config: ConfigFile = DEFAULT,
    seed_index: Annotated[int, typer.Option(min=0, help="For data sets that are drawn anew.")] = 0,
    output: Annotated[Path | None, typer.Option(help="The file.")] = None,
) -> None:
    """Make a data set's file."""
    import time

    from blockmaps.data.making import make_file
    from blockmaps.pipeline import data_code

    made, results = read_plan(config)
    if name not in made.config.datasets:
        raise InputError(f"data set {name!r}: takes one of: {', '.join(made.config.datasets)}")
    spec = made.config.datasets[name]
    began = time.perf_counter()
    path = output or results / "data" / f"{made.data_name(name, seed_index)}.safetensors"
    made_from = {"data_digest": made.data_digest(name, seed_index), "code": data_code(spec)}
    sequences = make_file(spec, made.config.seed, seed_index, made_from, path)
    size = path.stat().st_size / 1e6
    passed = time.perf_counter() - began
    print(f"{path}: {len(sequences.inputs):,} sequences, {size:.0f} MB, in {passed:.1f} s")


@app.command()
def train(
    shard: Annotated[str, typer.Argument(help="A shard's name; `blockmaps plan` lists them.")],
    config: ConfigFile = DEFAULT,
    data: Annotated[Path | None, typer.Option(help="The data set's file.")] = None,
    output: Annotated[Path | None, typer.Option(help="The shard's runs table.")] = None,
    fresh: Annotated[bool, typer.Option(help="Do not go on from checkpoints.")] = False,
) -> None:
    """Train one shard, going on from its variants' checkpoints."""
    from blockmaps.shards import write_ledger

    made, results = read_plan(config)
    found, compute = made.shard(shard), made.config.compute
    source = data or results / "data" / f"{found.dataset}.safetensors"
    if not source.is_file():
        raise InputError(f"{source}: no such data set; make it with `blockmaps data`")
    write_ledger(results / "shards", found)

    from blockmaps import runs
    from blockmaps.training import checkpoints
    from blockmaps.training.shard import train_shard

    folder = results / "checkpoints" / found.context
    if fresh:
        for variant in found.variants:
            checkpoints.path_of(folder, variant.key).unlink(missing_ok=True)
    try:
        frame = train_shard(
            found,
            source,
            folder,
            results / "logs" / "training" / shard,
            compute.accelerator,
            compute.logger,
        )
    except KeyboardInterrupt:
        print("blockmaps: interrupted; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None
    path = output or results / "runs" / f"{shard}.parquet"
    runs.write(frame, path)
    print(f"{path}: {len(found.variants)} variants, {len(frame)} rows")


@app.command()
def collect(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The runs table.")] = None,
) -> None:
    """Gather the shards' tables into the runs table."""
    from blockmaps import runs

    made, results = read_plan(config)
    pieces = [runs.read(results / "runs" / f"{name}.parquet") for name in made.shards]
    frame = runs.collect(pieces, made.members)
    path = output or results / "runs.parquet"
    runs.write(frame, path, runs.COLUMNS)
    print(f"{path}: {frame['key'].nunique()} variants, {len(frame):,} rows")


@app.command()
def analyse(
    table: Annotated[str, typer.Argument(help="summary, structures or differences.")],
    runs: RunsFile = DEFAULT_RUNS,
    output: Annotated[Path | None, typer.Option(help="The CSV file; else printed.")] = None,
) -> None:
    """Make a table of results from the runs table."""
    from blockmaps import runs as table_of_runs
    from blockmaps import summary, tables

    if table not in summary.TABLES:
        raise InputError(f"table {table!r}: takes one of: {', '.join(summary.TABLES)}")
    frame = summary.TABLES[table](table_of_runs.read(runs))
    if output:
        tables.write(frame, output)
        print(f"{output}: {len(frame)} rows")
    else:
        print(tables.to_csv(frame), end="")


@app.command()
def figure(
    name: Annotated[str, typer.Argument(help="proportion, structures, curves, zoo or impulse.")],
    runs: RunsFile = DEFAULT_RUNS,
    tables: Annotated[
        Path | None,
        typer.Option(help="Folder of the zoo's tables; tables/ beside the runs table if left out."),
    ] = None,
    output: Annotated[
        list[Path] | None, typer.Option(help="A file to write, .svg or .png; may be given twice.")
    ] = None,
) -> None:
    """Draw a figure from the runs table, or zoo and impulse from theirs; it trains nothing."""
    from importlib import import_module

    from blockmaps.pipeline import FIGURES, ZOO_FIGURES

    if name in FIGURES:
        from blockmaps import runs as table_of_runs

        frames = [table_of_runs.read(runs)]
    elif name in ZOO_FIGURES:
        from blockmaps import tables as csv

        folder = tables or runs.parent / "tables"
        frames = [csv.read(folder / f"{table}.csv") for table in ZOO_FIGURES[name]]
    else:
        raise InputError(f"figure {name!r}: takes one of: {', '.join((*FIGURES, *ZOO_FIGURES))}")
    from blockmaps.figures.style import save

    paths = output or [runs.parent / "figures" / f"{name}.{kind}" for kind in ("svg", "png")]
    save(import_module(f"blockmaps.figures.{name}").draw(*frames), paths)
    print(", ".join(map(str, paths)))
