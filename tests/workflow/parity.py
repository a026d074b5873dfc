"""A data set of one's own: the parity of a few bits, shown one at a time."""

from typing import Literal

import numpy as np

from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, register


@register
class Parity(DataSpec):
    """Is the number of ones even? One bit a step, then a blank step for the answer."""

    kind: Literal["parity"] = "parity"
    bits: int = 3
    sequences: int = 200

    @property
    def shape(self) -> Shape:
        """|x| = 12 copies of the bit, |y| = 2 answers."""
        return Shape(inputs=12, outputs=2, steps=self.bits + 1)

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Draw the bits."""
        bits = np.random.default_rng(seed).integers(0, 2, (self.sequences, self.bits))
        half = self.sequences // 2
        return SequenceData(
            inputs=np.repeat(bits[..., None], 12, axis=2).astype(np.uint8),
            targets=bits.sum(1) % 2,
            loss="cross_entropy",
            loss_steps=(self.bits,),
            splits={"train": (0, half), "test": (half, self.sequences)},
            blank_steps=1,
            about={"bits": self.bits},
        )
