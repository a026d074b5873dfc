"""Lists what a config asks for."""

from blockmaps.cli.options import DEFAULT, ConfigFile, app, read_plan


@app.command()
def plan(config: ConfigFile = DEFAULT) -> None:
    """List the data files and shards that a config asks for."""
    made, _ = read_plan(config)
    for name in made.data_files:
        print(f"data   {name}")
    for name, shard in made.shards.items():
        print(
            f"shard  {name}  {shard.experiment}, seed index {shard.seed_index}: "
            f"{len(shard.variants)} variants, {shard.unknowns:,.0f} unknowns"
        )
    runs = sum(len(shard.variants) for shard in made.shards.values())
    print(f"{runs} variants in {len(made.shards)} shards")
