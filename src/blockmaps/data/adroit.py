"""Demonstrations of a task of control, to be imitated: what was seen, and what the expert did.

The expert's episodes come from Minari (`source: minari`, as in 2509.15057) or are made here by an
expert's policy with sampled actions (`source: rollouts`), which is statistically the same data set.
The input of a step is its observation, the target the expert's action, clipped to [−1, 1] as the
environment clips it; the loss is the mean squared error over all steps.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from blockmaps.core.errors import InputError
from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, register
from blockmaps.data.environments import extra
from blockmaps.data.environments.tasks import Task, task_of
from blockmaps.data.sequences import generator, substream

if TYPE_CHECKING:
    from blockmaps.data.environments.rollouts import Episodes

# Positions are part of every data set: append, never reorder.
STREAMS = ("episodes", "order")
SPLITS = ("train", "validation", "test")
PACKAGES = ("gymnasium-robotics", "mujoco", "minari", "numpy")  # that decide what is made


@register
class Demonstrations(DataSpec):
    """An expert's episodes of Adroit Hammer, Adroit Door or Franka Kitchen."""

    papers: ClassVar[bool] = True
    kind: Literal["adroit"] = "adroit"
    task: Literal["hammer", "door", "kitchen"] = Field(
        description="Adroit Hammer, Adroit Door or Franka Kitchen."
    )
    source: Literal["minari", "rollouts"] = Field(
        default="minari",
        description="Minari's data set, downloaded, or episodes made here by an expert's policy.",
    )
    episodes: int = Field(default=5000, ge=3, description="Episodes of all splits.")
    validation: int = Field(default=250, ge=1, description="Of them for validation.")
    test: int = Field(default=250, ge=1, description="Of them for the test loss.")
    minari: str | None = Field(
        default=None, description="Name of a Minari data set, where not the published one."
    )
    folder: str | None = Field(
        default=None,
        description="Minari's folder, else $MINARI_DATASETS_PATH; of rollouts, the folder of the "
        "expert's file, else $BLOCKMAPS_DATA/adroit.",
    )

    where: ClassVar[tuple[str, ...]] = ("folder",)

    @model_validator(mode="after")
    def _fits(self) -> "Demonstrations":
        if self.validation + self.test >= self.episodes:
            raise ValueError("validation and test take all episodes; some are needed to train")
        if self.source == "rollouts" and self.minari:
            raise ValueError("minari names a data set of Minari's; takes source: minari")
        if self.source == "rollouts" and self.known.policy is None:
            raise ValueError(f"{self.task} has no expert policy; takes source: minari")
        return self

    @property
    def known(self) -> Task:
        """The task."""
        return task_of(self.task)

    @property
    def environment(self) -> str:
        """The task, whose environment scores what is trained."""
        return self.task

    @property
    def shape(self) -> Shape:
        """|x| numbers of an observation, |y| of an action, and the steps of an episode."""
        return Shape(self.known.inputs, self.known.outputs, self.known.steps)

    def check_installed(self) -> None:
        """Check that environments and Minari's files can be used here.

        Raises
        ------
        InputError
            With the line that installs what is missing.
        """
        downloads = ("huggingface_hub",) if self.source == "minari" else ()
        extra.require("minari", "h5py", *downloads)

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Return the episodes as sequences, in an order that the seed draws.

        Parameters
        ----------
        seed : of the episodes made here, and of the order.
        means : threads are the processes that make them. No device: environments are stepped on the
            CPU. Beside the file the episodes made here lie as a Minari data set too.
        """
        self.check_installed()
        made: Callable[..., Episodes] = {"minari": self._read, "rollouts": self._made}[self.source]
        episodes = made(substream(seed, STREAMS.index("episodes")), means)
        if len(episodes.returns) < self.episodes:
            raise InputError(
                f"{self.minari or self.task}: found {len(episodes.returns)} episodes, and "
                f"{self.episodes} are asked for"
            )
        rng = generator(seed, STREAMS.index("order"))
        chosen = rng.permutation(len(episodes.returns))[: self.episodes]
        steps = self.known.steps
        targets = np.clip(episodes.actions[chosen], -1, 1).astype(np.float32)
        # what comes after the end of a short episode is not imitated
        targets[np.arange(steps) >= episodes.lengths[chosen, None]] = np.nan
        trained = self.episodes - self.validation - self.test
        bounds = np.cumsum([0, trained, self.validation, self.test]).tolist()
        return SequenceData(
            inputs=episodes.observations[chosen, :steps].astype(np.float32),
            targets=targets,
            loss="mean_squared_error",
            loss_steps=tuple(range(steps)),
            splits=dict(zip(SPLITS, pairwise(bounds), strict=True)),
            about={
                "spec": self.model_dump(mode="json", exclude=set(self.where)),
                "entropy": seed.entropy,
                "spawn_key": list(seed.spawn_key),
                "versions": {name: extra.version_of(name) for name in PACKAGES},
                "expert": self._expert(episodes),
            },
        )

    def _made(self, seed: np.random.SeedSequence, means: Means) -> "Episodes":
        from blockmaps.data.environments import demonstrations, expert
        from blockmaps.data.environments.rollouts import roll_out

        policy = expert.load(self.known, self.folder)
        episodes = roll_out(self.known, policy, seed, self.episodes, means.threads)
        if means.file is not None:
            beside = means.file.with_suffix(".minari")
            name = f"blockmaps/{self.task}/expert-v0"
            demonstrations.write(self.known, episodes, beside, name)
            print(f"{beside}: the episodes as Minari's data set {name}")
        return episodes

    def _read(self, seed: np.random.SeedSequence, means: Means) -> "Episodes":
        from blockmaps.data.environments import demonstrations

        folder = Path(self.folder).expanduser() if self.folder else None
        return demonstrations.read(self.known, self.minari, folder)

    def _expert(self, episodes: "Episodes") -> dict[str, Any]:
        """Return how well the expert does in these episodes, beside what was published."""
        from blockmaps.data.environments.demonstrations import PUBLISHED

        returns = episodes.returns.astype(float)
        error = returns.std(ddof=1) / math.sqrt(len(returns))
        said = bool(episodes.successes.any())  # a data set need not say it
        return {
            "episodes": len(returns),
            "mean_return": float(returns.mean()),
            "standard_error": float(error),
            "success_rate": float(episodes.succeeded.mean()) if said else None,
            "published_mean_return": PUBLISHED[self.task].mean_return,
        }
