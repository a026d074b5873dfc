"""The tasks that are timed: sizes of the data, and patterns with the papers' sizes."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.ceilings import Gemm
from blockmaps.designs.patterns import RNN_BLOCKS, rnn_pattern
from blockmaps.designs.proportion import solve_balanced, solve_hidden
from blockmaps.designs.variants import Initialisation, Variant

PATTERN_NAMES = ["dense", "uniform", "balanced"]
DENSE, UNIFORM = (1.0,) * 6, (0.2,) * 6


@dataclass(frozen=True)
class TimedPattern:
    """|h| and the densities `hx hh hy; yx yh yy`."""

    hidden: int
    densities: tuple[float, ...]


def solved(budget: int, inputs: int, outputs: int) -> dict[str, TimedPattern]:
    """Return the three patterns of a budget, as the default preset makes them."""
    hidden, densities = solve_balanced(
        budget, 0.5, inputs, outputs, dict.fromkeys(RNN_BLOCKS[3:], 0.1)
    )

    def same(density: float) -> TimedPattern:
        named = dict.fromkeys(RNN_BLOCKS, density)
        return TimedPattern(solve_hidden(budget, named, inputs, outputs), (density,) * 6)

    balanced = TimedPattern(hidden, tuple(densities[name] for name in RNN_BLOCKS))
    return {"dense": same(1.0), "uniform": same(0.2), "balanced": balanced}


# Of 2509.15057 the rows for about 100,000 unknowns on RAD and 10,000 on Hammer.
PATTERNS: dict[str, dict[str, TimedPattern]] = {
    "rad-paper": {
        "dense": TimedPattern(29, DENSE),
        "uniform": TimedPattern(176, UNIFORM),
        "balanced": TimedPattern(216, (0.09, 1, 1, 0.1, 0.1, 1)),
    },
    "rad-default": solved(10000, 256, 10),
    "hammer": {
        "dense": TimedPattern(54, DENSE),
        "uniform": TimedPattern(176, UNIFORM),
        "balanced": TimedPattern(80, (1, 0.4, 0.2, 1, 1, 0.2)),
    },
}


@dataclass(frozen=True)
class TimedTask:
    """A data set's sizes and its loss.

    Attributes
    ----------
    inputs, outputs : |x|, |y|.
    given : steps with an input.
    blank : steps of zeros after them.
    batch : sequences.
    classes : cross-entropy on the last step if true, mean squared error on every one if not.
    """

    name: str
    inputs: int
    outputs: int
    given: int
    blank: int
    batch: int
    classes: bool

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.given + self.blank

    @property
    def loss_steps(self) -> tuple[int, ...]:
        """Steps at which the loss is taken."""
        return (self.steps - 1,) if self.classes else tuple(range(self.steps))

    def minibatch(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return inputs (given, batch, |x|) and targets, random but always the same."""
        random = torch.Generator().manual_seed(0)
        inputs = torch.randn(self.given, self.batch, self.inputs, generator=random)
        if self.classes:
            targets = torch.randint(self.outputs, (1, self.batch), generator=random)
        else:
            targets = torch.randn(self.steps, self.batch, self.outputs, generator=random)
        return inputs.to(device), targets.to(device)

    def loss(self, y: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of the variants' mean losses; y: (variants, loss steps, batch, |y|)."""
        if not self.classes:
            return (y - targets).square().flatten(1).mean(1).sum()
        expected = targets.expand(y.shape[:-1]).flatten()
        every = functional.cross_entropy(y.flatten(0, 2), expected, reduction="none")
        return every.view(len(y), -1).mean(1).sum()

    def variants(self, pattern: str, number: int) -> list[Variant]:
        """Return variants of a pattern, their masks and weights all different."""
        shape = PATTERNS[self.name][pattern]
        named = dict(zip(RNN_BLOCKS, shape.densities, strict=True))
        return [
            Variant(
                pattern=rnn_pattern(self.inputs, shape.hidden, self.outputs, named),
                initialisation=Initialisation(),
                learning_rate=1e-4,
                seed_index=seed_index,
            )
            for seed_index in range(number)
        ]

    def products(self, pattern: str, members: int) -> list[Gemm]:
        """Return the matrix products of a training step of several variants, W as rectangles.

        The input's product and the gradient of U; every step but the first V s, and for it the
        gradients of V and of s.
        """
        rows, columns = self.rows(pattern), self.given * self.batch
        return [
            Gemm(1, members * rows, self.inputs, columns, 1),
            Gemm(1, members * rows, columns, self.inputs, 1),
            Gemm(members, rows, rows, self.batch, 2 * (self.steps - 1)),
            Gemm(members, rows, self.batch, rows, self.steps - 1),
        ]

    def rows(self, pattern: str) -> int:
        """Return the rows of a pattern's state: |h| + |y|."""
        return PATTERNS[self.name][pattern].hidden + self.outputs

    def flops(self, pattern: str) -> float:
        """Return the arithmetic of a training step with W as rectangles.

        The optimiser's few operations an unknown are not counted.
        """
        return sum(product.flops for product in self.products(pattern, 1))

    def optimiser_bytes(self, pattern: str) -> float:
        """Return the bytes that Adam must move: reads 4 and writes 3 numbers an unknown."""
        return 4 * 7 * self.variants(pattern, 1)[0].unknowns


TASKS = {
    task.name: task
    for task in (
        TimedTask("rad-paper", 2500, 10, 10, 1, 16, True),
        TimedTask("rad-default", 256, 10, 10, 1, 64, True),
        TimedTask("hammer", 46, 26, 200, 0, 64, False),
    )
}
