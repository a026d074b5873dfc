"""Baselines: torch's own recurrent cells, and patterns with as many unknowns as each of them."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from blockmaps.designs.cells import Cell, CellName, cell_of_budget
from blockmaps.designs.kinds.design import (
    UNIFORM_DENSITY,
    Budget,
    Density,
    Design,
    Row,
    Sizes,
    Units,
)
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.proportion import fit_balanced, solve_hidden


class Baseline(Design):
    """`nn.RNN`, `nn.GRU` and `nn.LSTM` at a budget, each with uniform and balanced at its count.

    A cell's |h| is a whole number, so its count misses the budget, by several percent where |h| is
    small. The arms `uniform~lstm` and `balanced~lstm` are patterns solved for the LSTM's own count.
    """

    kind: Literal["baseline"] = "baseline"
    budgets: tuple[Budget, ...] = Field(min_length=1)
    cells: tuple[CellName, ...] = Field(default=("rnn", "gru", "lstm"), min_length=1)
    hidden: dict[CellName, Units] = Field(
        default={}, description="|h| of a cell where it is not the one nearest to the budget."
    )
    matched: bool = Field(
        default=True, description="Train uniform and balanced at each cell's own count too."
    )
    outputs: tuple[Density, Density, Density] = Field(
        default=(0.1, 1.0, 1.0), description="Densities of yx, yh, yy in the balanced pattern."
    )

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a budget and cell, and two patterns for each."""
        for budget in self.budgets:
            for name in self.cells:
                cell = cell_of_budget(name, budget, sizes.inputs, sizes.outputs)
                if name in self.hidden:
                    hidden = self.hidden[name]
                    cell = Cell(
                        cell=name,
                        inputs=sizes.inputs,
                        hidden=hidden,
                        outputs=sizes.outputs,
                        projected=name == "lstm" and hidden > sizes.outputs,
                    )
                called = f"{name}-h{self.hidden[name]}" if name in self.hidden else name
                yield Row(called, called, budget, cell)
                if self.matched:
                    yield from self._matched(cell, called, budget, sizes)

    def _matched(self, cell: Cell, called: str, budget: int, sizes: Sizes) -> Iterator[Row]:
        densities = dict.fromkeys(RNN_BLOCKS, UNIFORM_DENSITY)
        hidden = solve_hidden(cell.unknowns, densities, sizes.inputs, sizes.outputs)
        pattern = sizes.rnn(hidden, densities=densities)
        yield Row(f"uniform~{called}", f"uniform~{called}", budget, pattern)
        hidden, densities = fit_balanced(
            cell.unknowns,
            0.5,
            sizes.inputs,
            sizes.outputs,
            dict(zip(RNN_BLOCKS[3:], self.outputs, strict=True)),
        )
        pattern = sizes.rnn(hidden, densities=densities)
        yield Row(f"balanced~{called}", f"balanced~{called}", budget, pattern)
