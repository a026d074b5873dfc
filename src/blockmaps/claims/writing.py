"""The ledger's rows as JSON, as a table, as lines for a person, and as the README's table."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.claims.thresholds import NOT_TESTED, number
from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.core.files import whole

LedgerRow = dict[str, Any]
BEGIN, END = "<!-- verdicts: written by `blockmaps claims` -->", "<!-- end of verdicts -->"
INSTEAD = " instead of "  # in the name of an analysis that takes another interval
PAPERS_SCALE = "the papers' own scale"

# The columns of claims.csv, and what each holds (results/README.md has them).
COLUMNS = {
    "id": "claim, as in config/claims.yaml",
    "verdict": "supported, contradicted, inconclusive, or not tested at this scale",
    "statistic": "the one that decides, in the test's words; empty where there is none",
    "estimate": "its value",
    "low": "lower bound, 95 %",
    "high": "upper bound",
    "n": "what n_of counts",
    "unit": "of the estimate",
    "n_of": "pairs of seeds, patterns, sizes, runs …",
    "scale": "data set and sizes, in words",
    "dataset": "name under `datasets`; empty for a scale of several or of none",
    "experiment": "name under `experiments`",
    "inputs": "|x|",
    "outputs": "|y|",
    "budget": "unknowns",
    "initialisation": "how unknowns start; the paper's own way where runs differ in it",
    "epochs": "trained",
    "steps": "optimiser steps",
    "folder": "where the tables are",
    "paper_scale": "whether the sizes are the paper's own",
    "test_version": "version of the test in config/claims.yaml",
    "test_reason": "why it is another than the first; empty of the first",
    "reason": "what was compared with which threshold, or why nothing was",
    "table": "the statistic's, within the folder",
    "p": "twice the smaller one-sided p value of both thresholds, not corrected for several "
    "statistics of one claim; empty without bounds to compare",
    "p_holm": "corrected after Holm over A1 to A5 at one data set and scale",
    "sensitivity": "JSON: what else was looked at, with the verdict that it would give by itself",
    "paper": "arXiv number, or doi",
    "statement": "the claim",
    "source": "where it is from",
    "test": "the test in words",
    "outcome": "what the test is on",
    "supported_if": "its threshold",
    "contradicted_if": "its other threshold",
}


def to_json(rows: Sequence[LedgerRow]) -> str:
    """Return rows as a JSON list."""
    return json.dumps(list(rows), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def table_of(rows: Sequence[LedgerRow]) -> pd.DataFrame:
    """Return rows as a table; columns as in `COLUMNS`."""
    cells = [
        {**row, "sensitivity": json.dumps(row["sensitivity"], ensure_ascii=False)} for row in rows
    ]
    table = pd.DataFrame(cells, columns=list(COLUMNS))
    whole_numbers = ("n", "inputs", "outputs", "budget", "epochs", "steps")
    return table.astype(dict.fromkeys(whole_numbers, "Int64"))


def write(rows: Sequence[LedgerRow], path: Path) -> None:
    """Write rows as .json or .csv, whole or not at all.

    Raises
    ------
    InputError
        If the name ends otherwise, or it cannot be written.
    """
    if path.suffix == ".csv":
        csv.write(table_of(rows), path)
    elif path.suffix == ".json":
        try:
            with whole(path) as partial:
                partial.write_text(to_json(rows), encoding="utf-8")
        except OSError as fault:
            raise InputError(f"{path}: cannot be written: {fault.strerror}") from fault
    else:
        raise InputError(f"{path}: ends with neither .json nor .csv")


def read(path: Path) -> list[LedgerRow]:
    """Read rows from JSON.

    Raises
    ------
    InputError
        If there are none, or it is no such list.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from None
    except ValueError:
        raise InputError(f"{path}: is no JSON") from None


def lines(rows: Sequence[LedgerRow]) -> list[str]:
    """Return rows as lines for a person."""
    found = []
    for row in rows:
        found.append(f"{row['id']:<4} {row['verdict']:<26} {row['scale']}")
        if row["statistic"] is not None and row["estimate"] is not None:
            counted = f"n = {row['n']} {row['n_of']}"
            found.append(f"     {row['statistic']}: {estimate(row)} {row['unit']}, {counted}")
        found.append(f"     {row['reason']} (test {row['test_version']})")
    return found


def estimate(row: LedgerRow) -> str:
    """Return an estimate with its interval, as text."""
    if row["estimate"] is None:
        return "–"
    bounds = [row["low"], row["high"]]
    text = number(row["estimate"])
    if None not in bounds:
        text += f" [{', '.join(map(number, bounds))}]"
    return text


def readme_table(rows: Sequence[LedgerRow]) -> str:
    """Return the README's table: every verdict, then what has not been tested.

    Raises
    ------
    InputError
        If there are no rows.
    """
    if not rows:
        raise InputError("no verdicts to write down")
    found = ["| claim | verdict | estimate [95 %] | n | where |", "|---|---|---|---|---|"]
    for name in dict.fromkeys(row["id"] for row in rows):
        own = [row for row in rows if row["id"] == name]
        tested = [row for row in own if row["verdict"] != NOT_TESTED]
        # else what was measured, if not at all of the scales that the test asks for
        shown = tested or [row for row in own if row["estimate"] is not None] or own[-1:]
        for place, row in enumerate(shown):
            claim = f"**{name}** {row['statement']}" if place == 0 else name
            found.append(_readme_line(claim, row))
    few = sum(row["verdict"] == NOT_TESTED and row["folder"] is not None for row in rows)
    if few:
        found.append(f"\nKept, but not tested: {few} scales, most with two seeds.")
    lacking = [row["id"] for row in rows if row["paper_scale"] and row["verdict"] == NOT_TESTED]
    found.append(f"\nNot tested at {PAPERS_SCALE}: {', '.join(lacking) or 'none'}.")
    return "\n".join(found) + "\n"


def _readme_line(claim: str, row: LedgerRow) -> str:
    where = row["scale"] if row["folder"] is None else f"{row['scale']}; `{row['folder']}`"
    shown, counted = "–", "–"
    if row["estimate"] is not None:
        shown = f"{row['statistic']}: {estimate(row)} {row['unit']}"
        counted = f"{row['n']} {row['n_of']}"
    version = "" if row["test_version"] == 1 else f" (by version {row['test_version']} of its test)"
    cells = [claim, f"**{row['verdict']}**{version}{_otherwise(row)}", shown, counted, where]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _otherwise(row: LedgerRow) -> str:
    """Return what another interval of the same numbers would say, where that is something else."""
    found = {
        one["what"]: one["would_be"]
        for one in row["sensitivity"]
        if INSTEAD in one["what"] and one["would_be"] not in (None, row["verdict"])
    }
    return "".join(f" ({verdict} with {what})" for what, verdict in found.items())


def put_into_readme(rows: Sequence[LedgerRow], path: Path) -> None:
    """Write the table between the README's two marks.

    Raises
    ------
    InputError
        If it cannot be read, or has not both marks.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{path}: has no marks {BEGIN!r} and {END!r}")
    with whole(path) as partial:
        partial.write_text(f"{before}{BEGIN}\n{readme_table(rows)}{END}{after}", encoding="utf-8")
