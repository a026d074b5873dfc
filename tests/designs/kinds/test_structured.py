"""Designs that fit by themselves, and refusals that name a key with a value that works."""

import re

import pytest

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds.design import Sizes
from blockmaps.designs.kinds.structured import Balanced, Even
from blockmaps.designs.proportion import hidden_proportions


def test_even_finds_its_sizes():
    rows = list(Even(sizes={4000: "auto"}, points=5).rows(Sizes(256, 10)))
    found = sorted({row.model.sizes["h"] for row in rows})
    assert len(rows) == 10
    assert found[1] == pytest.approx(1.4 * found[0], abs=1)
    assert {sum(block.count for block in row.model.blocks) for row in rows} == {4000}
    named = list(Even(sizes={4000: tuple(found)}, points=5).rows(Sizes(256, 10)))
    assert rows == named
    with pytest.raises(InputError, match=f"takes {found[0]} or some more, or auto"):
        list(Even(sizes={4000: (found[0] - 1,)}, points=5).rows(Sizes(256, 10)))


def test_an_even_design_that_has_no_size_says_how_many_points_have_one():
    given = {"sizes": {200: "auto"}, "outputs": (0, 1, 0)}
    with pytest.raises(InputError, match="points: found 40") as fault:
        list(Even(points=40, **given).rows(Sizes(2, 20)))
    most = int(re.search(r"takes at most (\d+)", str(fault.value))[1])
    assert list(Even(points=most, **given).rows(Sizes(2, 20)))
    with pytest.raises(InputError):
        list(Even(points=most + 1, **given).rows(Sizes(2, 20)))


def test_balanced_takes_a_state_density_that_works_and_its_name_says_so():
    (row,) = Balanced(budgets=(20_000,)).rows(Sizes(8, 2))
    assert row.arm == "balanced"
    densities = {block.target + block.source: block.density for block in row.model.blocks}
    assert row.structure == f"balanced:0.1/0.1/0.1:state-{densities['hh']:.3g}"
    assert densities["hh"] < 0.01
    expected = row.model.expected()
    assert sum(expected.values()) == pytest.approx(20_000)
    assert hidden_proportions(expected)["hidden_proportion"] == pytest.approx(0.5)
    (row,) = Balanced(budgets=(20_000,)).rows(Sizes(800, 2))
    assert row.structure == "balanced:0.1/0.1/0.1"
