"""The manifests of all training jobs of a results folder in one file."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blockmaps.core.errors import InputError
from blockmaps.core.files import whole

NAME = "manifests.json"
FORMAT = 1


def collect(folder: Path, shards: Iterable[str]) -> dict[str, Any]:
    """Return the manifests of shards together.

    Parameters
    ----------
    folder : of the shards' tables, `runs/`.
    shards : their names.

    Returns
    -------
    `environments`, each once; `jobs` in the shards' order, each with the number of its environment;
    and `without`, shards that were trained before there were manifests.

    Raises
    ------
    InputError
        If a manifest is broken.
    """
    environments: list[dict] = []
    jobs, without = [], []
    for shard in sorted(shards):
        path = folder / f"{shard}.manifest.json"
        if not path.exists():
            without.append(shard)
            continue
        job = load(path)
        own = job.pop("environment")
        if own not in environments:
            environments.append(own)
        jobs.append({**job, "environment": environments.index(own)})
    return {"format": FORMAT, "environments": environments, "jobs": jobs, "without": without}


def write(collected: dict[str, Any], path: Path) -> None:
    """Write collected manifests, an environment or a job a line, whole or not at all."""
    parts = [
        f'"{name}": [\n' + ",\n".join(json.dumps(one, ensure_ascii=False) for one in several) + "]"
        if (several := collected[name])
        else f'"{name}": []'
        for name in ("environments", "jobs", "without")
    ]
    text = ",\n".join([f'"format": {collected["format"]}', *parts])
    with whole(path) as partial:
        partial.write_text("{" + text + "}\n")


def load(path: Path) -> dict[str, Any]:
    """Read a file of manifests.

    Raises
    ------
    InputError
        If it is not there or not JSON.
    """
    try:
        return json.loads(path.read_text())
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from None
    except ValueError:
        raise InputError(f"{path}: is not JSON; remove it, `blockmaps train` writes it") from None


def utc(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
