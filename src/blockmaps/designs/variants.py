"""A variant: one model to train, fully specified, and what its key makes of it.

Kept apart from the designs that make variants: training depends on this module, and must not be
repeated because a design was added.
"""

from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field, field_validator, model_validator

from blockmaps.core.canonical import digest
from blockmaps.core.seeds import generator
from blockmaps.designs.cells import Cell
from blockmaps.designs.patterns import NOWHERE, Frozen, Mask, Pattern, draw_mask, inside


class Normal(Frozen):
    """The mean and standard deviation of one block's unknowns at the start."""

    mean: float = 0.0
    std: float = Field(ge=0)


class Initialisation(Frozen):
    """How unknowns and biases start.

    normal : unknowns from N(mean, std²), the paper's N(0, 0.05²) unless told; blocks may differ.
    fan_in : unknowns of a row from N(0, gain² / n), n the number of unknowns in that row, so that
        a sum over the row keeps its scale; a rival explanation that every effect is checked with.

    Biases, one for every state unit, are from U(±1/√|z|) in both (2509.15057, "The model"), unless
    `bias` is false: then there are none (2404.00880).
    """

    scheme: Literal["normal", "fan_in"] = "normal"
    mean: float = 0.0
    std: float = Field(default=0.05, ge=0)
    gain: float = Field(default=2**0.5, gt=0)
    blocks: dict[str, Normal] | None = None
    # None where there are biases, so that keys from before this field are what they were
    bias: bool | None = Field(default=None, description="false: the model has no biases.")

    @field_validator("bias")
    @classmethod
    def _default(cls, bias: bool | None) -> bool | None:
        return None if bias else bias


class Variant(Frozen):
    """One model to train; its key is the hash of its canonical JSON."""

    pattern: Pattern
    initialisation: Initialisation
    learning_rate: float = Field(gt=0)
    seed_index: int = Field(ge=0)
    replicate: int | None = Field(
        default=None, ge=1, description="Another mask and start at the same seed index; None: 0."
    )
    iterations: int | None = Field(
        default=None, ge=2, description="Iterations a token, the token held; None: 1."
    )

    @cached_property
    def key(self) -> str:
        """The variant's name: 16 hexadecimal digits."""
        return digest(self)

    @property
    def drawn_as(self) -> str:
        """The key that names its random streams.

        However many unknowns are moved, and however often the map is applied, they are the same.
        """
        if self.pattern.moved is None and self.iterations is None:
            return self.key
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return Variant(**fields | {"pattern": self.pattern.unmoved, "iterations": None}).key

    @property
    def repeats(self) -> int:
        """How often the map is applied a token."""
        return self.iterations or 1

    @property
    def size(self) -> int:
        """Units of the state without the input."""
        return self.pattern.state_size

    @property
    def unknowns(self) -> float:
        """Expected unknowns."""
        return sum(self.pattern.expected().values())


class CellVariant(Frozen):
    """A cell of torch's to train; it starts as torch starts it, from U(±1/√h)."""

    cell: Cell
    learning_rate: float = Field(gt=0)
    seed_index: int = Field(ge=0)

    @cached_property
    def key(self) -> str:
        """The variant's name: 16 hexadecimal digits."""
        return digest(self)

    @property
    def repeats(self) -> int:
        """One pass a token."""
        return 1

    @property
    def size(self) -> int:
        """Units of the state."""
        return self.cell.hidden

    @property
    def unknowns(self) -> float:
        """Weights."""
        return self.cell.unknowns


class LayersVariant(Frozen):
    """The layers of a map, trained as torch's own modules one after another: a control.

    It starts from the map's unknowns and biases, and sees the same minibatches.
    """

    layers_of: Variant

    @model_validator(mode="after")
    def _are_layers(self) -> "LayersVariant":
        pattern = self.layers_of.pattern
        names = list(pattern.sizes)
        below = {(target, source) for source, target in pairwise(names)}
        found = {(block.target, block.source) for block in pattern.blocks}
        if pattern.moved is not None or found != below:
            raise ValueError("only a map with nothing but blocks below the diagonal has layers")
        return self

    @cached_property
    def key(self) -> str:
        """The variant's name: 16 hexadecimal digits."""
        return digest(self)

    @property
    def learning_rate(self) -> float:
        """That of the map."""
        return self.layers_of.learning_rate

    @property
    def seed_index(self) -> int:
        """That of the map."""
        return self.layers_of.seed_index

    @property
    def repeats(self) -> int:
        """One pass a token."""
        return 1

    @property
    def size(self) -> int:
        """Units of all layers but the input."""
        return self.layers_of.size

    @property
    def unknowns(self) -> float:
        """Trainable weights."""
        return self.layers_of.unknowns


AnyVariant = Variant | CellVariant | LayersVariant


class Start(NamedTuple):
    """A variant before training.

    Attributes
    ----------
    mask : the places of the unknowns; empty of a cell's, which has no W.
    values : (unknowns,) float64, in the mask's order; a cell's weights, one matrix after another.
    bias : (state size,) float64, in the order of the slots after x, or (0,) where there are none;
        a cell's biases.
    """

    mask: Mask
    values: np.ndarray
    bias: np.ndarray


def start(variant: AnyVariant, root: int) -> Start:
    """Draw a variant's mask, unknowns and biases from the root seed.

    Numpy draws them, in float64, so that a seed means the same on any device.
    """
    if isinstance(variant, LayersVariant):
        return start(variant.layers_of, root)
    path = (variant.seed_index, variant.drawn_as if isinstance(variant, Variant) else variant.key)
    if isinstance(variant, CellVariant):
        rng = generator(root, "weights", *path)
        bound = 1 / np.sqrt(variant.cell.hidden)
        values = rng.uniform(-bound, bound, variant.cell.unknowns)
        return Start(NOWHERE, values, rng.uniform(-bound, bound, variant.cell.biases))
    pattern, recipe = variant.pattern, variant.initialisation
    mask = draw_mask(pattern, generator(root, "mask", *path))
    rng = generator(root, "weights", *path)
    standard = rng.standard_normal(len(mask.rows))
    if mask.origins is not None:
        standard = standard[mask.origins]  # a moved unknown takes its number with it
    if recipe.scheme == "fan_in":
        in_row = np.bincount(mask.rows, minlength=1)[mask.rows]
        values = standard * recipe.gain / np.sqrt(in_row)
    else:
        values = recipe.mean + recipe.std * standard
        for name, normal in (recipe.blocks or {}).items():
            inside = in_block(pattern, mask, name)
            values[inside] = normal.mean + normal.std * standard[inside]
    bound = 1 / np.sqrt(sum(pattern.sizes.values()))
    biases = 0 if recipe.bias is False else pattern.state_size
    bias = rng.uniform(-bound, bound, size=biases)
    return Start(mask, values, bias)


def in_block(pattern: Pattern, mask: Mask, name: str) -> np.ndarray:
    """Return which unknowns lie in a block named "target" + "source", as truth values."""
    for block in pattern.reach:
        if block.target + block.source == name:
            return inside(pattern, block, mask.rows, mask.columns)
    raise ValueError(f"no block is named {name!r}")
