"""An MLP as torch's layers and as a map: the same network, and the same whole learning curve."""

import numpy as np
import pytest
import torch
from torch import nn

from blockmaps.core.seeds import generator, stream
from blockmaps.data.images import Images
from blockmaps.designs.kinds.mlp_path import layered, with_moved
from blockmaps.designs.variants import Initialisation, LayersVariant, Variant, start
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import LAYERS, LayersBank
from blockmaps.training.minibatches import Minibatches
from blockmaps.training.module import losses, right

DOUBLE = torch.float64
INPUTS, HIDDEN, OUTPUTS = 64, (20, 12), 10


def variant(density=1.0, activation="elu", iterations=3, moved=0.0, **initialisation):
    mlp = layered(INPUTS, HIDDEN, OUTPUTS, density, activation)
    return Variant(
        pattern=with_moved(mlp, moved),
        initialisation=Initialisation(**{"std": 0.2, "bias": False} | initialisation),
        learning_rate=3e-3,
        seed_index=0,
        iterations=iterations,
    )


def bank_of(one, dtype=DOUBLE):
    begin = start(one, 5)
    kind = LayersBank if isinstance(one, LayersVariant) else Bank
    return kind([one], [begin], dtype)


@pytest.fixture(scope="module")
def digits():
    data = Images(side=8, train=320, test=100).make(stream(5, "dataset"))
    arrays = {"inputs": torch.from_numpy(np.asarray(data.inputs))}
    arrays["targets"] = torch.from_numpy(data.targets)
    return type(data)(**vars(data) | arrays)


def learning_curve(one, digits, epochs=4, dtype=DOUBLE):
    """Loss and accuracy, on training and test images, after every epoch: (epochs, 4)."""
    bank = bank_of(one, dtype)
    adam = torch.optim.Adam(bank.parameters(), lr=one.learning_rate, fused=True)
    order = generator(5, "order", 0)
    train = Minibatches(digits, "train", 32, lambda: order.permutation(320))
    test, rows = Minibatches(digits, "test", 100), []
    for _ in range(epochs):
        sums = []
        for batch in (*train, *test):
            training = len(batch.inputs[0]) == 32
            with torch.set_grad_enabled(training):
                y = bank(batch.inputs.to(dtype), [0], one.repeats)
                loss = losses(y, batch.targets, "cross_entropy").sum()
            if training:
                adam.zero_grad()
                loss.backward()
                adam.step()
            accuracy = right(y, batch.targets, "cross_entropy").mean()
            sums.append((loss.item(), accuracy.item()))
        rows.append([*np.mean(sums[:-1], axis=0), *sums[-1]])
    return np.array(rows)


@pytest.mark.parametrize("density", [1.0, 0.3])
@pytest.mark.parametrize("bias", [False, True])
def test_the_whole_learning_curve_is_the_maps(density, bias, digits):
    one = variant(density, bias=bias)
    control = learning_curve(LayersVariant(layers_of=one), digits)
    assert control[-1, 0] < 0.95 * control[0, 0]  # it learns
    np.testing.assert_allclose(learning_curve(one, digits), control, rtol=1e-10)


def test_iterations_two_too_few_three_and_more_the_same(digits):
    """K = 2: y reads an h2 that is σ(0); from K = 3 on, the MLP's y stands."""
    short = learning_curve(variant(iterations=2), digits)
    np.testing.assert_allclose(short[:, [0, 2]], np.log(10), rtol=1e-12)  # chance
    three = learning_curve(variant(iterations=3), digits)
    for iterations in (4, 6, 8):
        again = learning_curve(variant(iterations=iterations), digits)
        np.testing.assert_allclose(again, three, rtol=1e-9)
    # moved unknowns read states that are not yet, or no longer, what they were
    path = [learning_curve(variant(iterations=k, moved=0.5), digits)[0] for k in (3, 4)]
    assert np.abs(path[0] - path[1]).max() > 1e-3


@pytest.mark.parametrize("activation", list(LAYERS))
def test_it_is_torchs_own_sequential(activation):
    one = LayersVariant(layers_of=variant(activation=activation, bias=True))
    bank, pattern = bank_of(one), one.layers_of.pattern
    modules = []
    for source, target in zip(pattern.slots[:-1], pattern.slots[1:], strict=True):
        modules += [nn.Linear(source.size, target.size), LAYERS[target.activation]()]
    theirs = nn.Sequential(*modules).double()
    begin = start(one, 5)
    with torch.no_grad():
        for first, layer in zip((0, 20, 32), theirs[::2], strict=True):
            last = first + layer.out_features
            own = (begin.mask.rows >= 64 + first) & (begin.mask.rows < 64 + last)
            layer.weight.copy_(torch.from_numpy(begin.values[own]).view_as(layer.weight))
            layer.bias.copy_(torch.from_numpy(begin.bias[first:last]))
    x = torch.randn(2, 7, INPUTS, dtype=DOUBLE)
    torch.testing.assert_close(bank(x)[0], theirs(x), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(bank(x, [1])[0, 0], theirs(x[1]), rtol=1e-12, atol=1e-12)
    blank = bank(x, [2], blank_steps=1)[0, 0]
    torch.testing.assert_close(blank, theirs(0 * x[0]), rtol=1e-12, atol=1e-12)


def test_a_masked_layer_keeps_its_zeros_and_has_as_many_parameters():
    one = LayersVariant(layers_of=variant(0.1))
    bank = bank_of(one)
    assert sum(p.numel() for p in bank.parameters()) == one.unknowns == 128 + 24 + 12
    hidden = torch.eye(INPUTS, dtype=DOUBLE)[None]
    assert torch.unique(bank(hidden)).numel() > 1
    variants = [one, LayersVariant(layers_of=variant(0.1, moved=0.0, std=0.3))]
    both = LayersBank(variants, [start(v, 5) for v in variants], DOUBLE)
    x = torch.randn(1, 3, INPUTS, dtype=DOUBLE)
    torch.testing.assert_close(both(x)[0], bank(x)[0], rtol=1e-12, atol=1e-12)
