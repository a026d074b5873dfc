"""Copy memory: symbols are shown, then nothing, then they are asked for.

A sequence of T steps holds `length` symbols, one a step; then only zeros; then a sign that the
answer is wanted; then as many steps as there were symbols, at which each is to be named in turn
(after Hochreiter and Schmidhuber 1997, and Arjovsky, Shah and Bengio 2016, arXiv:1511.06464). Its
sizes do not depend on T, so that nothing but the time over which a gradient must reach grows.
"""

from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, register
from blockmaps.data.sequences import generator

# Positions are part of every data set: append, never reorder.
STREAMS = ("train", "validation", "test")


@register
class Copy(DataSpec):
    """Name the symbols that were shown some steps ago.

    A symbol is one-hot in `width` channels each, and so is the sign for the answer. Chance is
    1/symbols.
    """

    papers: ClassVar[bool] = True
    kind: Literal["copy"] = "copy"
    steps: int = Field(ge=3, description="T, answer steps included.")
    symbols: int = Field(default=8, ge=2, description="Different symbols; |y|.")
    length: int = Field(default=1, ge=1, description="Symbols to remember.")
    width: int = Field(default=1, ge=1, description="Channels of each symbol and of the sign.")
    train: int = Field(default=5000, ge=1, description="Training sequences.")
    validation: int = Field(default=0, ge=0, description="Validation sequences; 0 for none.")
    test: int = Field(default=1000, ge=1, description="Test sequences.")

    @model_validator(mode="after")
    def _room(self) -> "Copy":
        if self.steps < 2 * self.length + 1:
            raise ValueError(
                f"{self.length} symbols, the sign and {self.length} answers take "
                f"{2 * self.length + 1} steps or more"
            )
        return self

    @property
    def shape(self) -> Shape:
        """|x| = (symbols + 1) × width, |y| = symbols, and T steps."""
        return Shape((self.symbols + 1) * self.width, self.symbols, self.steps)

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Draw the symbols. The first sequences of a split do not depend on how many there are."""
        counts = {name: number for name in STREAMS if (number := getattr(self, name))}
        shown = np.concatenate(
            [
                generator(seed, STREAMS.index(name)).integers(
                    self.symbols, size=(number, self.length)
                )
                for name, number in counts.items()
            ]
        )
        given = self.steps - self.length  # the answers' steps are blank
        channels = np.zeros((len(shown), given, self.symbols + 1), dtype=np.uint8)
        channels[np.arange(len(shown))[:, None], np.arange(self.length), shown] = 1
        channels[:, -1, -1] = 1
        bounds = pairwise(np.cumsum([0, *counts.values()]).tolist())
        return SequenceData(
            inputs=np.repeat(channels, self.width, axis=2),
            targets=shown,
            loss="cross_entropy",
            loss_steps=tuple(range(given, self.steps)),
            splits=dict(zip(counts, bounds, strict=True)),
            blank_steps=self.length,
            about=self._about(seed),
        )

    def _about(self, seed: np.random.SeedSequence) -> dict[str, Any]:
        return {
            "spec": self.model_dump(mode="json"),
            "entropy": seed.entropy,
            "spawn_key": list(seed.spawn_key),
        }
