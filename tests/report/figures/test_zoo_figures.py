"""The zoo's figures say what is in their tables, and are the same every time."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from readable import faults, words

from blockmaps.maps.zoo import equivalence, tables
from blockmaps.maps.zoo.impulse import responses
from blockmaps.plan import catalogue
from blockmaps.report.figures import impulse, style, zoo

ZOO_FIGURES = {name: catalogue.FIGURES[name].reads for name in ("zoo", "impulse")}


@pytest.fixture(scope="module")
def made() -> dict[str, pd.DataFrame]:
    slots, places = tables.patterns()
    rows = equivalence.rows(models=["mlp", "rnn", "transformer"], draws=1)
    return {
        "equivalence": rows,
        "slots": slots,
        "places": places,
        "impulse": responses(steps=5, width=4, networks=3),
    }


def draw(name, made):
    return import_module(f"blockmaps.report.figures.{name}").draw(
        *(made[t] for t in ZOO_FIGURES[name])
    )


@pytest.mark.parametrize("name", ZOO_FIGURES)
def test_the_same_tables_give_the_same_bytes(name, made, tmp_path):
    for place in "ab":
        style.save(draw(name, made), [tmp_path / f"{place}.svg", tmp_path / f"{place}.png"])
    for kind in ("svg", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


@pytest.mark.parametrize("name", ZOO_FIGURES)
def test_every_text_can_be_read(name, made):
    assert faults(draw(name, made)) == []


def test_every_model_and_slot_has_its_name_on_the_page(made):
    figure = draw("zoo", made).figure
    panels = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    named = {model: labels for model, _, *labels in panels}
    assert set(named) == set(made["slots"]["model"])
    for model, rows in made["slots"].groupby("model"):
        assert named[model] == rows["slot"].tolist()


def test_what_is_drawn_is_what_the_table_holds(made):
    places = made["places"]
    figure = draw("zoo", made).figure
    for axes in figure.axes:
        if not axes.texts:
            continue
        own = places[places["model"] == axes.texts[0].get_text()]
        area = 0.0
        for collection in axes.findobj(PathCollection):
            for path in collection.get_paths():
                corners = path.vertices.reshape(-1, 5, 2)
                area += np.prod(corners[:, 2] - corners[:, 0], axis=1).sum()
        assert area == len(own)


def test_the_finding_is_the_tables(made):
    rows = made["equivalence"]
    assert zoo.finding(rows) == "3 torch networks are one iterated map each, but for rounding"
    worst = zoo.largest(rows)[rows["dtype"] == "float64"].max()
    assert f"{worst:.0e} (float64)" in words(draw("zoo", made))
    worst = rows.assign(gradient_deviation=[0, 0, 0, 2e-5, 0, 0])
    assert zoo.finding(worst).startswith("1 of 3 networks differ from their maps (rnn)")
    lost = rows.assign(output_deviation=[0, 0, np.nan, 0, 0, 0])
    assert zoo.finding(lost).startswith("1 of 3 networks differ from their maps (rnn)")


def test_the_response_is_called_finite_only_where_it_is(made):
    table = made["impulse"]
    said = impulse.finding(table)
    assert "h₅ depends on h₀ at iteration 5 alone; with it, from 5 on" in said
    leaking = table.assign(high=table["high"].where(table["iteration"] != 7, 1e-9))
    assert "at 2 iterations" in impulse.finding(leaking)
    assert impulse.moved_at(leaking, False) == [5, 7]
    fading = table.assign(low=table["low"].where(table["iteration"] != 7, 0.0))
    held = impulse.moved_at(fading, True)
    assert 7 not in held
    assert f"with it, at {len(held)} iterations" in impulse.finding(fading)


def test_labels_are_spread_no_more_than_needed():
    np.testing.assert_allclose(zoo.spread(np.array([1.0, 3.0]), 1, 9), [1, 3])
    placed = zoo.spread(np.array([1.9, 2.0, 2.1, 5.0]), 1, 9)
    np.testing.assert_allclose(placed, [1, 2, 3, 5])
    wanted = np.sort(np.random.default_rng(0).uniform(0, 4, 9))
    crowded = zoo.spread(wanted, 0.4, 4)
    assert np.diff(crowded).min() >= 0.4 - 1e-9
    assert crowded.min() >= 0
    assert crowded.max() <= 4 + 1e-9


def test_the_page_says_how_many_networks_and_draws(made):
    assert "1 draw of weights" in words(draw("zoo", made))
    assert "3 random RNNs, |h| = |x| = 4" in words(draw("impulse", made))
