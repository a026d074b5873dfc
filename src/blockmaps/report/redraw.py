"""The figures of a folder, drawn from its tables: of results that are kept, without training."""

from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path

import pandas as pd

from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.plan.plan import ANALYSIS_FIGURES, FIGURES, MAIN_STUDY, NEEDS, TABLE_FIGURES
from blockmaps.report.figures import style
from blockmaps.results import manifest, runs

KINDS = ("svg", "png")


def figures_of(folder: Path, kept: Collection[str] | None = None) -> list[str]:
    """Return the figures that a folder has runs and tables for.

    Parameters
    ----------
    kept : the files that count, as paths within the folder; those of its manifest if not given, all
        files of a folder without one.
    """
    if kept is None and (folder / manifest.NAME).is_file():
        kept = manifest.read(folder)["files"]
    table = runs.read(folder / "runs.parquet")
    main = table[table["study"] == MAIN_STUDY] if "study" in table else table
    has = {
        path.stem
        for kind in ("analysis", "tables")
        for path in (folder / kind).glob("*.csv")
        if (kept is None or f"{kind}/{path.name}" in kept) and len(csv.read(path))
    }
    arms = set(main["arm"])
    analysed = [name for name in ANALYSIS_FIGURES if NEEDS.get(name, set()) <= arms]
    read = TABLE_FIGURES | {name: ANALYSIS_FIGURES[name] for name in analysed}
    own = list(FIGURES) if len(main) else []
    return [*own, *(name for name, needed in read.items() if set(needed) <= has)]


def draw(
    folder: Path,
    output: Path,
    names: Sequence[str] | None = None,
    kinds: Sequence[str] = KINDS,
) -> list[Path]:
    """Draw the figures of a folder, all of them or these; return the files.

    Raises
    ------
    InputError
        If a figure is not one that the folder has tables for.
    """
    known = figures_of(folder)
    paths: list[Path] = []
    output.mkdir(parents=True, exist_ok=True)
    main: pd.DataFrame | None = None
    for name in known if names is None else names:
        if name not in known:
            raise InputError(f"figure {name!r}: {folder} has tables for {', '.join(known)}")
        if name in FIGURES:
            if main is None:
                main = runs.of_study(runs.read(folder / "runs.parquet"), MAIN_STUDY)
            frames = [main]
        else:
            kind = "analysis" if name in ANALYSIS_FIGURES else "tables"
            read = (TABLE_FIGURES | ANALYSIS_FIGURES)[name]
            frames = [csv.read(folder / kind / f"{table}.csv") for table in read]
        own = [output / f"{name}.{kind}" for kind in kinds]
        style.save(import_module(f"blockmaps.report.figures.{name}").draw(*frames), own)
        paths += own
    return paths
