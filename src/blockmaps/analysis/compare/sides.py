"""One side of a comparison: a results or published folder's runs, config and code."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from blockmaps.core.errors import InputError
from blockmaps.results.folder import Folder

LEARNT = [
    *("experiment", "key", "seed_index", "replicate", "split", "epoch"),
    *("loss", "accuracy", "mean_loss"),
]
LABELS = ["dataset", "design", "arm", "structure", "budget", "initialisation", "iterations"]


class Side(NamedTuple):
    """A folder that is compared.

    Attributes
    ----------
    folder : as it was given.
    runs : the columns of the runs table that a comparison needs.
    config : the config, None where the folder has none.
    facts : what ran: code, versions, device; a text a name, of those that are known.
    """

    folder: str
    runs: pd.DataFrame
    config: dict[str, Any] | None
    facts: dict[str, str]


def read(folder: Path) -> Side:
    """Read a folder.

    Raises
    ------
    InputError
        If it is none, has no runs, or a file in it is broken.
    """
    found = Folder.of(folder)
    if not found.has("runs"):
        inside = sorted(str(one.parent) for one in found.files("*/runs.parquet"))
        instead = f"; takes {' or '.join(inside)}" if inside else ""
        raise InputError(f"{folder}: holds no runs.parquet{instead}")
    table = found.runs
    if table.empty:
        raise InputError(f"{found.file('runs')}: holds no runs")
    published = found.manifest if found.has("manifest") else {}
    manifests = found.mapping("manifests", needs={"jobs": list}) if found.has("manifests") else None
    facts = described(table, published, manifests)
    return Side(str(folder), table[[*LEARNT, *LABELS]], found.config or None, facts)


def described(
    table: pd.DataFrame, published: dict[str, Any], manifests: dict[str, Any] | None
) -> dict[str, str]:
    """Return what is known of code, versions and devices, several values joined by "and".

    Parameters
    ----------
    table : the runs.
    published : a published folder's manifest, {} for none.
    manifests : those of the training jobs, None for none.
    """
    if not manifests or not manifests["jobs"]:
        found = {name: published.get(name) for name in ("commit", "code", "python", "machine")}
        found |= published.get("packages", {})
        several = {name: [str(value)] for name, value in found.items() if value}
    else:
        jobs = manifests["jobs"]
        several = {
            "commit": [job["commit"] + ("" if job["clean"] else "-dirty") for job in jobs],
            "code": [job["code"] for job in jobs],
        }
        several["commit"] = [one for one in several["commit"] if one != "-dirty"]  # outside git
        for environment in manifests["environments"]:
            for name, value in flatten(environment).items():
                if value is not None:
                    several.setdefault(name.rpartition(".")[2], []).append(str(value))
    several["device"] = table["device"].astype(str).tolist()
    return {name: " and ".join(sorted(set(values))) for name, values in several.items() if values}


def flatten(thing: Any, path: str = "") -> dict[str, Any]:
    """Return the leaves of a JSON value by their path: experiments.rad.designs[0].kind.

    An empty list or object is a leaf.
    """
    if isinstance(thing, dict) and thing:
        parts = {f"{path}.{name}" if path else str(name): one for name, one in thing.items()}
    elif isinstance(thing, list) and thing and isinstance(thing[0], dict | list):
        parts = {f"{path}[{place}]": one for place, one in enumerate(thing)}
    else:
        return {path: thing}
    found: dict[str, Any] = {}
    for name, one in parts.items():
        found |= flatten(one, name)
    return found


def differing(
    first: dict[str, Any] | None, second: dict[str, Any] | None
) -> list[dict[str, Any]] | None:
    """Return the paths at which two configs differ, with both values; None if one is not known.

    A path that one does not have has None there. Where one lacks a whole branch, it is said once.
    """
    if first is None or second is None:
        return None
    rows: list[dict[str, Any]] = []
    _differ(first, second, "", rows)
    return rows


def _differ(first: Any, second: Any, path: str, rows: list[dict[str, Any]]) -> None:
    """Add what differs at and below a path."""
    if first == second:
        return
    if isinstance(first, dict) and isinstance(second, dict):
        for name in [*first, *(name for name in second if name not in first)]:
            below = f"{path}.{name}" if path else str(name)
            _differ(first.get(name), second.get(name), below, rows)
    elif isinstance(first, list) and isinstance(second, list) and _deep(first) and _deep(second):
        for place in range(max(len(first), len(second))):
            a, b = (one[place] if place < len(one) else None for one in (first, second))
            _differ(a, b, f"{path}[{place}]", rows)
    else:
        rows.append({"key": path, "a": first, "b": second})


def _deep(values: list) -> bool:
    return bool(values) and isinstance(values[0], dict | list)


def written(value: Any, most: int = 34) -> str:
    """Write a config's value on part of a line, cut where it is longer; – for none."""
    text = "–" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 1] + "…"
