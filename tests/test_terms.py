"""Terms and blocks: what each computes, and that sizes that do not fit are refused by name."""

import pytest
import torch
from torch import nn

from blockmaps.blocks import Affine, Complement, Plus, kind_of
from blockmaps.maps import BlockMap
from blockmaps.terms import Apply, Constant, Contraction, Product, Sum


@pytest.fixture(autouse=True)
def _doubles():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def same(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-14)


def test_a_sum_is_a_block_row():
    z = {"x": torch.randn(5, 4), "h": torch.randn(5, 3)}
    W, V, b = torch.randn(3, 4), torch.randn(3, 3), torch.randn(3)
    row = Sum(
        {"x": Affine(nn.Parameter(W)), "h": Affine(nn.Parameter(V))}, Constant(b), activation="tanh"
    )
    same(row(z), torch.tanh(z["x"] @ W.T + z["h"] @ V.T + b))
    assert [*row.reads()] == [("x", "affine"), ("h", "affine")]


def test_a_gate_is_a_product_of_activated_block_maps():
    z = {"a": torch.randn(5, 4), "b": torch.randn(5, 4)}
    M, N = nn.Linear(4, 3), nn.Linear(4, 3)
    gate = Product(
        Sum({"a": M}, activation="sigmoid"), Sum({"b": N}, activation="tanh"), Sum({"a": M})
    )
    same(gate(z), torch.sigmoid(M(z["a"])) * torch.tanh(N(z["b"])) * M(z["a"]))
    assert {read.kind for read in gate.reads()} == {"product"}
    same(Product("a", "b")(z), z["a"] * z["b"])


def test_a_contraction_is_bilinear_in_two_slots():
    z = {"q": torch.randn(5, 6, 2), "k": torch.randn(5, 7, 2)}
    scores = Contraction("ic,jc->ij", "q", "k", scale=0.5)
    same(scores(z), 0.5 * z["q"] @ z["k"].transpose(1, 2))
    twice = {"q": 2 * z["q"], "k": 3 * z["k"]}
    same(scores(twice), 6 * scores(z))


def test_an_affine_block_is_a_rectangle_of_a_matrix_under_a_mask():
    W, b = nn.Parameter(torch.randn(6, 5)), nn.Parameter(torch.randn(6))
    mask = torch.rand(6, 5) < 0.5
    block = Affine(W, b, mask=mask, rows=slice(1, 4), columns=slice(2, 5))
    z = torch.randn(7, 3)
    same(block(z), z @ (W * mask)[1:4, 2:5].T + b[1:4])
    block(z).sum().backward()
    assert not W.grad[~mask].any()
    assert W.grad[1:4, 2:5][mask[1:4, 2:5]].all()


def test_several_maps_in_one_block():
    linear, z = nn.Linear(4, 4), torch.randn(3, 4)
    same(Plus(nn.Identity(), linear)(z), z + linear(z))
    same(Complement()(z), 1 - z)


def test_a_renamed_term_reads_other_slots_with_the_same_weights():
    linear = nn.Linear(2, 2)
    row = Sum(
        {"a": linear},
        Product("a", Sum({"b": nn.Identity()}, activation="tanh")),
        Contraction("i,j->i", "a", "b"),
        Constant(torch.ones(2)),
        activation="relu",
    )
    other = row.renamed(lambda slot: slot + "'")
    z = {"a": torch.randn(3, 2), "b": torch.randn(3, 2)}
    same(other({slot + "'": value for slot, value in z.items()}), row(z))
    assert {id(p) for p in other.parameters()} == {id(p) for p in row.parameters()}


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (nn.Identity(), "identity"),
        (nn.Linear(2, 2), "affine"),
        (nn.Conv2d(1, 1, 3), "affine"),
        (nn.Sequential(nn.Linear(4, 4), nn.Unflatten(-1, (2, 2))), "affine"),
        (Plus(nn.Identity(), nn.Linear(2, 2)), "affine"),
        (nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "module"),
        (nn.Softmax(-1), "module"),
        (nn.LayerNorm(3), "module"),
    ],
)
def test_kinds_of_blocks(f, kind):
    assert kind_of(f) == kind


SLOTS = {"x": 4, "h": 3, "y": 2}


@pytest.mark.parametrize(
    ("slots", "rows", "said"),
    [
        (SLOTS, {"h": {"x": nn.Linear(5, 3)}}, ["(h, x)", "'x'", "(4,)", "5 values"]),
        (SLOTS, {"h": {"x": nn.Linear(4, 2)}}, ["row 'h'", "made of x", "(2,)", "(3,)"]),
        (SLOTS, {"h": {"x": nn.Conv1d(2, 3, 1)}}, ["(h, x)", "Conv1d", "'x'", "(4,)"]),
        (SLOTS, {"h": {"h": nn.Identity(), "x": nn.Identity()}}, ["row 'h'", "(3,)", "x", "(4,)"]),
        (SLOTS, {"h": Product("h", "x")}, ["row 'h'", "made of h", "made of x"]),
        (SLOTS, {"y": Contraction("i,i->i", "h", "x")}, ["row 'y'", "i,i->i", "'h'", "'x'"]),
        (SLOTS, {"h": Sum({"h": nn.Identity()}, Constant(torch.ones(4)))}, ["(4,)", "'h'", "(3,)"]),
        (SLOTS, {"h": {"g": nn.Linear(4, 3)}}, ["no such slot", "g"]),
        (SLOTS, {"g": {"x": nn.Linear(4, 3)}}, ["no such slot", "g"]),
        ({"x": 0}, {}, ["without any place", "x"]),
    ],
)
def test_sizes_that_do_not_fit_are_refused_at_construction_by_the_slots_names(slots, rows, said):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 the words are looked at below
        BlockMap(slots, rows)
    for words in said:
        assert words in str(refusal.value)


def test_what_else_is_no_map_is_refused():
    rows = {"h": {"x": nn.Linear(4, 3)}}
    with pytest.raises(ValueError, match="every slot once"):
        BlockMap(SLOTS, rows, order=[["x"], ["h"]])
    with pytest.raises(ValueError, match="every slot once"):
        BlockMap(SLOTS, rows, order=[["x", "h"], ["h", "y"]])
    with pytest.raises(ValueError, match="an activation and no row: y"):
        BlockMap(SLOTS, rows, {"y": "tanh"})
    with pytest.raises(ValueError, match="takes a function or one of"):
        BlockMap(SLOTS, rows, {"h": "swish"})
    with pytest.raises(ValueError, match="slot 'x' takes"):
        BlockMap(SLOTS, rows).start({"x": torch.ones(2, 5)})
    with pytest.raises(ValueError, match="no such slot: g"):
        BlockMap(SLOTS, rows).start({"g": torch.ones(2, 5)})
    with pytest.raises(ValueError, match="at least one"):
        Sum()
    assert BlockMap(SLOTS, rows).shapes["y"] == (2,)


def test_construction_changes_nothing_in_the_modules():
    norm = nn.BatchNorm1d(4)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    BlockMap({"x": 4, "h": 4}, {"h": {"x": norm}})
    for name, value in norm.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_term_says_its_own_shape():
    shapes = {"x": (3, 4), "y": (2, 3)}
    assert Apply("x", nn.Linear(4, 7)).shape(shapes, "y") == (3, 7)
    assert Contraction("ij,ki->kj", "x", "y").shape(shapes, "y") == (2, 4)
