"""What tables say on a claim at one scale: statistics with intervals, and no verdict yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NO_NUMBER = float("nan")
OWN_RATES = "each arm at its own rate"


@dataclass(frozen=True)
class Statistic:
    """A statistic that a claim's test names, as a table has it.

    Attributes
    ----------
    name : in the test's words.
    estimate : in the test's unit; NaN where there is none.
    intervals : level → lower and upper bound.
    n : what the interval's unit counts: seed indices, patterns, sizes, runs.
    seeds : seed indices, where n counts something else.
    degrees : of freedom of Student's t; None where the interval is no such one.
    table, row : the table, relative to the folder, and the columns that find its row there.
    span : smallest and largest possible value, where the test speaks of that range.
    at : which of several, where one scale has the statistic more than once.
    """

    name: str
    estimate: float
    n: int
    intervals: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    degrees: float | None = None
    table: str | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    span: tuple[float, float] | None = None
    at: str = ""
    seeds: int | None = None

    @property
    def title(self) -> str:
        """The name, and where, if a test's statistic is found at several places."""
        return f"{self.name} {self.at}".strip()


@dataclass(frozen=True)
class Scale:
    """Where a claim is tested.

    Attributes
    ----------
    about : in words, without sizes: "rad-digits", "five sizes" …
    inputs, outputs, budget : |x|, |y| and unknowns; None where there are several or none.
    budgets : unknowns, where a test is at several.
    anew : whether training sequences are drawn anew every epoch, as the papers' are not.
    solved : whether balanced patterns are solved for a proportion of ½, as the paper's are not.
    own_rates : whether every arm has a learning rate of its own.
    epochs, steps : trained, and the optimiser's steps; None where there are several or none.
    """

    about: str
    dataset: str | None = None
    experiment: str | None = None
    inputs: int | None = None
    outputs: int | None = None
    budget: int | None = None
    initialisation: str | None = None
    epochs: int | None = None
    steps: int | None = None
    budgets: tuple[int, ...] = ()
    anew: bool = False
    solved: bool = False
    own_rates: bool = False

    @property
    def words(self) -> str:
        """The scale in one line."""
        sizes = {"|x|": self.inputs, "|y|": self.outputs}
        parts = [f"{name} {value:,}" for name, value in sizes.items() if value is not None]
        if self.budget is not None:
            parts.append(f"{self.budget:,} unknowns")
        if self.epochs is not None:
            parts.append(f"{self.epochs} epochs")
        said = f"{self.about}: {', '.join(parts)}" if parts else self.about
        return f"{said}; {OWN_RATES}" if self.own_rates else said


@dataclass(frozen=True)
class Alternative:
    """A sensitivity analysis: the same test on other statistics, or why there are none.

    Attributes
    ----------
    what : in the ledger's words.
    statistics : as many as it has of those that the test names.
    absent : why there are none; None where there are.
    """

    what: str
    statistics: tuple[Statistic, ...] = ()
    absent: str | None = None


@dataclass(frozen=True)
class Finding:
    """All that a folder says on one claim at one scale.

    Attributes
    ----------
    n_of : what n of the statistics counts.
    missing : why there can be no verdict here (another scale, say); None where there can.
    part : which of several that a test judges by themselves: a family and an outcome, a cell.
    unlearnt : which arm did not learn, and what it reaches; None where all did.
    """

    claim: str
    scale: Scale
    statistics: tuple[Statistic, ...] = ()
    secondary: tuple[Statistic, ...] = ()
    sensitivity: tuple[Alternative, ...] = ()
    n_of: str | None = None
    missing: str | None = None
    part: str = ""
    unlearnt: str | None = None
