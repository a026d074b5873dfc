"""The iterative map as the papers write it: z ← σ(W z + b), again and again.

This is the reference: short, slow and obviously right. `bank` is the fast one, tested equal to it.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from blockmaps.patterns import Activation, Pattern
from blockmaps.variants import Start

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "identity": lambda a: a,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "elu": nn.functional.elu,
}


class IterativeMap(nn.Module):
    """z ← σ(W z + b), with the input slot overwritten before every step.

    All rows update at once, from the old z. So in the RNN z = (x, h, y) the output y reads the
    *previous* h, one step behind, and is fed back (2509.15057, "The model"). The rows of W for x
    are zero: x only ever holds the input.

    Parameters
    ----------
    pattern : slots and activations; the first slot is the input.
    W : (|z|, |z|) weights; entries that are not unknowns are zero for ever.
    mask : (|z|, |z|) the unknowns.
    b : (|z| − |x|,) a bias for every unit but the input's.
    """

    def __init__(
        self,
        pattern: Pattern,
        W: Float[Tensor, "z z"],
        mask: Bool[Tensor, "z z"],
        b: Float[Tensor, " state"],
    ) -> None:
        super().__init__()
        self.pattern = pattern
        self.inputs = pattern.slots[0].size
        self.W = nn.Parameter(W * mask)
        self.b = nn.Parameter(b.clone())
        self.register_buffer("mask", mask)

    @classmethod
    def from_start(
        cls, pattern: Pattern, start: Start, dtype: torch.dtype = torch.float32
    ) -> "IterativeMap":
        """Return the map of a variant before training."""
        size = sum(pattern.sizes.values())
        W = torch.zeros(size, size, dtype=dtype)
        W[start.mask.rows, start.mask.columns] = torch.from_numpy(start.values).to(dtype)
        mask = torch.from_numpy(start.mask.dense(size))
        return cls(pattern, W, mask, torch.from_numpy(start.bias).to(dtype))

    def step(self, z: Float[Tensor, "batch z"]) -> Float[Tensor, "batch z"]:
        """Return σ(W z + b), each slot by its own activation."""
        b = torch.cat([self.b.new_zeros(self.inputs), self.b])
        a = z @ (self.W * self.mask).T + b
        slots = torch.split(a, list(self.pattern.sizes.values()), dim=1)
        return torch.cat(
            [
                ACTIVATIONS[slot.activation](part)
                for slot, part in zip(self.pattern.slots, slots, strict=True)
            ],
            dim=1,
        )

    def forward(
        self, inputs: Float[Tensor, "batch time x"], iterations: int = 1
    ) -> Float[Tensor, "batch time z"]:
        """Return the state after every token, from z = 0.

        Parameters
        ----------
        inputs : the tokens. Before every step x is overwritten with the current one.
        iterations : steps a token; with one token this is a held input.
        """
        batch, time, _ = inputs.shape
        z = inputs.new_zeros(batch, sum(self.pattern.sizes.values()))
        states = []
        for t in range(time):
            for _ in range(iterations):
                z = self.step(torch.cat([inputs[:, t], z[:, self.inputs :]], dim=1))
            states.append(z)
        return torch.stack(states, dim=1)
