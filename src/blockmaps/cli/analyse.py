"""Analyses runs, or makes one table."""

from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import ASK, DEFAULT_RUNS, RunsFile, app, give, importing
from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue

TABLES = (*catalogue.COLLECTED, *catalogue.ANALYSIS)


@app.command(rich_help_panel=ASK)
def analyse(
    what: Annotated[
        str,
        typer.Argument(
            help="A folder that has a runs.parquet: the analysis as CSV, all of it. Or one table: "
            f"{', '.join(TABLES)}."
        ),
    ],
    runs: RunsFile = DEFAULT_RUNS,
    groups: Annotated[
        Path | None,
        typer.Option(help="Answers by group, for pairs; groups.parquet beside the runs table."),
    ] = None,
    dynamics: Annotated[
        Path | None,
        typer.Option(help="Dynamics, for some; dynamics.parquet beside the runs table."),
    ] = None,
    returns: Annotated[
        Path | None,
        typer.Option(help="Returns, for some; returns.parquet beside the runs table."),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a folder: this table, rows or none; may be given more than once. All that "
            "have rows if left out."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The CSV file of a table, else printed; the folder of an analysis, else "
            "analysis/ in it."
        ),
    ] = None,
) -> None:
    """Analyse the runs of a results or published folder, or make one table from a runs table."""
    is_folder = Path(what).is_dir()
    if not is_folder and what not in TABLES:
        known = ", ".join(TABLES)
        raise InputError(f"{what!r} is neither a folder nor a table; takes one of: {known}")

    with importing():
        from blockmaps.analysis import tables
        from blockmaps.core import csv
        from blockmaps.results import runs as table_of_runs
        from blockmaps.results.folder import Folder, read_typed

    if is_folder:
        folder = output or Path(what) / catalogue.ANALYSIS_FOLDER
        if unknown := {*(table or ())} - {*catalogue.ANALYSIS}:
            known = ", ".join(catalogue.ANALYSIS)
            raise InputError(f"--table: found {', '.join(sorted(unknown))}; takes some of: {known}")
        own = table_of_runs.of_study(Folder(Path(what)).runs, catalogue.MAIN_STUDY)
        for name, frame in tables.analyse(own, *(table or ())).items():
            path = folder / f"{name}.csv"
            if len(frame) or table:
                csv.write(frame, path)
                print(f"{path}: {len(frame):,} rows")
            else:
                csv.remove(path)
                print(f"{name}: not made; needs {catalogue.ANALYSIS[name].needs.words}")
        return
    given = {
        catalogue.RUNS: runs,
        catalogue.GROUPS: groups,
        catalogue.DYNAMICS: dynamics,
        catalogue.RETURNS: returns,
    }
    paths = {name: path or runs.with_name(name) for name, path in given.items()}
    give(tables.make(what, lambda name: read_typed(paths[name], name)), output)
