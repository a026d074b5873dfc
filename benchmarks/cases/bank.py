"""The project's own: many variants as one (`blockmaps.maps.bank`)."""

from collections.abc import Callable

import torch

from benchmarks.tasks import TimedTask
from blockmaps.designs.variants import Variant
from blockmaps.maps.bank import Bank


def prepare(
    task: TimedTask, variants: list[Variant], device: torch.device, graphed: bool = False
) -> Callable[[], object]:
    """Return one training step of all variants, its time loop a CUDA graph if that is asked for."""
    bank = Bank.from_variants(variants, 0).to(device)
    bank.graphed = graphed
    adam = torch.optim.Adam(bank.parameters(), lr=variants[0].learning_rate, fused=True)
    inputs, targets = task.minibatch(device)

    def step() -> object:
        y = bank(inputs, task.loss_steps, blank_steps=task.blank)
        adam.zero_grad()
        task.loss(y, targets).backward()
        adam.step()
        return y.detach()

    return step
