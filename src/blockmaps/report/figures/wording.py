"""What figures say in words: names of panels, findings put into one sentence, facts below."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from blockmaps.analysis.summary import PANEL
from blockmaps.plan.shards import OWN

# A panel, what is found of it, and the numbers: ("4,000 unknowns", "accuracy peaks at a hidden
# proportion of", "0.43 [0.41, 0.51]").
Findings = Iterable[tuple[str, str, str]]

NO_BREAK = "\N{NO-BREAK SPACE}"
NOTHING = "The table holds no run that can be judged"
PAPER_INPUTS = 2500  # 2509.15057: images of 50 × 50


def panels(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of every panel by its name, which they have too: a column `panel`.

    A panel is a budget, of an experiment if there are several.
    """
    several, found = table["experiment"].nunique() > 1, {}
    for (experiment, _, budget), rows in table.groupby(PANEL):
        name = f"{budget:,}{NO_BREAK}unknowns" if budget else "any number of unknowns"
        name = f"{experiment}, {name}" if several else name
        found[name] = rows.assign(panel=name)
    return found


def part(panel: str, of: str) -> str:
    """Return the name of a part of a panel: rad, 4,000 unknowns is rad: test, 4,000 unknowns."""
    heading, *more = panel.split(", ", 1)
    return ", ".join([f"{heading}: {of}", *more])


def minus(text: str) -> str:
    """Write the sign as it is printed."""
    return text.replace("-", "−")


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 run, 1,240 runs."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def several(counts: pd.Series) -> str:
    """Write how many there are of each: n = 5, or n = 5 to 20."""
    low, high = counts.min(), counts.max()
    return f"n = {low}" if low == high else f"n = {low} to {high}"


def interval(low: float, high: float, digits: int) -> str:
    """Write an interval that no line is broken in: [0.41, 0.51]."""
    return minus(f"[{low:,.{digits}f},{NO_BREAK}{high:,.{digits}f}]")


def estimate(row: Iterable[float], digits: int, sign: str = "+") -> str:
    """Write a number with its interval, in which no line is broken; a difference with its sign.

    Parameters
    ----------
    row : the number and its bounds, NaN where there are none.
    """
    value, low, high = map(float, row)
    said = minus(f"{value:{sign},.{digits}f}")
    return said + NO_BREAK + interval(low, high, digits) if np.isfinite(low) else said


def sentence(findings: Findings) -> str:
    """Join the findings of panels into one sentence, saying once what several have in common."""
    clauses: dict[str, list[tuple[str, str]]] = {}
    for name, found, numbers in findings:
        clauses.setdefault(found, []).append((name, numbers))
    said = "; ".join(
        f"{found} " + ", ".join(f"{numbers} ({name})" for name, numbers in panels)
        if panels[0][1]
        else f"{found} ({', '.join(name for name, _ in panels)})"
        for found, panels in clauses.items()
    )
    return first_upper(said)


def first_upper(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def facts(outcomes: pd.DataFrame, bands: str) -> str:
    """Say what a figure was drawn from: runs, patterns, seeds, data, training, scale, bands."""
    patterns = outcomes.drop_duplicates(["experiment", "budget", "arm", "pattern"])
    indices = counted(outcomes["seed_index"].nunique(), "seed index", "seed indices")
    runs = ran(len(outcomes), outcomes["diverged"].sum())
    return (
        f"{runs} of {counted(len(patterns), 'pattern')}, {indices}, {trained(outcomes)}. "
        f"{data(outcomes)} {bands}"
    )


def ran(runs: int, diverged: float) -> str:
    """Count runs, and those that diverged."""
    lost = f" ({int(diverged)} diverged, shown as they are)" if diverged else ""
    return counted(int(runs), "run") + lost


def trained(table: pd.DataFrame, steps: str = "steps") -> str:
    """Say how long runs were trained: columns epochs and `steps`."""
    lengths = table[["epochs", steps]].drop_duplicates().sort_values(["epochs", steps])
    return "after " + " or ".join(
        f"{counted(epochs, 'epoch')} ({counted(number, 'optimiser step')})"
        for epochs, number in lengths.itertuples(index=False)
    )


def data(table: pd.DataFrame) -> str:
    """Say which data sets there are and their sizes: columns dataset, inputs, outputs.

    Where a task is a paper's (column `task`) and its inputs are not, it is said too.
    """
    sizes = table.reindex(columns=["dataset", "inputs", "outputs", "task"]).drop_duplicates()
    described: dict[str, list[str]] = {}
    for name, inputs, outputs, task in sizes.sort_values(["dataset", "inputs"]).to_numpy():
        side = round(inputs**0.5)
        square = side * side == inputs and task != OWN
        paper = "50×50" if square else f"|x| = {PAPER_INPUTS:,}"
        other = "task" in table and inputs != PAPER_INPUTS and task != OWN
        scale = f": not the paper's scale ({paper})" if other else ""
        called = f"{name} {side}×{side}" if square else name
        described.setdefault(scale, []).append(f"{called}, |x| = {inputs}, |y| = {outputs}")
    return "Data set " + "; ".join(", ".join(of) + scale for scale, of in described.items()) + "."


def of_panels(some: int, panels: int) -> str:
    """Say in how many of several panels; nothing of one."""
    return f" in {some} of {panels} panels" if panels > 1 else ""


def where_fixed(some: int, fixed: int, panels: int) -> str:
    """Say in which panels; all in which |h| is fixed, where there are others, are named so."""
    return " where |h| is fixed" if some == fixed < panels else of_panels(some, fixed)


def most(said: Sequence[str]) -> str:
    """Return what most panels say, and how many."""
    common = max(sorted(set(said)), key=said.count)
    return common + of_panels(said.count(common), len(said))


def relation(low: float, high: float) -> str:
    """Say how a difference's interval lies to zero."""
    return "clearly above" if low > 0 else "clearly below" if high < 0 else "not clearly apart from"


def told(first: str, second: str, row: Iterable[float], digits: int) -> tuple[str, str]:
    """Say how a difference comes out: `first` holds the verb, `row` mean, low and high."""
    value, low, high = map(float, row)
    if not np.isfinite(low):
        return f"too few seeds to tell {first.rpartition(' ')[0]} from {second}", ""
    return f"{first} {relation(low, high)} {second}:", estimate((value, low, high), digits)


def compared(first: str, second: str, bounds: Iterable[Sequence[float]]) -> str:
    """Say how a difference comes out in most panels, of those that tell.

    Parameters
    ----------
    first : with the verb, as "balanced ends".
    bounds : low and high of every panel, NaN where seeds are too few for them.
    """
    bounds = list(bounds)
    known = [relation(*one) for one in bounds if np.isfinite(one[0])]
    if not known:
        return f"Too few seeds to tell {first.rpartition(' ')[0]} from {second}"
    words = max(sorted(set(known)), key=known.count)
    said = f"{first} {words} {second}{of_panels(known.count(words), len(known))}"
    return first_upper(said)


def runs_and_patterns(rows: pd.DataFrame) -> str:
    """Count runs and patterns."""
    return f"n = {len(rows)}, {counted(rows['pattern'].nunique(), 'pattern')}"


def start(initialisation: str) -> str:
    """Say how unknowns start, in words: N(0, 0.01²), no bias."""
    scheme, _, rest = initialisation.partition(", gain ")
    if not rest:
        return f"start {initialisation}"
    gain, _, more = rest.partition(", ")
    return ", ".join(filter(None, [f"start scaled by {scheme} (gain {gain})", more]))


def towards(rows: pd.DataFrame) -> str:
    """Say which way uniform sparsity moves the hidden proportion from dense, "" without both."""
    dense, uniform = (
        rows.loc[rows["arm"] == arm, "hidden_proportion"].mean() for arm in ("dense", "uniform")
    )
    if np.isnan([dense, uniform]).any():
        return ""
    way = "towards" if abs(uniform - 0.5) < abs(dense - 0.5) else "away from"
    return f"{way} ½, from {dense:.2f} to {uniform:.2f}"
