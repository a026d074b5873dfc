"""What tables need is foreseen: those of a plan are those that its runs have rows for."""

from pathlib import Path

import pytest

from blockmaps.plan import catalogue, needs
from blockmaps.plan.config import parse
from blockmaps.plan.needs import Need
from blockmaps.plan.plan import Plan
from blockmaps.results.folder import Folder

PUBLISHED = Path(__file__).parents[2] / "published"
FOLDERS = sorted(path.parent for path in PUBLISHED.rglob("manifest.json"))


@pytest.fixture(scope="module")
def plans() -> dict[str, tuple[Plan, Folder]]:
    found = {}
    for path in FOLDERS:
        folder = Folder(path)
        found[path.relative_to(PUBLISHED).as_posix()] = Plan(parse(folder.config)), folder
    return found


def test_tables_of_what_is_kept_are_those_of_its_plan(plans):
    """Real runs of eight presets; what is kept of them has no table without rows."""
    for name, (plan, folder) in plans.items():
        there = {path for path in folder.tables if path.startswith("analysis/")}
        assert there == {catalogue.TABLES[one].path for one in plan.analysis}, name
        assert all(len(folder.table(path)) for path in folder.tables), name
        made = {path for path in folder.tables if path.startswith("tables/")}
        assert made - {"tables/rates.csv"} <= {catalogue.TABLES[one].path for one in plan.tables}


def test_every_need_of_the_analysis_is_met_and_not_met_by_something(plans):
    """Else the test above says nothing of it."""
    for need in {one.needs for one in catalogue.ANALYSIS.values()} - {needs.ANY}:
        (name, *_) = [name for name, one in catalogue.ANALYSIS.items() if one.needs == need]
        said = {name in plan.analysis for plan, _ in plans.values() if plan.analysed}
        below = need in (needs.PATTERNS, needs.FORESEEN)  # met by all; the test below has others
        assert said == {True} if below else {True, False}, need.words


@pytest.mark.parametrize(
    ("designs", "lacking"),
    [
        (
            [{"kind": "uniform", "budgets": [400], "densities": [0.2, 0.4, 0.6]}],
            {"uniform", "apriori"},
        ),
        ([{"kind": "even", "sizes": {400: "auto"}, "points": 4}], {"explained", "optimum"}),
        ([{"kind": "grid", "budgets": [400], "densities": {"hh": [0.2, 0.5]}}], {"curve"}),
    ],
)
def test_too_few_patterns_are_none(designs, lacking):
    plan = Plan(parse(_config(designs)))
    assert {"robust", "profiles", "steps"} <= set(plan.analysis)
    assert not lacking & set(plan.analysis)
    assert "metric" not in plan.figures


def _config(designs):
    return {
        "name": "few",
        "seed": 1,
        "datasets": {"d": {"kind": "copy", "steps": 5}},
        "recipes": {"r": {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3}},
        "experiments": {"e": {"dataset": "d", "recipe": "r", "seeds": [0, 1], "designs": designs}},
    }


def test_needs_are_said_in_words():
    for table in catalogue.TABLES.values():
        assert isinstance(table.needs, Need)
        assert table.needs.words.rstrip(".") == table.needs.words != ""


def test_what_is_asked_for_removes_tables_that_it_does_not_ask_for(tmp_path):
    folder = Folder(tmp_path)
    plan = Plan(parse(_config([{"kind": "uniform", "budgets": [400], "densities": [0.2]}])))
    kept = ("tables/summary", "analysis/robust", "tables/x")
    for name in (*kept, "tables/pairs", "analysis/regret"):
        path = tmp_path / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    folder.write_asked(plan)
    assert set(folder.tables) == {f"{name}.csv" for name in kept}
