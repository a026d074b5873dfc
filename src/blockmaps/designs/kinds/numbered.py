"""The 18 numbered designs of the Adroit tasks (2509.15057, "Adroit Hammer")."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from blockmaps.designs.cells import Cell, cell_of_budget
from blockmaps.designs.kinds.design import Design, Row, Sizes, arm_of
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.proportion import solve_hidden

SixDensities = tuple[float, float, float, float, float, float]

# hx hh hy yx yh yy, at every budget
FIXED: dict[str, SixDensities] = {
    "00": (0.2, 0.2, 0.2, 0.2, 0.2, 0.2),
    "01": (0.2, 1, 1, 0.2, 0.2, 0.2),
    "02": (0.2, 1, 1, 0.2, 0.2, 1),
    "03": (0.2, 1, 0.2, 0.2, 0.2, 0.2),
    "04": (0.2, 1, 0.2, 0.2, 1, 0.2),
    "05": (0.2, 1, 0.2, 1, 0.2, 0.2),
    "06": (0.2, 0.2, 1, 0.2, 0.2, 1),
    "07": (0.2, 0.2, 0.2, 1, 0.2, 0.2),
    "08": (0.2, 0.2, 0.2, 1, 1, 0.2),
    "09": (1, 0.2, 0.2, 1, 0.2, 0.2),
    "10": (1, 0.2, 0.2, 1, 1, 0.2),
    "11": (1, 0.2, 0.2, 0.2, 1, 0.2),
    "12": (1, 1, 1, 1, 1, 1),
}
LSTM = "13"
# what the authors call balanced, by budget: its densities are not the same at both
BALANCED: dict[int, dict[str, SixDensities]] = {
    10_000: {
        "14": (1, 0.4, 0.2, 1, 1, 0.2),
        "15": (1, 0.4, 0.2, 1, 0.4, 0.2),
        "16": (1, 0.2, 0.4, 1, 1, 0.4),
        "17": (1, 0.2, 0.4, 1, 0.2, 0.4),
    },
    400_000: {
        "14": (1, 0.01, 0.01, 1, 1, 0.01),
        "15": (1, 0.01, 0.01, 1, 0.01, 0.01),
        "16": (1, 0.1, 0.1, 1, 1, 0.1),
        "17": (1, 0.1, 0.1, 1, 0.1, 0.1),
    },
}
# the authors' LSTM of each budget at the Hammer's |x| and |y|: names, no solutions of an equation
HAMMER = (46, 26)
LSTM_HIDDEN = {10_000: 31, 400_000: 1242}


class Numbered(Design):
    """The numbered designs 00 to 17, |h| from the budget; 13 is an LSTM that projects its state.

    Their arms are uniform (00), mixed (01 to 11), dense (12), lstm (13) and balanced (14 to 17). At
    other sizes than the Hammer's the LSTM's |h| is solved as the authors' are: see `lstm_hidden`.
    """

    kind: Literal["numbered"] = "numbered"
    budgets: tuple[Literal[10_000, 400_000], ...] = Field(
        min_length=1, description="10000, 400000 or both: the papers' designs are of these two."
    )
    numbers: tuple[Annotated[str, Field(pattern=r"^(0\d|1[0-7])$")], ...] | None = Field(
        default=None, description="Those to train, such as ['00', '12']; all 18 if left out."
    )

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield a row a budget and number."""
        for budget in self.budgets:
            maps = FIXED | BALANCED[budget]
            for number in sorted(maps | {LSTM: ()}):
                if self.numbers is not None and number not in self.numbers:
                    continue
                if number == LSTM:
                    yield Row("lstm", number, budget, _lstm(budget, sizes))
                    continue
                densities = dict(zip(RNN_BLOCKS, map(float, maps[number]), strict=True))
                hidden = solve_hidden(budget, densities, sizes.inputs, sizes.outputs)
                arm = "balanced" if number in BALANCED[budget] else arm_of(densities)
                yield Row(arm, number, budget, sizes.rnn(hidden, densities=densities))


def lstm_hidden(budget: int, sizes: Sizes) -> int:
    """Return |h| of a projecting LSTM as the Adroit tasks' authors count: biases are unknowns too.

    With torch's two biases a gate that is N / (4 (|x| + |y|) + |y| + 8), rounded, which gives all
    five sizes that they name for the Hammer and the two for the Door.
    """
    return round(budget / (4 * (sizes.inputs + sizes.outputs) + sizes.outputs + 8))


def _lstm(budget: int, sizes: Sizes) -> Cell:
    """Return the LSTM of a budget: the authors' where they name one."""
    hidden = lstm_hidden(budget, sizes)
    if (sizes.inputs, sizes.outputs) == HAMMER:
        hidden = LSTM_HIDDEN[budget]
    if hidden <= sizes.outputs:  # it cannot project
        return cell_of_budget("lstm", budget, sizes.inputs, sizes.outputs)
    return Cell(
        cell="lstm", inputs=sizes.inputs, hidden=hidden, outputs=sizes.outputs, projected=True
    )
