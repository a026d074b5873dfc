"""Random designs: every row draws its sizes, densities, means and spreads by itself (2509.15057).

The four published distributions. Of *uniform* and *normal* |h| is drawn too; of *uniform_size* and
*normal_size* it is solved from the budget.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from blockmaps.core.errors import InputError
from blockmaps.core.seeds import generator
from blockmaps.designs.kinds.design import Budget, Design, Row, Sizes
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.proportion import MOST_HIDDEN, solve_hidden
from blockmaps.designs.variants import Initialisation, Normal

ATTEMPTS = 100  # to draw densities that some |h| of at least 1 meets the budget with


class Random(Design):
    """Patterns drawn at random; every draw is in the runs table."""

    kind: Literal["random"] = "random"
    distribution: Literal["uniform", "normal", "uniform_size", "normal_size"]
    draws: Annotated[int, Field(ge=1, le=10_000)]
    budgets: tuple[Budget, ...] = Field(default=(), description="Of the two with _size.")
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Of the draws.")
    hidden: tuple[
        Annotated[float, Field(ge=1, le=MOST_HIDDEN)], Annotated[float, Field(ge=0, le=MOST_HIDDEN)]
    ] = Field(default=(500.0, 200.0), description="Mean and standard deviation of |h| in `normal`.")
    draw_training: bool = Field(
        default=True,
        description="Draw learning rate, means and spreads too; else the experiment's own.",
    )

    @model_validator(mode="after")
    def _budget(self) -> "Random":
        if self.distribution.endswith("_size") != bool(self.budgets):
            raise ValueError("budgets are for uniform_size and normal_size, which take some")
        return self

    def at(self) -> Iterator[tuple[str, int, Callable[[int], Design]]]:
        """Yield each budget; at another one a few draws say whether it would do."""
        few = min(self.draws, 100)
        for budget in self.budgets:
            yield (
                *("budgets", budget),
                lambda other: self.model_copy(update={"budgets": (other,), "draws": few}),
            )

    def rows(self, sizes: Sizes) -> Iterator[Row]:
        """Yield `draws` rows a budget."""
        for budget in self.budgets or (None,):
            for number in range(self.draws):
                yield self._row(sizes, budget, number)

    def _row(self, sizes: Sizes, budget: int | None, number: int) -> Row:
        # the same draws at every budget, so that budgets can be compared
        rng = generator(self.seed, "design", self.distribution, number)
        uniform = self.distribution.startswith("uniform")
        rate, hidden, means, stds = self._draw(rng, uniform)
        for _ in range(ATTEMPTS):
            densities = self._densities(rng, uniform)
            try:
                if budget is not None:
                    hidden = solve_hidden(budget, densities, sizes.inputs, sizes.outputs)
                break
            except InputError as fault:
                last = fault
        else:
            raise last
        initialisation = Initialisation(
            blocks={
                name: Normal(mean=mean, std=std)
                for name, mean, std in zip(RNN_BLOCKS, means, stds, strict=True)
            }
        )
        return Row(
            "random",
            f"{self.distribution}:{self.seed}:{number:03d}",
            budget or 0,
            sizes.rnn(hidden, densities=densities),
            rate if self.draw_training else None,
            initialisation if self.draw_training else None,
        )

    def _draw(
        self, rng: np.random.Generator, uniform: bool
    ) -> tuple[float, int, list[float], list[float]]:
        """Draw learning rate, |h|, and the six blocks' means and standard deviations."""
        if uniform:
            rate = rng.uniform(1e-5, 1e-3)
            hidden = int(rng.integers(1, 1000, endpoint=True))
            means, stds = rng.uniform(-0.005, 0.005, 6), rng.uniform(1e-6, 0.1, 6)
        else:
            rate = max(rng.normal(1e-3, 4e-4), 1e-6)
            hidden = max(round(float(rng.normal(*self.hidden))), 10)
            means = rng.normal(0, 0.0025, 6)
            stds = np.maximum(rng.normal(0.05, 0.015, 6), 1e-4)
        return float(rate), hidden, means.tolist(), stds.tolist()

    def _densities(self, rng: np.random.Generator, uniform: bool) -> dict[str, float]:
        """Draw the six densities."""
        if uniform:
            values = rng.uniform(0, 1, 6)
        else:
            values = np.clip(np.abs(rng.normal(0.5, 0.25, 6)), 0.02, 1)
        return dict(zip(RNN_BLOCKS, values.tolist(), strict=True))
