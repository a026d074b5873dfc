"""Takes frames of an episode."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, LOOK, ConfigFile, app, read_plan
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=LOOK)
def frames(
    config: ConfigFile = DEFAULT,
    experiment: Annotated[
        str | None, typer.Option(help="Whose models; the first that is scored if left out.")
    ] = None,
    returns: Annotated[Path | None, typer.Option(help="The table of returns.")] = None,
    output: Annotated[Path | None, typer.Option(help="The file of frames.")] = None,
) -> None:
    """Take frames of an episode of the expert, the best and the worst model.

    Without a renderer that works the file holds the reason, and no frames.
    """
    import os

    from blockmaps.data.environments import extra, rendering

    made, results = read_plan(config)
    scored = [made.shards[name].experiment for name in made.policy_shards]
    name = experiment or next(iter(scored), "")
    if name not in scored:
        takes = ", ".join(dict.fromkeys(scored)) or "none here"
        raise InputError(f"experiment {name!r}: takes one that is scored: {takes}")
    extra.require()
    backend, reason = rendering.choose()
    if backend:
        os.environ["MUJOCO_GL"] = backend  # before anything imports mujoco

    from blockmaps.results import strips
    from blockmaps.training.scoring.showing import show

    path = output or results.file("frames")
    if backend is None:
        strips.write(path, [], {"reason": reason, "experiment": name})
        print(f"{path}: no frames, as no renderer works here: {reason}; remove it to try again")
        return
    shards = {one: made.shards[one] for one in made.policy_shards}
    own = {one: shard for one, shard in shards.items() if shard.experiment == name}
    spec = made.config.datasets[made.config.experiments[name].dataset]
    table = returns or results.file("returns")
    shown, about = show(own, spec, table, results.file("policies").parent)
    strips.write(path, shown, about)
    print(f"{path}: {len(shown)} policies, by {backend}")
