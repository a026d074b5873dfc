"""Groups of a bank: variants of nearly the same size, padded to one, computed together.

A group is what is computed at once: its W is formed, multiplied and left behind before the next
group's. On a CPU a group is therefore kept as small as its cache; on a GPU it is kept large.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from blockmaps.activations import BACKWARD, IN_PLACE
from blockmaps.patterns import Activation, Mask, Pattern

# Variants are padded to the largest of their group; a group ends where padding would pass this.
MOST_PADDING = 1.12

# Places of W that a group has at most on a CPU: 4 MiB of them in float32, which stay in the cache.
MOST_PLACES = 2**20


class Rows(NamedTuple):
    """Rows of the state with one activation."""

    begin: int
    end: int
    activation: Activation


class Group(NamedTuple):
    """Variants of nearly the same size, padded to one.

    W without its rows for x is kept as U, (members, size, |x|), then V, (members, size, size), in
    one vector. The state begins with the output: (y, h), or (y, h1, h2 …), each slot but the output
    padded to the largest of the group.

    Attributes
    ----------
    members : positions of its variants in the bank.
    size : rows of the state, padding included.
    inputs, outputs : |x|, |y|.
    full : every place of every member is an unknown; then there is no padding.
    places : (unknowns,) where the members' unknowns, one member after another, lie in that vector;
        None if full.
    counts : unknowns of each member.
    rows : (biases,) where their biases lie among the members × size rows.
    row_counts : biases of each member.
    activated : the rows that have an activation other than the identity.
    """

    members: list[int]
    size: int
    inputs: int
    outputs: int
    full: bool
    places: Tensor | None
    counts: list[int]
    rows: Tensor
    row_counts: list[int]
    activated: list[Rows]

    @property
    def all_rows(self) -> int:
        """Rows of all members, padding included."""
        return len(self.members) * self.size

    @property
    def all_places(self) -> int:
        """Length of the vector that holds U and V."""
        return self.all_rows * (self.inputs + self.size)

    def split(self, W: Tensor) -> tuple[Tensor, Tensor]:
        """Return U as (members × size, |x|) and V as (members, size, size), views of a vector."""
        U, V = W.split([self.all_rows * self.inputs, self.all_rows * self.size])
        return U.view(self.all_rows, self.inputs), V.view(-1, self.size, self.size)

    def form(self, W: Tensor, unknowns: Sequence[Tensor]) -> None:
        """Write the members' unknowns into the vector that holds U and V."""
        if self.full:
            for places, values in zip(self._rectangles(W), unknowns, strict=True):
                for place, value in zip(places, self._quarters(values), strict=True):
                    place.copy_(value)
        else:
            W.zero_().scatter_(0, self.places, torch.cat(list(unknowns)))

    def collect(self, W: Tensor) -> list[Tensor]:
        """Return every member's unknowns from the vector that holds U and V; `form` undone."""
        if not self.full:
            return list(W.index_select(0, self.places).split(self.counts))
        found = [W.new_empty(count) for count in self.counts]
        for places, values in zip(self._rectangles(W), found, strict=True):
            for place, value in zip(places, self._quarters(values), strict=True):
                value.copy_(place)
        return found

    def _quarters(self, values: Tensor) -> list[Tensor]:
        """Return a full member's unknowns as rectangles: rows h and y, columns x and the state.

        The state's columns are (h, y) here, those of `_rectangles` (y, h): one more cut each.
        """
        full = values.view(self.size, self.inputs + self.size)
        return [
            part
            for rows in full.split([self.size - self.outputs, self.outputs])
            for part in rows.split([self.inputs, self.size - self.outputs, self.outputs], 1)
        ]

    def _rectangles(self, W: Tensor) -> list[list[Tensor]]:
        """Return the places of each member's rectangles, in the order of `_quarters`."""
        U, V = self.split(W)
        return [
            [
                part
                for rows in (slice(self.outputs, None), slice(self.outputs))
                for part in (u[rows], v[rows, self.outputs :], v[rows, : self.outputs])
            ]
            for u, v in zip(U.view(-1, self.size, self.inputs), V, strict=True)
        ]

    def activate(self, a: Tensor) -> Tensor:
        """Return σ(a) of all rows of the state, or of the output's alone; overwrites a."""
        for begin, end, activation in self.activated:
            if begin < a.shape[1]:
                IN_PLACE[activation](a[:, begin:end])
        return a

    def differentiate(self, gradient: Tensor, s: Tensor) -> Tensor:
        """Return gradient × σ', with σ' from the activated state s; overwrites the gradient."""
        for begin, end, activation in self.activated:
            if begin < s.shape[1]:
                BACKWARD[activation](gradient[:, begin:end], s[:, begin:end])
        return gradient


def group_by_size(
    sizes: Sequence[int], inputs: int = 0, most_places: int | None = None
) -> list[list[int]]:
    """Group positions by size, so that none is padded by more than `MOST_PADDING`.

    Parameters
    ----------
    sizes : rows of each variant's state.
    inputs : |x|.
    most_places : of a group's W, if there is a limit; a variant that has more is by itself.
    """
    groups: list[list[int]] = []
    for position in sorted(range(len(sizes)), key=lambda position: sizes[position]):
        size = sizes[position]
        fits = (
            groups
            and size <= MOST_PADDING * sizes[groups[-1][0]]
            and (len(groups[-1]) + 1) * size * (inputs + size) <= (most_places or np.inf)
        )
        if fits:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


def lay_out(
    patterns: Sequence[Pattern], masks: Sequence[Mask], device: torch.device
) -> list[Group]:
    """Put variants into groups, and decide where every unknown and bias goes."""
    inputs = patterns[0].slots[0].size
    most = MOST_PLACES if device.type == "cpu" else None
    # full ones of one size apart from the others: they are copied, not scattered
    kinds: dict[int, list[int]] = {}
    for k, (pattern, mask) in enumerate(zip(patterns, masks, strict=True)):
        size = pattern.state_size
        full = len(mask.rows) == size * (inputs + size)
        kinds.setdefault(size if full else 0, []).append(k)
    groups = []
    for full, kind in kinds.items():
        sizes = [patterns[k].state_size for k in kind]
        for positions in group_by_size(sizes, inputs, most):
            members = [kind[position] for position in positions]
            chosen = [patterns[k] for k in members], [masks[k] for k in members]
            groups.append(_group(members, *chosen, bool(full), device))
    return groups


def _group(
    members: list[int],
    patterns: Sequence[Pattern],
    masks: Sequence[Mask],
    full: bool,
    device: torch.device,
) -> Group:
    """Lay one group out."""
    x, *hidden, y = patterns[0].slots
    # the slots in the order of a group's state, padded, and where each begins
    padded = [y.size, *(max(one.sizes[slot.name] for one in patterns) for slot in hidden)]
    begins = [0, *accumulate(padded)]
    size = begins.pop()
    begin_of = dict(zip([y.name, *(slot.name for slot in hidden)], begins, strict=True))
    activated = [
        Rows(begin, begin + length, slot.activation)
        for slot, begin, length in zip([y, *hidden], begins, padded, strict=True)
        if slot.activation != "identity"
    ]
    places, rows = [], []
    for k, (pattern, mask) in enumerate(zip(patterns, masks, strict=True)):
        # where each state unit (h, …, y) sits in the group's state
        place = np.concatenate(
            [begin_of[slot.name] + np.arange(slot.size) for slot in pattern.slots[1:]]
        )
        row = k * size + place[mask.rows - x.size]
        from_input = mask.columns < x.size
        source = place[np.where(from_input, 0, mask.columns - x.size)]
        V = len(members) * size * x.size
        places.append(np.where(from_input, row * x.size + mask.columns, V + row * size + source))
        rows.append(k * size + place)
    return Group(
        members=members,
        size=size,
        inputs=x.size,
        outputs=y.size,
        full=full,
        places=None if full else torch.from_numpy(np.concatenate(places)).to(device),
        counts=[len(one) for one in places],
        rows=torch.from_numpy(np.concatenate(rows)).to(device),
        row_counts=[len(one) for one in rows],
        activated=activated,
    )
