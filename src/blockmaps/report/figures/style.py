"""One style for all figures: sheet, arms' marks, and files that are the same every time.

A figure is made without pyplot, so that drawing leaves no state behind and needs no display, and
saved without dates, so that the same table gives the same bytes.
"""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, MaxNLocator

from blockmaps.core.files import whole
from blockmaps.report.figures import wording
from blockmaps.results import outcome
from blockmaps.results.outcome import Outcome

WIDTH = 9.0  # inches; 900 px on a page at 100 px an inch
PIXELS_PER_INCH = 200
INK, FAINT, GRID = "#1a1a1a", "#595959", "#e3e3e3"
HALO = [withStroke(linewidth=2.5, foreground="white")]
MARGIN = 0.12  # inches around the sheet
KEY_COLUMNS = 7
# Points of the texts of a sheet; lines' pitch in sizes; inches between them and the panels.
TITLE_SIZE, SUBTITLE_SIZE, FOOTER_SIZE = 13, 9.5, 8
LINE = 1.35
BELOW_TITLE = 0.06

_THEME = {
    **seaborn.axes_style("white"),
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.titlesize": 10.5,
    "axes.edgecolor": "#8c8c8c",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.bottom": True,
    "xtick.major.size": 3,
    "legend.frameon": False,
    # names within an SVG are hashes of this and of what they name, not random
    "svg.hashsalt": "blockmaps",
    "svg.fonttype": "path",
}


class Mark(NamedTuple):
    """How an arm is drawn: colour, marker, line."""

    color: str
    marker: str
    line: str | tuple


# After Okabe and Ito, so that they are told apart in the common kinds of colour blindness; their
# green is darkened, being the grey of mixed to some. Marker and line say the same as the colour.
_MARKS = {
    "dense": Mark("#0072B2", "s", "-"),
    "uniform": Mark("#D55E00", "D", (0, (5, 1.5))),
    "mixed": Mark("#868686", "o", (0, (1.2, 1.2))),
    "balanced": Mark("#00664B", "^", (0, (7, 1.5, 1.5, 1.5))),
    "even": Mark("#AA4499", "v", (0, (3, 1.5, 1, 1.5, 1, 1.5))),
}
CLAIMED = tuple(_MARKS)  # the arms that the claims name
_LINES = ("-", (0, (4, 1)), (0, (1, 1)), (0, (6, 1, 1, 1)))
_MARKERS = "PXhp*<>d"
_FAMILIES = {"uniform-": "light:#5a3a1b", "balanced-": "light:#00441b"}


def marks(arms: Iterable[str]) -> dict[str, Mark]:
    """Return how every arm is drawn, in the order of the key.

    The arms of the claims have fixed marks. A family with a number (uniform-0.1) gets a sequential
    scheme, light to dark as the number grows, and any other arm the next of another.
    """
    arms = sorted(set(arms), key=lambda arm: (*_number(arm), arm))
    found = {arm: mark for arm, mark in _MARKS.items() if arm in arms}
    rest = [arm for arm in arms if arm not in found]
    for prefix, palette in (*_FAMILIES.items(), ("", "light:#2b2b70")):
        family = [arm for arm in rest if arm.startswith(prefix) and arm not in found]
        # the light half of a scheme is not seen well on white
        colors = seaborn.color_palette(palette, 2 * len(family) + 1).as_hex()[-len(family) :]
        for place, (arm, color) in enumerate(zip(family, colors, strict=False)):
            mark = Mark(color, _MARKERS[place % len(_MARKERS)], _LINES[place % len(_LINES)])
            found[arm] = mark
    return found


def _number(arm: str) -> tuple[str, float]:
    """Split uniform-0.1 into its family and its number."""
    family, _, number = arm.rpartition("-")
    try:
        return family, float(number)
    except ValueError:
        return arm, 0.0


def themed(draw: Callable[..., "Sheet"]) -> Callable[..., "Sheet"]:
    """Let a function draw in the theme without changing matplotlib's settings for others."""

    @wraps(draw)
    def within(*arguments, **options) -> "Sheet":
        with mpl.rc_context(_THEME):
            return draw(*arguments, **options)

    return within


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a line of text in inches, at a font size in points."""
    font = FontProperties(family=_THEME["font.family"], size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def fold(text: str, size: float, width: float, weight: str = "normal") -> list[str]:
    """Break a text at its spaces into lines of at most `width` inches at a size in points."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if (
            text_width(longer, size, weight) <= 0.97 * width
        ):  # drawn text is a little wider than its outline
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


class Words(NamedTuple):
    """What a figure says of itself, as text; the page writes it in the figure's place.

    Attributes
    ----------
    finding : its title.
    subtitle : what is drawn and how, in one line.
    facts : what it is drawn from: n, scale, what bars and bands are.
    numbers : the numbers of the finding, by what they are of.
    """

    finding: str
    subtitle: str
    facts: str
    numbers: dict[str, str]


class Sheet(NamedTuple):
    """What `draw` returns: a figure, its words, and the part of it that is left for panels.

    Attributes
    ----------
    left, bottom, right, top : of that part, inches from the figure's left and bottom.
    """

    figure: Figure
    words: Words
    left: float
    bottom: float
    right: float
    top: float

    def axes(self, left: float, down: float, width: float, height: float, **options) -> Axes:
        """Add axes: inches from the left of that part, and down from its top."""
        wide, high = self.figure.get_size_inches()
        low = self.top - down - height
        box = ((self.left + left) / wide, low / high, width / wide, height / high)
        return self.figure.add_axes(box, **options)


def sheet(
    title: str | wording.Findings,
    subtitle: str,
    footer: str,
    body: float,
    numbers: dict[str, str] | None = None,
) -> Sheet:
    """Make a figure with a finding above, what is drawn under it, and the facts below.

    Parameters
    ----------
    title : the finding, or those of the panels, which become one sentence.
    body : height of what is left for panels, inches.
    numbers : those of the finding; of findings by panel their own.
    """
    if not isinstance(title, str):
        numbers = {panel: own for panel, (_, own) in title.items() if own} | (numbers or {})
        title = wording.sentence(title)
    width = WIDTH - 2 * MARGIN
    texts = []
    for text, size, weight, color in (
        (title, TITLE_SIZE, "bold", INK),
        (subtitle, SUBTITLE_SIZE, "normal", FAINT),
        (footer, FOOTER_SIZE, "normal", FAINT),
    ):
        lines = fold(text, size, width, weight) if text else []
        texts.append((lines, size, weight, color, len(lines) * size * LINE / 72))
    above, below = texts[0][4] + texts[1][4] + BELOW_TITLE, texts[2][4]
    height = above + below + body + 2 * MARGIN + 0.18
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    starts = (height - MARGIN, height - MARGIN - texts[0][4] - BELOW_TITLE, MARGIN + below)
    for (lines, size, weight, color, _), start in zip(texts, starts, strict=True):
        for place, line in enumerate(lines):
            y = (start - place * size * LINE / 72) / height
            figure.text(
                MARGIN / WIDTH,
                y,
                line,
                size=size,
                weight=weight,
                color=color,
                va="top",
            )
    words = Words(title, subtitle, footer, numbers or {})
    return Sheet(figure, words, MARGIN, MARGIN + below, WIDTH - MARGIN, height - MARGIN - above)


def words_of(picture: Path) -> Path:
    """Return the file of a picture's words, which lies beside it."""
    return picture.with_suffix(".words.json")


def save(sheet: Sheet, paths: Iterable[Path], caption: str = "") -> list[Path]:
    """Write a figure to every path, svg or png, whole or not at all, without date or creator.

    Beside an SVG lie its words: finding, subtitle, facts, numbers, the caption, and how much of the
    picture is words, `above` and `below` in points.

    Returns
    -------
    The files.
    """
    written = []
    for path in map(Path, paths):
        kind = path.suffix.removeprefix(".")
        empty = {"svg": ("Date", "Creator"), "png": ("Software",)}.get(kind, ())
        with mpl.rc_context(_THEME), whole(path) as partial:
            metadata = dict.fromkeys(empty)
            sheet.figure.savefig(partial, format=kind, dpi=PIXELS_PER_INCH, metadata=metadata)
        written.append(path)
        if kind == "svg":
            height = sheet.figure.get_size_inches()[1]
            above, below = (round(72 * inches, 3) for inches in (height - sheet.top, sheet.bottom))
            said = {**sheet.words._asdict(), "caption": caption, "above": above, "below": below}
            with whole(words_of(path)) as partial:
                text = json.dumps(said, indent=1, ensure_ascii=False)
                partial.write_text(text + "\n", encoding="utf-8")
            written.append(words_of(path))
    return written


def percent_axis(axes: Axes) -> None:
    """Label the y axis in percent, with as many decimals as its ticks need."""
    axes.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g} %"))


def thousands_axis(axes: Axes) -> None:
    """Label the x axis in whole numbers with a comma at thousands, few enough to have room."""
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.0f}"))


def outcome_axis(axes: Axes, judged: Outcome) -> None:
    """Label the y axis with what runs are judged by."""
    axes.set_ylabel(judged.said)
    if judged.scale == 100:
        percent_axis(axes)


def chance_line(axes: Axes, rows: pd.DataFrame, low: float, over: bool = False) -> None:
    """Draw what knows nothing, its name under it or `over` it, or say that it lies below `low`.

    Parameters
    ----------
    rows : the panel's `final_outcomes`.
    """
    judged = outcome.of(rows)
    chance = judged.chance(rows["outputs"].iloc[0])
    name = f"{judged.chance_said}, {judged.scale * chance:.3g}{' %' if judged.scale == 100 else ''}"
    if chance >= low:
        axes.axhline(chance, color=FAINT, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1.5)
        at, text = (1, chance), name
        lift, side = (2, "bottom") if over else (-3, "top")
    else:
        at, text = (1, low), f"↓ {name}, is below"
        lift, side = 3, "bottom"
    axes.annotate(
        text,
        at,
        xycoords=("axes fraction", "data"),
        xytext=(-2, lift),
        textcoords="offset points",
        ha="right",
        va=side,
        size=8.5,
        color=FAINT,
        path_effects=HALO,
    )


def panel_title(axes: Axes, name: str, about: str, scale: float = 1.0) -> None:
    """Write a panel's name, and under it in small what it is drawn from."""
    for text, lift, size, color in ((name, 17, 10.5, INK), (about, 5, 8.5, FAINT)):
        axes.annotate(
            text,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, lift * scale),
            textcoords="offset points",
            size=size * scale,
            color=color,
        )


def key_height(drawn: dict[str, Mark]) -> float:
    """Return the inches that the key of arms takes."""
    return 0.22 * -(-len(drawn) // KEY_COLUMNS) + 0.07


def key(sheet: Sheet, left: float, drawn: dict[str, Mark], lines: bool) -> None:
    """Draw the key of arms at the top of the panels' part, from `left` inches on."""
    handles = [
        Line2D([], [], color=mark.color, marker=mark.marker, ls=mark.line if lines else "")
        for mark in drawn.values()
    ]
    height = sheet.figure.get_size_inches()[1]
    sheet.figure.legend(
        handles,
        drawn,
        loc="upper left",
        ncols=min(len(drawn), KEY_COLUMNS),
        borderaxespad=0,
        borderpad=0,
        columnspacing=1.3,
        handletextpad=0.3,
        handlelength=2.4 if lines else 1.2,
        bbox_to_anchor=((sheet.left + left) / WIDTH, (sheet.top - 0.07) / height),
    )


def padded(values: pd.Series, share: float = 0.05) -> tuple[float, float]:
    """Return limits a little wider than the values, 0 and 1 if there are none."""
    low, high = values.min(), values.max()
    if not low <= high:
        return 0.0, 1.0
    room = share * (high - low) or 0.05
    return low - room, high + room


def shown(values: pd.Series, rows: pd.DataFrame) -> tuple[float, float]:
    """Return the limits of an outcome's axis: from chance on, unless that is far below all values.

    Far is further than half again the range of the values, which would press them into a strip.

    Parameters
    ----------
    rows : the `final_outcomes` that the values are of.
    """
    judged = outcome.of(rows)
    chance = judged.chance(rows["outputs"].max())
    values = judged.drawn(values)
    low, high = values.min(), values.max()
    if low - chance > 1.5 * (high - low):
        return padded(values, 0.12)
    return padded(pd.Series([low, high, chance]), 0.08)
