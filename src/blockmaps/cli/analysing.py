"""The command that analyses a runs table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blockmaps.cli.options import DEFAULT_RUNS, RunsFile, app, give
from blockmaps.core.errors import InputError

if TYPE_CHECKING:
    from pandas import DataFrame


@app.command()
def analyse(
    what: Annotated[
        str,
        typer.Argument(
            help="A folder that has a runs.parquet: the analysis as CSV, all of it. Or one table: "
            "summary, structures, differences, pairs, explained, partial, optimum, uniform, "
            "comparisons, initialisations, robust, profiles, steps, curve, response, regret, "
            "apriori, continuum, continuum_differences, spectra, trainability, "
            "trainability_differences, gradients, returns, return_differences."
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
    output: Annotated[
        Path | None,
        typer.Option(
            help="The CSV file of a table, else printed; the folder of an analysis, else "
            "analysis/ in it."
        ),
    ] = None,
) -> None:
    """Analyse the runs of a results or published folder, or make one table from a runs table."""
    from importlib import import_module

    from blockmaps.analysis import summary
    from blockmaps.core import csv
    from blockmaps.plan import plan
    from blockmaps.results import runs as table_of_runs

    def main_study(path: Path) -> "DataFrame":
        return table_of_runs.of_study(table_of_runs.read(path), plan.MAIN_STUDY)

    if Path(what).is_dir():
        from blockmaps.analysis.tables import analyse as all_tables

        folder = output or Path(what) / "analysis"
        for name, frame in all_tables(main_study(Path(what) / "runs.parquet")).items():
            csv.write(frame, folder / f"{name}.csv")
            print(f"{folder / name}.csv: {len(frame):,} rows")
        return
    if what == "pairs":
        from blockmaps.analysis.pairs import by_pair

        frame = by_pair(table_of_runs.read(groups or runs.with_name("groups.parquet")))
    elif what in summary.TABLES:
        frame = summary.TABLES[what](main_study(runs))
    elif what in plan.ANALYSES:
        from blockmaps.analysis.tables import analyse as some_tables

        frame = some_tables(main_study(runs), what)[what]
    elif made := (plan.STUDY_TABLES | plan.CONTROL_TABLES).get(what):
        paths = {
            "runs": runs,
            "dynamics": dynamics or runs.with_name("dynamics.parquet"),
            "returns": returns or runs.with_name("returns.parquet"),
        }
        read = [table_of_runs.read(paths[source]) for source in made.sources]
        frame = getattr(import_module(f"blockmaps.{made.module}"), made.function)(*read)
    else:
        studies = (*plan.STUDY_TABLES, *plan.CONTROL_TABLES)
        known = (*summary.TABLES, "pairs", *plan.ANALYSES, *studies)
        takes = ", ".join(known)
        raise InputError(f"{what!r} is neither a folder nor a table; takes one of: {takes}")
    give(frame, output)
