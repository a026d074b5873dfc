"""The paper's formulation: one square W with rows for x too, masked anew at every time step.

Written from the description alone (2509.15057, "The model"): z = (x, h, y), x is overwritten, then
z ← σ((W ⊙ M) z + b). Adam sees all places of W.
"""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.tasks import TimedTask
from blockmaps.designs.variants import Variant, start
from blockmaps.maps.matrix import matrix


def prepare(task: TimedTask, variants: list[Variant], device: torch.device) -> Callable[[], object]:
    """Return one training step of one variant."""
    (variant,) = variants
    pattern, begin = variant.pattern, start(variant, 0)
    size, x, y = sum(pattern.sizes.values()), task.inputs, task.outputs
    weight = torch.from_numpy(matrix(pattern, begin.mask, begin.values))
    mask = torch.from_numpy(begin.mask.dense(size)).float().to(device)
    W = nn.Parameter(weight.float().to(device))
    b = nn.Parameter(torch.cat([torch.zeros(x), torch.from_numpy(begin.bias).float()]).to(device))
    adam = torch.optim.Adam([W, b], lr=variant.learning_rate, fused=True)
    inputs, targets = task.minibatch(device)
    tokens = torch.cat([inputs, inputs.new_zeros(task.blank, *inputs.shape[1:])])

    def step() -> object:
        z = tokens.new_zeros(task.batch, size)
        found = []
        for token in tokens:
            z = torch.cat([token, z[:, x:]], 1)
            a = z @ (W * mask).T + b
            z = torch.cat([a[:, :-y].relu(), a[:, -y:]], 1)
            found.append(z[:, -y:])
        outputs = torch.stack([found[step] for step in task.loss_steps])[None]
        adam.zero_grad()
        loss = task.loss(outputs, targets)
        loss.backward()
        adam.step()
        return outputs.detach()

    return step
