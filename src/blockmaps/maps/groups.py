"""Groups of a bank: variants of nearly the same size, padded to one, computed together.

A group is what is computed at once: its W is formed, multiplied and left behind before the next
group's. On a CPU a group is therefore kept so small that its W stays in the cache; on a GPU not.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from blockmaps.designs.patterns import Activation, Pattern
from blockmaps.designs.variants import Start
from blockmaps.maps.activations import BACKWARD, IN_PLACE
from blockmaps.maps.layouts import Full, GroupSize, Layout, fastest

# Variants are padded to the largest of their group; a group ends where padding would pass this.
MOST_PADDING = 1.12

# Places of W that a group has at most on a CPU: 4 MiB in float32, which stay in the last cache; and
# of V, which every step reads: 1 MiB, which stays in the cache of one core.
MOST_PLACES = 2**20
MOST_STATE_PLACES = 2**18


class ActivatedRows(NamedTuple):
    """ActivatedRows of the state with one activation."""

    begin: int
    end: int
    activation: Activation


class Group(NamedTuple):
    """Variants of nearly the same size, padded to one.

    The state is (h, y), or (h1, h2, …, y), each slot but the output padded to the largest of the
    group.

    Attributes
    ----------
    members : positions of its variants in the bank.
    shape : sizes, padding included.
    weights : how its W is held.
    rows : (biases,) where the members' biases, one member after another, lie among all rows.
    row_counts : biases of each member.
    activated : the rows that have an activation other than the identity.
    """

    members: list[int]
    shape: GroupSize
    weights: Layout
    rows: Tensor
    row_counts: list[int]
    activated: list[ActivatedRows]

    @property
    def output(self) -> slice:
        """The rows of y."""
        return slice(self.shape.size - self.shape.outputs, self.shape.size)

    def views(self, a: Tensor) -> list[Tensor]:
        """Return the rows of (members, size, …) that have an activation, as views."""
        return [a[:, begin:end] for begin, end, _ in self.activated]

    def activate(self, views: Sequence[Tensor]) -> None:
        """Turn sums a into σ(a), in their place."""
        for (_, _, activation), a in zip(self.activated, views, strict=True):
            IN_PLACE[activation](a)

    def differentiate(self, views: Sequence[Tensor], active: Sequence[Tensor]) -> None:
        """Multiply a gradient with σ' in its place; σ' is taken from the activated state."""
        for (_, _, activation), gradient, s in zip(self.activated, views, active, strict=True):
            BACKWARD[activation](gradient, s)


def group_by_size(
    sizes: Sequence[Sequence[int]], most: Callable[[int], int] = lambda size: sys.maxsize
) -> list[list[int]]:
    """Group positions by size, so that none is padded by more than `MOST_PADDING`.

    Parameters
    ----------
    sizes : of each variant's slots; a slot is padded to the largest of its group.
    most : members of a group of a padded size; of less than one, it has one.
    """
    groups: list[list[int]] = []
    padded: list[int] = []  # of the last group
    for position in sorted(range(len(sizes)), key=lambda position: sum(sizes[position])):
        if groups:
            longer = [max(pair) for pair in zip(padded, sizes[position], strict=True)]
            near = sum(longer) <= MOST_PADDING * sum(sizes[groups[-1][0]])
            if near and len(groups[-1]) + 1 <= most(sum(longer)):
                groups[-1].append(position)
                padded = longer
                continue
        groups.append([position])
        padded = list(sizes[position])
    return groups


def most_members(inputs: int, size: int, device: torch.device) -> int:
    """Return how many variants of a padded size a group may have; of less than one, it has one."""
    if device.type != "cpu":
        return sys.maxsize
    return min(MOST_PLACES // (size * (inputs + size)), MOST_STATE_PLACES // size**2)


def lay_out(
    patterns: Sequence[Pattern], starts: Sequence[Start], device: torch.device
) -> list[Group]:
    """Put variants into groups, and decide where every unknown and bias goes."""
    most = partial(most_members, patterns[0].slots[0].size, device=device)
    kinds: dict[tuple, list[int]] = {}
    for k, (pattern, begin) in enumerate(zip(patterns, starts, strict=True)):
        kind = fastest(pattern, begin.mask, device)
        exact = tuple(pattern.sizes.values()) if kind is Full else ()  # they cannot be padded
        kinds.setdefault((kind, *exact), []).append(k)
    groups = []
    for (kind, *_), chosen in kinds.items():
        sizes = [tuple(patterns[k].sizes.values())[1:] for k in chosen]
        for positions in group_by_size(sizes, most):
            members = [chosen[position] for position in positions]
            groups.append(_group(kind, members, patterns, starts, device))
    return groups


def _group(
    kind: type[Layout],
    members: list[int],
    all_patterns: Sequence[Pattern],
    all_starts: Sequence[Start],
    device: torch.device,
) -> Group:
    """Lay one group out."""
    patterns, starts = [all_patterns[k] for k in members], [all_starts[k] for k in members]
    x, *hidden, y = patterns[0].slots
    # the slots of a group's state, padded, and where each begins
    padded = [*(max(one.sizes[slot.name] for one in patterns) for slot in hidden), y.size]
    begins = [0, *accumulate(padded)]
    shape = GroupSize(len(members), begins.pop(), x.size, y.size)
    begin_of = dict(zip((slot.name for slot in [*hidden, y]), begins, strict=True))
    activated = [
        ActivatedRows(begin, begin + length, slot.activation)
        for slot, begin, length in zip([*hidden, y], begins, padded, strict=True)
        if slot.activation != "identity"
    ]
    places, rows = [], []
    for k, (pattern, begin) in enumerate(zip(patterns, starts, strict=True)):
        mask = begin.mask
        # where each state unit (h, …, y) sits in the group's state
        place = np.concatenate(
            [begin_of[slot.name] + np.arange(slot.size) for slot in pattern.slots[1:]]
        )
        row = k * shape.size + place[mask.rows - x.size]
        from_input = mask.columns < x.size
        source = place[np.where(from_input, 0, mask.columns - x.size)]
        V = shape.rows * x.size + row * shape.size
        places.append(np.where(from_input, row * x.size + mask.columns, V + source))
        rows.append(k * shape.size + place[: len(begin.bias)])  # none without biases
    return Group(
        members=members,
        shape=shape,
        weights=kind(shape, places, device),
        rows=torch.from_numpy(np.concatenate(rows)).to(device),
        row_counts=[len(one) for one in rows],
        activated=activated,
    )
