"""The tuned protocol: each arm's learning rate is chosen before the comparison that it is used in.

Some patterns of an arm are trained at every rate of the recipe's grid, at seed indices from 1000
on, which no comparison uses. The rate with the best validation accuracy is the arm's. The variants
of a comparison hold their rates, so its shards are known only when the rates are: until then they
are provisional, and only those of the tuning are trained.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from blockmaps.core.canonical import digest
from blockmaps.core.errors import InputError
from blockmaps.designs.kinds import Row

FIRST = 1000  # the first seed index of tuning; comparisons take those below


class Tuned(NamedTuple):
    """What a variant is in the tuning of an experiment; its runs are joined to it by its key."""

    experiment: str
    dataset: str
    arm: str
    budget: int
    learning_rate: float
    key: str


class ChosenRate(NamedTuple):
    """A rate that has been chosen, and the digest of the variants that it was chosen by."""

    learning_rate: float
    chosen_by: str


# experiment, arm and budget → what has been chosen
ChosenRates = Mapping[tuple[str, str, int], ChosenRate]


def arms_of(rows: Iterable[Row], most: int) -> dict[tuple[str, int], list[Row]]:
    """Return the patterns that each arm is tuned by, by arm and budget.

    Parameters
    ----------
    rows : an experiment's; those with a rate of their own are left out.
    most : patterns of an arm: of more, some are taken evenly through their list.
    """
    arms: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        if row.learning_rate is None:
            arms.setdefault((row.arm, row.budget), {}).setdefault(digest(row.model), row)
    return {
        arm: [several[len(several) * one // most] for one in range(most)]
        if len(several := list(found.values())) > most
        else several
        for arm, found in arms.items()
    }


def chosen_by(tuned: Iterable[Tuned]) -> str:
    """Return the digest of the variants that a rate is chosen by."""
    return digest(sorted(one.key for one in tuned))


def by_arm(tuned: Iterable[Tuned]) -> dict[tuple[str, str, int], list[Tuned]]:
    """Return the variants that each rate is chosen by: by experiment, arm and budget."""
    arms: dict[tuple[str, str, int], list[Tuned]] = {}
    for one in tuned:
        arms.setdefault((one.experiment, one.arm, one.budget), []).append(one)
    return arms


def decided(choices: ChosenRates, tuned: Iterable[Tuned]) -> dict[tuple[str, str, int], float]:
    """Return the rates that were chosen by just these variants, as the grid has them."""
    found = {}
    for arm, several in by_arm(tuned).items():
        choice = choices.get(arm)
        if choice is None or choice.chosen_by != chosen_by(several):
            continue
        for rate in {one.learning_rate for one in several}:
            if math.isclose(rate, choice.learning_rate, rel_tol=1e-5):  # a table has six digits
                found[arm] = rate
    return found


def read(path: Path) -> ChosenRates:
    """Read what has been chosen from the table of rates; nothing, where there is none.

    Raises
    ------
    InputError
        If it is no table of rates.
    """
    if not path.is_file():
        return {}
    try:
        from blockmaps.core import csv as tables  # with pandas, for a plan that has such a table

        with io.StringIO(tables.text(path), newline="") as file:
            return {
                (row["experiment"], row["arm"], int(row["budget"])): ChosenRate(
                    float(row["learning_rate"]), row["chosen_by"]
                )
                for row in csv.DictReader(file)
                if row["chosen"] == "True"
            }
    except (KeyError, ValueError, TypeError, csv.Error) as fault:
        raise InputError(f"{path}: is no table of rates ({fault}); remove it") from None
