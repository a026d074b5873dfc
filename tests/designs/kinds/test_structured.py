"""Designs that fit by themselves, and refusals that name a key with a value that works."""

import re

import pytest
from pydantic import TypeAdapter

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds import AnyDesign, named_rows
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
    assert [row._replace(note="") for row in rows] == named
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


def test_what_is_solved_otherwise_is_noted_with_its_key():
    (row,) = Balanced(budgets=(20_000,)).rows(Sizes(8, 2))
    solved = next(one.density for one in row.model.blocks if (one.target, one.source) == ("h", "h"))
    assert row.note.startswith("state_density: found 1, at which hx has too few places at 20,000")
    assert f"takes {solved:.3g} there, with |h| = {row.model.sizes['h']:,}" in row.note
    (row,) = Balanced(budgets=(20_000,)).rows(Sizes(800, 2))
    assert row.note == ""
    rows = [*Even(sizes={4000: "auto"}, points=2).rows(Sizes(256, 10))]
    found = ", ".join(map(str, sorted({row.model.sizes["h"] for row in rows})))
    assert {row.note for row in rows} == {f"sizes: auto is |h| = {found} at 4,000 unknowns"}


ONES = [1.0] * 6
REFUSED = [
    {"kind": "factorial", "budgets": [4000, 50]},
    {"kind": "uniform", "budgets": [30], "densities": [0.2, 1]},
    {"kind": "balanced", "budgets": [2]},
    {"kind": "grid", "budgets": [20], "densities": {"hh": [0.1, 0.5]}},
    {"kind": "recommended", "budgets": [20]},
    {"kind": "recommended", "budgets": [20], "proportion": False},
    {"kind": "random", "distribution": "normal_size", "draws": 20, "budgets": [3]},
    {"kind": "baseline", "budgets": [3]},
    {"kind": "explicit", "patterns": [{"name": "a", "densities": ONES, "budget": 9}]},
    {"kind": "even", "sizes": {9: "auto"}, "outputs": [0.1, 1, 1]},
    {"kind": "crossed", "sizes": {20: [40]}},
]


@pytest.mark.parametrize("raw", REFUSED, ids=lambda raw: raw["kind"])
@pytest.mark.parametrize("sizes", [Sizes(10, 3), Sizes(700, 10)], ids=["small", "large"])
def test_a_refused_budget_names_its_key_and_one_that_works(raw, sizes):
    """And so do larger ones."""
    design = TypeAdapter(AnyDesign).validate_python(raw)
    with pytest.raises(InputError) as fault:
        named_rows(design, sizes)
    key, found, takes = re.match(
        r"(\S+): found ([^;]*?)(?:,? too few.*)?; takes (.+)", str(fault.value)
    ).groups()
    assert key == {"explicit": "patterns[0].budget", "even": "sizes", "crossed": "sizes"}.get(
        raw["kind"], "budgets"
    )
    numbers = [int(one.replace(",", "")) for one in re.findall(r"\d[\d,]*\b", takes)]
    if raw["kind"] == "crossed":
        hidden, budget = (*numbers, 20)[:2]
        assert named_rows(design.model_copy(update={"sizes": {budget: (hidden,)}}), sizes)
        return
    ((_, _, at), *_) = [one for one in design.at() if f"{one[1]:,}" == found]
    for more in (1, 2, 10):
        assert named_rows(at(more * numbers[0]), sizes)
    with pytest.raises(InputError):
        named_rows(at(numbers[0] - 1), sizes)
