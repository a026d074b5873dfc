"""Groups of a bank: variants of nearly the same size, padded to one, and how they are activated."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from blockmaps.activations import ACTIVATIONS

# Variants are padded to the largest of their group; a group ends where padding would pass this.
MOST_PADDING = 1.12

# dσ(a)/da, written in σ's own value s.
DERIVATIVES = {
    "tanh": lambda s: 1 - s * s,
    "sigmoid": lambda s: s * (1 - s),
    "elu": lambda s: torch.where(s > 0, torch.ones_like(s), s + 1),
}


class Group(NamedTuple):
    """Variants of nearly the same size, padded to one.

    Attributes
    ----------
    members : positions of its variants in the bank.
    size : rows of the state, padding included. The output comes first, then h, then padding.
    rows : where its rows start among all rows of U; the group has members × size of them.
    places : where its V starts in the vector of all places.
    floor : (members, size, 1) 0 where a row is rectified, −∞ where it is not.
    smooth : activations other than these two, each with a (members, size, 1) mask of its rows.
    """

    members: list[int]
    size: int
    rows: int
    places: int
    floor: Tensor
    smooth: list[tuple[str, Tensor]]

    def activate(self, a: Tensor) -> Tensor:
        """Return σ(a) of the first rows of the state, overwriting a."""
        rows = a.shape[1]
        torch.maximum(a, self.floor[:, :rows], out=a)
        for name, where in self.smooth:
            a = torch.where(where[:, :rows], ACTIVATIONS[name](a), a)
        return a

    def differentiate(self, gradient: Tensor, s: Tensor) -> Tensor:
        """Return gradient × σ', with σ' from the activated state s; overwrites the gradient."""
        rows = s.shape[1]
        gradient.masked_fill_(s <= self.floor[:, :rows], 0)
        for name, where in self.smooth:
            gradient = torch.where(where[:, :rows], gradient * DERIVATIVES[name](s), gradient)
        return gradient

    def slice_rows(self, of: Tensor) -> Tensor:
        """Return the group's part of (rows, time, batch) as (members, size, time, batch)."""
        number = len(self.members) * self.size
        return of[self.rows : self.rows + number].unflatten(0, (len(self.members), self.size))

    def slice_places(self, of: Tensor) -> Tensor:
        """Return the group's V, (members, size, size), from the vector of all places."""
        number = len(self.members) * self.size**2
        return of[self.places : self.places + number].view(-1, self.size, self.size)


def group_by_size(sizes: Sequence[int]) -> list[list[int]]:
    """Group positions by size, so that none is padded by more than `MOST_PADDING`."""
    groups: list[list[int]] = []
    for position in sorted(range(len(sizes)), key=lambda position: sizes[position]):
        if groups and sizes[position] <= MOST_PADDING * sizes[groups[-1][0]]:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups
