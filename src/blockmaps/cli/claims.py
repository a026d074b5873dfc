"""Judges the papers' claims."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import ASK, app, importing
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=ASK)
def claims(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Results or published folders, and folders of these; none: list the tests."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the verdicts as a JSON list instead.")
    ] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(help="A file to write, .json or .csv; may be given twice."),
    ] = None,
    readme: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write the table of verdicts between this document's marks; may be given twice."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="The claims; config/claims.yaml of this code if left out.")
    ] = None,
) -> None:
    """Judge the papers' claims by results, with the tests that were fixed before any run.

    A verdict is supported, contradicted, inconclusive, or not tested at this scale. It is computed
    from the tables of the folders, each by itself; nothing is trained.
    """
    from blockmaps.claims import tests
    from blockmaps.core.fixed import FILE

    ledger = tests.read(file or FILE)
    if not folders:
        if as_json or output or readme:
            raise InputError("claims: takes folders of results; without any it lists the tests")
        for name, claim in ledger.claims.items():
            test = claim.test
            print(f"{name}  {claim.statement}")
            print(f"    test {test.version}: {test.test}; on {test.outcome} ({test.unit})")
        return
    with importing():
        from blockmaps.claims import judging, writing
        from blockmaps.results.folder import find

    rows = judging.verdicts(ledger, find(folders))
    for path in output or ():
        writing.write(rows, path)
    for path in readme or ():
        writing.put_into(rows, path)
    if as_json:
        print(writing.to_json(rows), end="")
    else:
        print("\n".join(writing.lines(rows)))
    for path in (*(output or ()), *(readme or ())):
        print(f"{path}: {len(rows)} verdicts", file=sys.stderr)
