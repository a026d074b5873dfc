"""Commands that score policies in their environments."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, ConfigFile, app, give, read_plan
from blockmaps.core.errors import InputError


@app.command()
def score(
    shard: Annotated[str, typer.Argument(help="A shard's name; `blockmaps plan` lists them.")],
    config: ConfigFile = DEFAULT,
    policies: Annotated[Path | None, typer.Option(help="The shard's trained weights.")] = None,
    output: Annotated[Path | None, typer.Option(help="The shard's table of returns.")] = None,
    episodes: Annotated[
        int | None, typer.Option(min=1, help="Of every variant; the experiment's if left out.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Processes that play the episodes.")] = 1,
) -> None:
    """Score a shard's trained policies in their environment; processes change no byte."""
    import time

    from blockmaps.data.environments import extra
    from blockmaps.data.environments.tasks import task_of

    made, results = read_plan(config)
    found = made.shard(shard)
    experiment = made.config.experiments[found.experiment]
    name = made.config.datasets[experiment.dataset].environment
    if name is None:
        raise InputError(f"shard {shard}: data set {experiment.dataset} has no environment")
    extra.require()
    weights = policies or results / "policies" / f"{shard}.safetensors"
    if not weights.is_file():
        raise InputError(f"{weights}: no such weights; `blockmaps train {shard}` writes them")

    from blockmaps.results import returns, runs
    from blockmaps.training.scoring.score import score_shard

    began = time.perf_counter()
    number = episodes or experiment.episodes
    rows = score_shard(found, weights, task_of(name), number, threads)
    path = output or results / "returns" / f"{shard}.parquet"
    runs.write(rows, path, returns.RETURNS)
    passed = time.perf_counter() - began
    print(
        f"{path}: {rows['key'].nunique()} policies × {number} episodes, mean return "
        f"{rows['return'].mean():,.0f}, in {passed:.0f} s ({rows['steps'].sum() / passed:,.0f} "
        "steps a second)"
    )
    if diverged := rows[rows["diverged"] > 0]["key"].nunique():
        print(f"{diverged} of them diverged: an action was not finite; marked, scored as they are")


@app.command()
def returns(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The table of returns.")] = None,
) -> None:
    """Gather the shards' returns, with what each policy is and how the expert does."""
    from blockmaps.results import returns as table
    from blockmaps.results import runs

    made, results = read_plan(config)
    shards = made.policy_shards
    if not shards:
        raise InputError(f"{config}: no data set with an environment, so nothing is scored")
    pieces = [runs.read(results / "returns" / f"{name}.parquet") for name in shards]
    frame = table.collect(pieces, runs.read(results / "runs.parquet"), _experts(made, results))
    path = output or results / "returns.parquet"
    runs.write(frame, path, table.RETURN_COLUMNS)
    print(f"{path}: {frame['key'].nunique()} policies, {len(frame):,} episodes")


@app.command()
def detectable(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The CSV file, else printed.")] = None,
) -> None:
    """Say which differences in return the planned seeds and episodes can detect.

    It needs the data files alone, so it can be asked before anything is trained.
    """
    from blockmaps.analysis.power import Planned, by_experiment

    made, results = read_plan(config)
    if not made.policy_shards:
        raise InputError(f"{config}: no data set with an environment, so nothing is scored")
    scored = {made.shards[name].experiment for name in made.policy_shards}
    asked = {
        name: Planned(one.dataset, len(one.seeds), one.episodes)
        for name, one in made.config.experiments.items()
        if name in scored
    }
    give(by_experiment(asked, _experts(made, results)), output)


@app.command()
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

    path = output or results / "frames.safetensors"
    if backend is None:
        strips.write(path, [], {"reason": reason, "experiment": name})
        print(f"{path}: no frames, as no renderer works here: {reason}; remove it to try again")
        return
    shards = {one: made.shards[one] for one in made.policy_shards}
    own = {one: shard for one, shard in shards.items() if shard.experiment == name}
    spec = made.config.datasets[made.config.experiments[name].dataset]
    table = returns or results / "returns.parquet"
    shown, about = show(own, spec, table, results / "policies")
    strips.write(path, shown, about)
    print(f"{path}: {len(shown)} policies, by {backend}")


def _experts(made, results: Path) -> dict[tuple[str, int], dict]:
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
