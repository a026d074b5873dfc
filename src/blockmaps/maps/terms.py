"""Terms: what may stand in a row of the block matrix (2404.00880).

A block function is a matrix of maps f_ij from slot j of the state z to slot i,

    (F∘z)_i = σ_i( Σ_j f_ij(z_j) )

Rows are targets, columns are sources, and absent means zero. A row is written with five terms:

    f_ij(z_j)                    {"j": f}, or Apply("j", f)     f: any nn.Module
    σ(Σ_j f_ij(z_j) + b)         Sum({"j": f, …}, Constant(b), activation=σ)
    σ(M z + b) ⊙ τ(N z + c)      Product(Sum(…, activation=σ), Sum(…, activation=τ))
    Σ_k q_ik k_jk                Contraction("ik,jk->ij", "q", "k")
    b_i                          Constant(b)

They nest: a term may stand wherever another may, and a whole map is an nn.Module, so it may stand
as a block f. The usual f are `nn.Identity`, `nn.Linear`, and `Affine` where several blocks are cut
from one matrix or have a mask.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from blockmaps.maps.activations import ACTIVATIONS
from blockmaps.maps.blocks import KINDS, kind_of, shape_after

State = dict[str, Tensor]  # slot → (batch, *shape of the slot)
SlotShape = tuple[int, ...]
Rename = Callable[[str], str]


class Read(NamedTuple):
    """That a row reads a slot, and how (one of `KINDS`)."""

    source: str
    kind: str


class Term(nn.Module):
    """A part of a row: a function of the state."""

    def forward(self, z: State) -> Tensor:
        """Return the term's value, (batch, *shape)."""
        raise NotImplementedError

    def reads(self) -> Iterator[Read]:
        """Yield the slots that the term reads."""
        raise NotImplementedError

    def renamed(self, names: Rename) -> "Term":
        """Return the same term, with the same weights, reading other slots."""
        raise NotImplementedError

    def shape(self, shapes: Mapping[str, SlotShape], target: str) -> SlotShape:
        """Return the shape of the term's value, the batch left out.

        Raises
        ------
        ValueError
            If sizes do not fit; it names the slots.
        """
        raise NotImplementedError


class Apply(Term):
    """f_ij(z_j): one block."""

    def __init__(self, source: str, f: nn.Module) -> None:
        super().__init__()
        self.source, self.f = source, f

    def forward(self, z: State) -> Tensor:
        """Return f(z_j)."""
        return self.f(z[self.source])

    def reads(self) -> Iterator[Read]:
        """Yield the one slot."""
        yield Read(self.source, kind_of(self.f))

    def renamed(self, names: Rename) -> "Apply":
        """Return the same block of another source."""
        return Apply(names(self.source), self.f)

    def shape(self, shapes: Mapping[str, SlotShape], target: str) -> SlotShape:
        """Return the shape of f(z_j)."""
        try:
            return shape_after(self.f, shapes[self.source])
        except ValueError as fault:
            raise ValueError(
                f"block ({target}, {self.source}): {type(self.f).__name__} does not take slot "
                f"{self.source!r} of shape {shapes[self.source]}: {fault}"
            ) from None


class Constant(Term):
    """b_i: what is added to a row whatever the state; a bias, or a mask of scores.

    Parameters
    ----------
    value : a parameter is an unknown bias; any other tensor is fixed. It may be broadcast.
    rows : the part of value that is meant.
    """

    def __init__(self, value: Tensor, rows: slice = slice(None)) -> None:
        super().__init__()
        self.rows = rows
        if isinstance(value, nn.Parameter):
            self.bias = value
        else:
            self.register_buffer("bias", value, persistent=False)

    def forward(self, z: State) -> Tensor:
        """Return b_i."""
        return self.bias[self.rows]

    def reads(self) -> Iterator[Read]:
        """Yield nothing."""
        return iter(())

    def renamed(self, names: Rename) -> "Constant":
        """Return the same constant."""
        return Constant(self.bias, self.rows)

    def shape(self, shapes: Mapping[str, SlotShape], target: str) -> SlotShape:
        """Return the target's shape, if the constant can be broadcast to it."""
        mine, wanted = tuple(self.bias[self.rows].shape), shapes[target]
        longer = len(mine) > len(wanted)
        if longer or any(m not in (1, w) for m, w in zip(mine[::-1], wanted[::-1], strict=False)):
            raise ValueError(f"constant of shape {mine} does not fit slot {target!r} of {wanted}")
        return wanted


class Sum(Term):
    """σ(Σ_j f_ij(z_j)): a block row.

    Parameters
    ----------
    parts : terms, or mappings from a source to the map f that is applied to it.
    activation : σ; a name of `ACTIVATIONS` or a function.
    """

    def __init__(
        self,
        *parts: Term | Mapping[str, nn.Module],
        activation: str | Callable[[Tensor], Tensor] = "identity",
    ) -> None:
        super().__init__()
        terms: list[Term] = []
        for part in parts:
            if isinstance(part, Term):
                terms.append(part)
            else:
                terms += [Apply(source, f) for source, f in part.items()]
        if not terms:
            raise ValueError("a sum takes at least one term; leave an empty row out")
        if isinstance(activation, str) and activation not in ACTIVATIONS:
            takes = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation {activation!r}: takes a function or one of: {takes}")
        # torch's list of modules does not say what it holds
        self.terms = cast("Sequence[Term]", nn.ModuleList(terms))
        self.activation = activation

    def forward(self, z: State) -> Tensor:
        """Return σ of the sum of the terms."""
        a = self.total(z)
        if isinstance(self.activation, str):
            return ACTIVATIONS[self.activation](a)
        if len(self.terms) == 1:
            a = a.clone()  # it may be the slot itself, and σ may write into what it is given
        return self.activation(a)

    def total(self, z: State) -> Tensor:
        """Return Σ_j f_ij(z_j), what σ is applied to."""
        first, *rest = self.terms
        a = first(z)
        for term in rest:
            a = a + term(z)
        return a

    def reads(self) -> Iterator[Read]:
        """Yield what the terms read."""
        for term in self.terms:
            yield from term.reads()

    def renamed(self, names: Rename) -> "Sum":
        """Return the sum of the renamed terms."""
        return Sum(*(term.renamed(names) for term in self.terms), activation=self.activation)

    def shape(self, shapes: Mapping[str, SlotShape], target: str) -> SlotShape:
        """Return the shape of σ of the terms' one shape."""
        shape = _one_shape(self, shapes, target)
        if isinstance(self.activation, str):
            return shape
        try:
            return shape_after(self.activation, shape)
        except ValueError as fault:
            raise ValueError(
                f"row {target!r}: its activation does not take shape {shape}: {fault}"
            ) from None


class Product(Term):
    """The elementwise product of rows, σ(M z + b) ⊙ τ(N z + c): a gate.

    Parameters
    ----------
    factors : terms, or names of slots that are read as they are.
    """

    def __init__(self, *factors: Term | str) -> None:
        super().__init__()
        terms = [Apply(one, nn.Identity()) if isinstance(one, str) else one for one in factors]
        self.terms = cast("Sequence[Term]", nn.ModuleList(terms))
        if not factors:
            raise ValueError("a product takes at least one factor")

    def forward(self, z: State) -> Tensor:
        """Return the product of the factors."""
        first, *rest = self.terms
        product = first(z)
        for factor in rest:
            product = product * factor(z)
        return product

    def reads(self) -> Iterator[Read]:
        """Yield what the factors read; read here, it is multiplied."""
        for factor in self.terms:
            for source, kind in factor.reads():
                yield Read(source, max("product", kind, key=KINDS.index))

    def renamed(self, names: Rename) -> "Product":
        """Return the product of the renamed factors."""
        return Product(*(factor.renamed(names) for factor in self.terms))

    def shape(self, shapes: Mapping[str, SlotShape], target: str) -> SlotShape:
        """Return the factors' one shape."""
        return _one_shape(self, shapes, target)


def _one_shape(of: Sum | Product, shapes: Mapping[str, SlotShape], target: str) -> SlotShape:
    """Return the shape that all terms have, or say which two differ."""
    found = [(term.shape(shapes, target), term) for term in of.terms]
    (shape, first), *rest = found
    for other, term in rest:
        if other != shape:
            made = [" and ".join(dict.fromkeys(r.source for r in t.reads())) for t in (first, term)]
            raise ValueError(
                f"row {target!r}: what is made of {made[0] or 'a constant'} has shape {shape}, "
                f"what is made of {made[1] or 'a constant'} has {other}"
            )
    return shape


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

    def shape(self, shapes: Mapping[str, SlotShape], target: str) -> SlotShape:
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
