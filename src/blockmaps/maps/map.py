"""Iterative maps: z ← F∘z, again and again (2404.00880), and z ← σ(W z + b), the affine one.

This is the reference: short, slow and obviously right. `bank` is the fast one, tested equal to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from math import prod
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from blockmaps.designs.patterns import Pattern
from blockmaps.designs.variants import Start
from blockmaps.maps.blocks import KINDS, Affine
from blockmaps.maps.matrix import matrix
from blockmaps.maps.terms import Apply, Constant, SlotShape, State, Sum, Term

RowTerms = Term | Mapping[str, nn.Module]


class BlockMap(nn.Module):
    """One block function F: (F∘z)_i = σ_i(Σ_j f_ij(z_j)), and its iteration.

    All slots update at once, from the old z, unless an update order is given: then it is part of
    the map, and a group of slots reads what the groups before it have become.

    Parameters
    ----------
    slots : the shape of every slot, by name, the input first; a number is a vector's size.
    rows : the row of each target, as a term or as a mapping from sources to maps f_ij (see
        `terms`). A slot without a row becomes zero.
    activations : σ_i by slot, a name of `ACTIVATIONS` or a function; the identity where left out.
    order : groups of slots, each slot once. None: all at once.

    Raises
    ------
    ValueError
        If a row names a slot that is not there, or sizes do not fit, naming the slots.
    """

    def __init__(
        self,
        slots: Mapping[str, int | SlotShape],
        rows: Mapping[str, RowTerms],
        activations: Mapping[str, str | Callable[[Tensor], Tensor]] | None = None,
        order: Sequence[Iterable[str]] | None = None,
    ) -> None:
        super().__init__()
        activations = activations or {}
        self.shapes: dict[str, SlotShape] = {
            name: (shape,) if isinstance(shape, int) else tuple(shape)
            for name, shape in slots.items()
        }
        if not slots:
            raise ValueError("a map takes at least one slot, the input")
        if empty := [name for name, shape in self.shapes.items() if prod(shape) < 1 or not shape]:
            raise ValueError(f"slots without any place: {', '.join(empty)}")
        self.input = next(iter(self.shapes))
        self._positions = {target: place for place, target in enumerate(rows)}
        made: list[Sum] = []
        for target, row in rows.items():
            if not isinstance(row, Term | Mapping):
                raise TypeError(
                    f"row {target!r}: takes a term, or sources with their maps such as "
                    f"{{'x': nn.Linear(2, 3)}}; found {type(row).__name__}"
                )
            whole = target not in activations
            own = activations.get(target, "identity")
            made.append(row if isinstance(row, Sum) and whole else Sum(row, activation=own))
        self._rows = cast("Sequence[Sum]", nn.ModuleList(made))  # which does not say what it holds
        self.order = tuple(map(tuple, order)) if order is not None else (tuple(self.shapes),)
        self._check(activations)

    def _check(self, activations: Iterable[str]) -> None:
        named = {*self._positions, *activations}
        named |= {read.source for row in self._rows for read in row.reads()}
        if unknown := sorted(named - set(self.shapes)):
            raise ValueError(f"no such slot: {', '.join(unknown)}; there are {[*self.shapes]}")
        if sorted(slot for group in self.order for slot in group) != sorted(self.shapes):
            raise ValueError(f"the update order {self.order} must name every slot once")
        if idle := sorted(set(activations) - set(self._positions)):
            raise ValueError(f"slots with an activation and no row: {', '.join(idle)}")
        for target, row in self.rows.items():
            found, wanted = row.shape(self.shapes, target), self.shapes[target]
            if found != wanted:
                made = " and ".join(dict.fromkeys(read.source for read in row.reads()))
                raise ValueError(
                    f"row {target!r}: what is made of {made} has shape {found}, "
                    f"but slot {target!r} has {wanted}"
                )

    @property
    def rows(self) -> dict[str, Sum]:
        """The row of every slot that has one."""
        return {target: self._rows[place] for target, place in self._positions.items()}

    @property
    def size(self) -> int:
        """The length of z, |z|."""
        return sum(map(prod, self.shapes.values()))

    @property
    def blocks(self) -> dict[tuple[str, str], str]:
        """The block pattern: (target, source) → the kind of block, absent ones left out."""
        found: dict[tuple[str, str], str] = {}
        for target, row in self.rows.items():
            for source, kind in row.reads():
                known = found.get((target, source), kind)
                found[target, source] = max(known, kind, key=KINDS.index)
        return found

    def held(self) -> list[str]:
        """Return the slots that keep what they hold: an identity at (i, i) and nothing else."""
        return [target for target, row in self.rows.items() if _holds(row, target)]

    def depths(self) -> dict[str, int]:
        """Return the length of the longest path of blocks that leads to each slot.

        Where the slots of depth 0 hold themselves and all update at once, slot i stands from
        iteration depths()[i] on, whatever it was at the start.

        Raises
        ------
        graphlib.CycleError
            If a slot feeds back to itself: the map then has no such number.
        """
        reads: dict[str, set[str]] = {slot: set() for slot in self.shapes}
        for target, source in self.blocks:
            reads[target].add(source)
        held = set(self.held())
        for slot in held:
            reads[slot] = set()
        depths: dict[str, int] = {}
        for slot in TopologicalSorter(reads).static_order():
            least = 1 if slot in self._positions and slot not in held else 0
            depths[slot] = max([least, *(depths[source] + 1 for source in reads[slot])])
        return depths

    def row(self, slot: str, z: State) -> Tensor:
        """Return (F∘z)_i, (batch, *shape)."""
        old = z[slot]
        if slot not in self._positions:
            return torch.zeros_like(old)
        row = self._rows[self._positions[slot]]
        value = row(z)
        if next(row.reads(), None) is None:
            value = value.expand_as(old)  # constants alone have no batch
        return value

    def step(self, z: State) -> State:
        """Return F∘z, one iteration: all slots at once, or group by group in the update order."""
        z = dict(z)
        for group in self.order:
            z |= {slot: self.row(slot, z) for slot in group}
        return z

    def iterate(self, z: State, iterations: int) -> State:
        """Return z after a number of iterations."""
        for _ in range(iterations):
            z = self.step(z)
        return z

    def start(self, given: State) -> State:
        """Return a state that is zero but for the slots given, each (batch, *shape)."""
        if unknown := sorted(set(given) - set(self.shapes)):
            raise ValueError(f"no such slot: {', '.join(unknown)}; there are {[*self.shapes]}")
        if not given:
            raise ValueError("a start takes at least one slot, which has the batch")
        like = next(iter(given.values()))
        for slot, value in given.items():
            if tuple(value.shape) != (len(like), *self.shapes[slot]):
                raise ValueError(
                    f"slot {slot!r} takes (batch, {', '.join(map(str, self.shapes[slot]))}); "
                    f"found {tuple(value.shape)} in a batch of {len(like)}"
                )
        return {
            slot: given[slot] if slot in given else like.new_zeros(len(like), *shape)
            for slot, shape in self.shapes.items()
        }

    def drive(self, tokens: Tensor, iterations: int = 1, z: State | None = None) -> State:
        """Return the state after every token: the forced form, x overwritten by each token.

        Parameters
        ----------
        tokens : (batch, time, *shape of the input slot).
        iterations : steps a token. Within them x follows its own row: it is held by an identity
            at (x, x), and gone after one step without. One token is a held input.
        z : slots before the first token; zero where left out.

        Returns
        -------
        every slot as (batch, time, *shape).
        """
        if tokens.dim() < 2 or not tokens.shape[1]:
            raise ValueError(f"takes tokens (batch, time, …); found shape {tuple(tokens.shape)}")
        z = self.start({**(z or {}), self.input: tokens[:, 0]})
        states = []
        for token in tokens.unbind(1):
            z = self.iterate({**z, self.input: token}, iterations)
            states.append(z)
        return {slot: torch.stack([one[slot] for one in states], 1) for slot in self.shapes}

    def pack(self, z: State) -> Tensor:
        """Return the state as one vector, (…, |z|), slots in their order."""
        return torch.cat([z[slot].flatten(-len(s)) for slot, s in self.shapes.items()], -1)

    def unpack(self, z: Float[Tensor, "... z"]) -> State:
        """Return the slots of a state that is one vector."""
        parts = z.split([prod(shape) for shape in self.shapes.values()], -1)
        named = zip(self.shapes.items(), parts, strict=True)
        return {slot: part.unflatten(-1, shape) for (slot, shape), part in named}

    def forward(self, z: Float[Tensor, "batch z"]) -> Float[Tensor, "batch z"]:
        """Return F∘z of a state as one vector, so that a map may be a block of another."""
        return self.pack(self.step(self.unpack(z)))


def _holds(row: Sum, target: str) -> bool:
    """Return whether a row is the slot itself, an identity and nothing else."""
    first, *others = row.terms
    alone = not others and row.activation == "identity" and isinstance(first, Apply)
    return alone and first.source == target and isinstance(first.f, nn.Identity)


class IterativeMap(BlockMap):
    """z ← σ(W z + b): the block function whose blocks are rectangles of one matrix W.

    All rows update at once, from the old z. So in the RNN z = (x, h, y) the output y reads the
    *previous* h, one step behind, and is fed back (2509.15057, "The model"). x has no rows in W:
    it holds the input, overwritten by each token.

    Parameters
    ----------
    pattern : slots and activations; the first slot is the input.
    W : (|z|, |z|) weights; entries that are not unknowns are zero for ever.
    mask : (|z|, |z|) the unknowns.
    b : (|z| − |x|,) a bias for every unit but the input's, or (0,): no bias at all.
    """

    def __init__(
        self,
        pattern: Pattern,
        W: Float[Tensor, "z z"],
        mask: Bool[Tensor, "z z"],
        b: Float[Tensor, " state"],
    ) -> None:
        W, b = nn.Parameter(W * mask), nn.Parameter(b.clone())
        x, *state = pattern.slots
        part = {
            slot: slice(first, first + pattern.sizes[slot])
            for slot, first in pattern.offsets.items()
        }
        blocks: dict[str, dict[str, nn.Module]] = {slot.name: {} for slot in state}
        outside = mask.clone()
        for block in pattern.reach:
            to, of = part[block.target], part[block.source]
            f = Affine(W, mask=mask, rows=to, columns=of)
            blocks[block.target][block.source] = f
            outside[to, of] = False
        if outside.any():
            raise ValueError(f"the mask has {int(outside.sum())} places in blocks that are absent")
        rows: dict[str, RowTerms] = {x.name: {x.name: nn.Identity()}}
        for slot in state:
            place = part[slot.name]
            bias = Constant(b, slice(place.start - x.size, place.stop - x.size))
            rows[slot.name] = Sum(blocks[slot.name], bias) if len(b) else Sum(blocks[slot.name])
        super().__init__(pattern.sizes, rows, {slot.name: slot.activation for slot in state})
        self.W, self.b = W, b
        self.register_buffer("mask", mask)

    @classmethod
    def from_start(
        cls, pattern: Pattern, start: Start, dtype: torch.dtype = torch.float32
    ) -> "IterativeMap":
        """Return the map of a variant before training."""
        W = torch.from_numpy(matrix(pattern, start.mask, start.values)).to(dtype)
        mask = torch.from_numpy(start.mask.dense(len(W)))
        return cls(pattern, W, mask, torch.from_numpy(start.bias).to(dtype, copy=True))
