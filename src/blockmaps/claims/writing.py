"""The ledger's rows as JSON, as a table, as lines for a person, and as the tables of documents."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.claims.findings import OWN_RATES
from blockmaps.claims.thresholds import BARE, CONTRADICTED, NOT_TESTED, SUPPORTED, VERDICTS, number
from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.core.files import whole
from blockmaps.results.folder import read_json

LedgerRow = dict[str, Any]
# Between which marks a document has a table: every verdict, or a line a claim.
ALL = ("<!-- all verdicts: written by `blockmaps claims` -->", "<!-- end of all verdicts -->")
BRIEF = ("<!-- verdicts: written by `blockmaps claims` -->", "<!-- end of verdicts -->")
INSTEAD = " instead of "  # in the name of an analysis that takes another interval
MINUS = "−"
FOLDED = 4  # from so many scales with one verdict on they share a line, without intervals
PAPERS_SCALE = "the papers' own scale"

# The columns of claims.csv, and what each holds (docs/tables.md has them).
COLUMNS = {
    "id": "claim, as in config/claims.yaml",
    "verdict": "supported, contradicted, inconclusive, an arm did not learn, or not tested at this "
    "scale",
    "sentence": "what was found, with the bound that was asked for",
    "part": "which of several that the test judges by themselves: a family and an outcome, a cell",
    "statistic": "the one that decides, in the test's words; empty where there is none",
    "estimate": "its value",
    "low": "lower bound, 95 %",
    "high": "upper bound",
    "n": "what n_of counts",
    "unit": "of the estimate",
    "n_of": "seed indices, patterns, sizes, runs …",
    "scale": "data set and sizes, in words",
    "dataset": "name under `datasets`; empty for a scale of several or of none",
    "experiment": "name under `experiments`",
    "inputs": "|x|",
    "outputs": "|y|",
    "budget": "unknowns",
    "initialisation": "how unknowns start; the paper's own way where runs differ in it",
    "own_rates": "whether every arm has a learning rate of its own",
    "epochs": "trained",
    "steps": "optimiser steps",
    "folder": "where the tables are",
    "paper_scale": "whether the sizes are the paper's own",
    "test_version": "version of the test in config/claims.yaml",
    "in_force": "whether that is the latest; verdicts of earlier versions stay on record",
    "test_reason": "why it is another than the first; empty of the first",
    "reason": "what was compared with which threshold, or why nothing was",
    "table": "the statistic's, within the folder",
    "p": "twice the smaller one-sided p value of both thresholds; of a threshold on any of several "
    "statistics corrected over these after Holm; empty without bounds to compare",
    "p_holm": "corrected after Holm over a test's parts, and over A1 to A5, at one data and scale",
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
    return read_json(path)


def lines(rows: Sequence[LedgerRow]) -> list[str]:
    """Return rows as lines for a person."""
    found = []
    for row in rows:
        part = f"; {row['part']}" if row["part"] else ""
        found.append(f"{row['id']:<4} {row['verdict']:<26} {row['scale']}{part}")
        if row["statistic"] is not None and row["estimate"] is not None:
            counted = f"n = {row['n']} {row['n_of']}"
            found.append(f"     {row['statistic']}: {estimate(row)} {row['unit']}, {counted}")
        on_record = "" if row["in_force"] else ", on record"
        found.append(f"     {row['sentence']} (test {row['test_version']}{on_record})")
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


def whole_table(rows: Sequence[LedgerRow]) -> str:
    """Return the verdicts of every claim as sentences, many alike ones together.

    The tests in force come first, then the verdicts of earlier versions, which stay on record.

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
        groups: dict[tuple, list[LedgerRow]] = {}
        for row in _shown(own):
            key = (-row["test_version"], row["part"], VERDICTS.index(row["verdict"]))
            groups.setdefault(key, []).append(row)
        claim = f"**{name}** {own[0]['statement']}"
        for _, group in sorted(groups.items(), key=lambda item: item[0]):
            apart = group[0]["in_force"] and len(group) < FOLDED
            for rows_of_line in [[row] for row in group] if apart else [group]:
                found.append(_line_of(claim, rows_of_line))
                claim = name
    few = sum(row["verdict"] == NOT_TESTED and row["folder"] is not None for row in rows)
    if few:
        found.append(f"\nKept, but not tested: {few} rows of claims.csv, most of two seed indices.")
    papers = [row for row in rows if row["paper_scale"] and row["in_force"]]
    lacking = dict.fromkeys(row["id"] for row in papers if row["verdict"] == NOT_TESTED)
    found.append(f"\nNot tested at {PAPERS_SCALE}: {', '.join(lacking) or 'none'}.")
    return "\n".join(found) + "\n"


def _shown(own: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Return the rows of a claim that were tested; of the test in force one at least."""
    tested = [row for row in own if row["verdict"] != NOT_TESTED]
    if any(row["in_force"] for row in tested):
        return tested
    current = [row for row in own if row["in_force"]]
    # what was measured, if not at all of the scales that the test asks for
    measured = [row for row in current if row["estimate"] is not None]
    return [*(measured or current)[-1:], *tested]


def _line_of(claim: str, group: Sequence[LedgerRow]) -> str:
    """Return a line of rows of one claim, version, part and verdict."""
    first = group[0]
    version = "" if first["in_force"] else f", by version {first['test_version']}, on record"
    part = f"{first['part']}: " if first["part"] else ""
    said = first["sentence"] if len(group) == 1 else f"at {len(group)} scales"
    cells = [
        claim,
        f"{part}**{first['verdict']}**{version}: {said}{_otherwise(first, group)}",
        _estimates(group),
        _range([row["n"] for row in group], first["n_of"]),
        "; ".join(_places(group)),
    ]
    return _joined(cells)


def _joined(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def brief_table(rows: Sequence[LedgerRow]) -> str:
    """Return a line a claim: what its test in force says at the scale that decides most.

    That is the papers' own where it was tested, after the most epochs that it was; else one with a
    verdict either way, else the one with the most unknowns and epochs. All parts of the test are
    said there; the other scales are counted. Data of the papers' own scale that were trained on for
    more steps, or at rates of the arms' own, have a line more.

    Raises
    ------
    InputError
        If there are no rows.
    """
    if not rows:
        raise InputError("no verdicts to write down")
    found = ["| claim | verdict | measured [95 %] | where | elsewhere |", "|---|---|---|---|---|"]
    for name in dict.fromkeys(row["id"] for row in rows):
        own = [row for row in rows if row["id"] == name and row["in_force"]]
        shown = sorted(_shown(own), key=_undecided)
        papers = [row for row in shown if row["paper_scale"] and row["verdict"] != NOT_TESTED]
        longest = max((row["epochs"] or 0 for row in papers), default=0)
        papers = [row for row in papers if (row["epochs"] or 0) == longest]
        papers.sort(key=lambda row: (row["steps"] or 0, row["own_rates"]))
        told = list(dict.fromkeys(map(_place, papers or shown[:1])))
        others = Counter(row["verdict"] for row in shown if _place(row) not in told)
        counted = ", ".join(f"{others[one]} {one}" for one in VERDICTS if one in others)
        for place in told:
            here = [row for row in shown if _place(row) == place]
            cells = [
                f"**{name}** {here[0]['statement']}" if place == told[0] else f"**{name}**, again",
                "<br>".join(_sentence(row, here) for row in here),
                "<br>".join(_measured(row, here) for row in here),
                _sizes(here[0], len(told) > 1),
                counted if place == told[0] and counted else "–",
            ]
            found.append(_joined(cells))
    return "\n".join(found) + "\n"


def _sizes(row: LedgerRow, steps: bool = False) -> str:
    """Return a row's sizes, and its steps if asked, in words that need no data set's name."""
    known = {"inputs": "inputs", "outputs": "outputs", "budget": "unknowns", "epochs": "epochs"}
    known |= {"steps": "steps"} if steps else {}
    said = [f"{row[name]:,} {word}" for name, word in known.items() if row[name] is not None]
    said += [OWN_RATES] if row["own_rates"] else []
    papers = ["the paper's own sizes"] if row["paper_scale"] else []
    if row["inputs"] is None:
        # several sizes: inputs/outputs of each, or what is compared
        said = [row["scale"].replace("|x|/|y|", "inputs/outputs")]
    return ", ".join((*said, *papers))


def _place(row: LedgerRow) -> tuple:
    return row["folder"], row["scale"]


def _undecided(row: LedgerRow) -> tuple:
    """Return what orders verdicts: the one to say first has the least."""
    tested = row["verdict"] != NOT_TESTED
    either = row["verdict"] in (SUPPORTED, CONTRADICTED)
    rank = 0 if either else VERDICTS.index(row["verdict"])
    sizes = -(row["budget"] or 0), -(row["epochs"] or 0)
    return not (row["paper_scale"] and tested), rank, *sizes


def _part(row: LedgerRow, beside: Sequence[LedgerRow]) -> str:
    """Return of a row's part what tells it from the rows beside it."""
    parts = [set(one["part"].split(", ")) for one in beside if one["part"]]
    shared = set.intersection(*parts) if len(parts) > 1 else set()
    found = ", ".join(one for one in row["part"].split(", ") if one not in shared)
    return f"{found}: " if found else ""


def _sentence(row: LedgerRow, beside: Sequence[LedgerRow]) -> str:
    """Return part, verdict and bound of a row as a sentence."""
    said = row["sentence"].removeprefix(f"{row['part']}: ")
    return f"{_part(row, beside)}**{row['verdict']}**: {said}"


def _measured(row: LedgerRow, beside: Sequence[LedgerRow]) -> str:
    """Return every statistic of a row's test with its interval; points have one decimal."""
    points = row["unit"] == "percentage points"
    text = (lambda value: f"{value:.1f}".replace("-", MINUS)) if points else number
    unit = "" if row["unit"] in BARE else " points" if points else f" {row['unit']}"
    # a statistic has a row for each level that a threshold asks for; the widest is shown
    by_level = sorted(row["statistics"], key=lambda one: one["level"] or 0)
    named = {one["statistic"]: one for one in by_level if one["estimate"] is not None}
    found = [
        f"{name.replace(' - ', f' {MINUS} ')}: {text(one['estimate'])}"
        + ("" if one["low"] is None else f" [{text(one['low'])}, {text(one['high'])}]")
        for name, one in named.items()
    ]
    part = _part(row, beside) if len(beside) > 1 else ""
    return f"{part}{', '.join(found)}{unit}" if found else "–"


def _estimates(group: Sequence[LedgerRow]) -> str:
    """Return an estimate with its interval; of several rows the range of each statistic's."""
    known = [row for row in group if row["estimate"] is not None]
    if len(group) == 1 and known:
        unit = "" if known[0]["unit"] in BARE else f" {known[0]['unit']}"
        return f"{known[0]['statistic']}: {estimate(known[0])}{unit}"
    by_name: dict[str, list[float]] = {}
    for row in known:
        for one in row["statistics"]:
            if one["estimate"] is not None:
                by_name.setdefault(one["statistic"], []).append(one["estimate"])
    return (
        "; ".join(
            f"{name}: {number(min(values))} to {number(max(values))}"
            for name, values in by_name.items()
        )
        or "–"
    )


def _range(counts: Sequence[int | None], of: str | None) -> str:
    known = sorted({count for count in counts if count is not None})
    if not known:
        return "–"
    return f"{known[0]}{f' to {known[-1]}' if len(known) > 1 else ''} {of}"


def _places(group: Sequence[LedgerRow]) -> list[str]:
    """Return where rows are, by folder; a single one with its sizes."""
    if len(group) == 1:
        row = group[0]
        return [row["scale"] if row["folder"] is None else f"{row['scale']}; `{row['folder']}`"]
    folders = dict.fromkeys(row["folder"] for row in group)
    return [
        f"`{folder}`: "
        + ", ".join(dict.fromkeys(_short(row) for row in group if row["folder"] == folder))
        for folder in folders
    ]


def _short(row: LedgerRow) -> str:
    budget = "" if row["budget"] is None else f" at {row['budget']:,}"
    return f"{row['dataset'] or row['scale']}{budget}"


def _otherwise(first: LedgerRow, group: Sequence[LedgerRow]) -> str:
    """Return what another interval of the same numbers would say, where that is something else."""
    if len(group) > 1:
        return ""
    found = {
        one["what"]: one["would_be"]
        for one in first["sensitivity"]
        if INSTEAD in one["what"] and one["would_be"] not in (None, first["verdict"])
    }
    return "".join(f" ({verdict} with {what})" for what, verdict in found.items())


def put_into(rows: Sequence[LedgerRow], path: Path) -> None:
    """Write tables between the marks that a document has: `BRIEF`, `ALL`, or both.

    Raises
    ------
    InputError
        If it cannot be read, or has no such marks.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from None
    there = False
    for (begin, end), table in ((BRIEF, brief_table), (ALL, whole_table)):
        before, first, rest = text.partition(begin)
        _, last, after = rest.partition(end)
        if first and last:
            there, text = True, f"{before}{begin}\n{table(rows)}{end}{after}"
    if not there:
        raise InputError(f"{path}: has no marks {' … '.join(BRIEF)!r} nor {' … '.join(ALL)!r}")
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
