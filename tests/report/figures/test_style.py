"""What figures are written as."""

import html

import pandas as pd
import pytest
from readable import faults
from tables import runs_table

from blockmaps.core.errors import InputError
from blockmaps.report.figures import curves, facets, style


@pytest.mark.parametrize("name", ["$x_{", r"$\alpha$", "a$b$c", "$$"])
def test_a_name_with_a_dollar_is_a_name(tmp_path, name):
    """As mathematics it is drawn in other letters, or is a fault of a parser."""
    sheet = curves.draw(runs_table(budgets=(4000,)).replace({"arm": {"dense": name}}))
    (path, *_) = style.save(sheet, [tmp_path / "a.svg"])
    shown = path.read_text(encoding="utf-8")
    assert html.escape(name, quote=False) in shown
    with pytest.raises(InputError, match=r"a\.xyz: a figure is \.svg or \.png"):
        style.save(sheet, [tmp_path / "a.xyz"])


@pytest.mark.parametrize("share", [True, False])
def test_long_numbers_on_an_axis_push_no_label_off_the_sheet(share):
    points = pd.DataFrame({"x": [0.0, 1, 0, 1], "y": [0.98, 0.99, 0.98, 0.985], "arm": "one"})
    points["panel"] = ["left", "left", "right", "right"]
    y = facets.PanelAxis("test accuracy", write="{:.7f} %".format)
    sheet = facets.draw(
        "Numbers of many places",
        "A caption.",
        "Facts.",
        [],
        {"left": "", "right": ""},
        [facets.PanelLayer("line", points, "x", "y")],
        {"one": style.Mark("#0072B2", "o", "-")},
        facets.PanelAxis("share"),
        y,
        grid=facets.PanelGrid(columns=2, height=2.0, share_y=share),
    )
    assert faults(sheet) == []
