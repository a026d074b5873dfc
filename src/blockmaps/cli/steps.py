"""Commands that are the pipeline's steps, in the order of the data's flow."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, DEFAULT_RUNS, ConfigFile, RunsFile, app, read_plan
from blockmaps.core.errors import InputError


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="A name under `datasets` in the config.")],
    config: ConfigFile = DEFAULT,
    seed_index: Annotated[int, typer.Option(min=0, help="For data sets that are drawn anew.")] = 0,
    output: Annotated[Path | None, typer.Option(help="The file.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="That make it, where it can use them.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda: where images are transformed.")] = "cpu",
) -> None:
    """Make a data set's file; neither threads nor device changes a byte of it."""
    import time

    from blockmaps.data.making import make_file
    from blockmaps.plan.plan import data_code

    made, results = read_plan(config)
    if name not in made.config.datasets:
        raise InputError(f"data set {name!r}: takes one of: {', '.join(made.config.datasets)}")
    spec = made.config.datasets[name]
    began = time.perf_counter()
    path = output or results / "data" / f"{made.data_name(name, seed_index)}.safetensors"
    made_from = {"data_digest": made.data_digest(name, seed_index), "code": data_code(spec)}
    sequences = make_file(spec, made.config.seed, seed_index, made_from, path, threads, device)
    size = path.stat().st_size / 1e6
    passed = time.perf_counter() - began
    print(f"{path}: {sequences.inputs.shape[0]:,} sequences, {size:.0f} MB, in {passed:.1f} s")
    if expert := sequences.about.get("expert"):
        text = f"the expert: mean return {expert['mean_return']:,.0f}"
        text += (
            f" ± {expert['standard_error']:,.0f} (standard error, {expert['episodes']} episodes)"
        )
        if expert["success_rate"] is not None:
            text += f", success {expert['success_rate']:.1%}"
        if expert["published_mean_return"] is not None:
            text += f"; published mean return {expert['published_mean_return']:,.0f}"
        print(text)


@app.command()
def train(
    shard: Annotated[str, typer.Argument(help="A shard's name; `blockmaps plan` lists them.")],
    config: ConfigFile = DEFAULT,
    data: Annotated[Path | None, typer.Option(help="The data set's file.")] = None,
    output: Annotated[Path | None, typer.Option(help="The shard's runs table.")] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Its answers by group; beside the runs table if left out.")
    ] = None,
    dynamics: Annotated[
        Path | None, typer.Option(help="Its dynamics; beside the runs table if left out.")
    ] = None,
    policies: Annotated[
        Path | None,
        typer.Option(
            help="Its trained weights, where its experiment keeps them or its data set has an "
            "environment to score them in; policies/ in the results folder if left out."
        ),
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The job's manifest; beside the runs table if left out.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(min=1, help="MB of the host's memory that this job may take.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Do not go on from checkpoints.")] = False,
) -> None:
    """Train one shard, going on from its variants' checkpoints."""
    from blockmaps.plan.shards import write_ledger

    made, results = read_plan(config)
    found, compute = made.shard(shard), made.config.compute
    source = data or results / "data" / f"{found.dataset}.safetensors"
    if not source.is_file():
        raise InputError(f"{source}: no such data set; make it with `blockmaps data`")
    write_ledger(results / "shards", found)

    from blockmaps.data.making import epochs_of
    from blockmaps.maps import weights
    from blockmaps.results import runs
    from blockmaps.training import checkpoints
    from blockmaps.training.job import Job
    from blockmaps.training.probes import measure
    from blockmaps.training.shard import train_shard

    folder = results / "checkpoints" / found.context
    if fresh:
        for variant in found.variants:
            checkpoints.path_of(folder, variant.key).unlink(missing_ok=True)
    spec = made.config.datasets[made.config.experiments[found.experiment].dataset]
    job = Job(found, folder)
    try:
        trained = train_shard(
            found,
            source,
            folder,
            results / "logs" / "training" / shard,
            compute.accelerator,
            compute.logger,
            math.inf if memory is None else memory * 1e6,
            epochs_of(spec, found.seed, found.seed_index),
        )
    except KeyboardInterrupt:
        print("blockmaps: interrupted; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None
    path = output or results / "runs" / f"{shard}.parquet"
    by_group = trained.groups.reindex(columns=list(runs.GROUPS))  # none of data without groups
    runs.write(by_group, groups or path.with_suffix(".groups.parquet"), runs.GROUPS)
    measured = measure(found, trained).reindex(columns=list(runs.DYNAMICS))  # none if not asked for
    runs.write(measured, dynamics or path.with_suffix(".dynamics.parquet"), runs.DYNAMICS)
    if shard in made.kept_shards:
        kept = policies or results / "policies" / f"{shard}.safetensors"
        about = weights.About(found.id, found.experiment, found.seed, found.variants)
        weights.write(kept, about, trained.parameters)
    job.write(trained, manifest or path.with_suffix(".manifest.json"))
    runs.write(trained.rows, path, runs.TRAINED)
    print(f"{path}: {len(found.variants)} variants, {len(trained.rows)} rows")


@app.command()
def rates(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The table of rates.")] = None,
) -> None:
    """Choose each arm's learning rate, where a recipe is tuned, by its validation accuracy."""
    import pandas as pd

    from blockmaps.analysis.rates import by_rate
    from blockmaps.core import csv
    from blockmaps.plan.plan import RATES
    from blockmaps.results import runs

    made, results = read_plan(config)
    if not made.tuning:
        raise InputError(f"{config}: no experiment has a recipe with learning_rate: tuned")
    pieces = [runs.read(results / "runs" / f"{name}.parquet") for name in made.tuning]
    table = by_rate(pd.concat(pieces), made.tuned)
    csv.write(table, output or results / RATES)
    for row in table[table["chosen"]].itertuples():
        print(
            f"{row.experiment}, {row.arm} at {row.budget:,} unknowns: {row.learning_rate:g}, "
            f"validation accuracy {row.accuracy:.1%}"
            + (", at the grid's edge" if row.at_edge else "")
        )


@app.command()
def collect(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The runs table.")] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Answers by group; groups.parquet beside it if left out.")
    ] = None,
    dynamics: Annotated[
        Path | None, typer.Option(help="Dynamics; dynamics.parquet beside it if left out.")
    ] = None,
    manifests: Annotated[
        Path | None, typer.Option(help="Manifests; manifests.json beside it if left out.")
    ] = None,
) -> None:
    """Gather what the shards' jobs wrote: runs, answers by group, dynamics and manifests."""
    from blockmaps.results import jobs, measures, runs

    made, results = read_plan(config)
    if made.provisional:
        raise InputError(
            f"{config}: shards wait for learning rates; `blockmaps rates` chooses them"
        )
    pieces = [runs.read(results / "runs" / f"{name}.parquet") for name in made.shards]
    known = [
        measures.known(shard, results / "data" / f"{shard.dataset}.safetensors")
        for shard in made.shards.values()
    ]
    frame = runs.collect(pieces, known, made.members)
    by_group = [runs.read(results / "runs" / f"{name}.groups.parquet") for name in made.shards]
    path = output or results / "runs.parquet"
    answers = runs.collect_groups(by_group, made.members)
    runs.write(answers, groups or path.with_name("groups.parquet"), runs.GROUP_COLUMNS)
    parts = [runs.read(results / "runs" / f"{name}.dynamics.parquet") for name in made.shards]
    measured = runs.collect_dynamics(parts, made.members)
    runs.write(measured, dynamics or path.with_name("dynamics.parquet"), runs.DYNAMICS_COLUMNS)
    collected = jobs.collect(results / "runs", made.shards)
    jobs.write(collected, manifests or path.with_name(jobs.NAME))
    runs.write(frame, path, runs.COLUMNS)
    if collected["without"]:
        print(f"{len(collected['without'])} shards have no manifest: trained by an older version")
    print(f"{path}: {frame['key'].nunique()} variants, {len(frame):,} rows")


@app.command()
def figure(
    name: Annotated[
        str,
        typer.Argument(
            help="proportion, structures, curves, optimum, densities; explained, regret; pairs, "
            "zoo, impulse; path, iterations, spectra, gradients, trainability; returns, tasks, "
            "frames."
        ),
    ],
    runs: RunsFile = DEFAULT_RUNS,
    tables: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the tables that it reads; analysis/ (explained, regret) or tables/ "
            "beside the runs table if left out. Of frames, the file."
        ),
    ] = None,
    output: Annotated[
        list[Path] | None, typer.Option(help="A file to write, .svg or .png; may be given twice.")
    ] = None,
) -> None:
    """Draw a figure from the runs table, or from the tables made of it; it trains nothing."""
    from importlib import import_module

    from blockmaps.plan.plan import ANALYSIS_FIGURES, FIGURES, FRAMES, MAIN_STUDY, TABLE_FIGURES

    read = TABLE_FIGURES | ANALYSIS_FIGURES

    if name in FIGURES:
        from blockmaps.results import runs as table_of_runs

        frames = [table_of_runs.of_study(table_of_runs.read(runs), MAIN_STUDY)]
    elif name in read:
        from blockmaps.core import csv

        beside = "analysis" if name in ANALYSIS_FIGURES else "tables"
        folder = tables or runs.parent / beside
        frames = [csv.read(folder / f"{table}.csv") for table in read[name]]
    elif name == FRAMES:
        from blockmaps.results import strips

        frames = list(strips.read(tables or runs.parent / "frames.safetensors"))
    else:
        raise InputError(f"figure {name!r}: takes one of: {', '.join((*FIGURES, *read, FRAMES))}")
    from blockmaps.report.figures.style import save

    paths = output or [runs.parent / "figures" / f"{name}.{kind}" for kind in ("svg", "png")]
    save(import_module(f"blockmaps.report.figures.{name}").draw(*frames), paths)
    print(", ".join(map(str, paths)))
