"""The 18 numbered designs of the Adroit tasks against the papers' table, and their LSTM."""

import pytest

from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds import Sizes, named_rows
from blockmaps.designs.kinds.numbered import Numbered, lstm_hidden
from blockmaps.designs.kinds.structured import Uniform
from blockmaps.designs.patterns import RNN_BLOCKS

# 2509.15057, "Adroit Hammer": number → densities hx hh hy yx yh yy, |h| at 10 K and at 400 K
TABLE = {
    "00": (".2 .2 .2 .2 .2 .2", 176, 1365),
    "01": (".2 1 1 .2 .2 .2", 80, 612),
    "02": (".2 1 1 .2 .2 1", 77, 612),
    "03": (".2 1 .2 .2 .2 .2", 89, 622),
    "04": (".2 1 .2 .2 1 .2", 80, 612),
    "05": (".2 1 .2 1 .2 .2", 84, 622),
    "06": (".2 .2 1 .2 .2 1", 135, 1315),
    "07": (".2 .2 .2 1 .2 .2", 165, 1364),
    "08": (".2 .2 .2 1 1 .2", 130, 1314),
    "09": ("1 .2 .2 1 .2 .2", 110, 1278),
    "10": ("1 .2 .2 1 1 .2", 91, 1232),
    "11": ("1 .2 .2 .2 1 .2", 99, 1234),
    "12": ("1 1 1 1 1 1", 54, 584),
    "14": ("1 .4 .2 1 1 .2", 80, None),
    "15": ("1 .4 .2 1 .4 .2", 89, None),
    "16": ("1 .2 .4 1 1 .4", 86, None),
    "17": ("1 .2 .4 1 .2 .4", 104, None),
}
AT_400K = {
    "14": ("1 .01 .01 1 1 .01", 3663),
    "15": ("1 .01 .01 1 .01 .01", 4404),
    "16": ("1 .1 .1 1 1 .1", 1658),
    "17": ("1 .1 .1 1 .1 .1", 1757),
}
HAMMER, DOOR = Sizes(46, 26), Sizes(39, 28)


def rows_of(budget, sizes=HAMMER, **fields):
    return {row.structure: row for row in named_rows(Numbered(budgets=(budget,), **fields), sizes)}


@pytest.mark.parametrize("budget", [10_000, 400_000])
def test_every_design_is_the_table_s_and_its_size_solves_the_budget_equation(budget):
    rows = rows_of(budget)
    assert list(rows) == [f"{number:02}" for number in range(18)]
    for number, (densities, small, large) in TABLE.items():
        hidden = small if budget == 10_000 else large
        if hidden is None:
            densities, hidden = AT_400K[number]
        pattern = rows[number].model
        assert pattern.sizes == {"x": 46, "h": hidden, "y": 26}
        found = [float(block.density) for block in pattern.blocks]
        assert sorted(found) == sorted(map(float, densities.split()))
        named = dict(zip(RNN_BLOCKS, map(float, densities.split()), strict=True))
        size = pattern.sizes
        expected = {name: named[name] * size[name[0]] * size[name[1]] for name in RNN_BLOCKS}
        assert pattern.expected() == pytest.approx(expected)
        # of all whole |h|, this one meets the budget best but for rounding of the root
        step = 2 * named["hh"] * hidden + named["hx"] * 46 + (named["hy"] + named["yh"]) * 26
        assert abs(sum(expected.values()) - budget) < 0.51 * step + 1


def test_arms():
    for budget in (10_000, 400_000):
        arms = {number: row.arm for number, row in rows_of(budget).items()}
        assert (arms["00"], arms["12"], arms["13"]) == ("uniform", "dense", "lstm")
        assert {arms[f"{number:02}"] for number in range(1, 12)} == {"mixed"}
        assert {arms[str(number)] for number in range(14, 18)} == {"balanced"}


def test_the_lstm_is_the_authors_and_projects():
    for budget, hidden in ((10_000, 31), (400_000, 1242)):
        cell = rows_of(budget)["13"].model
        assert (cell.hidden, cell.projected) == (hidden, True)
        assert abs(cell.unknowns / budget - 1) < 0.04
    for budget, hidden in ((10_000, 33), (400_000, 1316)):
        cell = rows_of(budget, DOOR)["13"].model
        assert isinstance(cell, Cell)
        assert (cell.hidden, cell.projected) == (hidden, True)
        # of all |h|, the one whose weights and biases are nearest to the budget
        counts = [
            one.unknowns + one.biases
            for one in (cell.model_copy(update={"hidden": hidden + step}) for step in (-1, 0, 1))
        ]
        assert abs(counts[1] - budget) == min(abs(count - budget) for count in counts)


@pytest.mark.parametrize(
    ("budget", "hidden"),
    [(10_000, 31), (50_000, 155), (200_000, 621), (400_000, 1242), (800_000, 2484)],
)
def test_the_authors_lstms_are_those_that_count_biases(budget, hidden):
    assert lstm_hidden(budget, HAMMER) == hidden


def test_some_numbers_alone():
    assert list(rows_of(10_000, numbers=("12", "00"))) == ["00", "12"]
    with pytest.raises(ValueError, match="18"):
        Numbered(budgets=(10_000,), numbers=("18",))
    with pytest.raises(ValueError, match="budgets"):
        Numbered(budgets=(20_000,))


SWEEPS = {  # |h| at density .1 .2 .3 .5 1
    (HAMMER, 50_000): (658, 452, 360, 268, 176),
    (HAMMER, 200_000): (1365, 951, 768, 584, 399),
    (HAMMER, 400_000): (1951, 1365, 1106, 846, 584),
    (HAMMER, 800_000): (2780, 1951, 1584, 1216, 846),
    (DOOR, 10_000): (269, 177, 136, 95, 54),
    (DOOR, 400_000): (1953, 1367, 1107, 847, 585),
}


@pytest.mark.parametrize(("sizes", "budget"), SWEEPS)
def test_uniform_sweeps_have_the_table_s_sizes(sizes, budget):
    design = Uniform(budgets=(budget,), densities=(0.1, 0.2, 0.3, 0.5, 1.0))
    found = tuple(row.model.sizes["h"] for row in named_rows(design, sizes))
    assert found == SWEEPS[sizes, budget]
