"""The manifests of all training jobs of a results folder in one file."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from blockmaps.core.files import whole

FORMAT = 1


class _Said(BaseModel):
    """What is read of a JSON object: the types of what it says; it may say more, or less."""

    model_config = ConfigDict(extra="allow")


class Environment(_Said):
    """Where jobs ran."""

    python: str = ""
    packages: dict[str, str] = {}
    machine: str = ""
    cpu: str = ""
    cores: int | None = None
    device: str = ""


class OfVariant(_Said):
    """What a variant's training took."""

    seconds: float = 0.0


class Manifest(_Said):
    """A training job's manifest, as `training.job` writes it."""

    shard: str = ""
    experiment: str = ""
    dataset: str = ""
    data_digest: str = ""
    commit: str = ""
    clean: bool | None = None
    code: str = ""
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    training_flops: float | None = None
    environment: Environment = Environment()
    variants: dict[str, OfVariant] = {}


class Collected(_Said):
    """The manifests of jobs together, as `collect` gives them."""

    class Job(Manifest):
        """A manifest with the number of its environment."""

        environment: int  # type: ignore[assignment]

    environments: list[Environment]
    jobs: list[Job]

    @model_validator(mode="after")
    def _numbered(self) -> "Collected":
        if any(not 0 <= job.environment < len(self.environments) for job in self.jobs):
            raise ValueError("a job's environment is none of the list")
        return self


def collect(manifests: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the manifests of jobs together.

    Returns
    -------
    `environments`, each once; `jobs` by the name of their shard, each with the number of its
    environment.
    """
    environments: list[dict] = []
    jobs = []
    for job in sorted(manifests, key=lambda one: one["shard"]):
        own = job["environment"]
        if own not in environments:
            environments.append(own)
        jobs.append({**job, "environment": environments.index(own)})
    return {"format": FORMAT, "environments": environments, "jobs": jobs}


def write(collected: dict[str, Any], path: Path) -> None:
    """Write collected manifests, an environment or a job a line, whole or not at all."""
    parts = [
        f'"{name}": [\n' + ",\n".join(json.dumps(one, ensure_ascii=False) for one in several) + "]"
        if (several := collected[name])
        else f'"{name}": []'
        for name in ("environments", "jobs")
    ]
    text = ",\n".join([f'"format": {collected["format"]}', *parts])
    with whole(path) as partial:
        partial.write_text("{" + text + "}\n", encoding="utf-8")


def utc(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precision_of(job: dict[str, Any]) -> str | None:
    """Return the precision of matrix products that a job trained with, by its manifest."""
    try:
        return job["environment"]["determinism"]["float32_matmul_precision"]
    except (KeyError, TypeError):  # of another version
        return None
