"""Terms and blocks: what each computes, and that sizes that do not fit are refused by name."""

import pytest
import torch
from torch import nn

from blockmaps.maps.blocks import Affine, Complement, Plus, kind_of
from blockmaps.maps.map import BlockMap
from blockmaps.maps.terms import Apply, Constant, Contraction, Product, Sum


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
        Contraction("i,j->i", "a", "b", scale=0.3),
        Constant(torch.arange(5.0), slice(1, 3)),
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


class Half(nn.Linear):
    """A linear layer of which one column is returned."""

    def forward(self, z):
        return super().forward(z)[:, :1]


class Values(nn.Module):
    """A module that looks at values, has a tensor of its own, and draws at random."""

    def __init__(self):
        super().__init__()
        self.scale = torch.arange(3.0)

    def forward(self, z):
        noise = torch.rand_like(z)
        return z * self.scale + noise if z.sum() > 0 else z - noise


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
        (SLOTS, {"h": {"x": nn.LSTM(4, 3)}}, ["(h, x)", "LSTM", "not one tensor"]),
        ({"x": 5, "y": 5}, {"y": {"x": nn.MultiheadAttention(4, 2)}}, ["(y, x)", "'x'", "(5,)"]),
        (SLOTS, {"h": {"x": Half(4, 3)}}, ["row 'h'", "(1,)", "(3,)"]),
        (
            {"a": (2, 3, 4), "b": (5, 4), "y": (2, 3, 5)},
            {"y": Contraction("ik,jk->ij", "a", "b")},
            ["row 'y'", "'a'", "(2, 3, 4)"],
        ),
        (
            {"q": (3, 2), "k": (5, 1), "y": (3, 5)},
            {"y": Contraction("ik,jk->ij", "q", "k")},
            ["'q'", "'k'", "(5, 1)"],
        ),
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
    with pytest.raises(ValueError, match="at least one slot"):
        BlockMap({}, {})
    with pytest.raises(ValueError, match="at least one slot"):
        BlockMap(SLOTS, rows).start({})
    with pytest.raises(TypeError):
        BlockMap(SLOTS, {"h": nn.Linear(4, 3)})
    with pytest.raises(ValueError, match="takes tokens"):
        BlockMap(SLOTS, rows).drive(torch.ones(2, 0, 4))
    with pytest.raises(ValueError, match=r"found .* in a batch of 1"):
        BlockMap(SLOTS, rows).drive(torch.ones(5, 2, 4), z={"h": torch.ones(1, 3)})
    assert BlockMap(SLOTS, rows).shapes["y"] == (2,)


@pytest.mark.parametrize(
    ("sigma", "said"),
    [
        (lambda a: a.mean(-1, keepdim=True), ["row 'h'", "(1,)", "(3,)"]),
        (nn.GLU(), ["row 'h'", "activation", "(3,)"]),
    ],
)
def test_an_activation_that_changes_the_shape_is_refused(sigma, said):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 the words are looked at below
        BlockMap(SLOTS, {"h": {"x": nn.Linear(4, 3)}}, {"h": sigma})
    for words in said:
        assert words in str(refusal.value)


def test_an_activation_may_halve_what_it_is_given():
    map = BlockMap(SLOTS, {"y": {"x": nn.Identity()}}, {"y": nn.GLU()})
    x = torch.randn(3, 4)
    same(map.step(map.start({"x": x}))["y"], nn.functional.glu(x))


def test_any_module_may_be_a_block():
    before = torch.get_rng_state()
    map = BlockMap({"x": 3, "h": 3}, {"h": {"x": Values()}})
    assert torch.equal(torch.get_rng_state(), before)
    assert map.shapes["h"] == (3,)


def test_an_affine_blocks_parts_must_fit_each_other():
    W = nn.Parameter(torch.randn(3, 4))
    with pytest.raises(ValueError, match=r"bias of shape \(5,\) for 3 rows"):
        Affine(W, nn.Parameter(torch.ones(5)))
    with pytest.raises(ValueError, match=r"bias of shape \(1,\) for 3 rows"):
        Affine(W, nn.Parameter(torch.ones(1)))
    with pytest.raises(ValueError, match=r"mask of shape \(1, 4\) for a matrix of \(3, 4\)"):
        Affine(W, mask=torch.ones(1, 4, dtype=bool))
    with pytest.raises(ValueError, match="takes a matrix"):
        Affine(nn.Parameter(torch.ones(3)))


def test_a_contraction_keeps_the_members_of_a_batch_apart():
    map = BlockMap(
        {"a": (3, 4), "b": (2, 4), "y": (3, 2)}, {"y": Contraction("ik,jk->ij", "a", "b")}
    )
    z = map.start({"a": torch.randn(2, 3, 4), "b": torch.randn(2, 2, 4)})
    other = {**z, "b": torch.stack([z["b"][0], z["b"][1] + 1])}
    assert torch.equal(map.step(z)["y"][0], map.step(other)["y"][0])
    for equation in ("ik->ki", "ik,jk->il", "iZ,jZ->ij"):
        with pytest.raises(ValueError, match="takes"):
            Contraction(equation, "a", "b")


def test_an_activation_that_writes_in_place_leaves_the_slot_as_it_is():
    rows = {"x": {"x": nn.Identity()}, "h": {"x": nn.Identity()}}
    map = BlockMap({"x": 3, "h": 3}, rows, {"h": nn.ReLU(inplace=True)})
    x = torch.tensor([[-1.0, 2.0, -3.0]])
    z = map.step(map.start({"x": x}))
    assert torch.equal(z["x"], x)
    assert x.tolist() == [[-1.0, 2.0, -3.0]]
    assert z["h"].tolist() == [[0.0, 2.0, 0.0]]


def test_constants_alone_are_a_row():
    map = BlockMap({"x": 2, "h": 3}, {"h": Constant(torch.arange(3.0))})
    assert map.step(map.start({"x": torch.ones(4, 2)}))["h"].tolist() == [[0, 1, 2]] * 4


def test_two_kinds_in_one_place_are_called_by_the_more_involved():
    row = Sum({"x": nn.Linear(3, 3)}, Product("x", "h"), {"x": nn.Identity()})
    assert BlockMap({"x": 3, "h": 3}, {"h": row}).blocks["h", "x"] == "product"


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
