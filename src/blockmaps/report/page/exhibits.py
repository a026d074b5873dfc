"""Figures as the page shows them: their own words, their files made small, the way to make them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree

from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue
from blockmaps.plan.config import parse
from blockmaps.plan.plan import Plan
from blockmaps.report.figures.style import words_of
from blockmaps.results.folder import Folders, read_json

_SIZE = re.compile(r"<svg[^>]* viewBox=\"0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)\"[^>]*>")
_OUTLINE = re.compile(r" (?:d|points)=\"[^\"]*\"")
_DECIMALS = re.compile(r"(\.\d\d)\d+")


class Exhibit(NamedTuple):
    """A figure on the page.

    Attributes
    ----------
    finding, caption, facts : the figure's own words (see `figures.style.Words`); "" without any.
    source : the picture, as a data address.
    width, height : of the picture, in points.
    """

    name: str
    study: str
    finding: str
    caption: str
    facts: str
    command: str
    source: str
    width: float
    height: float

    @property
    def alternative(self) -> str:
        """The text in the picture's place: what is found, and how it is drawn."""
        parts = (self.finding, self.caption)
        return ". ".join(part.rstrip(".") for part in parts if part) + "."


def words(picture: Path) -> dict[str, Any]:
    """Return a figure's words, as `figures.style.save` puts them beside it; of another hand none.

    Raises
    ------
    InputError
        If they are not what it writes.
    """
    path = words_of(picture)
    said: dict[str, Any] = dict.fromkeys(("finding", "caption", "facts"), "")
    said |= {"above": 0.0, "below": 0.0}
    if not path.is_file():
        return said
    try:
        found = read_json(path)
        return {name: type(none)(found[name]) for name, none in said.items()}
    except (ValueError, KeyError, TypeError) as fault:
        wrong = f"{path}: is not as `blockmaps figure` writes it: {fault}"
        raise InputError(wrong) from None


def drawn(path: Path) -> str:
    """Return a picture's text.

    Raises
    ------
    InputError
        If it is no SVG, as one that was cut off: a browser shows as much of it as there is.
    """
    try:
        svg = path.read_text(encoding="utf-8")
        if not ElementTree.fromstring(svg).tag.endswith("svg"):
            raise ValueError("another kind of XML")
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from None
    except (ValueError, ElementTree.ParseError, RecursionError) as fault:
        raise InputError(f"{path}: is no whole picture (SVG): {fault}; draw it again") from None
    return svg


def panels(svg: str, above: float, below: float) -> tuple[str, float, float]:
    """Cut a figure down to its panels: its words, above and below in points, are the page's.

    Returns
    -------
    The picture, and its width and height in points.
    """
    size = _SIZE.search(svg)
    if size is None:
        return svg, 0.0, 0.0
    width, height = float(size["width"]), float(size["height"]) - above - below
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 {above:g} {width:g} {height:g}" width="{width:g}" height="{height:g}">'
    )
    return root + svg[size.end() :], width, height


def slim(svg: str) -> str:
    """Leave out what is not drawn, and decimals of a hundredth of a point."""
    start = svg.index("<svg")
    bare = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg[start:], flags=re.DOTALL)
    bare = _OUTLINE.sub(lambda found: _DECIMALS.sub(r"\1", found[0]), bare)
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", bare)).strip()


def address(svg: str) -> str:
    """Return a picture as a data address, which an attribute in double quotes can hold."""
    shorter = svg if "'" in svg else svg.replace('"', "'")  # a quote takes three characters
    return "data:image/svg+xml," + quote(shorter, safe=" ='/:;,.()?!@+*~$-_")


def command(figure: str, folders: Folders) -> str:
    """Return the command that draws a figure."""
    if figure not in catalogue.FIGURES:
        return f"blockmaps figure {figure}"
    entry = catalogue.FIGURES[figure]
    source = folders.find(entry.sources[0])
    if source is None:
        return entry.made_by
    if entry.sources[0] == catalogue.RUNS:
        return f"{entry.made_by} --runs {source}"
    return f"{entry.made_by} --tables {source if entry.reads == entry.sources else source.parent}"


def asked(folders: Folders) -> set[str] | None:
    """Return the tables and figures that the folders' config asks for.

    What else lies there is of an earlier config. None where that cannot be told: without a config,
    or without what it names.
    """
    found = folders.json("config")
    if found is None:
        return None
    try:
        plan = Plan(parse(found))
    except InputError:
        return None
    return {*plan.tables, *plan.figures}


def exhibits(folders: Folders, wanted: set[str] | None = None) -> Iterator[Exhibit]:
    """Yield every figure that there is, in the order of the studies and of the catalogue.

    Parameters
    ----------
    wanted : names that are asked for; all if left out. One that the catalogue does not list is
        shown whatever is asked for.
    """
    paths = folders.figures
    if wanted is not None:
        paths = {
            name: path
            for name, path in paths.items()
            if name in wanted or name not in catalogue.FIGURES
        }
    order = [name for name in catalogue.FIGURES if name in paths]
    studies = {name: catalogue.FIGURES[name].study for name in order}
    order += sorted(set(paths) - set(order))
    order.sort(key=lambda name: list(catalogue.STUDIES).index(studies.get(name, "")))
    for name in order:
        svg, own = drawn(paths[name]), words(paths[name])
        picture, width, height = panels(svg, own.pop("above"), own.pop("below"))
        yield Exhibit(
            name=name,
            study=studies.get(name, ""),
            **own,
            command=command(name, folders),
            source=address(slim(picture)),
            width=round(width),
            height=round(height),
        )
