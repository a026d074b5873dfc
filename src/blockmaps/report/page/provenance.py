"""What ran where: from the manifests of a folder, else from its config and runs."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from blockmaps.core.errors import InputError
from blockmaps.report.page.numbers import NOTHING, duration, number
from blockmaps.results.folder import Folders

Facts = tuple[tuple[str, str], ...]

# Keys of a published folder's manifest, and of an environment of training jobs.
_MANIFEST = {
    "commit": "commit",
    "code": "digest of the training code",
    "command": "command",
    "where": "where",
    "python": "Python",
    "machine": "machine",
}
_ENVIRONMENT = {
    "device": "device",
    "driver": "driver",
    "cuda": "CUDA",
    "cudnn": "cuDNN",
    "cpu": "CPU",
    "cores": "cores",
    "system": "system",
    "python": "Python",
}


class JobFacts(NamedTuple):
    """A training job."""

    shard: str
    experiment: str
    seed_index: int
    variants: int
    environment: int
    started: str
    seconds: float
    gigabytes: float  # of memory that the process held at most
    commit: str


class Provenance(NamedTuple):
    """Facts of the whole, environments and jobs of training, and the checksums of files."""

    facts: Facts
    environments: tuple[Facts, ...]
    jobs: tuple[JobFacts, ...]
    files: tuple[tuple[str, int, str], ...]  # path, bytes, SHA-256

    def __bool__(self) -> bool:
        return any(self)


def _known(found: dict[str, Any], words: dict[str, str]) -> list[tuple[str, str]]:
    """Return what a manifest holds of some keys, in words; an empty text is nothing."""
    return [
        (word, str(found[key])) for key, word in words.items() if found.get(key) not in (None, "")
    ]


def _from_runs(folders: Folders) -> list[tuple[str, str]]:
    """Return runs, data sets, devices and training time of the runs table."""
    runs = folders.runs
    if runs is None:
        return []
    each = runs.groupby(["experiment", "key"])["seconds"].max()
    devices = ", ".join(sorted(runs["device"].dropna().unique()))
    return [
        ("runs", f"{len(each):,}"),
        ("data sets", ", ".join(sorted(runs["dataset"].dropna().unique()))),
        ("devices", devices),
        ("training, summed over runs", duration(each.sum())),
    ]


def _environment(found: dict[str, Any]) -> Facts:
    """Return an environment of training jobs: machine, versions, settings of torch."""
    settings = found.get("determinism") or {}
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items())
    return (
        *_known(found, _ENVIRONMENT),
        *sorted((found.get("packages") or {}).items()),
        *((("determinism", said),) if said else ()),
    )


def _job(found: dict[str, Any]) -> JobFacts:
    commit = found.get("commit") or NOTHING
    return JobFacts(
        shard=found["shard"],
        experiment=found["experiment"],
        seed_index=found["seed_index"],
        variants=len(found["variants"]),
        environment=found["environment"] + 1,
        started=found["started"],
        seconds=found["seconds"],
        gigabytes=found["peak_memory_bytes"] / 1e9,
        commit=commit[:12] + (", changed" if found.get("clean") is False else ""),
    )


def _from_jobs(found: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return when jobs ran, on which commits, and what they took together."""
    found = list(found)
    if not found:
        return []
    commits = sorted({one["commit"] for one in found if one.get("commit")})
    flops = [one["training_flops"] for one in found if one.get("training_flops") is not None]
    return [
        ("training jobs", f"{len(found):,}"),
        ("trained by commits" if len(commits) > 1 else "trained by commit", ", ".join(commits)),
        ("from", min(one["started"] for one in found)),
        ("to", max(one["ended"] for one in found)),
        ("wall time of the jobs", duration(sum(one["seconds"] for one in found))),
        ("FLOPs of training", number(float(f"{sum(flops):.3g}"))),
    ]


def provenance(folders: Folders) -> Provenance:
    """Return what is known of the runs.

    Raises
    ------
    InputError
        If manifests.json is not as `blockmaps collect` writes it.
    """
    manifest: dict[str, Any] = folders.json("manifest") or {}
    config = folders.json("config") or manifest.get("config") or {}
    collected = folders.json("manifests") or {}
    facts = _known(manifest, _MANIFEST) + _from_runs(folders)
    try:
        found = collected.get("jobs", [])
        facts += _from_jobs(found)
        jobs = tuple(map(_job, found))
        environments = tuple(map(_environment, collected.get("environments", [])))
    except (KeyError, TypeError, AttributeError) as fault:
        path = folders.file("manifests")
        raise InputError(f"{path}: is not as `blockmaps collect` writes it: {fault}") from None
    if "seed" in config:
        facts.append(("root seed", str(config["seed"])))
    facts += sorted((manifest.get("packages") or {}).items())
    files = manifest.get("files") or {}
    checksums = tuple((name, one["bytes"], one["sha256"]) for name, one in sorted(files.items()))
    return Provenance(tuple(facts), environments, jobs, checksums)
