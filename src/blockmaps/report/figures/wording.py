"""What figures say in words: names of panels, findings put into one sentence, facts below."""

from collections.abc import Iterator

import pandas as pd

from blockmaps.analysis.summary import PANEL
from blockmaps.plan.shards import OWN

# What is found and its numbers, by the panel's name: {"4,000 unknowns": ("accuracy peaks at a
# hidden proportion of", "0.43 [0.41, 0.51]")}.
Findings = dict[str, tuple[str, str]]

NO_BREAK = "\N{NO-BREAK SPACE}"
NOTHING = "the table holds no run that can be judged"
PAPER_INPUTS = 2500  # 2509.15057: images of 50 × 50


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
    return f"[{low:.{digits}f},{NO_BREAK}{high:.{digits}f}]".replace("-", "−")


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
    return said[:1].upper() + said[1:]


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
    data = ", ".join(
        _described(*sizes)
        for sizes in outcomes[["dataset", "inputs", "outputs", "task"]]
        .drop_duplicates()
        .sort_values(["dataset", "inputs"])
        .itertuples(index=False)
    )
    return (
        f"{runs} of {counted(len(patterns), 'pattern')}, {indices}, "
        f"after {after}. Data set {data}. {bands}"
    )


def _described(dataset: str, inputs: int, outputs: int, task: str | None) -> str:
    """Describe a data set, and say so where the task is a paper's and its inputs are not."""
    if task == OWN:
        return f"{dataset}, |x| = {inputs}, |y| = {outputs}"
    side = round(inputs**0.5)
    square = side * side == inputs
    name = f"{dataset} {side}×{side}" if square else dataset
    if inputs == PAPER_INPUTS:
        return f"{name}, |x| = {inputs}, |y| = {outputs}"
    paper = "50×50" if square else f"|x| = {PAPER_INPUTS:,}"
    return f"{name}, |x| = {inputs}, |y| = {outputs}: not the paper's scale ({paper})"
