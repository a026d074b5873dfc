"""One style for all figures: sheet, arms' marks, and files that are the same every time.

A figure is made without pyplot, so that drawing leaves no state behind and needs no display, and
saved without dates, so that the same table gives the same bytes.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable
from functools import cache, wraps
from itertools import cycle
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from blockmaps.core.errors import InputError
from blockmaps.core.files import whole
from blockmaps.report.figures import wording

WIDTH = 9.0  # inches; 900 px on a page at 100 px an inch
PIXELS_PER_INCH = 200
INK, FAINT, GRID = "#1a1a1a", "#595959", "#e3e3e3"
HALO = [withStroke(linewidth=2.5, foreground="white")]
MARGIN = 0.12  # inches around the sheet
UNDATED = {"svg": ("Date", "Creator"), "png": ("Software",)}  # what is not written, by kind
KEY_COLUMNS = 7
# Points of the texts of a sheet, none is smaller; lines' pitch in sizes; inches below the
# title and above the facts.
TITLE_SIZE, CAPTION_SIZE, FOOTER_SIZE, SMALLEST = 13, 9.5, 8, 7.5
LINE = 1.35
BELOW_TITLE, APART = 0.06, 0.14

_SIZES = {"font": 9.5, "axes.label": 9.5, "axes.title": 10.5, "xtick.label": 9, "ytick.label": 9}
_WIDTHS = dict.fromkeys(("axes.linewidth", "grid.linewidth", "xtick.major.width"), 0.8)
THEME = {
    **seaborn.axes_style("whitegrid"),
    **{f"{name}.size" if name == "font" else f"{name}size": size for name, size in _SIZES.items()},
    **_WIDTHS,
    "text.parse_math": False,  # a name may hold a dollar
    "patch.edgecolor": "none",
    "font.family": ["DejaVu Sans"],
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8c8c8c",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "xtick.bottom": True,
    "legend.frameon": False,
    "xtick.major.size": 3,
    # names within an SVG are hashes of this and of what they name, not random
    "svg.hashsalt": "blockmaps",
    "svg.fonttype": "path",
}


class Mark(NamedTuple):
    """How an arm is drawn: colour, marker, line."""

    color: str
    marker: str
    line: str | tuple


# After Okabe and Ito; a test simulates the common kinds of colour blindness, in which every two of
# these and of the others' first seven are told apart. Marker and line say the same as the colour.
_MARKS = {
    "dense": Mark("#0072B2", "s", "-"),
    "uniform": Mark("#D55E00", "D", (0, (5, 1.5))),
    "mixed": Mark("#868686", "o", (0, (1.2, 1.2))),
    "balanced": Mark("#00664B", "^", (0, (7, 1.5, 1.5, 1.5))),
    "even": Mark("#7A1F6B", "v", (0, (3, 1.5, 1, 1.5, 1, 1.5))),
}
CLAIMED = tuple(_MARKS)  # the arms that the claims name
_LINES = ("-", (0, (4, 1)), (0, (1, 1)), (0, (6, 1, 1, 1)))
_MARKERS = "PXhp*<>d"
_OTHERS = ("#56B4E9", "#1A1A1A", "#8D00EB", "#EBB998", "#990000", "#95BF56", "#000099")
_LIGHT, _DARK = "#F2C46B", "#3A2200"  # of uniform-0.02 … uniform-0.5, by density


def marks(arms: Collection[str]) -> dict[str, Mark]:
    """Return how every arm is drawn, in the order of the key.

    The arms of the claims have fixed marks. Uniform patterns with a number (uniform-0.1) go from
    light to dark as it grows, and any other arm has the next of seven colours.
    """
    found = {arm: mark for arm, mark in _MARKS.items() if arm in set(arms)}
    others = sorted(set(arms) - set(found))
    numbered = [arm for arm in others if re.fullmatch(r"uniform-[\d.]+", arm)]
    numbered.sort(key=lambda arm: float(arm.removeprefix("uniform-")))
    others = [arm for arm in others if arm not in numbered]
    ramp = seaborn.blend_palette([_LIGHT, _DARK], max(len(numbered), 2)).as_hex()
    for group, colors in ((numbered, ramp), (others, _OTHERS)):
        looks = zip(group, cycle(colors), cycle(_MARKERS), cycle(_LINES), strict=False)
        found |= {arm: Mark(*look) for arm, *look in looks}
    return found


def themed(draw: Callable[..., "Sheet"]) -> Callable[..., "Sheet"]:
    """Let a function draw in the theme without changing matplotlib's settings for others."""

    @wraps(draw)
    def within(*arguments, **options) -> "Sheet":
        with mpl.rc_context(THEME):
            return draw(*arguments, **options)

    return within


@cache
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a line of text in inches, at a font size in points."""
    font = FontProperties(family=THEME["font.family"], size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def fold(text: str, size: float, width: float, weight: str = "normal") -> list[str]:
    """Break a text at its spaces into lines of at most `width` inches at a size in points."""
    room = 0.97 * width  # drawn text is a little wider than its outline
    most = int(len(text) * min(1.1 * room / max(text_width(text, size, weight), 1e-9), 1))
    lines = wrap(text, max(most, 1), break_on_hyphens=False, break_long_words=False)
    while most > 1 and any(text_width(line, size, weight) > room for line in lines):
        most -= 1
        lines = wrap(text, most, break_on_hyphens=False, break_long_words=False)
    return lines


def fits(title: str) -> bool:
    """Say whether a title takes one line."""
    return len(fold(title, TITLE_SIZE, WIDTH - 2 * MARGIN, "bold")) == 1


class Words(NamedTuple):
    """What a figure says of itself, as text; the page writes it in the figure's place.

    Attributes
    ----------
    finding : its title, one line; the numbers are in the facts.
    caption : what is drawn and how, as the catalogue says it.
    facts : the numbers of the finding, and what it is drawn from: n, scale, bars and bands.
    numbers : those numbers, by what they are of.
    """

    finding: str
    caption: str
    facts: str
    numbers: dict[str, str]


Box = tuple[float, float, float, float]


class Sheet(NamedTuple):
    """What `draw` returns: a figure, its words, and the part of it that is left for panels.

    Attributes
    ----------
    left, bottom, right, top : of that part, inches from the figure's left and bottom.
    panels : axes by name, as `facets.draw` makes them.
    """

    figure: Figure
    words: Words
    left: float
    bottom: float
    right: float
    top: float
    panels: dict[str, Axes] = {}  # noqa: RUF012  (a tuple's, which nothing writes to)

    def box(self, left: float, down: float, width: float, height: float) -> Box:
        """Return a box in shares of the figure: inches from that part's left, down from its top."""
        wide, high = self.figure.get_size_inches()
        low = self.top - down - height
        return (self.left + left) / wide, low / high, width / wide, height / high

    def axes(self, *box: float, **options) -> Axes:
        """Add axes in a box, as `box` takes it."""
        return self.figure.add_axes(self.box(*box), **options)


def sheet(
    title: str,
    caption: str,
    facts: str,
    body: float,
    found: wording.Findings = (),
) -> Sheet:
    """Make a figure with a finding above, what is drawn under it, and the facts below.

    Parameters
    ----------
    body : height of what is left for panels, inches.
    found : the finding's numbers, by panel: a sentence of them begins the facts.
    """
    told = [one for one in found if one[2]]
    if told:
        facts = f"{wording.sentence(told)}. {facts}"
    width = WIDTH - 2 * MARGIN
    texts = []
    for text, size, weight, color in (
        (title, TITLE_SIZE, "bold", INK),
        (caption, CAPTION_SIZE, "normal", FAINT),
        (facts, FOOTER_SIZE, "normal", FAINT),
    ):
        lines = fold(text, size, width, weight)
        texts.append((lines, size, weight, color, len(lines) * size * LINE / 72))
    above, below = texts[0][4] + texts[1][4] + BELOW_TITLE, texts[2][4]
    height = above + below + body + 2 * MARGIN + APART
    figure = Figure(figsize=(WIDTH, height))  # on no canvas, which seaborn would draw at every step
    starts = (height - MARGIN, height - MARGIN - texts[0][4] - BELOW_TITLE, MARGIN + below)
    for (lines, size, weight, color, _), start in zip(texts, starts, strict=True):
        for place, line in enumerate(lines):
            at = MARGIN / WIDTH, (start - place * size * LINE / 72) / height
            figure.text(*at, line, size=size, weight=weight, color=color, va="top")
    words = Words(title, caption, facts, {f"{said} ({of})": own for of, said, own in told})
    bottom, top = MARGIN + below + APART, height - MARGIN - above
    return Sheet(figure, words, MARGIN, bottom, WIDTH - MARGIN, top)


def nothing(title: str, caption: str = "") -> Sheet:
    """Return a sheet of a table that there is nothing to draw of."""
    with mpl.rc_context(THEME):
        return sheet(title, caption, "", 0.2)


def words_of(picture: Path) -> Path:
    """Return the file of a picture's words, which lies beside it."""
    return picture.with_suffix(".words.json")


def save(sheet: Sheet, paths: Iterable[Path]) -> list[Path]:
    """Write a figure to every path, svg or png, whole or not at all, without date or creator.

    Beside an SVG lie its words, and how much of the picture they are: `above`, `below`, in points.

    Returns
    -------
    The files.

    Raises
    ------
    InputError
        If a file's name ends otherwise, or it cannot be written.
    """
    written = []
    for label in sheet.figure.findobj(Text):
        # a name with $ is a name; what matplotlib writes itself, at log axes, is mathematics
        if "$" in label.get_text() and r"\mathdefault" not in label.get_text():
            label.set_parse_math(False)
    height = sheet.figure.get_size_inches()[1]
    said = {
        **sheet.words._asdict(),
        "above": round(72 * (height - sheet.top), 3),
        "below": round(72 * sheet.bottom, 3),
    }
    for path in map(Path, paths):
        kind = path.suffix.removeprefix(".")
        if kind not in UNDATED:
            raise InputError(f"{path}: a figure is .svg or .png")
        with mpl.rc_context(THEME), whole(path) as partial:
            metadata = dict.fromkeys(UNDATED[kind])
            sheet.figure.savefig(partial, format=kind, dpi=PIXELS_PER_INCH, metadata=metadata)
        written.append(path)
        if kind == "svg":
            written.append(words_of(path))
            with whole(written[-1]) as partial:
                text = json.dumps(said, indent=1, ensure_ascii=False)
                partial.write_text(text + "\n", encoding="utf-8")
    return written


def note(axes: Axes, text: str, at: tuple, xy: Any, shift: tuple, **look) -> None:
    """Write within a panel, so many points from a place."""
    look = {"size": 8.5, "color": FAINT, "path_effects": HALO, **look}
    axes.annotate(text, at, xycoords=xy, xytext=shift, textcoords="offset points", **look)


def panel_title(axes: Axes, name: str, about: str, room: float = np.inf) -> None:
    """Write a panel's name, and under it in small what it is drawn from.

    Parameters
    ----------
    room : inches for both; a longer text is made smaller, down to `SMALLEST`, then shorter by what
        follows its last semicolon.
    """
    for text, lift, size, color in ((name, 17, 10.5, INK), (about, 5, 8.5, FAINT)):
        while "; " in text and text_width(text, SMALLEST) > 0.96 * room:
            text = text.rpartition("; ")[0]
        size = max(min(size, size * 0.96 * room / max(text_width(text, size), 1e-9)), SMALLEST)
        style = {"size": size, "color": color, "path_effects": []}
        note(axes, text, (0, 1), "axes fraction", (0, lift), **style)


def _key_columns(drawn: Iterable[str]) -> int:
    """Return how many names of a key stand side by side."""
    widest = max((text_width(name, THEME["font.size"]) for name in drawn), default=0)
    return max(min(int((WIDTH - 1.2) / (widest + 0.55)), KEY_COLUMNS), 1)


def key_height(drawn: dict[str, Mark]) -> float:
    """Return the inches that the key of arms takes."""
    return 0.22 * -(-len(drawn) // _key_columns(drawn)) + 0.07 if drawn else 0.0


def key(
    sheet: Sheet, left: float, drawn: dict[str, Mark], down: float = 0.07, columns: int = 0
) -> None:
    """Draw a key: inches from the left and the top of the panels' part."""
    lines = any(mark.line for mark in drawn.values())
    sheet.figure.legend(
        [
            Line2D([], [], color=mark.color, marker=mark.marker, ls=mark.line, ms=5.5)
            for mark in drawn.values()
        ],
        drawn,
        loc="upper left",
        ncols=columns or _key_columns(drawn),
        borderaxespad=0,
        borderpad=0,
        columnspacing=1.3,
        handletextpad=0.3,
        handlelength=2.4 if lines else 1.2,
        bbox_to_anchor=sheet.box(left, down, 0, 0)[:2],
    )
