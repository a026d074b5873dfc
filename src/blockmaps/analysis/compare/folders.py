"""Two folders compared, as one value."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from blockmaps.analysis.compare import sides
from blockmaps.analysis.compare.arms import ARM, compare
from blockmaps.analysis.compare.curves import KINDS, RUN, curves
from blockmaps.analysis.compare.sides import Side
from blockmaps.core.errors import InputError


class Comparison(NamedTuple):
    """Two folders compared.

    Attributes
    ----------
    first, second : the sides.
    config : paths at which the configs differ, with both values; None where one is not known.
    code : what is known of code, versions and device, on both sides.
    arms : a row an arm that both have; columns as in `arms.COLUMNS`.
    only : arms that one side has alone, by side.
    variants : runs that both have, and that one side has alone.
    curves : of the runs that both have, how many learning curves are of each kind, how many are
        equal before training or end at other epochs, and the largest finite deviation.
    """

    first: Side
    second: Side
    config: list[dict[str, Any]] | None
    code: list[dict[str, Any]]
    arms: pd.DataFrame
    only: dict[str, list[dict[str, Any]]]
    variants: dict[str, int]
    curves: dict[str, Any]


def compare_folders(first: Path, second: Path) -> Comparison:
    """Compare two results or published folders.

    Raises
    ------
    InputError
        As `sides.read`; or if they have no arm in common.
    """
    one, other = pair = sides.read(first), sides.read(second)
    kinds = curves(one.runs, other.runs)
    data = {name: _same_data(name, *pair) for name in set(pair[0].runs["experiment"])}
    finite = kinds.loc[np.isfinite(kinds["deviation"]), "deviation"]
    table = compare(one.runs, other.runs, kinds, data)
    if table.empty:
        raise InputError(
            f"{first} and {second}: no experiment, budget, initialisation and arm in common"
        )
    runs = [set(side.runs[RUN].itertuples(index=False, name=None)) for side in pair]
    arms = [_arms(side.runs) for side in pair]
    return Comparison(
        *pair,
        sides.differing(one.config, other.config),
        _code(*pair),
        table,
        {"a": _only(*arms), "b": _only(*reversed(arms))},
        {
            "both": len(runs[0] & runs[1]),
            "only_a": len(runs[0] - runs[1]),
            "only_b": len(runs[1] - runs[0]),
        },
        {kind: int((kinds["kind"] == kind).sum()) for kind in KINDS}
        | {
            "same_start": int(kinds["start"].sum()),
            "other_epochs": int(kinds["longer"].sum()),
            "largest_deviation": float(finite.max()) if len(finite) else None,
        },
    )


def _same_data(experiment: str, first: Side, second: Side) -> bool:
    """Return whether a seed index stands for the same data and order in both; False if unknown."""
    found = []
    for side in (first, second):
        config = side.config or {}
        try:
            dataset = config["experiments"][experiment]["dataset"]
            found.append((config["seed"], config["datasets"][dataset]))
        except (TypeError, KeyError):
            return False
    return found[0] == found[1]


def _code(first: Side, second: Side) -> list[dict[str, Any]]:
    """Return what is known of either side, name by name."""
    names = dict.fromkeys((*first.facts, *second.facts))
    return [
        {"what": name, "a": first.facts.get(name), "b": second.facts.get(name)} for name in names
    ]


def _arms(table: pd.DataFrame) -> set[tuple]:
    """Return experiment, budget, initialisation and name of every arm."""
    return set(table[ARM[:-1]].drop_duplicates().itertuples(index=False, name=None))


def _only(own: set[tuple], other: set[tuple]) -> list[dict[str, Any]]:
    """Return the arms of one side alone, an experiment, budget and initialisation a row."""
    panels: dict[tuple, list[str]] = {}
    for *panel, arm in sorted(own - other):
        panels.setdefault(tuple(panel), []).append(arm)
    return [dict(zip(ARM[:3], panel, strict=True), arms=arms) for panel, arms in panels.items()]


def short_names(first: Path, second: Path) -> tuple[str, str]:
    """Return the ends of two paths from where they differ on: v1/default and v2/default."""
    parts = [path.resolve().parts for path in (first, second)]
    for number in range(1, min(map(len, parts)) + 1):
        one, other = ("/".join(own[-number:]) for own in parts)
        if one != other:
            return one, other
    return str(first), str(second)
