"""What designs share: named rows, the sizes of a data set, and how an arm is called."""

from collections.abc import Callable, Iterator
from typing import Annotated, NamedTuple

from pydantic import Field, field_validator

from blockmaps.designs.cells import Cell
from blockmaps.designs.patterns import Activation, Frozen, Pattern, rnn_pattern
from blockmaps.designs.proportion import MOST_HIDDEN
from blockmaps.designs.variants import Initialisation

Density = Annotated[float, Field(ge=0, le=1)]
Proportion = Annotated[float, Field(gt=0, lt=1)]
MOST_UNKNOWNS = 10**9
Budget = Annotated[int, Field(gt=0, le=MOST_UNKNOWNS)]
Units = Annotated[int, Field(ge=1, le=MOST_HIDDEN)]  # of a slot
# an arm's or a pattern's, as tables and figures show it
RowName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=100)]
SeedIndex = Annotated[int, Field(ge=0, lt=2**32)]

# What the claims call uniform: every density 0.2 (config/claims.yaml).
UNIFORM_DENSITY = 0.2
MOST_ROWS = 10_000  # of a design: some seconds of planning
TOO_MANY = f"asks for more patterns than {MOST_ROWS:,}; takes fewer, or two designs"
WITHOUT_PROPORTION = "without-proportion"  # the arm of the control of `recommended`


class Row(NamedTuple):
    """A named model of a design.

    Attributes
    ----------
    arm : the group that is compared with other groups: dense, uniform, mixed, balanced, even …
    structure : its own name within its design: a code such as 011001, balanced_0 …
    budget : the number of unknowns that it was made for.
    model : its pattern, or a cell of torch's.
    learning_rate, initialisation : where not the experiment's.
    iterations : of a map, a token.
    layers : whether the map's layers are trained in its place, as torch's modules.
    note : what a user should know of how it was solved; "" where it is as was asked for.
    """

    arm: str
    structure: str
    budget: int
    model: Pattern | Cell
    learning_rate: float | None = None
    initialisation: Initialisation | None = None
    iterations: int = 1
    layers: bool = False
    note: str = ""


class Sizes(NamedTuple):
    """What a design needs to know of a data set: |x| and |y|, and σ on h."""

    inputs: int
    outputs: int
    activation: Activation = "relu"

    def rnn(self, hidden: int, **blocks) -> Pattern:
        """Return the RNN pattern of these sizes (see `rnn_pattern`)."""
        return rnn_pattern(self.inputs, hidden, self.outputs, activation=self.activation, **blocks)


def arm_of(densities: dict[str, float]) -> str:
    """Return the arm of six densities: dense, uniform, uniform-<p> or mixed."""
    values = set(densities.values())
    if values == {1.0}:
        return "dense"
    if values == {UNIFORM_DENSITY}:
        return "uniform"
    return f"uniform-{values.pop():g}" if len(values) == 1 else "mixed"


class Design(Frozen):
    """What all designs share: seed indices that may differ from the experiment's, replicates."""

    seeds: tuple[SeedIndex, ...] | None = Field(
        default=None, description="Seed indices of this design, where not the experiment's."
    )
    replicates: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1, description="Masks and starts of every map at one seed index, in one bank."
    )

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if seeds is not None and (not seeds or len(set(seeds)) < len(seeds)):
            raise ValueError("takes at least one seed index, each once")
        return seeds

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield the design's named patterns."""
        raise NotImplementedError

    def at(self) -> Iterator[tuple[str, int, Callable[[int], "Design"]]]:
        """Yield each budget that it is given: its key, it, and the design at another one alone."""
        for budget in getattr(self, "budgets", ()):
            yield "budgets", budget, lambda other: self.model_copy(update={"budgets": (other,)})
