"""SparseRNN: the reference map, as a module that does what a torch module is expected to do."""

import copy
import io
import pickle
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from blockmaps import SparseRNN
from blockmaps.core.errors import InputError
from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds.mlp_path import layered, with_moved
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.variants import CellVariant, Initialisation, Variant, start
from blockmaps.maps import weights
from blockmaps.maps.bank import Bank
from blockmaps.maps.layouts import Full, Scattered, SparseInput
from blockmaps.maps.map import IterativeMap

INPUTS, OUTPUTS, TIME, BATCH = 6, 3, 5, 4
SIX = dict(zip(RNN_BLOCKS, (0.6, 0.3, 1, 0.5, 1, 0.5), strict=True))
WIDE = Initialisation(std=0.3)  # of few units, whose states would else be all but zero
HELD = {"full": 1.0, "scattered": 0.5, "sparse": 0.1}


def made(density=0.5, activation="relu", dtype=torch.float64, **options):
    densities = dict.fromkeys(RNN_BLOCKS, density)
    return SparseRNN(
        INPUTS,
        OUTPUTS,
        densities=densities,
        hidden=options.pop("hidden", 9),
        activation=activation,
        initialisation=WIDE,
        dtype=dtype,
        **options,
    )


def tokens(seed=0, time=TIME):
    torch.manual_seed(seed)
    return torch.randn(time, BATCH, INPUTS, dtype=torch.float64)


def reference(rnn) -> IterativeMap:
    """The reference map with the module's weights as they are now."""
    begin = start(rnn.variant, rnn.seed)
    now = begin._replace(
        values=rnn.unknowns.detach().numpy(), bias=rnn.biases.detach().numpy().copy()
    )
    return IterativeMap.from_start(rnn.pattern, now, torch.float64)


def same(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_five_lines():
    rnn = SparseRNN(inputs=28, outputs=10, unknowns=2_000)
    y, state = rnn(torch.randn(7, 4, 28), blank_steps=1)
    assert y.shape == (8, 4, 10)
    nn.functional.cross_entropy(y[-1], torch.tensor([1, 2, 3, 4])).backward()
    assert state.shape == (4, rnn.hidden + 10)
    assert rnn.unknowns.grad.abs().sum() > 0


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh", "sigmoid", "elu"])
@pytest.mark.parametrize("density", HELD.values(), ids=HELD)
def test_it_equals_the_reference_map_with_its_gradients(density, activation):
    rnn = made(density, activation)
    held = {"full": Full, "scattered": Scattered, "sparse": SparseInput}
    assert isinstance(rnn._weights, held[next(k for k, v in HELD.items() if v == density)])
    other, x, adam = reference(rnn), tokens(), None
    adam = torch.optim.Adam(rnn.parameters(), lr=0.01)
    theirs = torch.optim.Adam(other.parameters(), lr=0.01)
    blank = torch.cat([x, torch.zeros_like(x[:2])]).transpose(0, 1)
    begin = start(rnn.variant, rnn.seed)
    for _ in range(3):
        z = other.drive(blank)
        y, state = rnn(x, blank_steps=2)
        same(y, z["y"].transpose(0, 1))
        same(state, torch.cat([z["h"][:, -1], z["y"][:, -1]], 1))
        for one, found in ((adam, y.square().sum() + state.sum()), (theirs, None)):
            one.zero_grad()
            if found is None:
                found = z["y"].square().sum() + z["h"][:, -1].sum() + z["y"][:, -1].sum()
            found.backward()
        same(rnn.unknowns.grad, other.W.grad[begin.mask.rows, begin.mask.columns])
        same(rnn.biases.grad, other.b.grad)
        adam.step()
        theirs.step()
    same(rnn.matrix(), other.W)


@pytest.mark.parametrize("density", HELD.values(), ids=HELD)
@pytest.mark.parametrize("blank_steps", [0, 2])
def test_written_out_and_by_autograd_are_the_same(density, blank_steps):
    """Also for gradients of x and of the state, and where a sequence is cut in two."""
    rnn = made(density, "tanh")
    x, state = tokens().requires_grad_(), torch.randn(BATCH, rnn.hidden + OUTPUTS).double()
    state.requires_grad_()
    leaves = [x, state, *rnn.parameters()]
    found = []
    for by_autograd in (False, True):
        rnn.by_autograd = by_autograd
        y, end = rnn(x, state, blank_steps=blank_steps)
        first, middle = rnn(x[:2], state)
        second, last = rnn(x[2:], middle, blank_steps=blank_steps)
        same(torch.cat([first, second]), y)
        same(last, end)
        whole = torch.autograd.grad(y.sin().sum() + end.square().sum(), leaves)
        cut = torch.cat([first, second]).sin().sum() + last.square().sum()
        for one, two in zip(whole, torch.autograd.grad(cut, leaves), strict=True):
            same(one, two)
        found.append((y, end, *whole))
    for ours, theirs in zip(*found, strict=True):
        same(ours, theirs)
    assert all(gradient.abs().sum() > 0 for gradient in found[0][2:])


def test_it_is_a_bank_of_one():
    rnn = made(0.4, dtype=torch.float32, seed=5)
    bank = Bank.from_variants([rnn.variant], 5)
    x = tokens().float()
    torch.testing.assert_close(rnn(x, blank_steps=1)[0], bank(x, blank_steps=1)[0])
    assert torch.equal(rnn.unknowns, bank.unknowns[0])


@pytest.mark.parametrize("iterations", [None, 3])
@pytest.mark.parametrize("bias", [None, False])
def test_any_variant_of_a_plan(iterations, bias):
    variant = Variant(
        pattern=with_moved(layered(INPUTS, (5, 4), OUTPUTS, 0.6), 0.3),
        initialisation=Initialisation(std=0.5, bias=bias),
        learning_rate=0.01,
        seed_index=1,
        iterations=iterations,
    )
    rnn = SparseRNN.from_variant(variant, 3, dtype=torch.float64)
    x = tokens()
    y, _ = rnn(x)
    z = reference(rnn).drive(x.transpose(0, 1), iterations or 1)
    same(y, z["y"].transpose(0, 1))
    y.square().sum().backward()
    written = [parameter.grad.clone() for parameter in rnn.parameters()]
    rnn.zero_grad()
    rnn.by_autograd = True
    rnn(x)[0].square().sum().backward()
    for ours, parameter in zip(written, rnn.parameters(), strict=True):
        same(ours, torch.zeros_like(ours) if parameter.grad is None else parameter.grad)


def test_parameters_are_the_papers_count_and_nothing_else():
    rnn = SparseRNN(20, 5, 3_000)
    assert [name for name, _ in rnn.named_parameters()] == ["unknowns", "biases"]
    assert rnn.unknowns.numel() == sum(rnn.counts.values())
    assert rnn.unknowns.numel() == pytest.approx(3_000, abs=4 * 3_000**0.5)
    assert rnn.biases.numel() == rnn.hidden + 5
    assert int((rnn.matrix() != 0).sum()) == rnn.unknowns.numel()
    assert not rnn.matrix()[:20].any()  # x has no rows


def test_what_is_drawn_is_the_projects_own_and_follows_the_seed():
    one, two, other = (SparseRNN(20, 5, 3_000, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.unknowns, two.unknowns)
    assert not torch.equal(one.places, other.places)
    begin = start(one.variant, 1)
    assert np.array_equal(one.unknowns.detach(), begin.values.astype(np.float32))
    assert one.counts == begin.mask.counts


def test_densities_a_hidden_proportion_or_the_rule():
    assert SparseRNN(20, 5, 3_000, "recommended").pattern == SparseRNN(20, 5, 3_000).pattern
    for wanted in (0.2, 0.5, 0.9):
        rnn = SparseRNN(200, 5, 20_000, hidden_proportion=wanted)
        assert rnn.hidden_proportion == pytest.approx(wanted, abs=0.03)
        assert sum(rnn.pattern.expected().values()) == pytest.approx(20_000)
        fixed = SparseRNN(200, 5, 20_000, hidden_proportion=wanted, hidden=200)
        assert fixed.hidden == 200
        assert fixed.hidden_proportion == pytest.approx(wanted, abs=0.03)
    few = SparseRNN(8, 2, 20_000, hidden_proportion=0.5)  # hx has few places: hh takes less
    assert few.hidden_proportion == pytest.approx(0.5, abs=0.02)
    assert few.densities["hx"] > 0.98
    assert few.densities["hh"] < 0.1
    rnn = SparseRNN(20, 5, 3_000, SIX)
    assert sum(rnn.pattern.expected().values()) == pytest.approx(3_000, rel=0.02)
    assert SparseRNN(20, 5, densities=SIX, hidden=30).hidden == 30


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"inputs": 0}, "inputs: found 0; takes a whole number of at least 1"),
        ({"outputs": 2.5}, "outputs: found 2.5; takes a whole number"),
        ({"unknowns": True}, "unknowns: found True; takes a whole number"),
        ({"unknowns": 4}, "4 unknowns for .*takes at least"),
        ({"hidden": 0}, "hidden: found 0; takes"),
        ({"hidden": 5}, "hidden: found 5 beside recommended densities"),
        ({"seed": -1}, "seed: found -1; takes"),
        ({"activation": "gelu"}, "activation: found 'gelu'; takes one of"),
        ({"densities": "dense"}, "densities: found 'dense'; takes 'recommended' or a density"),
        ({"densities": {"hx": 1}}, r"densities: found \['hx'\]; takes"),
        ({"densities": SIX | {"hh": 2}}, "densities: found 2 for hh; takes one from 0 to 1"),
        ({"densities": SIX, "hidden_proportion": 0.5}, "hidden_proportion: found 0.5 beside"),
        ({"hidden_proportion": 1}, "hidden_proportion: found 1; takes a number between 0 and 1"),
        ({"hidden_proportion": [0.5]}, r"hidden_proportion: found \[0.5\]; takes a number"),
        ({"densities": SIX | {"hh": None}}, "densities: found None for hh; takes one from 0 to 1"),
        ({"unknowns": 10**12}, "unknowns: found 1,000,000,000,000; takes up to 1,000,000,000"),
        ({"dtype": torch.int32}, "dtype: found torch.int32; takes one such as torch.float32"),
        ({"dtype": "float64"}, "dtype: found 'float64'; takes"),
        ({"device": "gpu"}, "device: found 'gpu'; takes one that is there"),
        ({"initialisation": "fan_in"}, "initialisation: found 'fan_in'; takes an Initialisation"),
        (
            {"densities": SIX, "hidden": 30, "unknowns": 9},
            "unknowns: found 9 beside hidden=30 and six densities, which come to",
        ),
        (
            {"hidden_proportion": 0.5, "hidden": 3, "unknowns": 900},
            "hidden: found 3: .*0.5 at 900 unknowns and .h. = 3: .*; without it .h. is solved",
        ),
    ],
)
def test_an_argument_at_fault_is_named_with_what_it_takes(options, said):
    with pytest.raises(ValueError, match=said):
        SparseRNN(**{"inputs": INPUTS, "outputs": OUTPUTS} | options)


def test_what_it_is_called_with_is_checked():
    rnn = made()
    rows = rnn.hidden + OUTPUTS
    for x, said in (
        (torch.zeros(5, 4, 7).double(), r"x: found shape \(5, 4, 7\); takes \(time, batch, 6\)"),
        (torch.zeros(6).double(), r"x: found shape \(6,\); takes"),
        (np.zeros((5, 4, 6)), "x: found ndarray; takes a tensor"),
        ([[0.0] * 6], "x: found list; takes a tensor"),
        (torch.zeros(5, 4, 6), "x: found torch.float32; takes torch.float64"),
        (torch.zeros(0, 4, 6).double(), "takes at least one token"),
        (torch.zeros(5, 4, 6, device="meta").double(), "x: found on meta; takes cpu"),
    ):
        with pytest.raises(ValueError, match=said):
            rnn(x)
    with pytest.raises(ValueError, match=rf"state: found shape \(4, 2\); takes \(4, {rows}\)"):
        rnn(tokens(), torch.zeros(4, 2).double())
    with pytest.raises(ValueError, match="blank_steps: found -1"):
        rnn(tokens(), blank_steps=-1)


def test_batch_first_and_a_sequence_alone():
    rnn, x = made(), tokens()
    y, state = rnn(x)
    first = made(batch_first=True)
    swapped, end = first(x.transpose(0, 1))
    same(swapped.transpose(0, 1), y)
    same(end, state)
    for one in (rnn, first):
        alone, end = one(x[:, 2], state[1], blank_steps=1)
        same(alone, rnn(x, state[[1]].expand(BATCH, -1), blank_steps=1)[0][:, 2])
        assert end.shape == state[1].shape


def test_y_reads_the_h_of_the_step_before():
    """So an answer to the last token stands one step later, in a blank step."""
    only = dict.fromkeys(RNN_BLOCKS, 0.0) | {"hx": 1.0, "yh": 1.0}
    rnn = SparseRNN(2, 1, densities=only, hidden=4, activation="tanh")
    x = torch.randn(3, 1, 2)
    changed = x.clone()
    changed[-1] += 1
    y, other = rnn(x, blank_steps=1)[0], rnn(changed, blank_steps=1)[0]
    assert torch.equal(y[:-1], other[:-1])
    assert not torch.equal(y[-1], other[-1])


def test_copies_pickles_and_files_are_the_same_and_stand_alone():
    rnn, x = made(0.4, seed=3), tokens()
    y, _ = rnn(x)
    file = io.BytesIO()
    torch.save(rnn, file)
    file.seek(0)
    copies = [
        copy.deepcopy(rnn),
        pickle.loads(pickle.dumps(rnn)),
        torch.load(file, weights_only=False),
    ]
    for other in copies:
        assert torch.equal(other(x)[0], y)
        other(x)[0].sum().backward()
        with torch.no_grad():
            other.unknowns.add_(1)
    assert rnn.unknowns.grad is None
    assert torch.equal(rnn(x)[0], y)


def test_a_state_dict_is_small_and_refuses_another_mask():
    rnn = SparseRNN(50, 5, 20_000, seed=3)
    file = io.BytesIO()
    torch.save(rnn.state_dict(), file)
    assert len(file.getvalue()) < 4 * (rnn.unknowns.numel() + rnn.biases.numel()) + 3_000
    assert list(rnn.state_dict()) == ["unknowns", "biases", "mask_digest"]
    file.seek(0)
    with torch.no_grad():
        rnn.unknowns.add_(1)
    fresh = SparseRNN(50, 5, 20_000, seed=3)
    fresh.load_state_dict(torch.load(file))
    assert torch.equal(fresh.unknowns + 1, rnn.unknowns)
    other = SparseRNN(50, 5, 20_000, seed=4)
    with pytest.raises(RuntimeError, match=r"unknowns: those of another mask.*seed \(here 4\)"):
        nn.Sequential(other).load_state_dict({f"0.{k}": v for k, v in rnn.state_dict().items()})


def test_it_moves_between_types_and_devices():
    rnn, x = made(0.1), tokens()
    y, _ = rnn(x)
    single = rnn.float()
    torch.testing.assert_close(single(x.float())[0].double(), y, rtol=1e-5, atol=1e-5)
    assert single.places.dtype == torch.int64
    assert isinstance(single.to("meta")._weights, Scattered)  # sparse rows are the CPU's
    assert SparseRNN(4, 2, 100, device="meta").unknowns.device.type == "meta"
    y, _ = made(dtype=torch.bfloat16)(x.bfloat16())
    assert y.dtype == torch.bfloat16


def test_export_with_any_batch(tmp_path):
    rnn, x = made(dtype=torch.float32), tokens().float()
    shapes = {"x": {1: torch.export.Dim("batch")}}
    program = torch.export.export(rnn, (x,), dynamic_shapes=shapes)
    torch.export.save(program, tmp_path / "rnn.pt2")
    again = torch.export.load(tmp_path / "rnn.pt2").module()
    more = torch.cat([x, x + 1], 1)
    for ours, theirs in zip(again(more), rnn(more), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_onnx(tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    rnn, x = made(dtype=torch.float32).eval(), tokens().float()
    torch.onnx.export(rnn, (x,), tmp_path / "rnn.onnx", dynamo=True)
    session = runtime.InferenceSession(tmp_path / "rnn.onnx")
    y, _ = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    np.testing.assert_allclose(y, rnn(x)[0].detach().numpy(), rtol=1e-4, atol=1e-5)


def test_transforms_compilers_and_second_derivatives_see_every_step():
    rnn, x = made(activation="tanh"), tokens()
    own = {name: value.detach() for name, value in rnn.named_parameters()}

    def loss(parameters, x):
        return functional_call(rnn, parameters, (x,))[0].square().sum()

    found = grad(loss)(own, x)
    rnn(x)[0].square().sum().backward()
    same(found["unknowns"], rnn.unknowns.grad)
    each = vmap(grad(loss), (None, 1))(own, x[:, :, None].expand(-1, -1, 1, -1))
    same(each["unknowns"].sum(0), rnn.unknowns.grad)
    compiled = torch.compile(rnn, backend="eager")
    same(compiled(x)[0], rnn(x)[0])
    rnn.by_autograd = True
    x.requires_grad_()
    (dx,) = torch.autograd.grad(rnn(x)[0].sum(), x, create_graph=True)
    dx.square().sum().backward()
    assert x.grad.abs().sum() > 0


def test_threads_may_share_a_module():
    rnn, x = made(0.1, hidden=40), [tokens(seed, 40) for seed in range(4)]
    expected, found = [rnn(one)[0] for one in x], {}

    def run(k):
        found[k] = all(torch.equal(rnn(x[k])[0], expected[k]) for _ in range(20))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(4), True)


def test_it_is_trained_after_inference_mode_and_gradients_add_up():
    rnn, x = made(0.1), tokens()
    with torch.inference_mode():
        evaluated, _ = rnn(x)
    y, _ = rnn(x)
    assert torch.equal(y, evaluated)
    (y.sum() + rnn(x + 1)[0].sum()).backward()
    both = rnn.unknowns.grad.clone()
    rnn.zero_grad()
    rnn(x)[0].sum().backward()
    rnn(x + 1)[0].sum().backward()
    same(rnn.unknowns.grad, both)


def test_it_says_what_it_is_and_draws_it():
    rnn = made(0.5, seed=7)
    text = repr(rnn)
    for part in ("6 → 3", "|h|=9 relu", "hidden proportion 0.", "seed=7", "hh: density 0."):
        assert part in text
    axes = rnn.plot()
    (image,) = axes.images
    assert int(np.asarray(image.get_array()).sum()) == rnn.unknowns.numel()
    assert image.get_array().shape == (12, 18)
    assert [one.get_text() for one in axes.get_yticklabels()] == ["h", "y"]


def test_a_toy_task_is_learnt():
    """Which of two tokens was the larger, asked one blank step after the second."""
    torch.manual_seed(0)
    rnn = SparseRNN(inputs=1, outputs=2, unknowns=300, initialisation=Initialisation(std=0.3))
    adam = torch.optim.Adam(rnn.parameters(), lr=0.01)
    losses = []
    for _ in range(150):
        x = torch.rand(2, 64, 1)
        y, _ = rnn(x, blank_steps=1)
        loss = nn.functional.cross_entropy(y[-1], (x[1] > x[0]).long().squeeze(-1))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[0] > 0.6
    assert np.mean(losses[-10:]) < 0.25


def test_a_run_gives_its_trained_model_back(tmp_path):
    rnn = made(0.4, dtype=torch.float32, seed=2)
    with torch.no_grad():
        rnn.unknowns.add_(0.1)
    cell = CellVariant(
        cell=Cell(cell="lstm", inputs=INPUTS, outputs=OUTPUTS, hidden=4, projected=False),
        learning_rate=0.1,
        seed_index=0,
    )
    begin = start(cell, 2)
    parameters = {
        rnn.variant.key: (rnn.unknowns, rnn.biases),
        cell.key: (torch.from_numpy(begin.values), torch.from_numpy(begin.bias)),
    }
    about = weights.About("0" * 12, "toy", 2, (rnn.variant, cell))
    weights.write(tmp_path / "policies" / "0.safetensors", about, parameters)
    for folder in (tmp_path, str(tmp_path)):
        again = SparseRNN.from_run(folder, rnn.variant.key, batch_first=True)
        x = tokens().float()
        assert torch.equal(again(x.transpose(0, 1))[0].transpose(0, 1), rnn(x)[0])
        assert torch.equal(again.mask_digest, rnn.mask_digest)
    weights.export(tmp_path / "one.safetensors", weights.find(tmp_path, rnn.variant.key))
    assert torch.equal(SparseRNN.from_run(tmp_path / "one.safetensors").unknowns, rnn.unknowns)
    with pytest.raises(InputError, match=r"one of torch's own models.*takes the key of a map"):
        SparseRNN.from_run(tmp_path, cell.key)
