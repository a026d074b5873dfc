"""The ledger: every claim's verdict at every scale that a folder has, and at the papers' own.

A claim is judged by every version of its test: the latest is in force, the others stay on record.
Holm's correction is over the claims of `rules.holm` that are tested at one data set and scale
(those over sizes are a scale of their own), and over what a test judges by parts: a verdict that
its threshold alone would give, but whose corrected p value is above 1 − level, is inconclusive.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from blockmaps.analysis.statistics import holm
from blockmaps.claims import of_arms, of_maps, of_patterns, of_returns, of_sizes
from blockmaps.claims.findings import Alternative, Finding, Scale, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import plain
from blockmaps.claims.scales import PAPERS, is_paper_scale
from blockmaps.claims.tests import Claims, Test, Threshold
from blockmaps.claims.thresholds import (
    BOUNDS,
    CONTRADICTED,
    INCONCLUSIVE,
    NOT_TESTED,
    SUPPORTED,
    UNLEARNT,
    Judged,
    judge,
    number,
)
from blockmaps.claims.writing import LedgerRow as LedgerRow

FINDERS: dict[str, Callable[[Tables, Test], Iterator[Finding]]] = {
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
FULL_PRECISION = "highest"  # compute.precision that verdicts are made at: float32
UNTRAINED = {"B1"}  # claims about maps that no run is trained for
DIGITS = 6  # significant, of what is computed here


def verdicts(
    ledger: Claims, folders: Sequence[Path], config: dict[str, Any] | None = None
) -> list[LedgerRow]:
    """Return a row a claim and scale, of all folders; then of the papers' own scales without runs.

    Parameters
    ----------
    folders : results or published folders, as `folders.find` returns them.
    config : of all of them; what each keeps itself if not given.
    """
    papers = [
        _row(
            ledger,
            Finding(name, PAPERS[name], missing="no runs at the paper's own scale"),
            claim.test,
            None,
        )
        for name, claim in ledger.claims.items()
    ]
    return merged(ledger, [*(_of_folder(ledger, Tables(path, config)) for path in folders), papers])


def merged(ledger: Claims, parts: Sequence[Sequence[LedgerRow]]) -> list[LedgerRow]:
    """Return the rows of several folders as those of all of them: by claim, folders in order.

    A paper's scale that a folder has is not "not tested" because another folder lacks it. Of rows
    that are the same in two folders, of one file say, the first folder's stays.
    """
    rows = [row for part in parts for row in part]
    own = list({_same(row): row for row in reversed(rows) if row["folder"] is not None}.values())
    own.reverse()
    have = {row["id"] for row in own if row["paper_scale"] and row["in_force"]}
    papers = {row["id"]: row for row in rows if row["folder"] is None and row["id"] not in have}
    order = list(ledger.claims)
    # stable: tests in force before earlier ones, and the paper's scale last of a claim
    return sorted(
        [*own, *papers.values()],
        key=lambda row: (order.index(row["id"]), row["folder"] is None, -row["test_version"]),
    )


def _same(row: LedgerRow) -> str:
    """Return what rows have in common that say the same of the same runs."""
    apart = {"folder", "experiment", "p_holm", "in_force"}
    return json.dumps({name: value for name, value in row.items() if name not in apart})


def _of_folder(ledger: Claims, folder: Tables) -> list[LedgerRow]:
    rows = [
        _row(ledger, _drawn(_in_float32(finding, folder), folder), test, folder.path)
        for name, claim in ledger.claims.items()
        for test in claim.versions
        for finding in FINDERS[name](folder, test)
    ]
    return _corrected(rows, ledger)


def _in_float32(finding: Finding, folder: Tables) -> Finding:
    """Return a finding; one of runs that were trained with lower precision gives no verdict."""
    precision = folder.config.get("compute", {}).get("precision", FULL_PRECISION)
    if precision == FULL_PRECISION or finding.claim in UNTRAINED or finding.missing:
        return finding
    return replace(
        finding, missing=f"trained at precision {precision}; takes runs at {FULL_PRECISION}"
    )


def _drawn(finding: Finding, folder: Tables) -> Finding:
    """Return a finding whose scale says whether its data set is drawn anew every epoch."""
    spec = folder.config.get("datasets", {}).get(finding.scale.dataset) or {}
    return replace(finding, scale=replace(finding.scale, anew=spec.get("redraw") == "epoch"))


def _row(ledger: Claims, finding: Finding, test: Test, folder: Path | None) -> LedgerRow:
    """Return one claim at one scale, judged by itself, by one version of its test."""
    claim, level = ledger.claims[finding.claim], ledger.rules.level
    judged = _judged(test, finding, level)
    headline = judged.statistic
    scale = finding.scale
    return {
        "id": finding.claim,
        "verdict": judged.verdict,
        "sentence": judged.sentence or judged.reason,
        "part": finding.part,
        **_numbers(headline, level),
        "unit": test.unit,
        "n_of": finding.n_of,
        "scale": scale.words,
        **_sizes(scale),
        "folder": None if folder is None else named(folder),
        "paper_scale": folder is None or is_paper_scale(finding.claim, scale),
        "test_version": test.version,
        "in_force": test is claim.test,
        "test_reason": test.reason,
        "reason": judged.reason,
        "table": None if headline is None else headline.table,
        "p": rounded(judged.p),
        "p_holm": None,
        "statistics": [
            detail for one in finding.statistics for detail in _details(one, level, test)
        ],
        "secondary": [detail for one in finding.secondary for detail in _details(one, level, test)],
        "sensitivity": [
            entry for one in finding.sensitivity for entry in _sensitivity(one, test, level)
        ],
        "paper": claim.paper,
        "statement": claim.statement,
        "source": claim.source,
        "test": test.test,
        "outcome": test.outcome,
        "sesoi": test.sesoi,
        "bounds": _limits(test, headline),
        "supported_if": in_words(test.supported),
        "contradicted_if": in_words(test.contradicted),
    }


def _judged(test: Test, finding: Finding, level: float) -> Judged:
    """Return the verdict of a finding; not tested where it says why, or has too few runs."""
    first = finding.statistics[0] if finding.statistics else None
    if finding.missing:
        return Judged(NOT_TESTED, finding.missing, first)
    for what, (fewest, asked) in _counted(test, finding.statistics, finding.n_of).items():
        if asked and fewest < asked:
            return Judged(NOT_TESTED, f"{fewest} {what}; it takes {asked}", first)
    judged = judge(test, finding.statistics, level)
    if finding.unlearnt and judged.verdict in (SUPPORTED, CONTRADICTED, INCONCLUSIVE):
        return Judged(UNLEARNT, finding.unlearnt, first)
    return judged


def _counted(
    test: Test, statistics: Sequence[Statistic], n_of: str | None
) -> dict[str, tuple[int, int | None]]:
    """Return how many there are at least of what a test asks for, and how many it takes."""
    n = min((one.n for one in statistics), default=0)
    seeds = min((one.n if one.seeds is None else one.seeds for one in statistics), default=0)
    least = max(test.seeds_at_least or 0, test.patterns_at_least or 0, test.sizes_at_least or 0)
    return {str(n_of): (n, least), "seed indices": (seeds, test.seed_indices_at_least)}


def _corrected(rows: list[LedgerRow], ledger: Claims) -> list[LedgerRow]:
    """Return one folder's rows after Holm's correction, by data set and scale.

    The family of a row are the rows of its scale by tests of its own version, or by the latest of
    claims with fewer: an earlier version's verdicts stay what they were beside each other. A claim
    that is not of `rules.holm` has a family of its own.
    """
    latest = {name: claim.test.version for name, claim in ledger.claims.items()}
    families: dict[tuple, list[LedgerRow]] = {}
    for row in rows:
        if row["p"] is not None:
            scale = tuple(row[name] for name in ("dataset", "inputs", "outputs", "budget", "steps"))
            common = row["id"] in ledger.rules.holm
            own = (row["experiment"], row["scale"])
            key = (*scale, None if common else (row["id"], *own))
            families.setdefault(key, []).append(row)
    for family in families.values():
        for row in family:
            version = None if row["in_force"] else row["test_version"]
            beside = [
                one
                for one in family
                if one["test_version"] == min(version or latest[one["id"]], latest[one["id"]])
            ]
            p = holm(pd.Series([one["p"] for one in beside]))[
                next(place for place, one in enumerate(beside) if one is row)
            ]
            row["p_holm"] = rounded(float(p))
            decided = row["verdict"] in (SUPPORTED, CONTRADICTED)
            if decided and p > 1 - ledger.rules.level:
                row["reason"] = (
                    f"{row['verdict']} by itself ({row['reason']}), but not after Holm's "
                    f"correction over {len(beside)} tests: p {number(float(p))}"
                )
                row["sentence"] = (
                    f"by itself {row['sentence']}, but not after correction: p {number(float(p))}"
                )
                row["verdict"] = INCONCLUSIVE
    return rows


def _sizes(scale: Scale) -> LedgerRow:
    names = ("dataset", "experiment", "inputs", "outputs", "budget", "initialisation")
    return {name: getattr(scale, name) for name in (*names, "own_rates", "epochs", "steps")}


def _numbers(statistic: Statistic | None, level: float) -> LedgerRow:
    """Return a statistic's numbers, its interval at a level; None for what there is not."""
    if statistic is None:
        return dict.fromkeys(("statistic", "estimate", "low", "high", "n"))
    low, high = statistic.intervals.get(level, (np.nan, np.nan))
    numbers = {"estimate": statistic.estimate, "low": low, "high": high}
    found = {name: rounded(value) for name, value in numbers.items()}
    return {"statistic": statistic.title, **found, "n": statistic.n}


def _details(statistic: Statistic, level: float, test: Test) -> Iterator[LedgerRow]:
    """Yield a statistic with every interval that the test looks at."""
    named = {one.level for one in (test.supported, test.contradicted) if one.level is not None}
    for used in sorted(named | {level}):
        where = {name: plain(value) for name, value in statistic.row.items()}
        limits = {"level": used, "bounds": _limits(test, statistic)}
        yield {**_numbers(statistic, used), **limits, "table": statistic.table, "row": where}


def _sensitivity(alternative: Alternative, test: Test, level: float) -> Iterator[LedgerRow]:
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
    counted = _counted(test, alternative.statistics, None).values()
    few = any(asked and fewest < asked for fewest, asked in counted)
    verdict = None if few else judge(test, alternative.statistics, level).verdict
    verdict = None if verdict == NOT_TESTED else verdict
    for one in alternative.statistics:
        numbers = _numbers(one, level)
        yield {"what": alternative.what, **numbers, "would_be": verdict, "absent": None}


def rounded(value: float | None) -> float | None:
    """Return a number with six significant digits, as tables have them; None for none."""
    if value is None or not np.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def _limits(test: Test, statistic: Statistic | None) -> dict[str, float | list[float] | None]:
    """Return the number, or the range, that a statistic is held against, by threshold.

    None where a threshold is not about it, or has no such.
    """
    found: dict[str, float | list[float] | None] = {}
    for name, threshold in {"supported": test.supported, "contradicted": test.contradicted}.items():
        value = None
        if statistic is not None and threshold.about([statistic.name]):
            value = threshold.limit(statistic.name)
        value = list(value) if isinstance(value, tuple) else value
        found[name] = None if isinstance(value, str) else value
    return found


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
    named = threshold.among or threshold.of
    of = named if isinstance(named, str) else ", ".join(named)
    of = f"any of {of}" if threshold.among and threshold.of == "any" else of
    return f"{level}{bound} {threshold.relation} {text}, of {of}"


def named(folder: Path) -> str:
    """Return a folder's path from where the command runs, if it is below; else its name."""
    try:
        return folder.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return folder.name
