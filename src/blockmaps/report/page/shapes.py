"""DrawnBlock patterns drawn to scale: a rectangle a block, its ink the density of its unknowns."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from blockmaps.analysis.summary import PANEL
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.report.figures.style import marks

SLOTS = "x h y"
SAMPLED = ("mixed", "even", "random")  # arms whose patterns are a sample: one stands for them
LABEL = 0.042  # room for a slot's name, of the widest W's columns
APART = 0.8  # of that room, between two names
FAINTEST = 0.06  # of a block's ink, so that an empty one is seen


class DrawnBlock(NamedTuple):
    """A block: its corner and sides in places of W, and its density."""

    name: str
    x: float
    y: float
    width: float
    height: float
    density: float

    @property
    def ink(self) -> float:
        """How opaque the block is drawn: an absent block not at all."""
        return round(FAINTEST + (1 - FAINTEST) * self.density, 3) if self.density else 0.0


class DrawnPattern(NamedTuple):
    """The pattern of an arm: a member that stands for it, and how many there are."""

    arm: str
    structure: str
    patterns: int
    inputs: int
    hidden: int
    outputs: int
    unknowns: int
    proportion: float
    blocks: tuple[DrawnBlock, ...]

    def columns(self, label: float) -> tuple[tuple[str, float], ...]:
        """Return the slots' names over the columns and their places, apart enough to be read."""
        first, second = self.inputs, self.inputs + self.hidden
        h, y = first + self.hidden / 2, second + self.outputs / 2
        return ("x", self.inputs / 2), ("h", h), ("y", max(y, h + APART * label))

    def rows(self, label: float) -> tuple[tuple[str, float], ...]:
        """Return the slots' names beside the rows and their places, likewise."""
        h, y = self.hidden / 2, self.hidden + self.outputs / 2
        return ("h", min(h, y - APART * label)), ("y", y)

    @property
    def wide(self) -> int:
        """Columns of W."""
        return self.inputs + self.hidden + self.outputs

    @property
    def high(self) -> int:
        """Rows of W that have blocks: h and y."""
        return self.hidden + self.outputs

    @property
    def about(self) -> str:
        """The pattern in words."""
        each = ", ".join(f"{block.name} {block.density:.3g}" for block in self.blocks)
        return (
            f"{self.arm}: W has {self.high:,} rows and {self.wide:,} columns; "
            f"densities {each}; {self.unknowns:,} unknowns"
        )


class Drawing(NamedTuple):
    """The patterns of one experiment and budget, drawn at one scale."""

    name: str
    shapes: tuple[DrawnPattern, ...]

    @property
    def label(self) -> float:
        """Room for a slot's name, in places of W."""
        return round(LABEL * max(shape.wide for shape in self.shapes), 2)

    @property
    def widest(self) -> float:
        """Columns of the widest W, with room for names at both sides."""
        return max(shape.wide for shape in self.shapes) + 2 * self.label


def _blocks(row: pd.Series) -> tuple[DrawnBlock, ...]:
    inputs, hidden, outputs = int(row["inputs"]), int(row["hidden"]), int(row["outputs"])
    columns = {"x": (0, inputs), "h": (inputs, hidden), "y": (inputs + hidden, outputs)}
    rows = {"h": (0, hidden), "y": (hidden, outputs)}
    made = []
    for name in RNN_BLOCKS:
        (x, width), (y, height) = columns[name[1]], rows[name[0]]
        made.append(DrawnBlock(name, x, y, width, height, float(row[f"density_{name}"])))
    return tuple(made)


def groups(runs: pd.DataFrame) -> Iterator[Drawing]:
    """Yield the patterns of every experiment and budget of maps with slots x, h and y."""
    rows = runs[runs["split"] == "test"]
    rows = rows[rows["slots"] == SLOTS]
    densities = [f"density_{name}" for name in RNN_BLOCKS]
    rows = rows[rows[densities].notna().all(axis=1)]
    drawn: set[tuple] = set()
    for (experiment, dataset, budget), panel in rows.groupby(PANEL, sort=True):
        shapes = []
        for arm in marks(panel["arm"]):
            own = panel[panel["arm"] == arm].sort_values(["hidden_proportion", "structure", "key"])
            patterns = own.drop_duplicates(["hidden", *densities])
            # the middle one of a sample; of a fixed arm the first of its patterns
            place = len(patterns) // 2 if arm in SAMPLED else 0
            row = patterns.iloc[place]
            shapes.append(
                DrawnPattern(
                    arm,
                    row["structure"],
                    len(patterns),
                    int(row["inputs"]),
                    int(row["hidden"]),
                    int(row["outputs"]),
                    int(row["unknowns"]),
                    float(row["hidden_proportion"]),
                    _blocks(row),
                )
            )
        own = {(dataset, budget, shape.arm, shape.blocks) for shape in shapes}
        if not own <= drawn:  # else the same patterns again, started otherwise
            drawn |= own
            name = f"{experiment}, {budget:,} unknowns" if budget else experiment
            yield Drawing(name, tuple(shapes))
