"""Patterns: the slots of the state, the blocks of W, and masks drawn from them.

The state is z = (x, h, y), or any other tuple of slots whose first is the input and whose last is
the output. W is cut into blocks, target slot × source slot. A block of density p has a
Bernoulli(p) mask; a block of count n has a mask with exactly n places, drawn uniformly. An entry of
the mask is an *unknown*, a trainable entry of W (2509.15057, "The model"). A pattern may have a
share of its unknowns moved out of their blocks, to any place of the state's rows (`moved`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

Activation = Literal["identity", "relu", "tanh", "sigmoid", "elu"]

# The six blocks of the RNN z = (x, h, y), target then source, in the papers' order.
RNN_BLOCKS = ("hx", "hh", "hy", "yx", "yh", "yy")


class Frozen(BaseModel):
    """A value: immutable, hashable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Slot(Frozen):
    """A named piece of the state."""

    name: str = Field(min_length=1)
    size: int = Field(ge=1)
    activation: Activation = "identity"


class Block(Frozen):
    """A rectangle of W, target × source, with a density or an exact count of unknowns."""

    target: str
    source: str
    density: float | None = Field(default=None, ge=0, le=1)
    count: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_of_two(self) -> "Block":
        if (self.density is None) == (self.count is None):
            raise ValueError("a block takes either a density or a count")
        return self


class Pattern(Frozen):
    """The slots' sizes and the blocks' densities or exact counts.

    The first slot is the input x, which has no rows in W: it is overwritten or held. The last is
    the output y. Blocks that are not listed are absent.

    `moved` is the share of the unknowns that are taken out of the blocks at random and placed again
    uniformly over all empty places of the state's rows (2404.00880, the continuum). None is 0.
    """

    slots: tuple[Slot, ...] = Field(min_length=2)
    blocks: tuple[Block, ...]
    moved: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> "Pattern":
        sizes = {slot.name: slot.size for slot in self.slots}
        if len(sizes) < len(self.slots):
            raise ValueError("two slots have the same name")
        seen = set()
        for block in self.blocks:
            place = (block.target, block.source)
            if unknown := {*place} - set(sizes):
                raise ValueError(f"block {place} names a slot that is not there: {unknown}")
            if block.target == self.slots[0].name:
                raise ValueError(f"the input slot {block.target!r} takes no block")
            if place in seen:
                raise ValueError(f"block {place} is given twice")
            seen.add(place)
            places = sizes[block.target] * sizes[block.source]
            if block.count is not None and block.count > places:
                raise ValueError(f"block {place} has {places} places, too few for {block.count}")
            if self.moved is not None and block.count is None:
                raise ValueError(
                    f"unknowns are moved from exact counts; block {place} has a density"
                )
        return self

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The size of every slot, by name, in the state's order."""
        return {slot.name: slot.size for slot in self.slots}

    @cached_property
    def offsets(self) -> dict[str, int]:
        """Where each slot starts in the state z, by name."""
        starts = np.cumsum([0, *self.sizes.values()])[:-1]
        return dict(zip(self.sizes, starts.tolist(), strict=True))

    @property
    def state_size(self) -> int:
        """The length of z without the input slot: the rows of W that may hold unknowns."""
        return sum(self.sizes.values()) - self.slots[0].size

    def places(self, block: Block) -> int:
        """Return how many entries of W a block covers."""
        return self.sizes[block.target] * self.sizes[block.source]

    @property
    def unmoved(self) -> "Pattern":
        """The pattern before any unknown is moved."""
        # not a copy, which would keep what was computed for this one
        return self if self.moved is None else Pattern(slots=self.slots, blocks=self.blocks)

    @cached_property
    def reach(self) -> tuple[Block, ...]:
        """The blocks that may hold an unknown: those listed, and with moved unknowns all."""
        if self.moved is None:
            return self.blocks
        listed = {(block.target, block.source): block for block in self.blocks}
        every = product([slot.name for slot in self.slots[1:]], self.sizes)
        return tuple(
            listed.get(place, Block(target=place[0], source=place[1], count=0)) for place in every
        )

    def _expected(self, block: Block) -> float:
        """Return a block's expected number of unknowns, before any is moved."""
        if block.density is None:
            return float(block.count or 0)
        return block.density * self.places(block)

    def expected(self) -> dict[str, float]:
        """Return the expected number of unknowns of each block, by "target" + "source"."""
        counts = {block.target + block.source: self._expected(block) for block in self.reach}
        if self.moved is None:
            return counts
        total = sum(counts.values())
        moved = number_moved(self)
        kept = 1 - moved / total if total else 0.0
        places = {b.target + b.source: self.places(b) for b in self.reach}
        empty = {name: number - kept * counts[name] for name, number in places.items()}
        again = moved / sum(empty.values())
        return {name: kept * count + again * empty[name] for name, count in counts.items()}


@dataclass(frozen=True)
class Mask:
    """The places of the unknowns of one drawn pattern.

    Attributes
    ----------
    rows, columns : (unknowns,) positions in the full square W, sorted by row, then column.
    counts : the realised number of unknowns of each block, by "target" + "source".
    origins : (unknowns,) each one's position before any was moved; None where none was.
    """

    rows: np.ndarray
    columns: np.ndarray
    counts: dict[str, int]
    origins: np.ndarray | None = None

    def dense(self, size: int) -> np.ndarray:
        """Return the mask as a (size, size) array of truth values."""
        mask = np.zeros((size, size), dtype=bool)
        mask[self.rows, self.columns] = True
        return mask


NOWHERE = Mask(rows=np.empty(0, int), columns=np.empty(0, int), counts={})


def number_moved(pattern: Pattern) -> int:
    """Return how many unknowns of a pattern are moved, rounded to a whole number."""
    return round((pattern.moved or 0) * sum(block.count or 0 for block in pattern.blocks))


def draw_mask(pattern: Pattern, rng: np.random.Generator) -> Mask:
    """Draw the places of the unknowns, block by block in the pattern's order."""
    mask = _draw_blocks(pattern, rng)
    return mask if pattern.moved is None else _move(pattern, mask, rng)


def _draw_blocks(pattern: Pattern, rng: np.random.Generator) -> Mask:
    places, counts = [], {}
    width = sum(pattern.sizes.values())
    for block in pattern.blocks:
        number = pattern.places(block)
        if block.density is None:
            chosen = rng.choice(number, size=block.count, replace=False, shuffle=False)
        else:
            chosen = np.flatnonzero(rng.random(number) < block.density)
        row, column = np.divmod(chosen, pattern.sizes[block.source])
        row = row + pattern.offsets[block.target]
        places.append(row * width + column + pattern.offsets[block.source])
        counts[block.target + block.source] = len(chosen)
    rows, columns = np.divmod(np.sort(np.concatenate(places)), width)
    return Mask(rows=rows, columns=columns, counts=counts)


def _move(pattern: Pattern, mask: Mask, rng: np.random.Generator) -> Mask:
    """Take the pattern's share of unknowns out and place them again over all empty places.

    One order of the unknowns and one of all places decide, whatever the share: what is moved at a
    share is moved at every larger one, so that along a path of shares the mask changes as little as
    it can. Of the places in that order the first that are empty are taken, which is a uniform draw.
    """
    width, first = sum(pattern.sizes.values()), pattern.slots[0].size
    number, rows = len(mask.rows), pattern.state_size
    leaving = rng.permutation(number)[: number_moved(pattern)]
    order = rng.permutation(rows * width)
    places = (mask.rows - first) * width + mask.columns
    taken = np.zeros(rows * width, dtype=bool)
    taken[np.delete(places, leaving)] = True
    places[leaving] = order[~taken[order]][: len(leaving)]
    origins = np.argsort(places)
    row, columns = np.divmod(places[origins], width)
    counts = {
        block.target + block.source: int(np.sum(inside(pattern, block, row + first, columns)))
        for block in pattern.reach
    }
    return Mask(rows=row + first, columns=columns, counts=counts, origins=origins)


def inside(pattern: Pattern, block: Block, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return which places lie in a block, as truth values."""
    row, column = pattern.offsets[block.target], pattern.offsets[block.source]
    return (
        (rows >= row)
        & (rows < row + pattern.sizes[block.target])
        & (columns >= column)
        & (columns < column + pattern.sizes[block.source])
    )


def rnn_pattern(
    inputs: int,
    hidden: int,
    outputs: int,
    densities: Mapping[str, float] | None = None,
    counts: Mapping[str, int] | None = None,
    activation: Activation = "relu",
) -> Pattern:
    """Return the RNN pattern z = (x, h, y) with six blocks, `hx hh hy; yx yh yy`.

    Parameters
    ----------
    inputs, hidden, outputs : |x|, |h|, |y|.
    densities, counts : a density or an exact count for each of the six blocks, one or the other.
    activation : σ on h; σ on y is the identity.
    """
    given = densities if densities is not None else counts
    if given is None or set(given) != set(RNN_BLOCKS):
        raise ValueError(f"an RNN takes a density or a count for each of {RNN_BLOCKS}")
    field = "density" if densities is not None else "count"
    return Pattern(
        slots=(
            Slot(name="x", size=inputs),
            Slot(name="h", size=hidden, activation=activation),
            Slot(name="y", size=outputs),
        ),
        blocks=tuple(
            Block.model_validate({"target": name[0], "source": name[1], field: given[name]})
            for name in RNN_BLOCKS
        ),
    )
