"""The bilinear term of a row. Attention is two: queries with keys, and weights with values."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from blockmaps.terms import Read, Rename, Shape, State, Term

BATCH = "Z"  # the batch's letter in an equation


class Contraction(Term):
    """A bilinear contraction of two slots: queries with keys, weights with values.

    Parameters
    ----------
    equation : as einsum's, for one member of the batch: "ik,jk->ij".
    left, right : the slots.
    scale : what the result is multiplied by.
    """

    def __init__(self, equation: str, left: str, right: str, scale: float = 1.0) -> None:
        super().__init__()
        inputs, _, output = equation.partition("->")
        one, _, two = inputs.partition(",")
        if not (one and two) or not set(output) <= set(one + two):
            raise ValueError(f"a contraction takes an equation such as ik,jk->ij; found {equation}")
        if BATCH in equation or not (one + two + output).isalpha():
            raise ValueError(f"{equation}: takes letters other than {BATCH}, which is the batch")
        self.axes = (one, two, output)
        self.equation = equation
        self.batched = f"{BATCH}{one},{BATCH}{two}->{BATCH}{output}"
        self.left, self.right, self.scale = left, right, scale

    def forward(self, z: State) -> Tensor:
        """Return the contraction."""
        return torch.einsum(self.batched, z[self.left], z[self.right]) * self.scale

    def reads(self) -> Iterator[Read]:
        """Yield the two slots."""
        yield Read(self.left, "contraction")
        yield Read(self.right, "contraction")

    def renamed(self, names: Rename) -> "Contraction":
        """Return the contraction of two other slots."""
        return Contraction(self.equation, names(self.left), names(self.right), self.scale)

    def shape(self, shapes: Mapping[str, Shape], target: str) -> Shape:
        """Return the shape of the contraction."""
        one, two, output = self.axes
        sizes: dict[str, int] = {}
        fits = len(one) == len(shapes[self.left]) and len(two) == len(shapes[self.right])
        for letter, size in zip(one + two, shapes[self.left] + shapes[self.right], strict=False):
            fits = fits and sizes.setdefault(letter, size) == size
        if not fits:
            raise ValueError(
                f"row {target!r}: {self.equation} does not take slots {self.left!r} of "
                f"{shapes[self.left]} and {self.right!r} of {shapes[self.right]}"
            )
        return tuple(sizes[letter] for letter in output)
