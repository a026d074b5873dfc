"""Maps of any number of hidden slots, each written down: which blocks there are, and how dense."""

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Annotated, Literal

from pydantic import Field, model_validator

from blockmaps.designs.kinds.design import Design, Row, RowName, Sizes, Units
from blockmaps.designs.patterns import Block, Frozen, Pattern, Slot
from blockmaps.designs.variants import Initialisation, Normal

Densities = Annotated[dict[str, Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)]


class SlotsRow(Frozen):
    """A map x, h1, h2, …, y.

    `blocks` is `layers` (those below the diagonal: an MLP), `all` (every block of the rows h1 to
    y), or a density for each block that there is, by target and source: {h1x: 0.002, yh2: 0.005}.
    `start` is how its unknowns begin, the experiment's initialisation if not given; `linear` is
    each block as wide as torch's `nn.Linear` of its shape draws it, N(0, 1 / (3 columns)).
    """

    name: RowName
    hidden: tuple[Units, ...] = Field(min_length=1, max_length=100)
    blocks: Literal["layers", "all"] | Densities = "layers"
    start: Literal["linear"] | Initialisation | None = None

    @model_validator(mode="after")
    def _blocks_are_there(self) -> "SlotsRow":
        known = [target + source for target, source in self._places(self._names)]
        unknown = set(self.blocks) - set(known) if isinstance(self.blocks, dict) else set()
        if unknown:
            raise ValueError(f"no block {min(unknown)!r}; takes some of {', '.join(known)}")
        return self

    @property
    def _names(self) -> list[str]:
        return ["x", *(f"h{number}" for number in range(1, len(self.hidden) + 1)), "y"]

    @staticmethod
    def _places(names: list[str]) -> list[tuple[str, str]]:
        return list(product(names[1:], names))

    def pattern(self, sizes: Sizes) -> Pattern:
        """Return the pattern for the sizes of a data set."""
        names = self._names
        units = dict(zip(names, (sizes.inputs, *self.hidden, sizes.outputs), strict=True))
        slots = tuple(
            Slot(name=name, size=size, activation="identity" if name in "xy" else sizes.activation)
            for name, size in units.items()
        )
        if isinstance(self.blocks, dict):
            given = {pair: self.blocks.get("".join(pair)) for pair in self._places(names)}
        elif self.blocks == "all":
            given = dict.fromkeys(self._places(names), 1.0)
        else:
            given = {(target, source): 1.0 for source, target in pairwise(names)}
        blocks = tuple(
            Block(target=target, source=source, density=density)
            for (target, source), density in given.items()
            if density
        )
        return Pattern(slots=slots, blocks=blocks)

    def initialisation(self, pattern: Pattern) -> Initialisation | None:
        """Return how it starts, None where the experiment says it."""
        if self.start != "linear":
            return self.start
        own = {
            block.target + block.source: Normal(std=(3 * pattern.sizes[block.source]) ** -0.5)
            for block in pattern.blocks
        }
        return Initialisation(blocks=own)


class Slots(Design):
    """Maps with any hidden slots, as they are listed; each its own arm."""

    kind: Literal["slots"] = "slots"
    maps: tuple[SlotsRow, ...] = Field(min_length=1)

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a map; its budget is its expected number of unknowns."""
        for one in self.maps:
            pattern = one.pattern(sizes)
            budget = round(sum(pattern.expected().values()))
            start = one.initialisation(pattern)
            yield Row(one.name, one.name, budget, pattern, initialisation=start)
