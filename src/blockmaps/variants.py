"""A variant: one model to train, fully specified, and what its key makes of it.

Kept apart from the designs that make variants: training depends on this module, and must not be
repeated because a design was added.
"""

from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from blockmaps.canonical import digest
from blockmaps.cells import Cell
from blockmaps.patterns import Frozen, Mask, Pattern, draw_mask
from blockmaps.seeds import generator


class Normal(Frozen):
    """The mean and standard deviation of one block's unknowns at the start."""

    mean: float = 0.0
    std: float = Field(ge=0)


class Initialisation(Frozen):
    """How unknowns and biases start.

    normal : unknowns from N(mean, std²), the paper's N(0, 0.05²) unless told; blocks may differ.
    fan_in : unknowns of a row from N(0, gain² / n), n the number of unknowns in that row, so that
        a sum over the row keeps its scale; a rival explanation that every effect is checked with.

    Biases, one for every state unit, are from U(±1/√|z|) in both (2509.15057, "The model").
    """

    scheme: Literal["normal", "fan_in"] = "normal"
    mean: float = 0.0
    std: float = Field(default=0.05, ge=0)
    gain: float = Field(default=2**0.5, gt=0)
    blocks: dict[str, Normal] | None = None


class Variant(Frozen):
    """One model to train; its key is the hash of its canonical JSON."""

    pattern: Pattern
    initialisation: Initialisation
    learning_rate: float = Field(gt=0)
    seed_index: int = Field(ge=0)

    @cached_property
    def key(self) -> str:
        """The variant's name: 16 hexadecimal digits."""
        return digest(self)

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
    def size(self) -> int:
        """Units of the state."""
        return self.cell.hidden

    @property
    def unknowns(self) -> float:
        """Weights."""
        return self.cell.unknowns


AnyVariant = Variant | CellVariant


class Start(NamedTuple):
    """A variant before training.

    Attributes
    ----------
    mask : the places of the unknowns; none of a cell's.
    values : (unknowns,) float64, in the mask's order; a cell's weights, one matrix after another.
    bias : (state size,) float64, in the order of the slots after x; a cell's biases.
    """

    mask: Mask | None
    values: np.ndarray
    bias: np.ndarray


def start(variant: AnyVariant, root: int) -> Start:
    """Draw a variant's mask, unknowns and biases from the root seed.

    Numpy draws them, in float64, so that a seed means the same on any device.
    """
    path = (variant.seed_index, variant.key)
    if isinstance(variant, CellVariant):
        rng = generator(root, "weights", *path)
        bound = 1 / np.sqrt(variant.cell.hidden)
        values = rng.uniform(-bound, bound, variant.cell.unknowns)
        return Start(None, values, rng.uniform(-bound, bound, variant.cell.biases))
    pattern, recipe = variant.pattern, variant.initialisation
    mask = draw_mask(pattern, generator(root, "mask", *path))
    rng = generator(root, "weights", *path)
    standard = rng.standard_normal(len(mask.rows))
    if recipe.scheme == "fan_in":
        in_row = np.bincount(mask.rows, minlength=1)[mask.rows]
        values = standard * recipe.gain / np.sqrt(in_row)
    else:
        values = recipe.mean + recipe.std * standard
        for name, normal in (recipe.blocks or {}).items():
            inside = in_block(pattern, mask, name)
            values[inside] = normal.mean + normal.std * standard[inside]
    bound = 1 / np.sqrt(sum(pattern.sizes.values()))
    bias = rng.uniform(-bound, bound, size=pattern.state_size)
    return Start(mask, values, bias)


def in_block(pattern: Pattern, mask: Mask, name: str) -> np.ndarray:
    """Return which unknowns lie in a block named "target" + "source", as truth values."""
    for block in pattern.blocks:
        if block.target + block.source == name:
            row, column = pattern.offsets[block.target], pattern.offsets[block.source]
            return (
                (mask.rows >= row)
                & (mask.rows < row + pattern.sizes[block.target])
                & (mask.columns >= column)
                & (mask.columns < column + pattern.sizes[block.source])
            )
    raise ValueError(f"no block is named {name!r}")
