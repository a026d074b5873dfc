"""The figures of a folder, drawn from its tables: of results that are kept, without training."""

from collections.abc import Collection, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.core.errors import InputError
from blockmaps.core.files import sweep
from blockmaps.plan import catalogue
from blockmaps.report.figures import style
from blockmaps.results import runs, strips
from blockmaps.results.folder import Folder, known_table

KINDS = ("svg", "png")


def read(path: Path) -> tuple[Any, ...]:
    """Return what a figure is given of a file: a table, the main study's runs, or frames."""
    if path.suffix == ".csv":
        return (known_table(path),)
    if path.suffix == ".safetensors":
        return strips.read(path)
    return (runs.of_study(runs.read(path), catalogue.MAIN_STUDY),)


def _of(part: Any, experiments: Collection[str]) -> Any:
    """Return the rows of some experiments; a table of none, and frames, as they are."""
    if not isinstance(part, pd.DataFrame) or "experiment" not in part:
        return part
    return part[part["experiment"].isin(experiments)].reset_index(drop=True)


def figures_of(folder: Path, kept: Collection[str] | None = None) -> list[str]:
    """Return the figures that a folder has runs and tables for.

    Parameters
    ----------
    kept : the files that count, as paths within the folder; those of its manifest if not given, all
        files of a folder without one.
    """
    given = Folder(folder)
    if kept is None and given.has("manifest"):
        kept = given.manifest["files"]
    main = given.runs[given.runs["study"] == catalogue.MAIN_STUDY]
    there = {catalogue.RUNS} if len(main) else set()
    for source in {source for one in catalogue.FIGURES.values() for source in one.sources}:
        path = folder / source
        if path.is_file() and (kept is None or source in kept) and path.suffix != ".parquet":
            there |= {source} if path.suffix != ".csv" or len(given.table(source)) else set()
    return catalogue.figures_of(there, set(main["arm"]))


def save(name: str, sources: Sequence[Any], paths: Sequence[Path]) -> list[Path]:
    """Draw a figure of what it reads; return its files, its words among them."""
    figure = catalogue.figure(name)
    drawn = import_module(f"blockmaps.{figure.module}").draw(*sources, caption=figure.caption)
    return style.save(drawn, paths)


def draw(
    folder: Path,
    output: Path,
    names: Sequence[str] | None = None,
    kinds: Sequence[str] = KINDS,
    experiments: Collection[str] = (),
) -> list[Path]:
    """Draw the figures of a folder, all of them or these; return the files.

    Parameters
    ----------
    experiments : whose runs and rows are drawn; all if there are none.

    Raises
    ------
    InputError
        If a figure is not one that the folder has tables for, or it has no such experiment.
    """
    known = figures_of(folder)
    there = sorted(set(Folder(folder).runs["experiment"])) if experiments else []
    if unknown := sorted({*experiments} - {*there}):
        raise InputError(f"experiment {unknown[0]!r}: {folder} has {', '.join(there)}")
    sweep(output, ".*")
    paths: list[Path] = []
    output.mkdir(parents=True, exist_ok=True)
    once = cache(read)
    for name in known if names is None else names:
        if name not in known:
            raise InputError(f"figure {name!r}: {folder} has tables for {', '.join(known)}")
        every = [part for one in catalogue.FIGURES[name].sources for part in once(folder / one)]
        given = [_of(part, experiments) for part in every] if experiments else every
        paths += save(name, given, [output / f"{name}.{kind}" for kind in kinds])
    return paths
