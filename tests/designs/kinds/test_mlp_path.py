"""The continuum's design: arms of exactly equal unknowns, at the authors' sizes too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds import Sizes, named_rows
from blockmaps.designs.kinds.mlp_path import Continuum, apportion
from blockmaps.designs.variants import Initialisation, LayersVariant, Variant, start

PATH = tuple(number / 10 for number in range(11))


SIZES = Sizes(36, 4, "elu")


def rows(sizes=SIZES, **fields):
    return named_rows(Continuum(**{"hidden": (12, 8), "moved": PATH} | fields), sizes)


def realised(row, seed_index=0):
    variant = Variant(
        pattern=row.model,
        initialisation=Initialisation(),
        learning_rate=0.1,
        seed_index=seed_index,
    )
    return start(variant, 7)


def test_arms_and_iterations():
    made = {row.structure: row for row in rows()}
    path = [f"path-{share:g}" for share in PATH[1:-1]]
    assert list(made) == ["control", "mlp", *path, "random-places", "dense"]
    assert {row.arm for row in made.values()} == set(made)
    assert {row.iterations for row in made.values()} == {3}
    assert [row.structure for row in made.values() if row.layers] == ["control"]
    more = rows(moved=(0.5,), iterations={6: (0.5, 1.0)}, control=False, dense=False)
    assert [(row.structure, row.iterations) for row in more] == [
        ("path-0.5", 3),
        ("path-0.5, K = 6", 6),
        ("random-places, K = 6", 6),
    ]
    for shares in ((), (0.5, 0.5)):
        with pytest.raises(ValueError, match="each once"):
            rows(iterations={6: shares})
    deep = rows(hidden=(5,) * 9, moved=(0.0,), dense=False)
    assert {row.iterations for row in deep} == {10}
    assert {slot.activation for slot in deep[0].model.slots[1:-1]} == {"elu"}
    assert deep[0].model.slots[-1].activation == "identity"


@pytest.mark.parametrize("density", [1.0, 0.1])
def test_the_authors_sizes(density):
    """2500-500-200-10: 1,352,000 unknowns, 2,279,100 places, so random places have density .593."""
    made = rows(Sizes(2500, 10, "elu"), hidden=(500, 200), density=density, moved=(0.0, 1.0))
    total = 1_352_000 if density == 1 else 135_200
    assert {row.budget for row in made} == {total}
    masks = [realised(row).mask for row in made]
    places = [
        mask.dense(sum(row.model.sizes.values())) for mask, row in zip(masks, made, strict=True)
    ]
    assert {int(one.sum()) for one in places} == {total}
    assert made[-1].model.state_size == (458 if density == 1 else 53)
    # of the MLP's places, random places keep as many as their density: 59 or 6 %
    _, mlp, scattered, _ = places
    assert (mlp & scattered).sum() / total == pytest.approx(total / 2_279_100, abs=0.003)


@given(st.floats(0.2, 1), st.lists(st.integers(2, 30), min_size=1, max_size=4), st.integers(20, 90))
def test_all_arms_have_exactly_the_mlps_unknowns(density, hidden, inputs):
    sizes = Sizes(inputs, 3, "elu")
    try:
        made = rows(sizes, hidden=tuple(hidden), density=density, moved=(0.0, 0.3, 1.0))
    except InputError:  # of so few unknowns no dense map has a unit for every slot
        assert 3 * (inputs + 3) < 9 * len(hidden) * max(hidden) * inputs
        return
    total = made[0].budget
    for row in made:
        assert sum(realised(row).mask.counts.values()) == total == row.budget
    (dense,) = [row.model for row in made if row.arm == "dense"]
    places = dense.state_size * (inputs + dense.state_size)
    fewer = (dense.state_size - 1) * (inputs + dense.state_size - 1)
    assert fewer < total <= places  # no smaller map would have room
    assert len(dense.blocks) == (len(hidden) + 1) * (len(hidden) + 2)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=9), st.integers(0, 200))
def test_apportioned_shares_add_up_and_are_nearest(weights, total):
    shares = apportion(weights, total)
    assert sum(shares) == total
    for weight, share in zip(weights, shares, strict=True):
        assert abs(share - total * weight / sum(weights)) < 1


def test_only_layers_have_a_control():
    path = next(row for row in rows() if row.arm == "path-0.5")
    variant = Variant(
        pattern=path.model, initialisation=Initialisation(), learning_rate=0.1, seed_index=0
    )
    with pytest.raises(ValueError, match="has layers"):
        LayersVariant(layers_of=variant)
