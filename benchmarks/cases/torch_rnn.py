"""`nn.RNN` with a linear output, dense, the same |h|; several of them one by one."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.tasks import TimedTask
from blockmaps.designs.variants import Variant


def prepare(task: TimedTask, variants: list[Variant], device: torch.device) -> Callable[[], object]:
    """Return one training step of each."""
    inputs, targets = task.minibatch(device)
    tokens = torch.cat([inputs, inputs.new_zeros(task.blank, *inputs.shape[1:])])
    each = []
    for variant in variants:
        hidden = variant.pattern.sizes["h"]
        rnn = nn.RNN(task.inputs, hidden, nonlinearity="relu", device=device)
        output = nn.Linear(hidden, task.outputs, device=device)
        parameters = [*rnn.parameters(), *output.parameters()]
        each.append((rnn, output, torch.optim.Adam(parameters, lr=1e-4, fused=True)))
    loss_steps = list(task.loss_steps)

    def step() -> None:
        for rnn, output, adam in each:
            y = output(rnn(tokens)[0][loss_steps])
            adam.zero_grad()
            task.loss(y[None], targets).backward()
            adam.step()

    return step
