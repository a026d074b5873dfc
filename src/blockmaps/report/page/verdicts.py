"""The claims as the page shows them: each with its verdicts, and the evidence of each."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

import pandas as pd

from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue
from blockmaps.report.page.forest import Axis, Forest, forest, scale_of
from blockmaps.report.page.numbers import number
from blockmaps.results.folder import Folders

VERDICTS = (
    *("supported", "contradicted", "inconclusive"),
    *("an arm did not learn", "not tested at this scale"),
)
AS_WRITTEN = "is not as `blockmaps claims --json` writes it"
PAPERS = {"2404.00880", "2509.15057"}


class Evidence(NamedTuple):
    """A row of a table that a statistic stands in."""

    statistic: str
    table: str
    cells: tuple[tuple[str, str], ...]


class Verdict(NamedTuple):
    """A claim's verdict at one scale."""

    row: dict[str, Any]
    forest: Forest | None
    evidence: tuple[Evidence, ...]
    command: str

    @property
    def verdict(self) -> str:
        """The verdict, in words."""
        return self.row["verdict"]

    @property
    def kind(self) -> str:
        """The verdict as the name of its mark and style: its first word, or what an arm was."""
        return "unlearnt" if self.verdict == VERDICTS[3] else self.verdict.split()[0]

    @property
    def sentence(self) -> str:
        """What was found, as a sentence that goes on from the verdict."""
        said = self.row.get("sentence") or self.row.get("reason") or ""
        return f"{said.rstrip('.')}." if said else ""

    @property
    def asked(self) -> str:
        """The bound that the test asks for, "" where the row does not say it."""
        bound = self.row.get("supported_if") or ""
        return f"asked for: {bound.removesuffix(', of all')}" if bound else ""

    def listed(self, name: str) -> list[dict[str, Any]]:
        """Return a list of the row, empty if it has none."""
        return self.row.get(name) or []


class ClaimVerdicts(NamedTuple):
    """A claim and its verdicts, a scale each."""

    id: str
    statement: str
    paper: str
    source: str
    verdicts: tuple[Verdict, ...]
    scale: Axis | None
    figures: tuple[str, ...]

    @property
    def unit(self) -> str:
        """The unit of the axis that its plots share."""
        return self.verdicts[0].row.get("unit") or ""

    @property
    def untested(self) -> tuple[Verdict, ...]:
        """The verdicts at scales that were not tested."""
        return tuple(one for one in self.verdicts if one.kind == "not")

    @property
    def earlier(self) -> tuple[Verdict, ...]:
        """The verdicts of earlier versions of the test."""
        later = (one for one in self.verdicts if one.kind != "not")
        return tuple(one for one in later if one.row.get("in_force") is False)

    @property
    def tested(self) -> tuple[Verdict, ...]:
        """The verdicts in force at scales that were tested."""
        apart = (*self.untested, *self.earlier)
        return tuple(one for one in self.verdicts if one not in apart)

    @property
    def tally(self) -> list[tuple[str, str, int]]:
        """Kind, words and number of the verdicts in force; of none, what is not tested."""
        shown = self.tested or self.untested or self.verdicts
        words = {one.kind: one.verdict for one in shown}
        return [
            (kind, said, sum(one.kind == kind for one in shown)) for kind, said in words.items()
        ]

    @property
    def link(self) -> str:
        """The paper's address, "" where it is not known."""
        if self.paper in PAPERS:
            return f"https://arxiv.org/abs/{self.paper}"
        return f"https://doi.org/{self.paper.removeprefix('doi ')}" if "doi " in self.paper else ""


def _cells(row: pd.Series) -> tuple[tuple[str, str], ...]:
    """Return a row's columns that hold something, as text."""
    return tuple(
        (str(name), number(value.item() if hasattr(value, "item") else value, 4))
        for name, value in row.items()
        if pd.notna(value)
    )


def _evidence(row: dict[str, Any], folders: Folders) -> tuple[Evidence, ...]:
    """Return the rows of tables that the verdict's statistics are read from."""
    found = []
    for one in row.get("statistics") or []:
        name, where = one.get("table") or row.get("table"), one.get("row")
        table = folders.table(name) if name and where else None
        if table is None or not set(where) <= set(table.columns):
            continue
        same = pd.Series(True, index=table.index)
        for column, value in where.items():
            same &= table[column].isna() if value is None else table[column] == value
        found += [
            Evidence(str(one.get("statistic", "")), str(name), _cells(match))
            for _, match in table[same].iterrows()
        ]
    return tuple(found)


def _decisive(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statistics that decide, each with its bounds; the row itself if it lists none.

    The row's bounds are those of its own statistic: another may have others.
    """
    listed = row.get("statistics") or [row]
    own = row.get("statistic", listed[0].get("statistic"))
    return [
        {"bounds": row.get("bounds") if one.get("statistic") == own else None} | one
        for one in listed
    ]


def _claim(name: str, rows: list[dict[str, Any]], folders: Folders, one: bool) -> ClaimVerdicts:
    scale = scale_of(one for row in rows for one in _decisive(row))
    verdicts = tuple(
        Verdict(
            row,
            forest(_decisive(row), scale),
            _evidence(row, folders) if one else (),
            f"blockmaps claims {row.get('folder') or folders.folders[-1].path}",
        )
        for row in rows
    )
    first = rows[0]
    return ClaimVerdicts(
        name,
        first["statement"],
        first.get("paper") or "",
        first.get("source") or "",
        verdicts,
        scale if any(verdict.forest for verdict in verdicts) else None,
        tuple(figure for figure, one in catalogue.FIGURES.items() if name in one.claims),
    )


def claims(folders: Folders, figures: Iterable[str]) -> list[ClaimVerdicts]:
    """Return the claims in the ledger's order; none if there is no claims.json.

    Parameters
    ----------
    figures : those that the page shows.

    Raises
    ------
    InputError
        If claims.json is not as `blockmaps claims --json` writes it.
    """
    rows = folders.json("claims")
    if rows is None:
        return []
    shown = set(figures)
    try:
        if not isinstance(rows, list):
            raise TypeError("takes a list")
        folders_named = {row["folder"] for row in rows if row.get("folder")}
        made = [
            # rows of tables are shown where all verdicts are of one folder, which is this one
            _claim(name, list(own), folders, one=len(folders_named) == 1)
            for name, own in groupby(rows, key=lambda row: row["id"])
        ]
        unknown = {verdict.verdict for claim in made for verdict in claim.verdicts} - set(VERDICTS)
    except (KeyError, TypeError, AttributeError) as fault:
        raise InputError(f"{folders.file('claims')}: {AS_WRITTEN}: {fault}") from None
    if unknown:
        raise InputError(f"{folders.file('claims')}: {AS_WRITTEN}: verdict {min(unknown)!r}")
    return [
        claim._replace(figures=tuple(name for name in claim.figures if name in shown))
        for claim in made
    ]


def counts(made: Iterable[ClaimVerdicts]) -> list[tuple[str, int]]:
    """Return how often every verdict was given, in a fixed order."""
    given = [verdict.verdict for claim in made for verdict in claim.verdicts]
    return [(name, given.count(name)) for name in VERDICTS]
