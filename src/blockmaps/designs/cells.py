"""Torch's own recurrent cells as models to compare with: sizes, counts, and how they start.

What is counted: weights, as a pattern's unknowns are; biases apart. With x the input, h the state
and y the output, a cell of g gates (1 in a plain RNN, 3 in a GRU, 4 in an LSTM) has

    g h (|x| + h) + h |y|              and a linear output,
    4 h (|x| + |y|) + h |y|            where an LSTM's state is projected to y (`proj_size`).
"""

import math
from typing import Literal

from pydantic import Field, model_validator

from blockmaps.designs.patterns import Frozen

CellName = Literal["rnn", "gru", "lstm"]
GATES: dict[CellName, int] = {"rnn": 1, "gru": 3, "lstm": 4}


class Cell(Frozen):
    """A torch recurrent network with an output at every step."""

    cell: CellName
    inputs: int = Field(ge=1)
    hidden: int = Field(ge=1)
    outputs: int = Field(ge=1)
    projected: bool = Field(
        default=False, description="The output is the LSTM's projection, not a linear layer's."
    )

    @model_validator(mode="after")
    def _can_project(self) -> "Cell":
        if self.projected and (self.cell != "lstm" or self.hidden <= self.outputs):
            raise ValueError("only an LSTM with |h| > |y| can project its state")
        return self

    @property
    def weights(self) -> dict[str, tuple[int, int]]:
        """The shape of every weight matrix, in the order in which unknowns are stored."""
        rows, h, y = GATES[self.cell] * self.hidden, self.hidden, self.outputs
        state = y if self.projected else h
        return {
            "weight_ih_l0": (rows, self.inputs),
            "weight_hh_l0": (rows, state),
            "weight_hr_l0" if self.projected else "readout": (y, h),
        }

    @property
    def offsets(self) -> dict[str, int]:
        """The length of every bias, in the order in which biases are stored."""
        rows = GATES[self.cell] * self.hidden
        lengths = {"bias_ih_l0": rows, "bias_hh_l0": rows}
        return lengths if self.projected else {**lengths, "readout": self.outputs}

    @property
    def unknowns(self) -> int:
        """Trainable weights, biases not counted."""
        return sum(rows * columns for rows, columns in self.weights.values())

    @property
    def biases(self) -> int:
        """Trainable biases."""
        return sum(self.offsets.values())


def cell_of_budget(name: CellName, budget: int, inputs: int, outputs: int) -> Cell:
    """Return the cell whose number of weights is nearest to a budget.

    An LSTM projects where the |h| that meets the budget is larger than |y|, and has a linear output
    where it is not. |h| is a whole number, so the count may be off by several percent.
    """
    g = GATES[name]
    if name == "lstm":
        hidden = round(budget / (4 * (inputs + outputs) + outputs))
        if hidden > outputs:
            return Cell(cell=name, inputs=inputs, hidden=hidden, outputs=outputs, projected=True)
    # the positive root of g h² + (g |x| + |y|) h = budget
    b = g * inputs + outputs
    hidden = max(round(2 * budget / (b + math.sqrt(b * b + 4 * g * budget))), 1)
    return Cell(cell=name, inputs=inputs, hidden=hidden, outputs=outputs)
