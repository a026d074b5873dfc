"""The manifests of all training jobs of a results folder in one file."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blockmaps.core.files import whole

FORMAT = 1


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
