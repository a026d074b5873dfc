"""Claims A1 and E1b: differences between arms on RAD."""

from collections.abc import Iterator
from functools import partial

from blockmaps.analysis.comparisons import comparisons
from blockmaps.analysis.summary import PANEL
from blockmaps.claims.findings import Alternative, Finding, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.rows import (
    LEAKING,
    OF_RAD,
    SECONDARY,
    SEPARABLE,
    Reading,
    Rows,
    by_panel,
    chosen,
    of_panel,
    one_rate,
    statistics,
    unlearnt,
)
from blockmaps.claims.scales import is_paper_scale
from blockmaps.claims.tests import Test
from blockmaps.core.csv import as_written
from blockmaps.core.fixed import ALLOWED

TABLE = "analysis/comparisons.csv"
KEYS = [*PANEL, "difference", "outcome", "protocol"]
COLUMNS = ("estimate", "low", "high", "units")
OUTCOMES = {"test_accuracy": "accuracy", "area_under_test_curve": "area"}
WORDS = {"test_accuracy": "final accuracy", "area_under_test_curve": "area under the test curve"}
BALANCED, PAPERS_ROWS = "balanced", "paper's rows"
SECOND = ("dense", "uniform")


def _read(
    rows: Rows, pairs: dict[str, str], outcome: str = "accuracy", protocol: str = "clean"
) -> tuple[Statistic, ...]:
    """Return differences of arms under an outcome and protocol.

    Parameters
    ----------
    pairs : name in the test's words → the difference in the table's.
    """
    own = chosen(rows, outcome=outcome, protocol=protocol)
    names = {name: {"difference": written} for name, written in pairs.items()}
    return statistics(own, names, TABLE, KEYS, COLUMNS)


def _others(folder: Tables, read: Reading, rows: Rows) -> Iterator[Alternative]:
    """Yield the sensitivity analyses that claims on differences of arms share."""
    yield Alternative(LEAKING, read(rows, protocol="leaking"))
    yield Alternative(SECONDARY, read(rows, outcome="area"))
    own = chosen(folder.separable, **{name: rows.iloc[0][name] for name in PANEL})
    if len(own):
        yield Alternative(SEPARABLE, read(as_written(comparisons(own))))


def _unlearnt(folder: Tables, names: tuple[str, ...], rows: Rows) -> str | None:
    return unlearnt(of_panel(folder.outcomes, rows), names)


def _said(words: str, rows: Rows) -> str:
    return words


def varied_sparsity(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find A1: balanced less dense and less uniform, by experiment, budget, family and outcome."""
    table = chosen(folder.table("comparisons"), claim="A1")
    for family in test.families or (BALANCED,):
        arm = BALANCED if family == PAPERS_ROWS else family
        pairs = {f"{BALANCED} - {second}": f"{arm} - {second}" for second in SECOND}
        for outcome in test.outcomes or ("test_accuracy",):
            read = partial(_read, pairs=pairs, outcome=OUTCOMES[outcome])
            told = OUTCOMES[outcome] != "accuracy" or len(test.outcomes) > 1
            found = by_panel(
                "A1",
                folder,
                table,
                read,
                n_of="seed indices an arm",
                others=partial(_others, folder, read),
                reasons=OF_RAD | ({SECONDARY: None} if told else {}),
                secondary=partial(_read, pairs={name: name for name in test.secondary}),
                unlearnt=partial(_unlearnt, folder, (arm, *SECOND)),
                part=partial(_said, f"{family}, {WORDS[outcome]}" if test.families else ""),
            )
            for finding in found:
                paper = is_paper_scale("A1", finding.scale)
                if not test.families or paper == (family == PAPERS_ROWS):
                    yield finding


UNIFORM = "uniform~"


def against_lstm(folder: Tables, test: Test) -> Iterator[Finding]:
    """Find E1b: uniform patterns less LSTMs with as many parameters, an LSTM at a time."""
    table = chosen(folder.table("comparisons"), claim="E1b")
    written = table["difference"].unique() if len(table) else ()
    for name in (one for one in written if one.startswith(f"{UNIFORM}lstm")):
        pattern, cell = name.split(" - ")
        read = partial(_read, pairs={test.statistics[0]: name})

        def missing(rows: Rows, _: object, pattern=pattern, cell=cell) -> str | None:
            arms = of_panel(folder.outcomes, rows)
            if not {pattern, cell} <= set(arms):
                return "without the runs table parameters cannot be counted"
            if test.own_rates and not _projects(arms[cell]):
                return f"{_named(arms[cell])}: not the paper's, which projects (proj_size = |y|)"
            alike = one_rate(folder, arms, (pattern, cell)) if test.own_rates else None
            return alike or _unequal(arms[pattern], arms[cell])

        yield from by_panel(
            "E1b",
            folder,
            table,
            read,
            n_of="seed indices an arm",
            others=partial(_others, folder, read),
            missing=missing,
            unlearnt=partial(_unlearnt, folder, (pattern, cell)),
            part=partial(_cell, folder, cell),
        )


def _cell(folder: Tables, cell: str, rows: Rows) -> str:
    return _named(of_panel(folder.outcomes, rows).get(cell))


def _projects(cell: Rows) -> bool:
    return cell["hidden"].iloc[0] > cell["outputs"].iloc[0]


def _named(cell: Rows | None) -> str:
    """Name an LSTM as what it is: where |h| ≤ |y| it has a linear read-out and no projection."""
    if cell is None:
        return "LSTM"
    how = "projecting" if _projects(cell) else "with a linear read-out"
    return f"LSTM of |h| {int(cell['hidden'].iloc[0])} {how}"


def _unequal(pattern: Rows, cell: Rows) -> str | None:
    """Return by how much parameter counts differ, if that is more than is allowed."""
    counts = [(side["unknowns"] + side["biases"]).mean() for side in (pattern, cell)]
    apart = abs(counts[0] / counts[1] - 1)
    if apart <= ALLOWED:
        return None
    return f"parameter counts differ by {100 * apart:.1f} %; it allows {100 * ALLOWED:.0f} %"
