"""Designs: rules that yield the models of an experiment, each a small class in a registry.

A design's fields are its part of the config; its `rows` yields named models for the sizes of a data
set. `DESIGNS` maps the `kind` of the config to the class.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from pydantic import Field, ValidationError

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds.baselines import Baseline
from blockmaps.designs.kinds.design import MOST_ROWS, MOST_UNKNOWNS, TOO_MANY, Design, Row, Sizes
from blockmaps.designs.kinds.drawn import Random
from blockmaps.designs.kinds.mlp_path import Continuum
from blockmaps.designs.kinds.numbered import Numbered
from blockmaps.designs.kinds.slots import Slots
from blockmaps.designs.kinds.structured import (
    Balanced,
    Crossed,
    Even,
    Explicit,
    ExplicitRow,
    Factorial,
    Grid,
    Recommended,
    Uniform,
)

__all__ = ["DESIGNS", "AnyDesign", "ExplicitRow", "Row", "Sizes", "named_rows"]

AnyDesign = Annotated[
    Factorial
    | Uniform
    | Balanced
    | Explicit
    | Even
    | Crossed
    | Grid
    | Random
    | Recommended
    | Baseline
    | Continuum
    | Numbered
    | Slots,
    Field(discriminator="kind"),
]
DESIGNS: dict[str, type[Design]] = {
    design.model_fields["kind"].default: design
    for design in (
        Factorial,
        Uniform,
        Balanced,
        Explicit,
        Even,
        Crossed,
        Grid,
        Random,
        Recommended,
        Baseline,
        Continuum,
        Numbered,
        Slots,
    )
}


def named_rows(design: Design, sizes: Sizes) -> list[Row]:
    """Return a design's rows, checked for names that are used twice at one budget.

    Raises
    ------
    InputError
        If a name is, there are too many rows, or one cannot be made; where another budget would do,
        it names the key and that budget.
    """
    try:
        rows, seen = list(islice(_made(design, sizes), MOST_ROWS + 1)), set()
    except InputError as fault:
        raise _with_budget(design, sizes, fault) from None
    if len(rows) > MOST_ROWS:
        raise InputError(TOO_MANY)
    for row in rows:
        if (row.structure, row.budget) in seen:
            raise InputError(f"two patterns are named {row.structure!r} at one budget")
        seen.add((row.structure, row.budget))
    return rows


def _made(design: Design, sizes: Sizes) -> Iterator[Row]:
    """Yield a design's rows; a pattern that cannot be is one line."""
    try:
        yield from design.rows(sizes)
    except ValidationError as fault:
        raise InputError(f"asks for what cannot be: {fault.errors()[0]['msg']}") from None


def _with_budget(design: Design, sizes: Sizes, fault: InputError) -> InputError:
    """Return what says which budget is at fault and one that would do; else the fault itself."""

    def possible(other: Design) -> bool:
        try:
            return bool(list(_made(other, sizes)))
        except InputError:
            return False

    for key, budget, at in design.at():
        if possible(at(budget)):
            continue
        more = (budget << doubled for doubled in range(1, 15))
        enough = next((one for one in more if one <= MOST_UNKNOWNS and possible(at(one))), None)
        if enough is None:
            return fault
        few = enough >> 1
        while enough - few > 1:
            middle = (few + enough) // 2
            few, enough = (few, middle) if possible(at(middle)) else (middle, enough)
        return InputError(
            f"{key}: found {budget:,}, too few for |x| = {sizes.inputs:,} and "
            f"|y| = {sizes.outputs:,}; takes {enough:,} or more"
        )
    return fault
