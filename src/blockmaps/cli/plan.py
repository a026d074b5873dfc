"""Lists what a config asks for."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app, read_plan


@app.command(rich_help_panel=RUN)
def plan(
    config: ConfigFile = DEFAULT,
    time: Annotated[
        bool,
        typer.Option("--time", help="Time some steps here, and say how long all of it takes."),
    ] = False,
    cores: Annotated[int | None, typer.Option(min=1, help="For --time; this machine's.")] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Write config.json and shards/ for the jobs, as the workflow does."
        ),
    ] = False,
    resources: Annotated[
        bool,
        typer.Option(
            "--resources",
            help="Print only what a profile may ask for, by what training took here or in "
            "published/.",
        ),
    ] = False,
    table: Annotated[
        bool, typer.Option("--tiers", help="Print only the tiers, as a table in Markdown.")
    ] = False,
) -> None:
    """List the data files and shards that a config asks for, and what each tier of it costs."""
    import os

    from blockmaps.plan import tiers, tuning
    from blockmaps.results.folder import kept_jobs

    published = Path("published")
    # the workflow chooses rates itself; to count what is trained, those that are kept do
    made, results = read_plan(config, None if write else published)
    if write:
        results.write_asked(made)
    if resources:
        from blockmaps.results.folder import Folder

        found = results.manifests or Folder(published / made.config.name).manifests
        print("\n".join(tiers.resources(made.config, made.all.values(), found)))
        return
    # runs that a kept rate was chosen by are not kept themselves, nor needed again
    decided = tuning.decided(made.choices, made.tuned)
    chosen_by = {
        (one.experiment, one.key): tiers.UNTIMED
        for one in made.tuned
        if (one.experiment, one.arm, one.budget) in decided
    }
    timed = None
    if time:
        from blockmaps.training import calibration  # with torch

        timed = calibration.calibrate(made, results.path)
    spent = tiers.of_plan(
        made.config,
        made.all.values(),
        results.file("shard runs").parent,
        timed.shards if timed else None,
        chosen_by | tiers.by_run(kept_jobs(published, made.config.name)),
    )
    if table:
        print(tiers.as_markdown(spent), end="")
        return
    for name in made.data_files:
        print(f"data   {name}")
    for name, shard in made.all.items():
        print(
            f"shard  {name if name not in made.provisional else '(waits for rates)'}  "
            f"{shard.experiment}, seed index {shard.seed_index}: "
            f"{len(shard.variants)} variant{'s'[: len(shard.variants) > 1]}, "
            f"{shard.unknowns:,.0f} unknowns"
        )
    for tier in spent:
        print(f"tier   {tiers.in_words(tier)}")
    for note in made.notes:
        print(f"note   {note}")
    runs = sum(len(shard.variants) for shard in made.all.values())
    print(f"{runs} variants in {len(made.all)} shards")
    if timed:
        print("\n".join(calibration.lines(timed, cores or os.cpu_count() or 1)))
