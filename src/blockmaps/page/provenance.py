"""What ran where: from the manifest of a folder, else from its config and runs."""

from typing import Any, NamedTuple

from blockmaps.page.folders import Folders
from blockmaps.page.numbers import duration


class Provenance(NamedTuple):
    """Facts of the runs, versions of packages, and the checksums of files."""

    facts: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, int, str], ...]  # path, bytes, SHA-256


_FACTS = {
    "commit": "commit",
    "code": "digest of the training code",
    "command": "command",
    "where": "where",
    "python": "Python",
    "machine": "machine",
}


def _from_runs(folders: Folders) -> list[tuple[str, str]]:
    """Return runs, devices and training time of the runs table."""
    runs = folders.runs
    if runs is None:
        return []
    each = runs.groupby(["experiment", "key"])["seconds"].max()
    devices = ", ".join(sorted(runs["device"].dropna().unique()))
    return [
        ("runs", f"{len(each):,}"),
        ("devices", devices),
        ("training, summed over runs", duration(each.sum())),
    ]


def provenance(folders: Folders) -> Provenance:
    """Return what is known of the runs."""
    manifest: dict[str, Any] = folders.json("manifest.json") or {}
    config = folders.json("config.json") or manifest.get("config") or {}
    facts = [(words, str(manifest[key])) for key, words in _FACTS.items() if manifest.get(key)]
    facts += _from_runs(folders)
    if "seed" in config:
        facts.append(("root seed", str(config["seed"])))
    if datasets := config.get("datasets"):
        facts.append(("data sets", ", ".join(datasets)))
    packages = manifest.get("packages") or {}
    files = manifest.get("files") or {}
    return Provenance(
        tuple(facts),
        tuple(sorted(packages.items())),
        tuple((name, one["bytes"], one["sha256"]) for name, one in sorted(files.items())),
    )
