"""What figures say in words: names of panels, findings put into one sentence, facts below."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from blockmaps.analysis.summary import PANEL
from blockmaps.plan.shards import OWN

# What is found and its numbers, by the panel's name: {"4,000 unknowns": ("accuracy peaks at a
# hidden proportion of", "0.43 [0.41, 0.51]")}.
Findings = dict[str, tuple[str, str]]

NO_BREAK = "\N{NO-BREAK SPACE}"
NOTHING = "The table holds no run that can be judged"
PAPER_INPUTS = 2500  # 2509.15057: images of 50 × 50


class Panel(NamedTuple):
    """A panel's name, which is its key in tables, and the two lines above it."""

    name: str
    heading: str
    about: str


def panels(outcomes: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield a name and the rows of every panel: a budget, of an experiment if there are several."""
    several = outcomes["experiment"].nunique() > 1
    for (experiment, _, budget), rows in outcomes.groupby(PANEL):
        name = f"{budget:,}{NO_BREAK}unknowns" if budget else "any number of unknowns"
        yield f"{experiment}, {name}" if several else name, rows


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 run, 1,240 runs."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def several(low: int, high: int) -> str:
    """Write how many there are of each: n = 5, or n = 5 to 20."""
    return f"n = {low}" if low == high else f"n = {low} to {high}"


def interval(low: float, high: float, digits: int) -> str:
    """Write an interval that no line is broken in: [0.41, 0.51]."""
    return f"[{low:,.{digits}f},{NO_BREAK}{high:,.{digits}f}]".replace("-", "−")


def estimate(value: float, low: float, high: float, digits: int) -> str:
    """Write a difference with its sign and interval, in which no line is broken."""
    return f"{value:+,.{digits}f}".replace("-", "−") + NO_BREAK + interval(low, high, digits)


def sentence(findings: Findings) -> str:
    """Join the findings of panels into one sentence, saying once what several have in common."""
    clauses: dict[str, list[tuple[str, str]]] = {}
    for name, (found, numbers) in findings.items():
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
    seeds = outcomes["seed_index"].nunique()
    runs = counted(len(outcomes), "run")
    indices = counted(seeds, "seed index", "seed indices")
    if diverged := int(outcomes["diverged"].sum()):
        runs += f" ({diverged} diverged, shown as they are)"
    trained = outcomes[["epochs", "steps"]].drop_duplicates().sort_values(["epochs", "steps"])
    after = " or ".join(
        f"{counted(epochs, 'epoch')} ({counted(steps, 'optimiser step')})"
        for epochs, steps in trained.itertuples(index=False)
    )
    sizes = outcomes[["dataset", "inputs", "outputs", "task"]].drop_duplicates()
    described: dict[str, list[str]] = {}
    for one in sizes.sort_values(["dataset", "inputs"]).itertuples(index=False):
        name, scale = _described(*one)
        described.setdefault(scale, []).append(name)
    data = "; ".join(", ".join(names) + scale for scale, names in described.items())
    return (
        f"{runs} of {counted(len(patterns), 'pattern')}, {indices}, "
        f"after {after}. Data set {data}. {bands}"
    )


def _described(dataset: str, inputs: int, outputs: int, task: str | None) -> tuple[str, str]:
    """Describe a data set, and say so where the task is a paper's and its inputs are not."""
    side = round(inputs**0.5)
    square = side * side == inputs and task != OWN
    name = f"{dataset} {side}×{side}" if square else dataset
    paper = "50×50" if square else f"|x| = {PAPER_INPUTS:,}"
    other = inputs != PAPER_INPUTS and task != OWN
    scale = f": not the paper's scale ({paper})" if other else ""
    return f"{name}, |x| = {inputs}, |y| = {outputs}", scale


def of_panels(some: int, panels: int) -> str:
    """Say in how many of several panels; nothing of one."""
    return f" in {some} of {panels} panels" if panels > 1 else ""


def relation(low: float, high: float) -> str:
    """Say how a difference's interval lies to zero."""
    return "clearly above" if low > 0 else "clearly below" if high < 0 else "not clearly apart from"


def compared(first: str, bounds: Sequence[tuple[float, float] | None], second: str) -> str:
    """Say how one arm ends against another in most panels.

    Parameters
    ----------
    bounds : the difference's interval in every panel, None where seeds are too few for one.
    """
    relations = [relation(*one) for one in bounds if one is not None]
    words = max(sorted(set(relations)), key=relations.count)
    return f"{first} ends {words} {second}{of_panels(relations.count(words), len(bounds))}"


def panel(name: str, about: str) -> Panel:
    """Return a panel whose name is an experiment's and a budget's, or the budget's alone."""
    heading, _, budget = name.partition(", ")
    return Panel(name, heading, f"{budget}; {about}" if budget else about)


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
