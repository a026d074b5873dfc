"""A regression: the Mackey-Glass series some time after what was shown of it.

dx/dt = 0.2 x(t - τ) / (1 + x(t - τ)¹⁰) - 0.1 x, chaotic at τ = 17 (Mackey and Glass, Science 197,
1977). It is integrated by Euler's rule with a step of 1, from histories that are drawn.
"""

from typing import Literal

import numpy as np

from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, register

SETTLING = 300  # steps after which the start is forgotten


@register
class MackeyGlass(DataSpec):
    """A window of the series, some values a step, and the value `ahead` steps after its end."""

    kind: Literal["mackey-glass"] = "mackey-glass"
    sequences: int = 2000
    width: int = 6
    given: int = 12
    ahead: int = 60
    delay: int = 17

    @property
    def shape(self) -> Shape:
        """|x| = values a step, |y| = 1 value, the given steps and a blank one for the answer."""
        return Shape(inputs=self.width, outputs=1, steps=self.given + 1)

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Integrate a series for every sequence, so that none shares a piece with another."""
        rng = np.random.default_rng(seed)
        shown = self.width * self.given
        length = SETTLING + shown + self.ahead
        series = np.empty((self.sequences, self.delay + 1 + length))
        series[:, : self.delay + 1] = rng.uniform(0.5, 1.3, (self.sequences, self.delay + 1))
        for step in range(self.delay, series.shape[1] - 1):
            past = series[:, step - self.delay]
            series[:, step + 1] = 0.9 * series[:, step] + 0.2 * past / (1 + past**10)
        series = (series[:, -shown - self.ahead :] - 0.93) / 0.23  # to about mean 0, deviation 1
        inputs = series[:, :shown].reshape(self.sequences, self.given, self.width)
        return SequenceData.from_arrays(inputs, series[:, -1], test=0.25, seed=seed)
