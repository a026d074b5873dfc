"""The ledger: every claim's verdict at every scale that a folder has, and at the papers' own.

Holm's correction is over the claims of `rules.holm` that are tested at one data set and scale
(those over sizes are a scale of their own): a verdict that its threshold alone would give, but
whose corrected p value is above 1 − level, is inconclusive.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from blockmaps.analysis.comparisons import holm
from blockmaps.analysis.statistics import FEWEST_PAIRS
from blockmaps.claims import of_arms, of_maps, of_patterns, of_returns, of_sizes
from blockmaps.claims.findings import Alternative, Finding, Scale, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import plain
from blockmaps.claims.scales import PAPERS, is_paper_scale
from blockmaps.claims.tests import Claim, Claims, Threshold
from blockmaps.claims.thresholds import (
    BOUNDS,
    CONTRADICTED,
    INCONCLUSIVE,
    NOT_TESTED,
    SUPPORTED,
    Judged,
    judge,
    number,
)
from blockmaps.claims.writing import LedgerRow as Row

FINDERS: dict[str, Callable[[Tables], Iterator[Finding]]] = {
    "A1": of_arms.varied_sparsity,
    "A2": of_patterns.explaining,
    "A3": of_returns.on_hammer,
    "A4": of_sizes.recommended,
    "A5": of_sizes.by_size,
    "E1a": of_patterns.band_of_densities,
    "E1b": of_arms.against_lstm,
    "B1": of_maps.equivalence,
    "B2": of_maps.ends,
    "B3": of_maps.random_places,
    "B4": of_maps.hard_to_train,
}
DIGITS = 6  # significant, of what is computed here


def verdicts(
    ledger: Claims, folders: Sequence[Path], config: dict[str, Any] | None = None
) -> list[Row]:
    """Return a row a claim and scale, of all folders; then of the papers' own scales without runs.

    Parameters
    ----------
    folders : results or published folders, as `folders.find` returns them.
    config : of all of them; what each keeps itself if not given.
    """
    papers = [
        _row(ledger, Finding(name, PAPERS[name], missing="no runs at the paper's own scale"), None)
        for name in ledger.claims
    ]
    return merged(ledger, [*(_of_folder(ledger, Tables(path, config)) for path in folders), papers])


def merged(ledger: Claims, parts: Sequence[Sequence[Row]]) -> list[Row]:
    """Return the rows of several folders as those of all of them: by claim, folders in order.

    A paper's scale that a folder has is not "not tested" because another folder lacks it.
    """
    rows = [row for part in parts for row in part]
    own = [row for row in rows if row["folder"] is not None]
    have = {row["id"] for row in own if row["paper_scale"]}
    papers = {row["id"]: row for row in rows if row["folder"] is None and row["id"] not in have}
    order = list(ledger.claims)
    # stable: the paper's scale stays last of a claim
    return sorted([*own, *papers.values()], key=lambda row: order.index(row["id"]))


def _of_folder(ledger: Claims, folder: Tables) -> list[Row]:
    rows = [
        _row(ledger, finding, folder.path)
        for name in ledger.claims
        for finding in FINDERS[name](folder)
    ]
    return _corrected(rows, ledger)


def _row(ledger: Claims, finding: Finding, folder: Path | None) -> Row:
    """Return one claim at one scale, judged by itself."""
    claim, level = ledger.claims[finding.claim], ledger.rules.level
    judged = _judged(claim, finding, level)
    headline = judged.statistic
    scale = finding.scale
    return {
        "id": finding.claim,
        "verdict": judged.verdict,
        **_numbers(headline, level),
        "unit": claim.test.unit,
        "n_of": finding.n_of,
        "scale": scale.words,
        **_sizes(scale),
        "folder": None if folder is None else named(folder),
        "paper_scale": folder is None or is_paper_scale(finding.claim, scale),
        "test_version": claim.test.version,
        "test_reason": claim.test.reason,
        "reason": judged.reason,
        "table": None if headline is None else headline.table,
        "p": rounded(judged.p),
        "p_holm": None,
        "statistics": [
            detail for one in finding.statistics for detail in _details(one, level, claim)
        ],
        "secondary": [
            detail for one in finding.secondary for detail in _details(one, level, claim)
        ],
        "sensitivity": [
            entry
            for one in finding.sensitivity
            for entry in _sensitivity(one, finding, claim, level)
        ],
        "paper": claim.paper,
        "statement": claim.statement,
        "source": claim.source,
        "test": claim.test.test,
        "outcome": claim.test.outcome,
        "sesoi": claim.test.sesoi,
        "bounds": {
            "supported": _limit(claim.test.supported, headline),
            "contradicted": _limit(claim.test.contradicted, headline),
        },
        "supported_if": in_words(claim.test.supported),
        "contradicted_if": in_words(claim.test.contradicted),
    }


def _judged(claim: Claim, finding: Finding, level: float) -> Judged:
    """Return the verdict of a finding; not tested where it says why, or has too few runs."""
    first = finding.statistics[0] if finding.statistics else None
    if finding.missing:
        return Judged(NOT_TESTED, finding.missing, first)
    asked = claim.test.seeds_at_least
    fewest = min((one.n for one in finding.statistics), default=0)
    if asked and fewest < asked:
        return Judged(NOT_TESTED, f"{fewest} {finding.n_of}; it takes {asked}", first)
    return judge(claim.test, finding.statistics, level)


def _corrected(rows: list[Row], ledger: Claims) -> list[Row]:
    """Return one folder's rows after Holm's correction, by data set and scale."""
    families: dict[tuple, list[Row]] = {}
    for row in rows:
        if row["id"] in ledger.rules.holm and row["p"] is not None:
            scale = (row["dataset"], row["inputs"], row["outputs"], row["budget"])
            families.setdefault(scale, []).append(row)
    for family in families.values():
        adjusted = holm(pd.Series([row["p"] for row in family]))
        for row, p in zip(family, adjusted, strict=True):
            row["p_holm"] = rounded(float(p))
            decided = row["verdict"] in (SUPPORTED, CONTRADICTED)
            if decided and p > 1 - ledger.rules.level:
                row["reason"] = (
                    f"{row['verdict']} by itself ({row['reason']}), but not after Holm's "
                    f"correction over {len(family)} tests: p {number(float(p))}"
                )
                row["verdict"] = INCONCLUSIVE
    return rows


def _sizes(scale: Scale) -> Row:
    names = ("dataset", "experiment", "inputs", "outputs", "budget", "initialisation")
    return {name: getattr(scale, name) for name in (*names, "epochs", "steps")}


def _numbers(statistic: Statistic | None, level: float) -> Row:
    """Return a statistic's numbers, its interval at a level; None for what there is not."""
    if statistic is None:
        return dict.fromkeys(("statistic", "estimate", "low", "high", "n"))
    low, high = statistic.intervals.get(level, (np.nan, np.nan))
    numbers = {"estimate": statistic.estimate, "low": low, "high": high}
    found = {name: rounded(value) for name, value in numbers.items()}
    return {"statistic": statistic.title, **found, "n": statistic.n}


def _details(statistic: Statistic, level: float, claim: Claim) -> Iterator[Row]:
    """Yield a statistic with every interval that the test looks at."""
    named = {one.level for one in (claim.test.supported, claim.test.contradicted)} - {None}
    for used in sorted(named | {level}):
        where = {"table": statistic.table, "row": dict(statistic.row)}
        where["row"] = {name: plain(value) for name, value in where["row"].items()}
        tests = {"supported": claim.test.supported, "contradicted": claim.test.contradicted}
        bounds = {name: _limit(threshold, statistic) for name, threshold in tests.items()}
        yield {**_numbers(statistic, used), "level": used, "bounds": bounds, **where}


def _sensitivity(
    alternative: Alternative, finding: Finding, claim: Claim, level: float
) -> Iterator[Row]:
    """Yield a sensitivity analysis, a row a statistic, with the verdict that it would give.

    By itself, without Holm's correction; none where there are too few runs for the claim's own.
    """
    if not alternative.statistics:
        yield {
            "what": alternative.what,
            **_numbers(None, level),
            "would_be": None,
            "absent": alternative.absent,
        }
        return
    fewest = min(one.n for one in alternative.statistics)
    few = fewest < max(claim.test.seeds_at_least or 0, _fewest(finding))
    verdict = None if few else judge(claim.test, alternative.statistics, level).verdict
    for one in alternative.statistics:
        numbers = _numbers(one, level)
        yield {"what": alternative.what, **numbers, "would_be": verdict, "absent": None}


def _fewest(finding: Finding) -> int:
    """Return how many a verdict takes at least of what a finding counts."""
    return FEWEST_PAIRS if "seeds" in finding.n_of else 0


def rounded(value: float | None) -> float | None:
    """Return a number with six significant digits, as tables have them; None for none."""
    if value is None or not np.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def _limit(threshold: Threshold, statistic: Statistic | None) -> float | list[float] | None:
    """Return the number, or the range, that a statistic is held against; None for no such."""
    value = threshold.value
    if isinstance(value, dict):
        return None if statistic is None else value.get(statistic.name)
    if isinstance(value, tuple):
        return list(value)
    return None if isinstance(value, str) else value


def in_words(threshold: Threshold) -> str:
    """Return a threshold as a sentence without a verb."""
    level = "" if threshold.level is None else f"{100 * threshold.level:.0f} % "
    bound = BOUNDS[threshold.bound]
    value = threshold.value
    if isinstance(value, dict):
        parts = [f"{number(one)} ({name})" for name, one in value.items()]
        text = ", ".join(parts)
    elif isinstance(value, tuple):
        text = " to ".join(number(one) for one in value)
    else:
        text = value if isinstance(value, str) else number(value)
    of = threshold.of if isinstance(threshold.of, str) else ", ".join(threshold.of)
    return f"{level}{bound} {threshold.relation} {text}, of {of}"


def named(folder: Path) -> str:
    """Return a folder's path from where the command runs, if it is below; else its name."""
    try:
        return folder.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return folder.name
