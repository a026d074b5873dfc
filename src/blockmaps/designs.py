"""Designs: rules that yield the patterns of an experiment, each a small class in a registry.

A design's fields are its part of the config; its `rows` yields named patterns for the sizes of a
data set. `DESIGNS` maps the `kind` of the config to the class.
"""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, field_validator

from blockmaps.errors import InputError
from blockmaps.patterns import RNN_BLOCKS, Activation, Frozen, Pattern, rnn_pattern
from blockmaps.proportion import even_counts, solve_balanced, solve_hidden

Density = Annotated[float, Field(ge=0, le=1)]
Proportion = Annotated[float, Field(gt=0, lt=1)]
Budget = Annotated[int, Field(gt=0)]

# What the claims call uniform: every density 0.2 (config/claims.yaml).
UNIFORM_DENSITY = 0.2


class Row(NamedTuple):
    """A named pattern of a design.

    Attributes
    ----------
    arm : the group that is compared with other groups: dense, uniform, mixed, balanced, even …
    structure : the pattern's own name within its design: a code such as 011001, balanced_0 …
    budget : the number of unknowns that it was made for.
    pattern : the pattern.
    """

    arm: str
    structure: str
    budget: int
    pattern: Pattern


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
    """What all designs share: the seed indices may differ from the experiment's."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        default=None, description="Seed indices of this design, where not the experiment's."
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


class Factorial(Design):
    """All 64 structures: each of the six blocks at a low or a high density, |h| from the budget.

    A structure's code gives hx hh hy yx yh yy: 1 is high, 0 is low (2509.15057).
    """

    kind: Literal["factorial"] = "factorial"
    budgets: tuple[Budget, ...] = Field(min_length=1)
    low: Density = UNIFORM_DENSITY
    high: Density = 1.0

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield 64 rows a budget."""
        for budget, code in product(self.budgets, product("01", repeat=len(RNN_BLOCKS))):
            densities = {
                name: self.high if digit == "1" else self.low
                for name, digit in zip(RNN_BLOCKS, code, strict=True)
            }
            hidden = solve_hidden(budget, densities, sizes.inputs, sizes.outputs)
            yield Row(
                arm_of(densities), "".join(code), budget, sizes.rnn(hidden, densities=densities)
            )


class Uniform(Design):
    """One density in all six blocks, |h| from the budget."""

    kind: Literal["uniform"] = "uniform"
    budgets: tuple[Budget, ...] = Field(min_length=1)
    densities: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(min_length=1)

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a budget and density."""
        for budget, density in product(self.budgets, self.densities):
            densities = dict.fromkeys(RNN_BLOCKS, density)
            hidden = solve_hidden(budget, densities, sizes.inputs, sizes.outputs)
            pattern = sizes.rnn(hidden, densities=densities)
            yield Row(arm_of(densities), f"uniform-{density:g}", budget, pattern)


class Balanced(Design):
    """Patterns solved for a target hidden proportion, with one density in the state blocks."""

    kind: Literal["balanced"] = "balanced"
    budgets: tuple[Budget, ...] = Field(min_length=1)
    targets: tuple[Proportion, ...] = (0.5,)
    state_density: Annotated[float, Field(gt=0, le=1)] = 1.0
    outputs: tuple[tuple[Density, Density, Density], ...] = Field(
        default=((0.1, 0.1, 0.1),), description="Densities of yx, yh, yy; a pattern for each."
    )

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a budget, target and triple of output densities."""
        for budget, target, outputs in product(self.budgets, self.targets, self.outputs):
            hidden, densities = solve_balanced(
                budget,
                target,
                sizes.inputs,
                sizes.outputs,
                dict(zip(RNN_BLOCKS[3:], outputs, strict=True)),
                self.state_density,
            )
            arm = "balanced" if target == 0.5 else f"balanced-{target:g}"
            if self.state_density != 1:
                arm += f"-state-{self.state_density:g}"
            name = f"{arm}:{'/'.join(f'{value:g}' for value in outputs)}"
            yield Row(arm, name, budget, sizes.rnn(hidden, densities=densities))


class ExplicitRow(Frozen):
    """A pattern as the papers' tables give it."""

    name: str
    densities: tuple[Density, Density, Density, Density, Density, Density] = Field(
        description="hx hh hy yx yh yy"
    )
    hidden: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="|h|; solved from the budget where it is not given."
    )
    budget: Budget
    arm: str | None = Field(default=None, description="Dense, uniform or the name if not given.")


class Explicit(Design):
    """Rows as in the papers' tables."""

    kind: Literal["explicit"] = "explicit"
    patterns: tuple[ExplicitRow, ...] = Field(min_length=1)

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield the rows as they are listed."""
        for row in self.patterns:
            densities = dict(zip(RNN_BLOCKS, row.densities, strict=True))
            hidden = row.hidden or solve_hidden(row.budget, densities, sizes.inputs, sizes.outputs)
            pattern = sizes.rnn(hidden, densities=densities)
            arm = arm_of(densities)
            arm = row.arm or (row.name if arm == "mixed" else arm)
            yield Row(arm, row.name, row.budget, pattern)


class Even(Design):
    """Budget *and* |h| fixed, exact counts, the hidden proportion spread evenly over (0, 1).

    Unknowns move between the hidden rows' input and state blocks while overall density stays the
    same. Several values of |h|, since with |h| free, proportion, |h| and density are one variable.
    """

    kind: Literal["even"] = "even"
    sizes: dict[Budget, tuple[Annotated[int, Field(ge=1)], ...]] = Field(
        min_length=1, description="The values of |h| at each budget, such as {4000: [56, 80]}."
    )
    points: Annotated[int, Field(ge=2)] = 8
    outputs: tuple[Density, Density, Density] = Field(
        default=(0.1, 0.1, 0.1), description="Densities of yx, yh, yy."
    )

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield `points` rows a budget and value of |h|."""
        outputs = dict(zip(RNN_BLOCKS[3:], self.outputs, strict=True))
        for budget, several in self.sizes.items():
            for hidden, point in product(several, range(self.points)):
                target = (point + 0.5) / self.points
                counts = even_counts(budget, target, sizes.inputs, hidden, sizes.outputs, outputs)
                name = f"even:h{hidden}:{target:.3f}"
                yield Row("even", name, budget, sizes.rnn(hidden, counts=counts))


DESIGNS: dict[str, type[Design]] = {
    design.model_fields["kind"].default: design
    for design in (Factorial, Uniform, Balanced, Explicit, Even)
}
AnyDesign = Annotated[Factorial | Uniform | Balanced | Explicit | Even, Field(discriminator="kind")]


def named_rows(design: Design, sizes: Sizes) -> list[Row]:
    """Return a design's rows, checked for names that are used twice at one budget."""
    rows, seen = list(design.rows(sizes)), set()
    for row in rows:
        if (row.structure, row.budget) in seen:
            raise InputError(f"two patterns are named {row.structure!r} at one budget")
        seen.add((row.structure, row.budget))
    return rows
