"""Compares a published folder with its manifest, or with runs that are trained again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blockmaps.cli.options import KEEP, app, make_data
from blockmaps.core.errors import InputError

if TYPE_CHECKING:
    from blockmaps.plan.plan import Plan
    from blockmaps.plan.shards import Shard
    from blockmaps.results.folder import Folder

PublishedFolder = Annotated[Path, typer.Argument(help="A published folder, published/<name>.")]


@app.command(rich_help_panel=KEEP)
def check(
    folder: PublishedFolder,
    output: Annotated[
        Path | None, typer.Option(help="Write the checksums here, if they are right.")
    ] = None,
    retrain: Annotated[
        int, typer.Option(min=0, help="Train so many of its shards again, drawn at random.")
    ] = 0,
    draw: Annotated[
        int | None, typer.Option(help="The random number that draws them; a new one if left out.")
    ] = None,
    within: Annotated[
        Path, typer.Option(help="Where they are trained; they go on from there if cut off.")
    ] = Path("results/retrained"),
) -> None:
    """Compare a published folder's files with its manifest: checksums, and that none was added.

    With --retrain some shards are trained again, and the largest deviation from the kept runs is
    said: 0 on the same kind of machine, that of rounding elsewhere.
    """
    import json
    import random
    import secrets

    from blockmaps.core.files import whole
    from blockmaps.results import gathering, manifest

    files = manifest.check(folder)["files"]
    if output:
        with whole(output) as partial:
            partial.write_text(json.dumps(files, indent=1) + "\n", encoding="utf-8")
    print(f"{folder}: {len(files)} files are what its manifest says")
    if not retrain:
        return
    kept, made, results = _planned(folder, within)
    there = gathering.names_of(kept.runs)
    whole_ones = [
        name
        for name, shard in sorted(made.shards.items())
        if gathering.asked(made, {name: shard}) <= there
    ]
    number = secrets.randbelow(10**6) if draw is None else draw
    if len(whole_ones) < retrain:
        raise InputError(
            f"{folder}: holds {len(whole_ones)} whole shards; found --retrain {retrain}"
        )
    drawn = random.Random(number).sample(whole_ones, retrain)
    print(
        f"{retrain} of {len(whole_ones)} shards, drawn by {number}: {', '.join(drawn)}", flush=True
    )
    results.write_asked(made)
    found = [_again(made, results, kept, made.shards[name]) for name in drawn]
    for what in gathering.DEVIATIONS:
        print(f"largest deviation of {what}: {max(one[what] for one in found):.3g}")


def _planned(folder: Path, within: Path) -> "tuple[Folder, Plan, Folder]":
    """Return a published folder, the plan of its config, and where shards are trained again."""
    from blockmaps.plan import config as configs
    from blockmaps.results.folder import Folder

    kept = Folder(folder)
    config = configs.parse(dict(kept.config), str(kept.file("manifest")))
    results = Folder(within / config.name)
    return kept, results.plan(config, str(kept.file("manifest"))), results


def _again(made: "Plan", results: "Folder", kept: "Folder", shard: "Shard") -> dict[str, float]:
    """Train a shard, print and return how far its runs are from those that are kept."""
    from blockmaps.cli.train import train
    from blockmaps.results import gathering

    data = results.file("data", shard.dataset)
    if not data.is_file():
        dataset = made.config.experiments[shard.experiment].dataset
        make_data(made.config, dataset, shard.seed_index, data)
    train([results.file("shard", shard.id)])
    own = gathering.deviations(kept.runs, results.parquet("shard runs", shard.id))
    said = ", ".join(f"{what} {value:.3g}" for what, value in own.items())
    print(
        f"{shard.id}: {len(shard.variants)} runs of {shard.experiment}; deviation: {said}",
        flush=True,
    )
    return own
