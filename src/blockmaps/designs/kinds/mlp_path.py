"""From an MLP to a random map to a dense one, all with exactly as many unknowns (2404.00880).

The MLP x → h1 → … → y is the map whose blocks are those below the diagonal; its L blocks take L
iterations. Between it and a map whose unknowns are anywhere in the state's rows lies a path: a
share ρ of the MLP's unknowns is moved to places drawn at random.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds.design import Design, Row, Sizes, Units
from blockmaps.designs.patterns import Activation, Block, Pattern, Slot

MovedShare = Annotated[float, Field(ge=0, le=1)]


class Continuum(Design):
    """An MLP, its layers as torch has them, maps on the path from it, and a dense map.

    `arm` and `structure` are `control` (torch's layers), `mlp` (ρ = 0), `path-0.1` and so on,
    `random-places` (ρ = 1) and `dense`. Where iterations are more than the layers, the structure
    says so: `mlp, K = 6`.
    """

    kind: Literal["continuum"] = "continuum"
    hidden: tuple[Units, ...] = Field(
        min_length=1, max_length=100, description="Sizes of the MLP's hidden layers."
    )
    density: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="Share of each layer's places that are unknowns, an exact count."
    )
    moved: tuple[MovedShare, ...] = Field(
        default=(0.0, 0.5, 1.0),
        description="Shares ρ of the unknowns that are moved: 0 is the MLP, 1 random places.",
    )
    iterations: dict[Annotated[int, Field(ge=1, le=10_000)], tuple[MovedShare, ...]] = Field(
        default={},
        description="Iterations K other than the number of layers, and the shares at which: "
        "{6: [0.5, 1]}.",
    )
    control: bool = Field(default=True, description="Train torch's own layers too.")
    dense: bool = Field(default=True, description="Train a map with unknowns in all blocks too.")

    @field_validator("iterations")
    @classmethod
    def _some(cls, iterations: dict[int, tuple[float, ...]]) -> dict[int, tuple[float, ...]]:
        if any(len(set(shares)) < max(len(shares), 1) for shares in iterations.values()):
            raise ValueError("takes some shares for every K, each once")
        return iterations

    @field_validator("moved")
    @classmethod
    def _each_once(cls, moved: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(moved)) < len(moved):
            raise ValueError("takes each share once")
        return moved

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield the control, the path, the path at other K, and the dense map."""
        mlp = layered(sizes.inputs, self.hidden, sizes.outputs, self.density, sizes.activation)
        layers = len(self.hidden) + 1
        budget = sum(block.count or 0 for block in mlp.blocks)
        if self.control:
            yield Row("control", "control", budget, mlp, iterations=layers, layers=True)
        for iterations, shares in ({layers: self.moved} | self.iterations).items():
            for share in shares:
                arm = arm_of_share(share)
                name = named(arm, iterations, layers)
                yield Row(arm, name, budget, with_moved(mlp, share), iterations=iterations)
        if self.dense:
            yield Row("dense", "dense", budget, dense(mlp, budget), iterations=layers)


def named(arm: str, iterations: int, layers: int) -> str:
    """Return the structure's name of an arm."""
    return arm if iterations == layers else f"{arm}, K = {iterations}"


def arm_of_share(share: float) -> str:
    """Return the arm of a share ρ of moved unknowns."""
    return {0.0: "mlp", 1.0: "random-places"}.get(share, f"path-{share:g}")


def with_moved(pattern: Pattern, share: float) -> Pattern:
    """Return a pattern of which a share of the unknowns is moved; itself at 0."""
    return Pattern(slots=pattern.slots, blocks=pattern.blocks, moved=share or None)


def layered(
    inputs: int,
    hidden: tuple[int, ...],
    outputs: int,
    density: float = 1.0,
    activation: Activation = "elu",
) -> Pattern:
    """Return an MLP as a map, the slots x, h1, h2, …, y and blocks below the diagonal.

    Parameters
    ----------
    inputs, hidden, outputs : units of each layer.
    density : of each block, rounded to a whole number of unknowns.
    activation : σ on the hidden layers; σ on y is the identity.
    """
    slots = (
        Slot(name="x", size=inputs),
        *(
            Slot(name=f"h{number}", size=size, activation=activation)
            for number, size in enumerate(hidden, 1)
        ),
        Slot(name="y", size=outputs),
    )
    blocks = []
    for source, target in pairwise(slots):
        count = max(round(density * source.size * target.size), 1)
        blocks.append(Block(target=target.name, source=source.name, count=count))
    return Pattern(slots=slots, blocks=tuple(blocks))


def dense(mlp: Pattern, budget: int) -> Pattern:
    """Return a map of the MLP's slots with unknowns in every place but a few.

    Its rows have S (|x| + S) places with S units of state. S is the smallest at which these are at
    least the budget, the hidden sizes share it as the MLP's do, and what is over is left empty,
    alike in all blocks, so that the number of unknowns is the budget and not one more.

    Raises
    ------
    InputError
        If fewer units than one a slot would do.
    """
    x, *hidden, y = mlp.slots
    state = int(np.ceil((-x.size + np.sqrt(x.size**2 + 4 * budget)) / 2))
    while state * (x.size + state) < budget:  # where rounding of the root decides
        state += 1
    left = state - y.size
    if left < len(hidden):
        raise InputError(
            f"a dense map of {budget} unknowns has {state} units of state, too few for {y.size} "
            f"outputs and {len(hidden)} hidden slots; takes more unknowns"
        )
    shares = apportion([slot.size for slot in hidden], left - len(hidden))
    sizes = [x.size, *(1 + share for share in shares), y.size]
    slots = tuple(
        Slot(name=slot.name, size=size, activation=slot.activation)
        for slot, size in zip(mlp.slots, sizes, strict=True)
    )
    places = [(row, column) for row in slots[1:] for column in slots]
    counts = apportion([row.size * column.size for row, column in places], budget)
    return Pattern(
        slots=slots,
        blocks=tuple(
            Block(target=row.name, source=column.name, count=count)
            for (row, column), count in zip(places, counts, strict=True)
        ),
    )


def apportion(weights: list[int], total: int) -> list[int]:
    """Share out a whole number in proportion to weights, by largest remainders."""
    exact = np.array(weights) * total / sum(weights)
    counts = np.floor(exact).astype(int)
    largest = np.argsort(counts - exact, kind="stable")
    counts[largest[: total - counts.sum()]] += 1
    return counts.tolist()
