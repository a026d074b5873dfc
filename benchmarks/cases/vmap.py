"""`torch.func.vmap` over stacked modules: masked weights formed once a step, the rest left to it.

A fair peer: the input's product is hoisted out of the time loop too, and rows for x are left out.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from benchmarks.tasks import TimedTask
from blockmaps.designs.variants import Variant, start
from blockmaps.maps.matrix import matrix


class MaskedRNN(nn.Module):
    """One variant as a module: W of the rows h and y, with a mask of the same shape."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        pattern, begin = variant.pattern, start(variant, 0)
        self.inputs, self.outputs = pattern.slots[0].size, pattern.slots[-1].size
        W = matrix(pattern, begin.mask, begin.values)
        self.W = nn.Parameter(torch.from_numpy(W[self.inputs :]).float())
        self.b = nn.Parameter(torch.from_numpy(begin.bias).float())
        mask = begin.mask.dense(len(W))[self.inputs :]
        self.register_buffer("mask", torch.from_numpy(mask).float())

    def forward(self, tokens: Tensor, steps: int, loss_steps: tuple[int, ...]) -> Tensor:
        """Return y, (loss steps, batch, |y|), of tokens (time, batch, |x|), then blank ones."""
        W = self.W * self.mask
        U, V = W[:, : self.inputs], W[:, self.inputs :]
        u = (tokens.flatten(0, 1) @ U.T + self.b).unflatten(0, tokens.shape[:2])
        found, s = [], None
        for token in range(steps):
            ub = u[token] if token < len(tokens) else self.b.expand_as(u[0])
            a = ub if s is None else ub + s @ V.T
            s = torch.cat([a[:, : -self.outputs].relu(), a[:, -self.outputs :]], 1)
            found.append(s[:, -self.outputs :])
        return torch.stack([found[step] for step in loss_steps])


def prepare(task: TimedTask, variants: list[Variant], device: torch.device) -> Callable[[], object]:
    """Return one training step of all variants."""
    modules = [MaskedRNN(variant).to(device) for variant in variants]
    parameters, buffers = stack_module_state(modules)
    skeleton = MaskedRNN(variants[0]).to("meta")
    adam = torch.optim.Adam(parameters.values(), lr=variants[0].learning_rate, fused=True)
    inputs, targets = task.minibatch(device)

    def call(own: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        return functional_call(skeleton, (own, masks), (inputs, task.steps, task.loss_steps))

    def step() -> object:
        y = vmap(call)(parameters, buffers)
        adam.zero_grad()
        task.loss(y, targets).backward()
        adam.step()
        return y.detach()

    return step
