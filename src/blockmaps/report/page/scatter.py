"""The interactive plot: accuracy against the hidden proportion, a point a run, as Vega-Lite."""

from typing import Any

import pandas as pd

from blockmaps.analysis.summary import PANEL
from blockmaps.report.figures.style import marks
from blockmaps.results import outcome

# Vega's shapes for matplotlib's markers.
_SHAPES = {
    "s": "square",
    "D": "diamond",
    "d": "diamond",
    "o": "circle",
    "^": "triangle-up",
    "v": "triangle-down",
    "<": "triangle-left",
    ">": "triangle-right",
}
_OTHER_SHAPE = "cross"
WHITE_IN_DARK = 0.4  # share of white that is mixed into an arm's colour on a dark ground

_SHOWN = {
    "structure": "structure",
    "arm": "arm",
    "seed": "seed index",
    "hidden": "|h|",
    "unknowns": "unknowns",
    "proportion": "hidden proportion",
    "score": "",  # what the runs are judged by
    "key": "variant",
}
_FORMATS = {"unknowns": ",", "proportion": ".3f"}


def lightened(color: str, share: float = WHITE_IN_DARK) -> str:
    """Mix white into a colour, #rrggbb."""
    parts = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + share * (255 - part)):02x}" for part in parts)


def panel_name(experiment: str, budget: int) -> str:
    """Return the name of a panel."""
    return f"{experiment}, {budget:,} unknowns" if budget else experiment


def points(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the test rows that have a hidden proportion and an accuracy, with their panel."""
    rows = outcome.scored(runs[runs["split"] == "test"])
    return rows[rows["hidden_proportion"].notna() & rows["score"].notna()].sort_values(
        [*PANEL, "arm", "structure", "seed_index", "key"], kind="stable"
    )


def scatter(runs: pd.DataFrame) -> dict[str, Any] | None:
    """Return the plot, None if no run has a hidden proportion.

    Returns
    -------
    `panels` : their names; `spec` : Vega-Lite, with a parameter `panel`; `arms`, and `light` and
    `dark` : the colours of the arms, in the order of the domain.
    """
    rows = points(runs)
    if rows.empty:
        return None
    panels = [panel_name(*pair) for pair in zip(rows["experiment"], rows["budget"], strict=True)]
    values = [
        dict(zip(("panel", *_SHOWN), row, strict=True))
        for row in zip(
            panels,
            rows["structure"],
            rows["arm"],
            rows["seed_index"].tolist(),
            rows["hidden"].tolist(),
            rows["unknowns"].tolist(),
            rows["hidden_proportion"].round(4).tolist(),
            rows["score"].round(4).tolist(),
            rows["key"],
            strict=True,
        )
    ]
    judged = outcome.of(rows)
    formats = _FORMATS | {"score": ".1%" if judged.scale == 100 else ".3f"}
    drawn = marks(rows["arm"])
    colors = [mark.color for mark in drawn.values()]
    names = list(dict.fromkeys(panels))
    legend = {"title": None, "orient": "top", "columns": 4, "symbolSize": 80}
    arms = {"field": "arm", "type": "nominal"}
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": values},
        "width": "container",
        "height": 380,
        "autosize": {"type": "fit", "contains": "padding"},
        "params": [
            {"name": "panel", "value": names[0]},
            {"name": "at", "value": ""},
            {
                "name": "chosen",
                "select": {"type": "point", "fields": ["arm"]},
                "bind": "legend",
            },
        ],
        "transform": [{"filter": "datum.panel === panel"}],
        "mark": {"type": "point", "filled": True, "strokeWidth": 0.7, "aria": False},
        "encoding": {
            "x": {
                "field": "proportion",
                "type": "quantitative",
                "title": "hidden proportion (realised)",
                "scale": {"domain": [0, 1]},
                "axis": {"tickCount": 10, "format": ".1f"},
            },
            "y": {
                "field": "score",
                "type": "quantitative",
                "title": judged.said,
                "axis": {"format": ".0%" if judged.scale == 100 else ".2f"},
                "scale": {"zero": False},
            },
            "color": arms | {"scale": {"domain": list(drawn), "range": colors}, "legend": legend},
            "shape": arms
            | {
                "scale": {
                    "domain": list(drawn),
                    "range": [_SHAPES.get(one.marker, _OTHER_SHAPE) for one in drawn.values()],
                },
                "legend": legend,
            },
            "opacity": {"condition": {"param": "chosen", "value": 0.85}, "value": 0.08},
            # the one that the arrow keys have reached
            "size": {"condition": {"test": "datum.key === at", "value": 320}, "value": 70},
            "tooltip": [
                {"field": name, "title": title}
                | ({"format": formats[name]} if name in formats else {})
                for name, title in (_SHOWN | {"score": judged.said}).items()
            ],
        },
    }
    return {
        "panels": names,
        "spec": spec,
        "light": colors,
        "dark": [lightened(color) for color in colors],
        "n": {name: panels.count(name) for name in names},
    }
