"""Draw what the benchmarks measured, from their JSON.

python -m benchmarks.draw --train train.json speed.png
python -m benchmarks.draw --sparse sparse.json sparse.png
"""

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from benchmarks.records import run
from benchmarks.tasks import PATTERN_NAMES
from blockmaps.maps.layouts import MOST_SPARSE
from blockmaps.report.figures.style import FAINT, HALO, INK, Sheet, panel_title, save, sheet, themed

NAMES = {
    "reference": "the paper's formulation",
    "csr": "all of W in sparse rows",
    "vmap": "torch.func.vmap",
    "torch-rnn": "nn.RNN, dense",
    "bank": "bank",
}
COLORS = {
    "reference": "#868686",
    "csr": "#AA4499",
    "vmap": "#D55E00",
    "torch-rnn": "#0072B2",
    "bank": "#00664B",
}
MARKERS = {"reference": "o", "csr": "v", "vmap": "D", "torch-rnn": "s", "bank": "^"}


def _labels(frame: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the rows of a panel: case and number of variants, slowest case first."""
    found = frame[["case", "variants"]].drop_duplicates().itertuples(index=False)
    return sorted(
        (tuple(one) for one in found), key=lambda one: (list(NAMES).index(one[0]), one[1])
    )


@themed
def speed(records: list[dict]) -> Sheet:
    """Return milliseconds a variant and training step, by case, at the paper's size of RAD."""
    frame = pd.DataFrame(records)
    frame = frame[frame["task"] == "rad-paper"]
    best = frame[(frame["case"] == "bank") & (frame["variants"] == 64)].set_index("pattern")
    shares = [f"{best.loc[one, 'ratio_to_reference']:.0f}× ({one})" for one in PATTERN_NAMES]
    rows, high = _labels(frame), frame["high_ms"].max()
    height = 0.19 * len(rows)
    made = sheet(
        f"A bank of 64 trains {', '.join(shares)} as fast as the paper's formulation",
        "Milliseconds a variant and training step (forward, backward, Adam), RAD at paper size: "
        "|x| = 2500, 11 steps, batch 16, about 100,000 unknowns. Line: the floor, its arithmetic "
        "with W as rectangles at the speed of a large matrix product, and Adam's memory traffic.",
        f"Medians of {frame['rounds'].iloc[0]} rounds in turns, bars from the fastest to the "
        f"slowest; {frame['machine'].iloc[0]}. Sparse products may be below the floor.",
        height + 0.75,
    )
    width = (made.right - made.left - 1.75) / 3
    for place, pattern in enumerate(PATTERN_NAMES):
        axes = made.axes(1.75 + place * width, 0.35, width - 0.2, height)
        _panel(axes, frame[frame["pattern"] == pattern], rows, place == 0)
        axes.set_xlim(0.5 * min(frame["low_ms"].min(), frame["floor_ms"].min()), 4 * high)
        panel_title(axes, pattern, "")
    return made


def _panel(axes: Axes, frame: pd.DataFrame, rows: list[tuple[str, int]], named: bool) -> None:
    frame = frame.set_index(["case", "variants"])
    for y, row in enumerate(rows):
        if row not in frame.index:
            continue
        one, color = frame.loc[row], COLORS[row[0]]
        axes.plot([one["low_ms"], one["high_ms"]], [y, y], color=color, linewidth=1.2)
        axes.plot(one["ms_per_variant_step"], y, marker=MARKERS[row[0]], color=color, markersize=5)
        axes.annotate(
            f"{one['ms_per_variant_step']:.3g}",
            (one["high_ms"], y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=7.5,
            color=INK,
            path_effects=HALO,
        )
    axes.axvline(frame["floor_ms"].iloc[0], color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
    axes.set_xscale("log")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    axes.grid(axis="x")
    names = [
        f"{NAMES[case]}, {number}" if number > 1 or case in ("bank", "vmap") else NAMES[case]
        for case, number in rows
    ]
    axes.set_yticks(range(len(rows)), names if named else [""] * len(rows), size=8.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("ms (log)")


@themed
def sparse(records: list[dict]) -> Sheet:
    """Return how much faster sparse rows are than rectangles, against density."""
    frame = pd.DataFrame(records)
    even = frame.groupby("size", sort=False)["break_even"].first()
    low, high = even.min(), even.max()
    made = sheet(
        f"Products in sparse rows pay up to a density of {low:.2g} to {high:.2g}",
        "Time of the input's products as rectangles over that in compressed sparse rows, forward "
        f"and gradient, with what goes with each; dotted: the bank's limit, {MOST_SPARSE:g}.",
        f"Medians of {frame['rounds'].iloc[0]} rounds in turns; {frame['machine'].iloc[0]}.",
        3.1,
    )
    axes = made.axes(0.55, 0.1, made.right - made.left - 2.4, 2.5)
    looks = zip(
        ("#0072B2", "#D55E00", "#00664B"), "sD^", ("-", (0, (5, 1.5)), (0, (1, 1))), strict=True
    )
    for (name, one), (color, marker, line) in zip(
        frame.groupby("size", sort=False), looks, strict=True
    ):
        axes.plot(
            one["density"],
            one["dense_over_csr"],
            color=color,
            marker=marker,
            linestyle=line,
            ms=4.5,
        )
        size = one.iloc[0]
        axes.annotate(
            f"{name}: {size['rows']} × {size['inputs']},\n{size['columns']} columns, "
            f"even at {size['break_even']:.2f}",
            (one["density"].iloc[0], one["dense_over_csr"].iloc[0]),
            xytext=(1.01, {"s": 0.9, "D": 0.6, "^": 0.3}[marker]),
            textcoords="axes fraction",
            color=color,
            size=8.5,
            va="center",
        )
    axes.axhline(1, color=FAINT, linewidth=1)
    axes.axvline(MOST_SPARSE, color=FAINT, linewidth=1, linestyle=(0, (1, 2)))
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis, ticks in (
        (axes.xaxis, sorted(set(frame["density"]))),
        (axes.yaxis, (0.5, 1, 2, 5, 10)),
    ):
        axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
        axis.set_minor_formatter(FuncFormatter(lambda number, _: ""))
        axis.set_ticks([tick for tick in ticks if tick not in (0.15, 0.25, 0.4)])
    axes.set_xlabel("density of the input block (log)")
    axes.set_ylabel("times as fast (log)")
    return made


def main(
    output: Annotated[Path, typer.Argument(help="The figure: .svg or .png.")],
    train: Annotated[Path | None, typer.Option(help="Records of benchmarks.train.")] = None,
    sparse_rows: Annotated[
        Path | None, typer.Option("--sparse", help="Records of benchmarks.sparse.")
    ] = None,
) -> None:
    """Draw one of them."""
    if (train is None) == (sparse_rows is None):
        raise typer.BadParameter("takes either --train or --sparse")
    source = train or sparse_rows
    records = json.loads(source.read_text(encoding="utf-8"))
    save(speed(records) if train else sparse(records), [output])


if __name__ == "__main__":
    run(main)
