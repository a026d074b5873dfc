"""Says what a folder's experiments answer about their own task."""

import json
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import ASK, app, importing


@app.command(rich_help_panel=ASK)
def answer(
    folder: Annotated[Path, typer.Argument(help="A results or published folder.")],
    output: Annotated[Path | None, typer.Option(help="Write it as JSON here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Say which arm is best and by how much, whether the rule holds, and where the plateau lies.

    It reads runs.parquet and analysis/explained.csv; nothing is trained.
    """
    with importing():
        from blockmaps.analysis.answers import answers
        from blockmaps.core.files import whole
        from blockmaps.plan.catalogue import MAIN_STUDY
        from blockmaps.results import runs
        from blockmaps.results.folder import Folder

    given = Folder.of(folder)
    explained = given.table("explained") if given.table_file("explained") else None
    found = answers(runs.of_study(given.runs, MAIN_STUDY), explained)
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if output:
        with whole(output) as partial:
            partial.write_text(text, encoding="utf-8")
    if as_json:
        print(text, end="")
        return
    for one in found:
        budget = f", {one['budget']:,} unknowns" if one["budget"] else ""
        print(f"{one['experiment']} on {one['dataset']}{budget}:")
        for sentence in one["sentences"]:
            print(f"  {sentence}")
