"""The fast bank against the reference, and both against the authors' own implementation."""

import os
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds.mlp_path import layered, with_moved
from blockmaps.designs.patterns import RNN_BLOCKS, Block, Mask, Pattern, Slot, rnn_pattern
from blockmaps.designs.variants import (
    CellVariant,
    Initialisation,
    LayersVariant,
    Start,
    Variant,
    start,
)
from blockmaps.maps.bank import Bank
from blockmaps.maps.groups import MOST_PADDING, group_by_size
from blockmaps.maps.layouts import Full, Scattered, SparseInput
from blockmaps.maps.map import IterativeMap
from blockmaps.maps.torch_models import CellBank, LayersBank

ROOT_SEED = 7
INPUTS, OUTPUTS = 6, 4


def variant(hidden, densities, activation="relu", seed_index=0, learning_rate=1e-2):
    pattern = rnn_pattern(
        INPUTS,
        hidden,
        OUTPUTS,
        dict(zip(RNN_BLOCKS, densities, strict=True)),
        activation=activation,
    )
    return Variant(
        pattern=pattern,
        initialisation=Initialisation(std=0.3),
        learning_rate=learning_rate,
        seed_index=seed_index,
    )


def states(model, x, iterations=1):
    """z after every token, (batch, time, |z|), of an iterative map."""
    return model.pack(model.drive(x, iterations))


def gather(reference, begin):
    """The unknowns' entries of a square matrix, in the mask's order."""
    return reference[begin.mask.rows, begin.mask.columns]


densities = st.lists(st.sampled_from([0.0, 0.2, 0.7, 1.0]), min_size=6, max_size=6)
variants_strategy = st.lists(
    st.builds(variant, st.integers(1, 12), densities), min_size=1, max_size=5
)


def compare(variants, batch, time, iterations=1, loss_steps=None, steps=10, blank_steps=0):
    """Output, loss, gradient and the parameters after ten Adam steps, each to 1e-10."""
    starts = [start(one, ROOT_SEED) for one in variants]
    bank = Bank(variants, starts, torch.float64)
    maps = [
        IterativeMap.from_start(one.pattern, begin, torch.float64)
        for one, begin in zip(variants, starts, strict=True)
    ]
    torch.manual_seed(0)
    x = torch.randn(time, batch, INPUTS, dtype=torch.float64)
    target = torch.randint(0, OUTPUTS, (batch,))
    given, x[time - blank_steps :] = time - blank_steps, 0  # what is blank is exactly zero
    tokens = list(range(time)) if loss_steps is None else loss_steps
    bank_adam = torch.optim.Adam(bank.parameters(), lr=1e-2)
    map_adams = [torch.optim.Adam(one.parameters(), lr=1e-2) for one in maps]

    def loss_of(y):  # y: (steps, batch, |y|)
        return torch.nn.functional.cross_entropy(y.flatten(0, 1), target.repeat(len(y)))

    for count in range(steps):
        outputs = bank(x[:given], loss_steps, iterations, blank_steps)
        bank_adam.zero_grad()
        sum(loss_of(y) for y in outputs).backward()
        for k, (one, adam, begin) in enumerate(zip(maps, map_adams, starts, strict=True)):
            z = states(one, x.transpose(0, 1), iterations).transpose(0, 1)[tokens]
            y = z[..., -OUTPUTS:]
            adam.zero_grad()
            loss_of(y).backward()
            torch.testing.assert_close(outputs[k], y, rtol=1e-10, atol=1e-10)
            torch.testing.assert_close(
                bank.unknowns[k].grad, gather(one.W.grad, begin), rtol=1e-10, atol=1e-10
            )
            if len(one.b):
                torch.testing.assert_close(bank.biases[k].grad, one.b.grad, rtol=1e-10, atol=1e-10)
            # nothing flows into what is not an unknown
            assert not one.W.grad[~one.mask].any()
            adam.step()
        bank_adam.step()
        if count == steps - 1:
            for k, (one, begin) in enumerate(zip(maps, starts, strict=True)):
                torch.testing.assert_close(
                    bank.unknowns[k], gather(one.W, begin), rtol=1e-10, atol=1e-10
                )
                torch.testing.assert_close(bank.biases[k], one.b, rtol=1e-10, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(variants_strategy, st.integers(1, 5), st.integers(1, 5))
def test_a_bank_equals_its_variants_as_iterative_maps(variants, batch, time):
    compare(variants, batch, time)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh", "sigmoid", "elu"])
def test_every_activation(activation):
    compare([variant(h, [1, 0.5, 1, 0.5, 1, 1], activation) for h in (3, 4, 9)], 4, 5)


def test_loss_on_the_last_step_and_held_inputs():
    variants = [variant(h, [0.5, 1, 1, 0.3, 1, 1]) for h in (2, 8)]
    compare(variants, 4, 5, loss_steps=[4])
    compare(variants, 4, 1, iterations=6)
    compare(variants, 4, 3, iterations=2)


def test_blank_steps_are_zeros_at_the_end():
    variants = [variant(h, [0.5, 1, 1, 0.3, 1, 1]) for h in (2, 8)]
    compare(variants, 4, 5, loss_steps=[4], blank_steps=1)
    compare(variants, 4, 5, iterations=2, blank_steps=2)
    compare(variants, 4, 5, loss_steps=[2], blank_steps=1)


def test_what_a_bank_gives_no_gradient_for_is_refused():
    bank = Bank.from_variants([variant(3, [1] * 6)], 0)
    x = torch.randn(4, 2, INPUTS)
    for steps in ([0, 0], [-1], [4]):
        with pytest.raises(ValueError, match="loss steps"):
            bank(x, steps)
    with pytest.raises(ValueError, match="no gradient"):
        bank(x.requires_grad_())


def test_any_slots():
    sizes = {"x": INPUTS, "h1": 5, "h2": 3, "y": OUTPUTS}
    pattern = Pattern(
        slots=tuple(
            Slot(name=name, size=size, activation={"h1": "elu", "h2": "tanh"}.get(name, "identity"))
            for name, size in sizes.items()
        ),
        blocks=(
            Block(target="h1", source="x", density=1),
            Block(target="h2", source="h1", count=7),
            Block(target="y", source="h2", density=0.8),
            Block(target="h1", source="y", density=0.5),
        ),
    )
    one = Variant(
        pattern=pattern, initialisation=Initialisation(std=0.5), learning_rate=0.01, seed_index=0
    )
    compare([one, one.model_copy(update={"seed_index": 1})], 3, 1, iterations=5)


def test_slots_of_members_are_padded_one_by_one():
    def two_layers(first, second):
        sizes = {"x": INPUTS, "h1": first, "h2": second, "y": OUTPUTS}
        kinds = {"h1": "elu", "h2": "sigmoid"}
        slots = [
            Slot(name=name, size=size, activation=kinds.get(name, "identity"))
            for name, size in sizes.items()
        ]
        blocks = [
            Block(target=target, source=source, density=0.6)
            for target in list(sizes)[1:]
            for source in sizes
        ]
        return Variant(
            pattern=Pattern(slots=slots, blocks=blocks),
            initialisation=Initialisation(std=0.5),
            learning_rate=0.01,
            seed_index=0,
        )

    variants = [two_layers(20, 20), two_layers(18, 21), two_layers(40, 2), two_layers(2, 40)]
    bank = Bank.from_variants(variants, ROOT_SEED)
    assert [group.members for group in bank.groups] == [[1, 0], [2], [3]]
    assert bank.groups[0].shape.size == 20 + 21 + OUTPUTS
    compare(variants, 3, 4)


def test_full_variants_are_copied_and_the_others_scattered():
    variants = [
        variant(5, [1] * 6),
        variant(5, [1, 1, 1, 1, 1, 0.5]),
        variant(5, [1] * 6, seed_index=1),
        variant(6, [1] * 6, "tanh"),
    ]
    with pytest.raises(ValueError, match="share"):
        Bank.from_variants(variants, ROOT_SEED)
    bank = Bank.from_variants(variants[:3], ROOT_SEED)
    assert {tuple(group.members): type(group.weights) for group in bank.groups} == {
        (0, 2): Full,
        (1,): Scattered,
    }
    compare(variants[:3], 4, 5)
    compare(variants[3:], 4, 5)
    compare([variant(20, [1] * 6), variant(21, [1] * 6)], 4, 5)  # near, but not padded


@pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="torch was built without MKL")
def test_few_unknowns_of_the_input_are_kept_in_compressed_rows():
    variants = [
        variant(h, [0.15, 1, 1, 0.15, 1, 1], seed_index=s) for s in (0, 1) for h in (30, 33)
    ]
    variants += [variant(30, [0.8, 1, 1, 0.5, 1, 1]), variant(30, [0, 1, 1, 0, 1, 1])]
    bank = Bank.from_variants(variants, ROOT_SEED)
    assert [(group.members, type(group.weights)) for group in bank.groups] == [
        ([0, 2, 5, 1, 3], SparseInput),
        ([4], Scattered),
    ]
    compare(variants, 3, 4, steps=3)
    compare(variants, 3, 4, loss_steps=[3], iterations=2, blank_steps=1, steps=3)


def test_groups_take_turns_with_one_workspace():
    """Two passes before one backward, and groups of one variant each, are the same."""
    variants = [variant(h, [0.5, 1, 1, 0.3, 1, 1]) for h in (2, 8, 12)]
    bank = Bank.from_variants(variants, ROOT_SEED, torch.float64)
    assert len(bank.groups) > 1
    torch.manual_seed(0)
    first, second = torch.randn(2, 4, 3, INPUTS, dtype=torch.float64)
    (bank(first).square().sum() + bank(second).square().sum()).backward()
    together = [parameter.grad.clone() for parameter in bank.parameters()]
    bank.zero_grad()
    for x in (first, second):
        bank(x).square().sum().backward()
    for parameter, gradient in zip(bank.parameters(), together, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("density", [0.15, 0.6, 1.0])
def test_what_a_workspace_held_before_does_not_matter(density):
    variants = [variant(20, [density, 1, 1, density, 1, 1], seed_index=s) for s in (0, 1)]
    bank = Bank.from_variants(variants, ROOT_SEED, torch.float64)
    torch.manual_seed(0)
    x = torch.randn(4, 3, INPUTS, dtype=torch.float64)
    bank(x).square().sum().backward()
    expected = [parameter.grad.clone() for parameter in bank.parameters()]
    for workspace in bank._workspaces.values():
        workspace.fill_(torch.nan)
    bank.zero_grad()
    loss = bank(x).square().sum()
    for workspace in bank._workspaces.values():
        workspace.fill_(torch.nan)
    loss.backward()
    for parameter, gradient in zip(bank.parameters(), expected, strict=True):
        assert torch.equal(parameter.grad, gradient)


@pytest.mark.parametrize("density", [0.15, 0.6, 1.0])
def test_unknowns_may_change_between_forward_and_backward(density):
    """The gradient is of what was computed, also for a full variant that is not copied."""
    bank = Bank.from_variants([variant(20, [density] * 6)], ROOT_SEED, torch.float64)
    x = torch.randn(4, 3, INPUTS, dtype=torch.float64)
    bank(x).square().sum().backward()
    expected = bank.unknowns[0].grad.clone()
    bank.zero_grad()
    loss = bank(x).square().sum()
    bank.unknowns[0].data.mul_(2)
    loss.backward()
    assert torch.equal(bank.unknowns[0].grad, expected)
    loss = bank(x).square().sum()
    x.mul_(2)  # this one is not copied, and torch says so
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_bank_is_trained_after_it_was_evaluated_in_inference_mode():
    bank = Bank.from_variants([variant(5, [0.15] * 6), variant(5, [1] * 6)], ROOT_SEED)
    x = torch.randn(4, 3, INPUTS)
    with torch.inference_mode():
        evaluated = bank(x)
    trained = bank(x)
    trained.sum().backward()
    assert torch.equal(evaluated, trained)
    assert all(parameter.grad is not None for parameter in bank.parameters())


def test_groups_stay_within_a_cache_on_a_cpu(monkeypatch):
    variants = [variant(20, [0.6] * 6, seed_index=s) for s in range(7)]
    monkeypatch.setattr("blockmaps.maps.groups.MOST_PLACES", 3 * 24 * (INPUTS + 24))
    groups = Bank.from_variants(variants, ROOT_SEED).groups
    assert [len(group.members) for group in groups] == [3, 3, 1]
    monkeypatch.setattr("blockmaps.maps.groups.MOST_STATE_PLACES", 2 * 24**2)
    groups = Bank.from_variants(variants, ROOT_SEED).groups
    assert [len(group.members) for group in groups] == [2, 2, 2, 1]
    compare(variants, 3, 3, steps=2)


def test_a_bank_can_change_its_type():
    bank = Bank.from_variants([variant(h, [0.5, 1, 1, 0.3, 1, 1]) for h in (2, 8)], ROOT_SEED)
    x = torch.randn(4, 3, INPUTS)
    single = bank(x)
    double = bank.double()(x.double())
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=1e-5)


def test_y_is_one_step_behind_h_and_is_fed_back():
    densities = dict(zip(RNN_BLOCKS, [1, 0, 1, 0, 1, 0], strict=True))
    pattern = rnn_pattern(1, 1, 1, densities, activation="identity")
    W = torch.tensor([[0.0, 0, 0], [2, 0, 10], [0, 3, 0]])  # h = 2x + 10y, y = 3h
    model = IterativeMap(pattern, W, W != 0, torch.zeros(2))
    z = states(model, torch.tensor([[[1.0], [0.0], [0.0]]]))[0]
    assert z[:, 1].tolist() == [2.0, 0.0, 60.0]
    assert z[:, 2].tolist() == [0.0, 6.0, 0.0]


def test_a_map_without_unknowns_or_bias_is_zero_and_a_linear_one_is_linear():
    pattern = variant(5, [1] * 6, "identity").pattern
    begin = start(variant(5, [1] * 6, "identity"), 0)
    model = IterativeMap.from_start(pattern, begin._replace(bias=begin.bias * 0), torch.float64)
    x = torch.randn(2, 4, INPUTS, dtype=torch.float64)
    torch.testing.assert_close(states(model, 2 * x), 2 * states(model, x))
    size = sum(pattern.sizes.values())
    nothing = IterativeMap(
        pattern, torch.ones(size, size), torch.zeros(size, size, dtype=bool), torch.zeros(9)
    )
    assert not states(nothing, x.float())[..., INPUTS:].any()


def test_a_variant_alone_and_in_a_bank_gives_the_same_run():
    """Float32: sums are taken in another order, so to 1e-4 of the output after 20 Adam steps."""
    variants = [variant(h, [0.4, 1, 1, 0.5, 1, 1]) for h in (3, 11, 5, 12, 4)]
    torch.manual_seed(1)
    x, target = torch.randn(6, 16, INPUTS), torch.randint(0, OUTPUTS, (16,))

    def train(chosen):
        bank = Bank.from_variants(chosen, ROOT_SEED)
        adam = torch.optim.Adam(bank.parameters(), lr=1e-2)
        for _ in range(20):
            y = bank(x, [5])[:, 0]
            adam.zero_grad()
            sum(torch.nn.functional.cross_entropy(one, target) for one in y).backward()
            adam.step()
        return bank(x, [5]).detach()

    together = train(variants)
    for k, one in enumerate(variants):
        torch.testing.assert_close(train([one])[0], together[k], rtol=1e-4, atol=1e-4)


def test_parameters_are_the_unknowns():
    variants = [variant(h, [0.4, 1, 0, 0.5, 1, 1]) for h in (3, 11)]
    bank = Bank.from_variants(variants, ROOT_SEED)
    for k, one in enumerate(variants):
        assert bank.unknowns[k].numel() == sum(start(one, ROOT_SEED).mask.counts.values())
        assert bank.biases[k].numel() == one.pattern.state_size


def test_variants_that_do_not_fit_are_refused():
    other = Variant(
        pattern=rnn_pattern(INPUTS + 1, 3, OUTPUTS, dict.fromkeys(RNN_BLOCKS, 1)),
        initialisation=Initialisation(),
        learning_rate=0.1,
        seed_index=0,
    )
    with pytest.raises(ValueError, match="share"):
        Bank.from_variants([variant(3, [1] * 6), other], 0)


@given(st.lists(st.lists(st.integers(1, 100), min_size=2, max_size=2), min_size=1, max_size=40))
def test_groups_hold_everything_once_with_bounded_padding(sizes):
    groups = group_by_size(sizes)
    assert sorted(chain(*groups)) == list(range(len(sizes)))
    for group in groups:
        padded = sum(max(sizes[k][slot] for k in group) for slot in range(2))
        assert padded <= MOST_PADDING * min(sum(sizes[k]) for k in group)


ORACLE = Path(os.environ.get("BLOCKMAPS_DATA", "")) / "oracle"


@pytest.mark.skipif(
    "BLOCKMAPS_DATA" not in os.environ, reason="BLOCKMAPS_DATA names no folder with oracle/"
)
@pytest.mark.parametrize("name", ["classify", "imitate"])
@pytest.mark.parametrize("kind", ["map", "bank"])
def test_the_authors_own_implementation_computes_the_same(name, kind):
    data = np.load(ORACLE / f"{name}.npz")
    inputs, hidden, outputs = data["sizes"].tolist()
    pattern = rnn_pattern(inputs, hidden, outputs, dict.fromkeys(RNN_BLOCKS, 1.0))
    mask = data["mask"].copy()
    mask[:inputs] = False  # x is overwritten: its rows have no effect
    rows, columns = np.nonzero(mask)
    begin = Start(Mask(rows, columns, {}), data["W"][rows, columns], data["b"][inputs:])
    x, target = torch.from_numpy(data["x"]), torch.from_numpy(data["target"])
    if kind == "map":
        model = IterativeMap.from_start(pattern, begin, torch.float64)
    else:
        one = Variant(
            pattern=pattern, initialisation=Initialisation(), learning_rate=1e-3, seed_index=0
        )
        model = Bank([one, one], [begin, begin], torch.float64)

    def outputs_of():
        if kind == "map":
            return states(model, x)[..., -outputs:]
        return model(x.transpose(0, 1))[1].transpose(0, 1)

    def near(ours, theirs):
        np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=1e-12, atol=1e-12)

    if kind == "map":
        near(states(model, x)[..., inputs:], data["z"][..., inputs:])
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    for count in range(10):
        y = outputs_of()
        if name == "classify":
            loss = torch.nn.functional.cross_entropy(y[:, -1], target[:, -1].long())
        else:
            loss = torch.nn.functional.mse_loss(y, target)
        near(loss, data["losses"][count])
        adam.zero_grad()
        loss.backward()
        if count == 0:
            if kind == "map":
                near(model.W.grad[inputs:], data["grad_W"][inputs:] * mask[inputs:])
                near(model.b.grad, data["grad_b"][inputs:])
            else:
                near(model.unknowns[1].grad, data["grad_W"][rows, columns])
                near(model.biases[1].grad, data["grad_b"][inputs:])
        adam.step()
    if kind == "map":
        near(model.W[inputs:], data["W_after_10"][inputs:])
        near(model.b, data["b_after_10"][inputs:])
    else:
        near(model.unknowns[1], data["W_after_10"][rows, columns])
        near(model.biases[1], data["b_after_10"][inputs:])


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_moved_unknowns_and_no_biases(share):
    """Unknowns in any block, of variants with biases and without, as reference maps."""
    pattern = with_moved(layered(INPUTS, (5, 3), OUTPUTS, 0.6), share)
    variants = [
        Variant(
            pattern=pattern,
            initialisation=Initialisation(std=0.5, bias=bias),
            learning_rate=0.01,
            seed_index=seed_index,
        )
        for seed_index, bias in ((0, False), (1, True), (2, False))
    ]
    compare(variants, 3, 1, iterations=5)
    bank = Bank.from_variants(variants, ROOT_SEED)
    assert [len(bias) for bias in bank.biases] == [0, 12, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_training_leaves_what_it_started_from(dtype):
    one = variant(6, [0.5, 1, 1, 0.3, 1, 1])
    cell = CellVariant(
        cell=Cell(cell="gru", inputs=INPUTS, hidden=5, outputs=OUTPUTS),
        learning_rate=1e-3,
        seed_index=0,
    )
    mlp = Variant(
        pattern=layered(INPUTS, (5,), OUTPUTS, 0.5),
        initialisation=Initialisation(),
        learning_rate=1e-3,
        seed_index=0,
    )
    layers = LayersVariant(layers_of=mlp)
    for kind, of in ((Bank, one), (CellBank, cell), (LayersBank, layers)):
        begin, again = start(of, ROOT_SEED), start(of, ROOT_SEED)
        bank = kind([of], [begin], dtype)
        with torch.no_grad():
            for parameter in bank.parameters():
                parameter.add_(1)
        assert np.array_equal(begin.values, again.values)
        assert np.array_equal(begin.bias, again.bias)
