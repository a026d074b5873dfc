"""From rows to variants to shards, the unit of a job and of caching.

A shard is at most 32 variants of one experiment and seed index. Its name is the hash of its
content: the data set, the recipe, the seeds and its variants. Adding a seed, a structure or an
experiment must leave every existing shard as it is, but no rule that looks at the config alone can
promise that for shards of more than one variant (a group that gains a member is another group). So
there is a ledger of the shards' files. A shard that was trained once stays as it is. One that is
only written down, or was cut off, stays where all its variants are wanted; else what is wanted of
it goes into another shard, and goes on there from its checkpoints. Planning puts only the variants
that are in neither into new shards.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from blockmaps.core.canonical import digest
from blockmaps.designs.patterns import Frozen
from blockmaps.designs.variants import AnyVariant

MOST = 32
STRETCHES = 25  # as many as the papers' epochs


class Recipe(Frozen):
    """How a variant is trained: Adam with torch's default betas, no schedule, no clipping.

    Its length is a number of epochs, or of optimiser steps however many sequences there are. Steps
    are taken in at most 25 stretches of one length (the last may be shorter), and what is measured
    after every epoch is then measured after every stretch.
    """

    epochs: Annotated[int, Field(ge=1)] | None = None
    steps: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Optimiser steps, in the place of epochs."
    )
    batch_size: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)] | Literal["tuned"] = Field(
        description="Or `tuned`: chosen for each arm from `grid`, and each variant's own."
    )
    shuffle: bool = Field(
        default=True, description="A new order every epoch, shared by all variants of a seed."
    )

    @model_validator(mode="after")
    def _one_length(self) -> "Recipe":
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("takes one of epochs and steps")
        return self

    @property
    def pace(self) -> tuple[int, int] | None:
        """Optimiser steps in all and between two evaluations; None where epochs are counted."""
        return None if self.steps is None else (self.steps, -(-self.steps // STRETCHES))

    @property
    def evaluations(self) -> int:
        """How often a variant is evaluated after training has begun."""
        if self.pace is None:
            return self.epochs or 0  # one of the two is there
        steps, stretch = self.pace
        return -(-steps // stretch)


class Shard(Frozen):
    """Variants that one job trains, with all that decides their results.

    `dataset` names the file, `data_digest` is the hash of what it is made from. `dynamics` says
    that gradients, exponents and singular values are measured before and after training.
    """

    experiment: str
    dataset: str
    data_digest: str
    recipe: Recipe
    seed: int
    seed_index: int
    dynamics: Literal[True] | None = None
    variants: Annotated[tuple[AnyVariant, ...], Field(min_length=1, max_length=MOST)]

    @property
    def id(self) -> str:
        """The shard's name: the hash of its content, the data set's mere name left out."""
        content = self.model_dump(mode="json", exclude_none=True, exclude={"dataset"})
        return digest(content, 12)

    @property
    def context(self) -> str:
        """All of it but the variants, as one hash: shards of one context may share variants."""
        return digest(
            self.model_dump(mode="json", exclude_none=True, exclude={"variants", "dataset"})
        )

    @property
    def unknowns(self) -> float:
        """Expected unknowns of all variants, a measure of the work."""
        return sum(variant.unknowns for variant in self.variants)


OWN = "own"  # a task that is none of the papers'


class Member(NamedTuple):
    """What a variant is in an experiment: labels that are joined to its runs by its key."""

    experiment: str
    dataset: str
    design: str
    arm: str
    structure: str
    budget: int
    key: str
    seed_index: int
    study: str = "proportion"
    task: str = OWN


class Ledger(NamedTuple):
    """The shards that a results folder has files of: trained once, or only written down."""

    trained: Sequence[Shard] = ()
    written: Sequence[Shard] = ()

    def by_context(self) -> dict[str, "Ledger"]:
        """Return the shards of each context, in the order of their names."""
        found: dict[str, tuple[list[Shard], list[Shard]]] = {}
        for place, shards in enumerate(self):
            for shard in sorted(shards, key=lambda one: one.id):
                found.setdefault(shard.context, ([], []))[place].append(shard)
        return {context: Ledger(*both) for context, both in found.items()}


EMPTY = Ledger()


def group(base: Shard, sets: Iterable[Iterable[AnyVariant]], ledger: Ledger) -> list[Shard]:
    """Put variants into shards of one context.

    Parameters
    ----------
    base : a shard of that context; its variants do not matter.
    sets : groups of variants that may share a shard (a design's, at one seed index), so that a
        further design makes new shards even where there is no ledger.
    ledger : shards of earlier plans, of this context.

    Returns
    -------
    The shards that were trained and hold a wanted variant; then those written down of which all
    variants are wanted and in none of the former; then new ones of at most 32 each. A plan may be
    made again while it is carried out, whatever part of it has been written down or trained: it is
    the same.
    """
    by_key = [{variant.key: variant for variant in variants} for variants in sets]
    wanted = {key for variants in by_key for key in variants}
    shards: list[Shard] = []
    held: set[str] = set()
    for earlier, once in ((ledger.trained, True), (ledger.written, False)):
        for shard in earlier:
            keys, free = {variant.key for variant in shard.variants}, wanted - held
            if keys & free if once else keys <= free:
                shards.append(shard)
                held |= keys
    for variants in by_key:
        # by size, so that a bank's variants need little padding
        rest = sorted(
            (variant for key, variant in variants.items() if key not in held),
            key=lambda variant: (variant.size, variant.key),
        )
        held |= set(variants)
        shards += [
            base.model_copy(update={"variants": tuple(rest[begin : begin + MOST])})
            for begin in range(0, len(rest), MOST)
        ]
    return shards
