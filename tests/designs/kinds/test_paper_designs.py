"""Designs of the paper: random, grid, baselines, recommended, and the sheet's named rows."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from blockmaps.core.errors import InputError
from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds import Sizes, named_rows
from blockmaps.designs.kinds.baselines import Baseline
from blockmaps.designs.kinds.drawn import Random
from blockmaps.designs.kinds.structured import Grid, Recommended
from blockmaps.designs.patterns import RNN_BLOCKS, Pattern
from blockmaps.designs.proportion import expected_unknowns, hidden_proportions, solve_hidden
from blockmaps.designs.recommend import recommend
from blockmaps.plan import config as configs

ROOT = Path(__file__).parents[3]
PAPER_SIZES = Sizes(2500, 10)


def test_a_grid_is_every_combination():
    grid = Grid(budgets=(50_000, 100_000), densities={"hx": (0.1, 0.3), "hh": (0.5, 1.0)}, rest=0.2)
    rows = named_rows(grid, PAPER_SIZES)
    assert len(rows) == 8
    assert {row.budget for row in rows} == {50_000, 100_000}
    found = {tuple(block.density for block in row.model.blocks) for row in rows}
    assert found == {(hx, hh, 0.2, 0.2, 0.2, 0.2) for hx in (0.1, 0.3) for hh in (0.5, 1.0)}
    with pytest.raises(ValueError, match="unknown blocks"):
        Grid(budgets=(1,), densities={"xx": (0.1,)})


def densities_of(row):
    return [block.density for block in row.model.blocks]


@pytest.mark.parametrize("distribution", ["uniform", "normal", "uniform_size", "normal_size"])
def test_random_rows_have_the_published_distributions(distribution):
    sized = distribution.endswith("_size")
    budgets = (200_000,) if sized else ()
    rows = named_rows(Random(distribution=distribution, draws=400, budgets=budgets), PAPER_SIZES)
    assert len(rows) == 400
    rates = np.array([row.learning_rate for row in rows])
    hidden = np.array([row.model.sizes["h"] for row in rows])
    densities = np.array([densities_of(row) for row in rows])
    normals = [[row.initialisation.blocks[name] for name in RNN_BLOCKS] for row in rows]
    means = np.array([[one.mean for one in each] for each in normals])
    stds = np.array([[one.std for one in each] for each in normals])
    if distribution.startswith("uniform"):
        assert rates.min() >= 1e-5
        assert rates.max() <= 1e-3
        assert stats.kstest(rates, stats.uniform(1e-5, 1e-3 - 1e-5).cdf).pvalue > 1e-3
        assert stats.kstest(means.ravel(), stats.uniform(-0.005, 0.01).cdf).pvalue > 1e-3
        assert stats.kstest(stds.ravel(), stats.uniform(1e-6, 0.1).cdf).pvalue > 1e-3
        if not sized:
            assert stats.kstest(densities.ravel(), stats.uniform().cdf).pvalue > 1e-3
            assert stats.kstest(hidden, stats.uniform(0.5, 1000).cdf).pvalue > 1e-3
    else:
        assert rates.min() >= 1e-6
        assert stats.kstest(rates, stats.norm(1e-3, 4e-4).cdf).pvalue > 1e-3
        assert stats.kstest(means.ravel(), stats.norm(0, 0.0025).cdf).pvalue > 1e-3
        assert stats.kstest(stds.ravel(), stats.norm(0.05, 0.015).cdf).pvalue > 1e-3
        assert stds.min() >= 1e-4
        assert densities.min() >= 0.02
        assert densities.max() <= 1
        if not sized:
            assert hidden.min() >= 10
            assert stats.kstest(hidden, stats.norm(500, 200).cdf).pvalue > 1e-3
    for row in rows[:50]:
        expected = sum(row.model.expected().values())
        if sized:
            more = row.model.sizes["h"] + 1
            step = abs(
                expected
                - sum(
                    PAPER_SIZES.rnn(
                        more, densities=dict(zip(RNN_BLOCKS, densities_of(row), strict=True))
                    )
                    .expected()
                    .values()
                )
            )
            assert abs(expected - 200_000) <= step
        else:
            assert row.budget == 0  # it was made for no number of unknowns


def test_random_draws_are_reproducible_and_the_experiments_training_can_be_kept():
    one = named_rows(Random(distribution="normal_size", draws=5, budgets=(50_000,)), PAPER_SIZES)
    more = named_rows(Random(distribution="normal_size", draws=9, budgets=(50_000,)), PAPER_SIZES)
    assert more[:5] == one
    other = Random(distribution="normal_size", draws=5, budgets=(50_000,), seed=1)
    assert named_rows(other, PAPER_SIZES) != one
    plain = Random(distribution="normal_size", draws=5, budgets=(50_000,), draw_training=False)
    for row, same in zip(named_rows(plain, PAPER_SIZES), one, strict=True):
        assert row.model == same.model
        assert row.learning_rate is row.initialisation is None
    with pytest.raises(ValueError, match="budgets are for"):
        Random(distribution="uniform", draws=2, budgets=(1000,))


@pytest.mark.parametrize("budget", [50_000, 100_000, 1_000_000])
def test_baselines_come_with_patterns_of_their_own_count(budget):
    rows = named_rows(Baseline(budgets=(budget,)), PAPER_SIZES)
    cells = {row.arm: row.model for row in rows if isinstance(row.model, Cell)}
    assert set(cells) == {"rnn", "gru", "lstm"}
    for row in rows:
        if isinstance(row.model, Pattern):
            arm, _, name = row.arm.partition("~")
            count = sum(row.model.expected().values())
            assert abs(count / cells[name].unknowns - 1) < 0.02, row.arm
            assert arm in ("uniform", "balanced")
    assert len(rows) == 9


def test_a_cell_of_a_given_size_is_an_arm_of_its_own():
    rows = named_rows(
        Baseline(budgets=(100_000,), cells=("lstm",), hidden={"lstm": 11}), PAPER_SIZES
    )
    assert [row.arm for row in rows] == ["lstm-h11", "uniform~lstm-h11", "balanced~lstm-h11"]
    for row in rows[1:]:
        assert abs(sum(row.model.expected().values()) / rows[0].model.unknowns - 1) < 0.02


def test_a_recommended_pattern_is_balanced_and_needs_no_run():
    (row,) = named_rows(Recommended(budgets=(100_000,)), PAPER_SIZES)
    expected = row.model.expected()
    assert sum(expected.values()) == pytest.approx(100_000)
    assert hidden_proportions(expected)["hidden_proportion"] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("inputs", "outputs", "unknowns"),
    [
        *((46, 26, 10_000), (46, 26, 400_000), (39, 28, 10_000), (39, 28, 400_000)),
        *((2500, 10, 50_000), (2500, 10, 1_000_000), (784, 10, 30_000), (100, 5, 6000), (5, 1, 99)),
    ],
)
def test_a_recommendation_meets_its_budget_at_one_half(inputs, outputs, unknowns):
    hidden, densities = recommend(inputs, outputs, unknowns)
    expected = expected_unknowns(densities, inputs, hidden, outputs)
    assert all(0 < density <= 1 for density in densities.values())
    assert sum(expected.values()) == pytest.approx(unknowns, rel=1e-9)
    # |h| is a whole number, which moves the proportion where it is small
    assert hidden_proportions(expected)["hidden_proportion"] == pytest.approx(
        0.5, abs=0.6 / hidden + 0.001
    )


@pytest.mark.parametrize("sizes", [(0, 10, 100), (10, 0, 100), (10, 10, 0), (2500, 10, 2500)])
def test_an_impossible_recommendation_is_refused(sizes):
    with pytest.raises(InputError):
        recommend(*sizes)


def paper():
    return configs.read(ROOT / "config/paper.yaml")


# The sheet's rows: |h|, expected unknowns, hidden proportion (2509.15057, C).
SHEET = {
    "111111": (29, 99_021, 0.015),
    "000000": (176, 99_919, 0.069),
    "011001": (145, 100_365, 0.237),
    "100110": (30, 100_560, 0.003),
    "balanced_0": (208, None, 0.466),
    "balanced_1": (205, None, 0.462),
    "balanced_2": (170, None, 0.419),
    "balanced_3": (213, None, 0.498),
    "balanced_4": (216, None, 0.501),
    "balanced_5": (177, None, 0.454),
    "balanced_6": (213, None, 0.498),
    "balanced_7": (193, None, 0.537),
    "balanced_8": (185, None, 0.494),
}


def test_the_papers_named_rows():
    experiments = paper().experiments
    designs = [*experiments["structures"].designs, *experiments["factorial"].designs]
    rows = {row.structure: row for design in designs for row in named_rows(design, PAPER_SIZES)}
    for name, (hidden, unknowns, proportion) in SHEET.items():
        expected = rows[name].model.expected()
        assert rows[name].model.sizes["h"] == hidden
        assert hidden_proportions(expected)["hidden_proportion"] == pytest.approx(
            proportion, abs=0.0006
        )
        if unknowns:
            assert round(sum(expected.values())) == unknowns
    # every named |h| is the solution of the budget equation, rounded
    for experiment in ("structures", "structures-1m"):
        for design in paper().experiments[experiment].designs:
            for row in design.patterns if design.kind == "explicit" else ():
                densities = dict(zip(RNN_BLOCKS, row.densities, strict=True))
                assert solve_hidden(row.budget, densities, 2500, 10) == row.hidden, row.name
