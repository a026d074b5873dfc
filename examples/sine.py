"""A classification: a noisy wave has one of four frequencies."""

from typing import Literal

import numpy as np

from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, register

FREQUENCIES = np.array([0.4, 0.9, 1.4, 1.9])  # radians a step
CHANNELS, STEPS = 8, 16


@register
class Sine(DataSpec):
    """Eight sensors see one wave, each at a phase of its own and with noise."""

    kind: Literal["sine"] = "sine"
    sequences: int = 3000
    noise: float = 0.3

    @property
    def shape(self) -> Shape:
        """|x| = 8 sensors, |y| = 4 frequencies, 16 steps and a blank one for the answer."""
        return Shape(inputs=CHANNELS, outputs=len(FREQUENCIES), steps=STEPS + 1)

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Draw frequencies, phases and noise."""
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, len(FREQUENCIES), self.sequences)
        phases = rng.uniform(0, 2 * np.pi, (self.sequences, 1, CHANNELS))
        angles = FREQUENCIES[classes][:, None, None] * np.arange(STEPS)[:, None] + phases
        inputs = np.sin(angles) + self.noise * rng.standard_normal(angles.shape)
        return SequenceData.from_arrays(inputs, classes, test=1 / 3, seed=seed)
