"""Iterating: at once or in order, driven or held, nested; and the affine map as a special case."""

from graphlib import CycleError
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from blockmaps.core.seeds import generator
from blockmaps.designs.patterns import RNN_BLOCKS, Block, Pattern, Slot, draw_mask, rnn_pattern
from blockmaps.maps.blocks import Affine, Plus
from blockmaps.maps.map import BlockMap, IterativeMap
from blockmaps.maps.terms import Constant, Sum
from blockmaps.maps.zoo.feedforward import sequential

DOUBLE = torch.float64


def affine(rows, columns):
    return Affine(nn.Parameter(torch.randn(rows, columns, dtype=DOUBLE)))


def random_pattern(sizes, density, seed):
    """Slots of the given sizes, all blocks but the input's rows; a mask, W and b drawn."""
    names = ["x", *(f"h{place}" for place in range(1, len(sizes) - 1)), "y"]
    sigmas = ["identity", *["tanh", "relu", "elu", "sigmoid"][: len(sizes) - 2], "identity"]
    slots = tuple(
        Slot(name=name, size=size, activation=sigma)
        for name, size, sigma in zip(names, sizes, sigmas, strict=True)
    )
    blocks = tuple(
        Block(target=target, source=source, density=density)
        for target in names[1:]
        for source in names
    )
    pattern = Pattern(slots=slots, blocks=blocks)
    mask = torch.from_numpy(draw_mask(pattern, generator(seed, "mask")).dense(sum(sizes)))
    torch.manual_seed(seed)
    W = torch.randn(sum(sizes), sum(sizes), dtype=DOUBLE) / sum(sizes) ** 0.5
    return pattern, W, mask, torch.randn(pattern.state_size, dtype=DOUBLE)


SIGMAS = {
    "identity": lambda a: a,
    "tanh": torch.tanh,
    "relu": lambda a: a.clamp(min=0),
    "sigmoid": lambda a: 1 / (1 + torch.exp(-a)),
    "elu": lambda a: torch.where(a > 0, a, torch.exp(a) - 1),
}


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5),
    st.sampled_from([0.0, 0.4, 1.0]),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_the_affine_map_is_one_square_matrix(sizes, density, time, iterations, seed):
    """Against z ← σ(W z + b) on the whole vector, x overwritten: no blocks, no terms."""
    pattern, W, mask, b = random_pattern(sizes, density, seed)
    model = IterativeMap(pattern, W, mask, b)
    tokens = torch.randn(2, time, sizes[0], dtype=DOUBLE)
    ours = model.pack(model.drive(tokens, iterations))
    square = (W * mask).clone().requires_grad_()
    z, states = torch.zeros(2, sum(sizes), dtype=DOUBLE), []
    for t in range(time):
        for _ in range(iterations):
            z = torch.cat([tokens[:, t], z[:, sizes[0] :]], 1)
            a = (z @ square.T)[:, sizes[0] :] + b
            parts = a.split(sizes[1:], 1)
            state = [
                SIGMAS[slot.activation](part)
                for slot, part in zip(pattern.slots[1:], parts, strict=True)
            ]
            z = torch.cat([tokens[:, t], *state], 1)
        states.append(z)
    theirs = torch.stack(states, 1)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    direction = torch.randn_like(theirs)
    (ours * direction).sum().backward()
    (gradient,) = torch.autograd.grad((theirs * direction).sum(), square)
    torch.testing.assert_close(model.W.grad, gradient * mask, rtol=1e-10, atol=1e-12)
    assert {id(p) for p in model.parameters()} == {id(model.W), id(model.b)}


def test_the_affine_map_is_a_block_map_of_affine_blocks():
    pattern, W, mask, b = random_pattern([3, 4, 2], 0.5, 0)
    model = IterativeMap(pattern, W, mask, b)
    assert isinstance(model, BlockMap)
    assert model.blocks.pop(("x", "x")) == "identity"
    assert set(model.blocks.values()) - {"identity"} == {"affine"}
    assert type(model).step is BlockMap.step
    assert type(model).drive is BlockMap.drive


def test_a_mask_outside_the_patterns_blocks_is_refused():
    pattern = rnn_pattern(2, 3, 1, dict.fromkeys(RNN_BLOCKS, 1.0))
    with pytest.raises(ValueError, match="12 places in blocks that are absent"):
        IterativeMap(pattern, torch.ones(6, 6), torch.ones(6, 6, dtype=bool), torch.zeros(4))


def test_all_slots_update_at_once_unless_there_is_an_order():
    rows = {"x": {"x": nn.Identity()}, "a": {"x": nn.Identity()}, "b": {"a": nn.Identity()}}
    slots = {"x": 1, "a": 1, "b": 1}
    values = {"x": 1.0, "a": 2.0, "b": 3.0}
    z = {slot: torch.full((1, 1), value) for slot, value in values.items()}

    def after(map):
        return {slot: float(value) for slot, value in map.step(z).items()}

    assert after(BlockMap(slots, rows)) == {"x": 1, "a": 1, "b": 2}
    assert after(BlockMap(slots, rows, order=[["x"], ["a"], ["b"]])) == {"x": 1, "a": 1, "b": 1}
    assert after(BlockMap(slots, rows, order=[["x", "b"], ["a"]])) == {"x": 1, "a": 1, "b": 2}


def test_a_slot_without_a_row_becomes_zero():
    map = BlockMap({"x": 2, "h": 2}, {"h": {"x": nn.Identity()}})
    z = map.start({"x": torch.ones(3, 2)})
    assert [float(map.iterate(z, k)["h"].sum()) for k in range(4)] == [0, 6, 0, 0]


def test_a_token_is_held_by_an_identity_and_gone_without():
    tokens = torch.randn(2, 3, 4)
    slots = {"x": 4, "h": 4}
    held = BlockMap(slots, {"x": {"x": nn.Identity()}, "h": {"x": nn.Identity()}})
    gone = BlockMap(slots, {"h": {"x": nn.Identity()}})
    assert torch.equal(held.drive(tokens, 2)["h"], tokens)
    assert torch.equal(held.drive(tokens, 2)["x"], tokens)  # bit for bit
    assert not gone.drive(tokens, 2)["h"].any()
    assert torch.equal(gone.drive(tokens, 1)["h"], tokens)


def test_driving_from_a_state():
    torch.manual_seed(0)
    slots = {"x": 2, "h": 3}
    map = BlockMap(slots, {"x": {"x": nn.Identity()}, "h": {"x": affine(3, 2), "h": affine(3, 3)}})
    tokens = torch.randn(2, 6, 2, dtype=DOUBLE)
    whole = map.drive(tokens, 2)["h"]
    first = map.drive(tokens[:, :4], 2)
    z = {slot: value[:, -1] for slot, value in first.items()}
    assert torch.equal(map.drive(tokens[:, 4:], 2, z)["h"], whole[:, 4:])


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 99))
def test_a_map_is_a_block_of_another(sizes, seed):
    pattern, W, mask, b = random_pattern(sizes, 0.7, seed)
    inner = IterativeMap(pattern, W, mask, b)
    outer = BlockMap(
        {"z": inner.size, "w": 3},
        {"z": {"z": inner}, "w": {"z": affine(3, inner.size), "w": nn.Identity()}},
    )
    z = inner.start({"x": torch.randn(2, sizes[0], dtype=DOUBLE)})
    around = outer.start({"z": inner.pack(z)})
    for iterations in range(4):
        nested = outer.iterate(around, iterations)["z"]
        wanted = inner.pack(inner.iterate(z, iterations))
        torch.testing.assert_close(nested, wanted, rtol=1e-14, atol=1e-14)


def test_pack_and_unpack_are_inverse():
    map = BlockMap({"x": (2, 3), "y": 4}, {})
    z = torch.randn(5, 10)
    assert torch.equal(map.pack(map.unpack(z)), z)
    assert map.unpack(z)["x"].shape == (5, 2, 3)


# --- the MLP's facts -----------------------------------------------------------------------------


def mlp(sizes, dtype=DOUBLE):
    layers = []
    for source, target in pairwise(sizes):
        layers += [nn.Linear(source, target, dtype=dtype), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def random_state(map, x):
    others = {
        slot: 100 * torch.randn(len(x), *shape, dtype=x.dtype) for slot, shape in map.shapes.items()
    }
    return others | {"x": x}


sizes = st.lists(st.integers(1, 8), min_size=2, max_size=6)


@settings(max_examples=40)
@given(sizes, st.integers(1, 4), st.integers(0, 99))
def test_an_mlp_is_exact_at_iteration_L_from_any_start_and_stays(sizes, batch, seed):
    torch.manual_seed(seed)
    module, layers = mlp(sizes), len(sizes) - 1
    network = sequential(module, (sizes[0],))
    x = torch.randn(batch, sizes[0], dtype=DOUBLE)
    wanted = module(x)
    assert network.iterations == layers
    z = network.map.iterate(random_state(network.map, x), layers)
    assert torch.equal(z["y"], wanted)
    for _ in range(5):
        after = network.map.step(z)
        assert all(torch.equal(after[slot], z[slot]) for slot in z)
        z = after


@settings(max_examples=40)
@given(sizes, st.integers(0, 99))
def test_without_the_identity_it_is_nilpotent_and_forgets_the_input(sizes, seed):
    torch.manual_seed(seed)
    module, layers = mlp(sizes), len(sizes) - 1
    map = sequential(module, (sizes[0],), hold=False).map
    names = list(map.shapes)
    pattern = torch.zeros(len(names), len(names))
    for target, source in map.blocks:
        pattern[names.index(target), names.index(source)] = 1
    assert torch.linalg.matrix_power(pattern, layers).any()
    assert not torch.linalg.matrix_power(pattern, layers + 1).any()
    x, other = torch.randn(2, 3, sizes[0], dtype=DOUBLE)
    z = map.iterate(random_state(map, x), layers)
    assert torch.equal(z["y"], module(x))
    one, two = map.step(z), map.iterate(random_state(map, other), layers + 1)
    # nothing of the start is left: the output is that of a blank input, for ever
    blank = module(torch.zeros_like(x))
    for _ in range(3):
        assert torch.equal(one["y"], blank)
        assert torch.equal(two["y"], blank)
        one, two = map.step(one), map.step(two)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_784_128_128_10_has_118282_parameters_and_a_difference_of_exactly_0(dtype):
    torch.manual_seed(0)
    module = mlp([784, 128, 128, 10], dtype)
    network = sequential(module, (784,))
    assert sum(parameter.numel() for parameter in network.map.parameters()) == 118_282
    x, target = torch.randn(64, 784, dtype=dtype), torch.randint(10, (64,))
    assert torch.equal(network(x), module(x))
    ours = torch.autograd.grad(
        nn.functional.cross_entropy(network(x), target), list(module.parameters())
    )
    theirs = torch.autograd.grad(
        nn.functional.cross_entropy(module(x), target), list(module.parameters())
    )
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "row",
    [
        Sum({"x": nn.Identity()}, Constant(torch.ones(2))),
        Sum(Sum({"x": nn.Identity()}, activation="tanh")),
        Sum({"x": nn.Identity()}, activation="tanh"),
        Sum({"x": Plus(nn.Identity(), nn.Identity())}),
    ],
)
def test_what_changes_at_every_iteration_is_not_held(row):
    map = BlockMap({"x": 2}, {"x": row})
    assert map.held() == []
    with pytest.raises(CycleError):
        map.depths()
    assert BlockMap({"x": 2}, {"x": {"x": nn.Identity()}}).held() == ["x"]


def test_a_map_that_feeds_back_has_no_depth():
    rows = {"x": {"x": nn.Identity()}, "h": {"x": affine(2, 2), "h": nn.Identity()}}
    with pytest.raises(CycleError):
        BlockMap({"x": 2, "h": 2}, rows).depths()
