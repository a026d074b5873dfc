"""A shard of maps and of torch's cells: Hammer's numbered designs."""

from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds import Sizes, named_rows
from blockmaps.designs.kinds.numbered import Numbered
from blockmaps.designs.variants import CellVariant, Initialisation, Variant
from blockmaps.maps import weights
from blockmaps.plan.shards import Recipe, Shard

NUMBERS = ("00", "12", "13", "14")


def shard_of(numbers=NUMBERS, seed=3) -> Shard:
    variants = []
    for row in named_rows(Numbered(budgets=(10_000,), numbers=numbers), Sizes(46, 26)):
        known = {"learning_rate": 1e-4, "seed_index": 1}
        if isinstance(row.model, Cell):
            variants.append(CellVariant(cell=row.model, **known))
        else:
            initialisation = Initialisation()
            variants.append(Variant(pattern=row.model, initialisation=initialisation, **known))
    return Shard(
        experiment="hammer",
        dataset="hammer",
        data_digest="0",
        recipe=Recipe(steps=1, batch_size=2, learning_rate=1e-4),
        seed=seed,
        seed_index=1,
        variants=tuple(variants),
    )


def about_of(shard: Shard) -> weights.About:
    return weights.About(shard.id, shard.experiment, shard.seed, shard.variants)
