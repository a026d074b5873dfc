"""What the command line says of the zoo, and the places that the figure draws."""

import json

import pytest
import torch
from torch import nn

from blockmaps.cli import show as command
from blockmaps.maps.blocks import Affine, Plus
from blockmaps.maps.map import BlockMap
from blockmaps.maps.terms import Constant, Contraction, Product, Sum
from blockmaps.maps.zoo import places as spy
from blockmaps.maps.zoo.equivalence import COLUMNS
from blockmaps.maps.zoo.examples import MODELS, build
from blockmaps.maps.zoo.show import describe, formula, pattern_lines
from blockmaps.maps.zoo.tables import patterns


def test_show_transformer_with_three_layers(blockmaps):
    text = blockmaps("show", "transformer", "--layers", 3).stdout
    assert "34 slots" in text
    assert "27, as long as the longest path" in text
    assert "weights.3" in text
    assert "⟨queries.1, keys.1⟩ × 0.5" in text
    assert "tanh" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "perceptron"], "takes one of: mlp, mlp-skip, residual"),
        (["show", "mlp", "--heads", "2"], "model 'mlp' has no size heads; takes: inputs, width"),
        (["show", "transformer", "--width", "9"], "width 9 is no multiple of heads 4"),
        (["figure", "zoom"], "takes one of: proportion, structures, curves, densities"),
        (["figure", "zoo", "--tables", "nowhere"], "nowhere/equivalence.csv: cannot be read"),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_2(blockmaps, arguments, said):
    done = blockmaps(*arguments, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_commands_help_names_the_zoos_models():
    assert command.NAMES.split(", ") == list(MODELS)


def test_zoo_as_json(blockmaps):
    done = blockmaps("zoo", "--json", "--seed", 3)
    rows = json.loads(done.stdout)
    assert [list(row) for row in rows] == [list(COLUMNS)] * (2 * len(MODELS))
    assert {row["model"] for row in rows} == set(MODELS)
    limits = {"float64": 1e-12, "float32": 1e-5}
    for row in rows:
        assert row["output_deviation"] <= limits[row["dtype"]]
        assert row["gradient_deviation"] <= limits[row["dtype"]]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_described(name):
    example = build(name, steps=2) if "steps" in MODELS[name].sizes else build(name)
    text = describe(name, MODELS[name].about, example)
    for slot in example.network.map.shapes:
        assert slot in text
    assert f"{example.iterations}, " in text
    assert max(map(len, text.splitlines())) < 160


def test_formulas():
    linear = nn.Linear(2, 2)
    assert str(formula(Sum({"x": linear, "h": nn.Identity()}))) == "W·x + h + b"
    plain = nn.Linear(2, 2, bias=False)
    assert formula(Sum({"x": plain}, activation="tanh")) == "tanh(W·x)"
    assert formula(Sum({"x": Plus(nn.Identity(), plain)})) == "(I + W)·x"
    gate = Product(Sum({"x": linear}, activation="sigmoid"), Sum({"x": plain, "h": plain}))
    assert formula(gate) == "sigmoid(W·x + b) ⊙ (W·x + W·h)"
    bias = Constant(nn.Parameter(torch.ones(2)))
    assert formula(Sum({"x": Affine(plain.weight)}, bias)) == "W·x + b"
    mask = Constant(torch.ones(2))
    assert formula(Sum(Contraction("i,i->i", "q", "k"), mask)) == "⟨q, k⟩ + mask"
    assert formula(Sum({"x": nn.Conv2d(1, 1, 3)}, activation=nn.ReLU())) == "relu(K∗x + b)"


def test_the_block_pattern_in_letters():
    lines = pattern_lines(build("rnn-output").network.map)
    assert lines == ["   1 2 3", "1  I · ·", "2  W W ·", "3  · W ·"]


def test_places_are_those_of_the_jacobian():
    torch.manual_seed(0)
    mask = torch.rand(3, 4) < 0.5
    W = nn.Parameter(torch.randn(3, 4))
    map = BlockMap(
        {"x": 4, "h": 3, "g": 3},
        {
            "x": {"x": nn.Identity()},
            "h": {"x": Affine(W, mask=mask)},
            "g": Product("h", "g"),
        },
        {"h": "relu"},
    )
    places = spy.places(map)
    found = {
        (target, source): set(zip(rows["row"], rows["column"], strict=True))
        for (target, source), rows in places.groupby(["target", "source"])
    }
    assert found["h", "x"] == {tuple(place) for place in mask.nonzero().tolist()}
    diagonal = {(k, k) for k in range(3)}
    assert found["g", "h"] == found["g", "g"] == diagonal
    assert found["x", "x"] == {(k, k) for k in range(4)}
    assert dict(places.groupby("source")["kind"].first()) == {
        "x": "identity",
        "h": "product",
        "g": "product",
    }


def test_a_convolutions_places_are_its_shared_weights_unrolled():
    conv = nn.Conv1d(1, 1, 3, padding=1)
    places = spy.places(BlockMap({"x": (1, 6), "h": (1, 6)}, {"h": {"x": conv}}))
    assert {(r, c) for r, c in zip(places["row"], places["column"], strict=True)} == {
        (r, c) for r in range(6) for c in range(6) if abs(r - c) <= 1
    }


def test_the_tables_of_patterns():
    slots, places = patterns()
    assert list(slots) == list(spy.SLOT_COLUMNS)
    assert list(places) == list(spy.PLACE_COLUMNS)
    assert list(slots["model"].unique()) == list(MODELS) == list(places["model"].unique())
    sizes = slots.set_index(["model", "slot"])["size"]
    for (model, target, source), rows in places.groupby(["model", "target", "source"]):
        assert rows["row"].max() < sizes[model, target]
        assert rows["column"].max() < sizes[model, source]
