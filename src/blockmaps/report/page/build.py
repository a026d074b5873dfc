"""The page: its parts gathered and filled into the templates."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel, TypeAdapter, ValidationError

from blockmaps.core.errors import InputError
from blockmaps.core.files import whole
from blockmaps.plan.catalogue import MAIN_STUDY, STUDIES
from blockmaps.plan.shards import OWN
from blockmaps.report.page import assets, numbers
from blockmaps.report.page.exhibits import Exhibit, asked, exhibits
from blockmaps.report.page.provenance import provenance
from blockmaps.report.page.runs_table import HEADINGS as RUN_HEADINGS
from blockmaps.report.page.runs_table import run_rows
from blockmaps.report.page.scatter import scatter
from blockmaps.report.page.shapes import groups
from blockmaps.report.page.verdicts import claims, counts
from blockmaps.results import outcome
from blockmaps.results.folder import Folders

PARTS = ("claims", "runs", "manifest", "config")


ADDRESSES = 80_000_000_000  # bytes; 40 GB were too few


def _inline(text: str) -> Markup:
    """Return a script so that nothing in it ends the element that it stands in."""
    return Markup(text.replace("</script", r"<\/script").replace("<!--", r"<\!--"))


def _equivalence(folders: Folders) -> list[dict[str, Any]]:
    """Return a row a network of the zoo, with its deviations in both precisions."""
    table = folders.table("equivalence")
    if table is None:
        return []
    table["largest"] = table[["output_deviation", "gradient_deviation"]].max(axis=1)
    rows = []
    for _, own in table.groupby("model", sort=False):
        first = own.iloc[0].to_dict()
        rows.append(first | dict(zip(own["dtype"], own["largest"].astype(float), strict=True)))
    return rows


def _by_study(
    shown: list[Exhibit], plotted: str | None
) -> list[tuple[str, str, list[tuple[int, Exhibit]]]]:
    """Return studies that have figures: name, heading and their figures, numbered from 1.

    Parameters
    ----------
    plotted : the study that the interactive plot is of, None without one.
    """
    numbered = list(enumerate(shown, 1))
    found = []
    for study, heading in STUDIES.items():
        own = [(place, one) for place, one in numbered if one.study == study]
        if own or study == plotted:
            found.append((study, heading, own))
    return found


def render(paths: Iterable[Path]) -> str:
    """Return the page of results or published folders; each part is the first one's that has it.

    The same parts give the same text.

    Raises
    ------
    InputError
        If there is nothing to show, or a part is not what it should be.
    """
    folders = Folders(paths)
    wanted = asked(folders)
    shown = list(exhibits(folders, wanted))
    there = shown or folders.table_file("equivalence")
    if not there and not any(folders.having(part) for part in PARTS):
        where = ", ".join(str(one.path) for one in folders.folders)
        raise InputError(f"{where}: nothing to show; takes a results or published folder")
    runs = folders.runs
    main = pd.DataFrame() if runs is None else runs[runs["study"] == MAIN_STUDY]
    plot = scatter(main) if len(main) and _has_room() else None
    own = runs is not None and len(runs) and (runs["task"] == OWN).all()
    ledger = [] if own else claims(folders, [one.name for one in shown])
    rows = [] if runs is None else run_rows(runs)
    environment = Environment(
        loader=PackageLoader("blockmaps.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(numbers, name) for name in ("number", "typeset", "with_interval")
    }
    return environment.get_template("page.html").render(
        title=folders.title,
        style=Markup(assets.read("page.css")),
        script=_inline(assets.read("page.js")),
        # its stub asks for a snippet that it does without
        vega=_inline(vl_convert.javascript_bundle()) if plot else None,  # type: ignore[call-arg]
        plot=plot,
        claims=ledger,
        counts=counts(ledger),
        figure_numbers={one.name: place for place, one in enumerate(shown, 1)},
        studies=_by_study(shown, MAIN_STUDY if plot else None),
        groups=[] if main.empty else list(groups(main)),
        answers=_answers(folders),
        own=own,
        judged=outcome.of(main) if len(main) else outcome.ACCURACY,
        equivalence=_equivalence(folders) if wanted is None or "equivalence" in wanted else [],
        runs=rows,
        run_headings=RUN_HEADINGS,
        runs_by_study=Counter(row.study for row in rows),
        main_study=MAIN_STUDY,
        provenance=provenance(folders),
        given=[one.path for one in folders.folders],
    )


def _has_room() -> bool:
    """Return whether V8, which bundles the plot's script, may start: else it aborts the process."""
    if sys.platform == "win32":
        return True
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY or most >= ADDRESSES:
        return True
    print(
        "blockmaps: the page is made without its interactive plot, which takes "
        f"{ADDRESSES / 1e9:.0f} GB of addresses; `ulimit -v` allows {most / 1e9:.1f} GB",
        file=sys.stderr,
    )
    return False


class Answered(BaseModel):
    """What the page shows of an answer; answers.json has more."""

    experiment: str
    budget: int
    sentences: list[str]


def _answers(folders: Folders) -> list[Answered]:
    """Return the answers that there are."""
    try:
        return TypeAdapter(list[Answered]).validate_python(folders.json("answers") or [])
    except ValidationError as fault:
        first = fault.errors()[0]
        raise InputError(
            f"{folders.file('answers')}: is not as `blockmaps answer` writes it: "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}; make it again"
        ) from None


def write(paths: Iterable[Path], output: Path) -> int:
    """Write the page whole, or not at all; return its bytes.

    Raises
    ------
    InputError
        As `render`, or if it cannot be written there.
    """
    text = render(paths)
    try:
        with whole(output) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise InputError(f"{output}: cannot be written: {fault.strerror}") from fault
    return len(text.encode())
