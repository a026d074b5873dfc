"""Designs with structure: every pattern follows from budgets, densities and proportions."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import product
from typing import Annotated, Literal

from pydantic import Field, field_validator

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds.design import (
    MOST_ROWS,
    TOO_MANY,
    UNIFORM_DENSITY,
    WITHOUT_PROPORTION,
    Budget,
    Density,
    Design,
    Proportion,
    Row,
    RowName,
    Sizes,
    Units,
    arm_of,
)
from blockmaps.designs.patterns import RNN_BLOCKS, Frozen
from blockmaps.designs.proportion import (
    MOST_HIDDEN,
    even_counts,
    even_fits,
    fit_balanced,
    least_even_hidden,
    solve_hidden,
)
from blockmaps.designs.recommend import recommend, without_proportion

# `auto`'s second |h| over its first: that of the sizes that the default preset names.
GROWN = 1.4


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
    """Patterns solved for a target hidden proportion, with one density in the state blocks.

    Where the input's block has too few places for the density that is asked for, the state blocks
    take the largest that leaves it enough; the structure's name then says which.
    """

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
            hidden, densities = fit_balanced(
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
            name, note = f"{arm}:{'/'.join(f'{value:g}' for value in outputs)}", ""
            if (solved := densities["hh"]) != self.state_density:
                name += f":state-{solved:.3g}"
                note = (
                    f"state_density: found {self.state_density:g}, at which hx has too few places "
                    f"at {budget:,} unknowns; takes {solved:.3g} there, with |h| = {hidden:,}"
                )
            yield Row(arm, name, budget, sizes.rnn(hidden, densities=densities), note=note)


class ExplicitRow(Frozen):
    """A pattern as the papers' tables give it."""

    name: RowName
    densities: tuple[Density, Density, Density, Density, Density, Density] = Field(
        description="hx hh hy yx yh yy"
    )
    hidden: Units | None = Field(
        default=None, description="|h|; solved from the budget where it is not given."
    )
    budget: Budget
    arm: RowName | None = Field(
        default=None, description="Dense, uniform or the name if not given."
    )


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

    def at(self) -> Iterator[tuple[str, int, Callable[[int], Design]]]:
        """Yield each row's budget, where |h| is solved from it."""
        for place, row in enumerate(self.patterns):

            def alone(other: int, row: ExplicitRow = row) -> Design:
                changed = row.model_copy(update={"budget": other})
                return self.model_copy(update={"patterns": (changed,)})

            yield f"patterns[{place}].budget", row.budget, alone


class Below(Frozen):
    """A share of the points below a hidden proportion, the others above it."""

    proportion: Proportion
    share: Proportion


class Even(Design):
    """Budget *and* |h| fixed, exact counts, the hidden proportion spread evenly over (0, 1).

    Unknowns move between the hidden rows' input and state blocks while overall density stays the
    same. Several values of |h|, since with |h| free, proportion, |h| and density are one variable:
    `auto` takes the smallest at which every point has places enough, and one 1.4 times as large.
    """

    kind: Literal["even"] = "even"
    sizes: dict[Budget, tuple[Units, ...] | Literal["auto"]] = Field(
        min_length=1,
        description="The values of |h| at each budget, such as {4000: [56, 80]}, or auto.",
    )
    points: Annotated[int, Field(ge=2, le=500)] = 8
    below: Below | None = Field(
        default=None,
        description="Such as {proportion: 0.25, share: 0.5}: half of the points below a quarter, "
        "each part spread evenly.",
    )
    outputs: tuple[Density, Density, Density] = Field(
        default=(0.1, 0.1, 0.1), description="Densities of yx, yh, yy."
    )

    @property
    def targets(self) -> list[float]:
        """The hidden proportions, ascending: the middles of intervals of equal length."""
        if self.below is None:
            return _middles(0, 1, self.points)
        first = round(self.points * self.below.share)
        edge = self.below.proportion
        return _middles(0, edge, first) + _middles(edge, 1, self.points - first)

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield `points` rows a budget and value of |h|."""
        outputs = dict(zip(RNN_BLOCKS[3:], self.outputs, strict=True))
        for budget, asked in self.sizes.items():
            several = self._hidden(budget, asked, sizes)
            took = ", ".join(f"{hidden:,}" for hidden in several)
            note = f"sizes: auto is |h| = {took} at {budget:,} unknowns" if asked == "auto" else ""
            for hidden, target in product(several, self.targets):
                counts = even_counts(budget, target, sizes.inputs, hidden, sizes.outputs, outputs)
                name = f"even:h{hidden}:{target:.3f}"
                yield Row("even", name, budget, sizes.rnn(hidden, counts=counts), note=note)

    def at(self) -> Iterator[tuple[str, int, Callable[[int], Design]]]:
        """Yield each budget; where fewer points would do at it, that is what is said."""
        for budget in self.sizes:

            def alone(other: int, own: int = budget) -> Design:
                points = 2 if other == own else self.points
                return self.model_copy(update={"sizes": {other: "auto"}, "points": points})

            yield "sizes", budget, alone

    def _hidden(
        self, budget: int, asked: tuple[int, ...] | Literal["auto"], sizes: Sizes
    ) -> tuple[int, ...]:
        """Return the values of |h| at a budget, each with places enough for all points.

        Raises
        ------
        InputError
            If one has not; it names a key with what it takes.
        """
        outputs = dict(zip(RNN_BLOCKS[3:], self.outputs, strict=True))

        def fits(hidden: int) -> bool:
            return even_fits(budget, self.targets, sizes.inputs, hidden, sizes.outputs, outputs)

        def least(targets: list[float]) -> int | None:
            return least_even_hidden(budget, targets, sizes.inputs, sizes.outputs, outputs)

        if asked != "auto" and all(map(fits, asked)):
            return asked
        first = least(self.targets)
        if first is None:
            # the fewer, the farther from 0 and 1: all numbers above one that is too many are, too
            fewer = (
                bisect_left(range(2, self.points), True, key=lambda n: not least(_points(self, n)))
                + 1
            )
            takes = f"at most {fewer}" if fewer > 1 else "another budget"
            raise InputError(
                f"points: found {self.points}; no |h| has places for all of them at {budget:,} "
                f"unknowns; takes {takes}"
            )
        if asked == "auto":
            return tuple(filter(fits, (first, math.ceil(GROWN * first))))
        few = next(hidden for hidden in asked if not fits(hidden))
        raise InputError(
            f"sizes: found |h| = {few} at {budget:,} unknowns, too few or too many for hidden "
            f"proportions from {min(self.targets):.3g} to {max(self.targets):.3g}; takes {first} "
            "or some more, or auto"
        )


def _points(design: Even, points: int) -> list[float]:
    return design.model_copy(update={"points": points}).targets


def _middles(begin: float, end: float, number: int) -> list[float]:
    """Return the middles of the intervals that a range is cut into, all of equal length."""
    return [begin + (end - begin) * ((one + 0.5) / number) for one in range(number)]


class Crossed(Design):
    """Budget *and* |h| fixed, exact counts: hidden proportions × densities of yh.

    What the unknowns from h to y take or leave is taken from or left to the hidden rows. So the
    proportion and the count of yh, its rival, vary independently, and nothing else but these rows.
    """

    kind: Literal["crossed"] = "crossed"
    sizes: dict[Budget, tuple[Units, ...]] = Field(
        min_length=1, description="The values of |h| at each budget."
    )
    targets: tuple[Proportion, ...] = (0.1, 0.3, 0.5, 0.7)
    yh: tuple[Density, ...] = (0.1, 0.4, 1.0)
    others: Density = Field(default=0.1, description="Density of yx and of yy.")

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a budget, value of |h|, proportion and density of yh."""
        for budget, several in self.sizes.items():
            for hidden in several:
                self._check(budget, hidden, sizes)
            for hidden, target, yh in product(several, self.targets, self.yh):
                outputs = self._outputs(yh)
                counts = even_counts(budget, target, sizes.inputs, hidden, sizes.outputs, outputs)
                name = f"crossed:h{hidden}:{target:g}:yh{yh:g}"
                yield Row("crossed", name, budget, sizes.rnn(hidden, counts=counts))

    def _outputs(self, yh: float) -> dict[str, float]:
        return {"yx": self.others, "yh": yh, "yy": self.others}

    def _check(self, budget: int, hidden: int, sizes: Sizes) -> None:
        """Refuse a |h| that has not places enough for every proportion and density of yh."""

        def fits(some: int, unknowns: int = budget) -> bool:
            given = (sizes.inputs, some, sizes.outputs)
            each = [self._outputs(yh) for yh in self.yh]
            return all(even_fits(unknowns, self.targets, *given, outputs) for outputs in each)

        if fits(hidden):
            return
        takes = "takes another budget"
        for enough in (budget << more for more in range(12)):
            least = next(
                (some for some in range(1, min(enough, MOST_HIDDEN) + 1) if fits(some, enough)),
                None,
            )
            if least:
                takes = f"takes {least:,} or some more"
                takes += f", at {enough:,} unknowns" if enough > budget else ""
                break
        raise InputError(
            f"sizes: found |h| = {hidden:,} at {budget:,} unknowns, too few or too many for hidden "
            f"proportions from {min(self.targets):g} to {max(self.targets):g} and densities of yh "
            f"up to {max(self.yh):g}; {takes}"
        )


class Grid(Design):
    """A grid of densities × budgets: every combination of the densities listed for each block.

    `densities: {hx: [0.1, 0.5], hh: [0.2, 1]}` is four patterns a budget; blocks that are not named
    have the density `rest`.
    """

    kind: Literal["grid"] = "grid"
    budgets: tuple[Budget, ...] = Field(min_length=1)
    densities: dict[str, tuple[Density, ...]] = Field(
        min_length=1, description="Densities to try, by block: hx hh hy yx yh yy."
    )
    rest: Density = Field(default=1.0, description="Density of the blocks that are not named.")

    @field_validator("densities")
    @classmethod
    def _known(cls, densities: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        if unknown := set(densities) - set(RNN_BLOCKS):
            raise ValueError(f"unknown blocks {sorted(unknown)}; takes some of {RNN_BLOCKS}")
        if empty := [name for name, values in densities.items() if not values]:
            raise ValueError(f"no density for {', '.join(empty)}")
        return densities

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a budget and combination."""
        names = [name for name in RNN_BLOCKS if name in self.densities]
        if len(self.budgets) * math.prod(len(self.densities[name]) for name in names) > MOST_ROWS:
            raise InputError(TOO_MANY)
        # budgets among the lists: a product of products would be held in memory
        for budget, *values in product(self.budgets, *(self.densities[name] for name in names)):
            densities = dict.fromkeys(RNN_BLOCKS, self.rest) | dict(zip(names, values, strict=True))
            hidden = solve_hidden(budget, densities, sizes.inputs, sizes.outputs)
            name = "grid:" + "/".join(f"{densities[block]:g}" for block in RNN_BLOCKS)
            arm = arm_of(densities)
            yield Row(
                "grid" if arm == "mixed" else arm,
                name,
                budget,  # type: ignore[arg-type]  # of a product, whose types are one
                sizes.rnn(hidden, densities=densities),
            )


class Recommended(Design):
    """What `recommend` says for the sizes: a rule without runs."""

    kind: Literal["recommended"] = "recommended"
    budgets: tuple[Budget, ...] = Field(min_length=1)
    proportion: bool = Field(
        default=True, description="Without it: the rule's control, which ignores the proportion."
    )

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a budget."""
        rule = recommend if self.proportion else without_proportion
        name = "recommended" if self.proportion else WITHOUT_PROPORTION
        for budget in self.budgets:
            hidden, densities = rule(sizes.inputs, sizes.outputs, budget)
            yield Row(name, name, budget, sizes.rnn(hidden, densities=densities))
