"""Figures as the page shows them: their own words, their files made small, the way to make them."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from blockmaps.plan import catalogue
from blockmaps.plan.plan import ANALYSIS_FIGURES, FIGURES, TABLE_FIGURES
from blockmaps.report.figures import style
from blockmaps.report.page.folders import Folders
from blockmaps.report.page.studies import HEADINGS, study_of_figure

# A text of a figure as matplotlib writes it: in a comment, before the shapes of its letters.
_TEXT = re.compile(
    r"<!-- (?P<text>[^\n]*?) -->\s*<g style=\"fill: (?P<color>#\w+)\" "
    r"transform=\"translate\((?P<x>[\d.]+) [\d.]+\) scale\((?P<scale>[\d.]+) "
)
_SIZE = re.compile(r"<svg[^>]* viewBox=\"0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)\"[^>]*>")
_OUTLINE = re.compile(r" (?:d|points)=\"[^\"]*\"")
_DECIMALS = re.compile(r"(\.\d\d)\d+")


class Words(NamedTuple):
    """What a figure says of itself: its title, the line under it, the lines at its foot.

    `above` and `below` are the heights that they take on the figure, in points.
    """

    finding: str
    subtitle: str
    facts: str
    above: float
    below: float


class Exhibit(NamedTuple):
    """A figure on the page."""

    name: str
    study: str
    words: Words
    caption: str
    command: str
    source: str  # the picture, as a data address
    width: float
    height: float

    @property
    def alternative(self) -> str:
        """The text in the picture's place: what is found, and how it is drawn."""
        parts = (self.words.finding, self.words.subtitle or self.caption)
        return ". ".join(part.rstrip(".") for part in parts if part) + "."


def words(svg: str) -> Words:
    """Read what `figures.style.page` wrote on a figure: title, subtitle and foot."""
    sizes = (style.TITLE_SIZE, style.SUBTITLE_SIZE, style.FOOTER_SIZE)
    colors = (style.INK, style.FAINT, style.FAINT)
    kinds = {pair: place for place, pair in enumerate(zip(sizes, colors, strict=True))}
    found: list[list[str]] = [[], [], []]
    for match in _TEXT.finditer(svg):
        kind = kinds.get((round(100 * float(match["scale"]), 2), match["color"]))
        if kind is not None and abs(float(match["x"]) - 72 * style.MARGIN) < 0.01:
            found[kind].append(html.unescape(match["text"]))
    heights = [len(lines) * size * style.LINE for lines, size in zip(found, sizes, strict=True)]
    above = 72 * (style.MARGIN + style.BELOW_TITLE) + heights[0] + heights[1]
    below = 72 * style.MARGIN + heights[2]
    first, second, third = (" ".join(lines) for lines in found)
    return Words(first, second, third, *((above, below) if found[0] else (0.0, 0.0)))


def panels(svg: str, own: Words) -> tuple[str, float, float]:
    """Cut a figure down to its panels: its words are the page's to write.

    Returns
    -------
    The picture, and its width and height in points.
    """
    size = _SIZE.search(svg)
    if size is None:
        return svg, 0.0, 0.0
    width, height = float(size["width"]), float(size["height"]) - own.above - own.below
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 {own.above:g} {width:g} {height:g}" width="{width:g}" height="{height:g}">'
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
    read = (TABLE_FIGURES | ANALYSIS_FIGURES).get(figure)
    if read:
        folder = "analysis" if figure in ANALYSIS_FIGURES else "tables"
        tables = folders.find(f"{folder}/{read[0]}.csv")
        source = f" --tables {tables.parent}" if tables else ""
    else:
        runs = folders.find("runs.parquet")
        source = f" --runs {runs}" if runs else ""
    return f"blockmaps figure {figure}{source}"


def exhibits(folders: Folders) -> Iterator[Exhibit]:
    """Yield every figure that there is, in the order of the studies and of the pipeline."""
    known = (*FIGURES, *ANALYSIS_FIGURES, *TABLE_FIGURES)
    paths: dict[str, Path] = {}
    for folder in folders.folders:
        for path in sorted((folder / "figures").glob("*.svg")):
            paths.setdefault(path.stem, path)
    order = [name for name in known if name in paths]
    order += sorted(set(paths) - set(order))
    order.sort(key=lambda name: list(HEADINGS).index(study_of_figure(name)))
    for name in order:
        svg = paths[name].read_text()
        own = words(svg)
        picture, width, height = panels(svg, own)
        yield Exhibit(
            name=name,
            study=study_of_figure(name),
            words=own,
            caption=catalogue.FIGURES.get(name, ""),
            command=command(name, folders),
            source=address(slim(picture)),
            width=round(width),
            height=round(height),
        )
