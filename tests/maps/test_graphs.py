"""The time loop as a CUDA graph: what it gives is what the bank gives without."""

import pytest
import torch
from torch.nn import functional

from blockmaps.designs.patterns import RNN_BLOCKS, rnn_pattern
from blockmaps.designs.variants import Initialisation, Variant
from blockmaps.maps.bank import Bank

STEPS, BATCH, INPUTS, OUTPUTS = 7, 5, 6, 3


def bank(device, graphed):
    pattern = rnn_pattern(INPUTS, 9, OUTPUTS, dict.fromkeys(RNN_BLOCKS, 0.5))
    start = Initialisation(std=0.3)
    variants = [
        Variant(pattern=pattern, initialisation=start, learning_rate=0.01, seed_index=index)
        for index in range(3)
    ]
    made = Bank.from_variants(variants, 0).to(device)
    made.graphed = graphed
    return made


def trained(one, batches):
    """Return the outputs of some training steps, an evaluation of another size amid them."""
    adam = torch.optim.Adam(one.parameters(), lr=0.01)
    found = []
    for inputs in batches:
        y = one(inputs, (STEPS - 2, STEPS - 1))
        adam.zero_grad()
        functional.mse_loss(y, torch.ones_like(y)).backward()
        adam.step()
        found.append(y.detach().clone())
        with torch.no_grad():
            found.append(one(torch.cat([inputs, inputs], 1), (STEPS - 1,)).clone())
    return found


def minibatches(device, last=BATCH):
    random = torch.Generator().manual_seed(0)
    sizes = [BATCH, BATCH, BATCH, last]
    return [torch.randn(STEPS, size, INPUTS, generator=random).to(device) for size in sizes]


@pytest.mark.gpu
@pytest.mark.parametrize("last", [BATCH, 2])
def test_a_captured_step_is_the_step_to_the_bit(last):
    torch.backends.cuda.matmul.allow_tf32 = False
    plain, graph = bank("cuda", graphed=False), bank("cuda", graphed=True)
    batches = minibatches("cuda", last)
    for one, other in zip(trained(plain, batches), trained(graph, batches), strict=True):
        assert torch.equal(one, other)
    for one, other in zip(plain.parameters(), graph.parameters(), strict=True):
        assert torch.equal(one, other)
    assert graph._graph is not None


def test_on_a_cpu_nothing_is_captured():
    plain, graph = bank("cpu", graphed=False), bank("cpu", graphed=True)
    batches = minibatches("cpu", 2)
    for one, other in zip(trained(plain, batches), trained(graph, batches), strict=True):
        assert torch.equal(one, other)
    assert graph._graph is None
