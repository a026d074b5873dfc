"""`blockmaps.SparseRNN` in a loop of one's own, as `nn.RNN` is used; several of them one by one."""

from collections.abc import Callable

import torch

from benchmarks.tasks import TimedTask
from blockmaps.designs.variants import Variant
from blockmaps.maps.sparse_rnn import SparseRNN


def prepare(task: TimedTask, variants: list[Variant], device: torch.device) -> Callable[[], object]:
    """Return one training step of each."""
    inputs, targets = task.minibatch(device)
    each = []
    for variant in variants:
        rnn = SparseRNN.from_variant(variant, 0, device=device)
        rate = variant.learning_rate
        each.append((rnn, torch.optim.Adam(rnn.parameters(), lr=rate, fused=True)))
    loss_steps = list(task.loss_steps)

    def step() -> object:
        outputs = []
        for rnn, adam in each:
            y = rnn(inputs, blank_steps=task.blank)[0][loss_steps]
            adam.zero_grad()
            task.loss(y[None], targets).backward()
            adam.step()
            outputs.append(y.detach())
        return torch.stack(outputs)

    return step
