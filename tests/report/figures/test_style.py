"""What figures are written as."""

import html

import pytest
from tables import runs_table

from blockmaps.core.errors import InputError
from blockmaps.report.figures import curves, style


@pytest.mark.parametrize("name", ["$x_{", r"$\alpha$", "a$b$c", "$$"])
def test_a_name_with_a_dollar_is_a_name(tmp_path, name):
    """As mathematics it is drawn in other letters, or is a fault of a parser."""
    sheet = curves.draw(runs_table(budgets=(4000,)).replace({"arm": {"dense": name}}))
    (path, *_) = style.save(sheet, [tmp_path / "a.svg"])
    shown = path.read_text(encoding="utf-8")
    assert html.escape(name, quote=False) in shown
    with pytest.raises(InputError, match=r"a\.xyz: a figure is \.svg or \.png"):
        style.save(sheet, [tmp_path / "a.xyz"])
