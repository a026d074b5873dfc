"""Every model of the zoo against torch's own module: any sizes, outputs and gradients."""

import copy
import dataclasses
from itertools import pairwise

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from blockmaps.core.errors import InputError
from blockmaps.core.fixed import TOLERANCES
from blockmaps.designs.patterns import RNN_BLOCKS, rnn_pattern
from blockmaps.maps.blocks import Affine
from blockmaps.maps.map import IterativeMap
from blockmaps.maps.zoo import attention, feedforward, recurrent
from blockmaps.maps.zoo.equivalence import (
    COLUMNS,
    DTYPES,
    compare,
    count_unknowns,
    deviation,
    plain,
    rows,
    tensors,
)
from blockmaps.maps.zoo.examples import MODELS, Example, build
from blockmaps.maps.zoo.network import FORCED, LIFTED, ORDERED

EXAMPLES = settings(max_examples=25)
small = st.integers(1, 6)
seeds = st.integers(0, 999)
dtypes = st.sampled_from(sorted(DTYPES))


def check(module, make, inputs, dtype, seed):
    """Shake every parameter, so that one left out is missed though it starts at zero; compare."""
    module.to(DTYPES[dtype])
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network = make(module)
    example = Example(module, network, inputs(lambda *s: torch.randn(*s, dtype=DTYPES[dtype])))
    assume(any(one.any() for one in tensors(module(*example.inputs))))  # all units may be dead
    found = compare(example)
    assert found.output <= TOLERANCES[dtype]
    assert found.gradient <= TOLERANCES[dtype]
    own = {id(parameter) for parameter in module.parameters()}
    assert {id(parameter) for parameter in network.map.parameters()} == own
    assert sum(count_unknowns(network.map)) == sum(p.numel() for p in module.parameters())
    return network


@EXAMPLES
@given(
    st.lists(small, min_size=2, max_size=6),
    st.sampled_from([nn.ReLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.GELU]),
    st.booleans(),
    small,
    dtypes,
    seeds,
)
def test_mlp(sizes, sigma, bias, batch, dtype, seed):
    torch.manual_seed(seed)
    layers = []
    for source, target in pairwise(sizes):
        layers += [nn.Linear(source, target, bias=bias), sigma()]
    module = nn.Sequential(*layers[:-1])
    network = check(
        module,
        lambda module: feedforward.sequential(module, (sizes[0],)),
        lambda draw: (draw(batch, sizes[0]),),
        dtype,
        seed,
    )
    assert network.iterations == len(sizes) - 1
    assert len(network.map.shapes) == len(sizes)


@EXAMPLES
@given(st.lists(small, min_size=2, max_size=6), small, dtypes, seeds)
def test_mlp_with_skip_connections(sizes, batch, dtype, seed):
    torch.manual_seed(seed)
    check(
        feedforward.SkipNetwork(sizes),
        feedforward.skip,
        lambda draw: (draw(batch, sizes[0]),),
        dtype,
        seed,
    )


@EXAMPLES
@given(small, small, small, st.integers(0, 5), small, dtypes, seeds)
def test_residual(inputs, width, outputs, layers, batch, dtype, seed):
    torch.manual_seed(seed)
    network = check(
        feedforward.ResidualNetwork(inputs, width, outputs, layers),
        feedforward.residual,
        lambda draw: (draw(batch, inputs),),
        dtype,
        seed,
    )
    assert network.iterations == layers + 2


@EXAMPLES
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(0, 1),
    st.integers(5, 8),
    small,
    dtypes,
    seeds,
)
def test_convolution(inputs, channels, kernel, stride, padding, side, batch, dtype, seed):
    torch.manual_seed(seed)
    module = nn.Sequential(
        nn.Conv2d(inputs, channels, kernel, stride, padding),
        nn.ELU(),
        nn.AvgPool2d(2),
        nn.Conv2d(channels, 2, 1),
        nn.Tanh(),
        nn.Flatten(),
    )
    module.append(nn.Linear(module(torch.zeros(1, inputs, side, side)).shape[1], 3))
    network = check(
        module,
        lambda module: feedforward.sequential(module, (inputs, side, side)),
        lambda draw: (draw(batch, inputs, side, side),),
        dtype,
        seed,
    )
    assert network.iterations == 3


@EXAMPLES
@given(
    st.sampled_from(["tanh", "relu", "lstm", "gru"]),
    small,
    small,
    st.integers(1, 3),
    st.integers(1, 6),
    small,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    dtypes,
    seeds,
)
def test_recurrent(
    kind, inputs, width, layers, steps, batch, first, bias, lifted, start, dtype, seed
):
    torch.manual_seed(seed)
    options = {"num_layers": layers, "batch_first": first, "bias": bias}
    if kind in ("tanh", "relu"):
        module = nn.RNN(inputs, width, nonlinearity=kind, **options)
    else:
        module = {"lstm": nn.LSTM, "gru": nn.GRU}[kind](inputs, width, **options)

    def arguments(draw):
        x = draw(batch, steps, inputs) if first else draw(steps, batch, inputs)
        if not start:
            return (x,)
        initial = draw(layers, batch, width)
        return (x, (initial, draw(layers, batch, width)) if kind == "lstm" else initial)

    network = check(
        module,
        lambda module: recurrent.recurrent(module, steps if lifted else None),
        arguments,
        dtype,
        seed,
    )
    alone = layers == 1 and kind in ("tanh", "relu")
    assert network.form == (LIFTED if lifted else FORCED if alone else ORDERED)
    if lifted and kind in ("tanh", "relu"):
        assert network.iterations == steps + layers - 1


@EXAMPLES
@given(small, small, small, st.integers(1, 6), small, st.booleans(), dtypes, seeds)
def test_an_output_that_lags(inputs, width, outputs, steps, batch, first, dtype, seed):
    torch.manual_seed(seed)
    rnn, linear = nn.RNN(inputs, width, batch_first=first), nn.Linear(width, outputs)

    class ReadOut(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.linear = rnn, linear

        def forward(self, x):
            return self.linear(self.rnn(x)[0])

    check(
        ReadOut(),
        lambda module: recurrent.readout(rnn, linear),
        lambda draw: (draw(batch, steps, inputs) if first else draw(steps, batch, inputs),),
        dtype,
        seed,
    )


@EXAMPLES
@given(
    st.sampled_from(["coarse", "fine"]),
    st.integers(1, 3),
    st.integers(1, 3),
    # a norm of two or three values that happen to be close multiplies float32's rounding by up to
    # 1/√1e-5 = 316: seen once in 1,500 examples of width 2, a deviation of 9e-5 in a gradient
    st.integers(4, 6),
    st.integers(1, 5),
    small,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["relu", "gelu"]),
    dtypes,
    seeds,
)
def test_transformer(
    grain,
    layers,
    heads,
    share,
    steps,
    batch,
    norm_first,
    first,
    norm,
    causal,
    boolean,
    sigma,
    dtype,
    seed,
):
    torch.manual_seed(seed)
    width = heads * share
    layer = nn.TransformerEncoderLayer(
        width, heads, 7, 0.0, sigma, batch_first=first, norm_first=norm_first
    )
    module = nn.TransformerEncoder(
        layer, layers, nn.LayerNorm(width) if norm else None, enable_nested_tensor=False
    )
    mask = None
    if causal:
        mask = nn.Transformer.generate_square_subsequent_mask(steps, dtype=DTYPES[dtype])
        mask = mask == -torch.inf if boolean else mask
        module.register_forward_pre_hook(
            lambda module, args, kwargs: (args, {**kwargs, "mask": mask}), with_kwargs=True
        )
    build_map = {"coarse": attention.coarse, "fine": attention.fine}[grain]
    network = check(
        module,
        lambda module: build_map(module, steps, mask),
        lambda draw: (draw(batch, steps, width) if first else draw(steps, batch, width),),
        dtype,
        seed,
    )
    if grain == "coarse":
        assert network.iterations == layers + norm
    else:
        per_layer = 9  # projections, scores, softmax, heads, sum, norm, forward, sum, norm
        assert network.iterations == per_layer * layers + norm


def modules_of(map):
    return {type(module) for module in map.modules()}


@pytest.mark.parametrize("name", ["transformer", "lstm", "lstm-lifted", "gru", "gru-lifted"])
def test_fine_means_that_no_cell_or_attention_is_a_module(name):
    example = build(name)
    whole = (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention, nn.TransformerEncoderLayer)
    for module in example.network.map.modules():
        assert not isinstance(module, whole)
    kinds = set(example.network.map.blocks.values())
    assert kinds == (
        {"identity", "affine", "module", "contraction"}
        if name == "transformer"
        else {"identity", "affine", "product"}
    )
    leaves = {type(module) for module in example.network.map.modules() if not [*module.children()]}
    known = {nn.Identity, nn.Softmax, nn.LayerNorm, nn.Flatten, nn.Unflatten, Affine, nn.Linear}
    ours = {one for one in leaves if one.__module__.startswith("blockmaps")}
    theirs = {one for one in leaves - ours if not issubclass(one, nn.Linear)}
    assert theirs <= known


def test_updating_a_stack_at_once_is_inexact():
    """The reason for orders and lifted forms: the same rows, all at once, are another network."""
    from blockmaps.maps.map import BlockMap

    for name in ("rnn-stack", "lstm", "gru"):
        example = build(name)
        map = example.network.map
        at_once = BlockMap(map.shapes, map.rows)
        x = example.inputs[0].transpose(0, 1)
        theirs = example.module(example.inputs[0])[0].transpose(0, 1)
        last = [slot for slot in map.shapes if slot.startswith("h")][-1]
        assert torch.allclose(map.drive(x)[last], theirs)
        assert not torch.allclose(at_once.drive(x)[last], theirs, atol=1e-2)


def test_two_iterations_a_token_are_another_network():
    example = build("rnn")
    ours = example.network(*example.inputs, iterations=2)[0]
    assert not torch.allclose(ours, example.module(*example.inputs)[0], atol=1e-2)


@pytest.mark.parametrize("length", [1, 2, 13])
def test_nn_rnn_in_float32_for_the_lengths_that_the_authors_test(length):
    example = build("rnn", dtype=torch.float32, steps=length)
    assert max(compare(example)) <= 1e-6


@pytest.mark.parametrize("name", MODELS)
def test_every_row_of_the_table(name):
    table = rows(models=[name], draws=2)
    assert list(table) == list(COLUMNS)
    assert table["dtype"].tolist() == ["float64", "float32"]
    for row in table.to_dict("records"):
        assert row["output_deviation"] <= TOLERANCES[row["dtype"]]
        assert row["gradient_deviation"] <= TOLERANCES[row["dtype"]]
        assert row["unknowns"] > 0
        if row["dtype"] == "float64" and row["one_fewer_deviation"] == row["one_fewer_deviation"]:
            assert row["one_fewer_deviation"] > 1e-10, "an iteration is not needed"
        if name == "mlp":
            assert row["unknowns"] + row["biases"] == 118_282
            assert row["output_deviation"] == row["gradient_deviation"] == 0
        assert plain(row)["one_fewer_deviation"] is None or row["one_fewer_deviation"] > 0


@pytest.mark.parametrize("name", MODELS)
def test_a_parameter_changed_in_the_map_shows(name):
    """The comparison can fail: a map of other weights is far from the module."""
    example, other = build(name, 0), build(name, 1)
    wrong = Example(example.module, other.network, example.inputs)
    assert compare(wrong).output > 1e-3
    assert compare(wrong).gradient > 1e-3


def test_a_gradient_that_is_cut_shows_in_the_gradient_alone():
    """The two columns are two measurements: outputs agree here, and gradients do not."""
    example = build("mlp", width=8, inputs=6)

    class Cut(nn.Linear):
        def forward(self, z):
            return super().forward(z.detach())

    layers = list(example.module)
    cut = Cut(8, 8, dtype=torch.float64)
    cut.weight, cut.bias = layers[2].weight, layers[2].bias
    layers[2] = cut
    wrong = feedforward.sequential(nn.Sequential(*layers), (6,))
    found = compare(Example(example.module, wrong, example.inputs))
    assert found.output == 0
    assert found.gradient > 1e-3


def test_every_result_of_a_module_counts():
    """An LSTM whose c_n is wrong, and one whose c_n alone has no gradient."""
    example = build("lstm")
    run = example.network.run

    def wrong(map, *inputs, iterations):
        output, (h, c) = run(map, *inputs, iterations=iterations)
        return output, (h, c + 1)

    def cut(map, *inputs, iterations):
        output, (h, c) = run(map, *inputs, iterations=iterations)
        return output, (h, c.detach())

    for change, shows in ((wrong, "output"), (cut, "gradient")):
        network = dataclasses.replace(example.network, run=change)
        found = compare(Example(example.module, network, example.inputs))
        assert getattr(found, shows) > 1e-3


def test_unknowns_are_counted_under_masks_and_once():
    pattern = rnn_pattern(5, 6, 3, dict.fromkeys(RNN_BLOCKS, 0.5))
    mask = torch.zeros(14, 14, dtype=bool)
    mask[5:] = torch.rand(9, 14) < 0.5
    model = IterativeMap(pattern, torch.randn(14, 14), mask, torch.zeros(9))
    assert count_unknowns(model) == (int(mask.sum()), 9)


def test_a_deep_copy_is_another_network():
    for name in ("mlp", "lstm", "rnn-lifted", "transformer"):
        example = build(name, **({"steps": 2} if "steps" in MODELS[name].sizes else {}))
        copied = copy.deepcopy(example.network)
        with torch.no_grad():
            for parameter in copied.map.parameters():
                parameter.zero_()
        before = tensors(example.network(*example.inputs))[0]
        assert torch.equal(before, tensors(example.network(*example.inputs))[0])
        assert not torch.allclose(tensors(copied(*example.inputs))[0], before)


@pytest.mark.parametrize("shape", [(3, 1), (4, 4), (2, 3, 3)])
def test_a_mask_of_another_shape_is_refused(shape):
    layer = nn.TransformerEncoderLayer(4, 2, 4, dropout=0)
    encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    for make in (attention.coarse, attention.fine):
        with pytest.raises(ValueError, match="takes a mask of"):
            make(encoder, 3, torch.zeros(shape))


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.Dropout(0.5)])
def test_what_is_no_function_of_its_input_is_refused(layer):
    module = nn.Sequential(nn.Linear(4, 4), layer, nn.Linear(4, 2))
    with pytest.raises(ValueError, match="while training"):
        feedforward.sequential(module, (4,))
    network = feedforward.sequential(module.eval(), (4,))
    x = torch.randn(3, 4)
    torch.testing.assert_close(network(x), module(x))


def test_attentions_own_dropout_is_refused():
    layer = nn.TransformerEncoderLayer(4, 2, 4, dropout=0)
    layer.self_attn.dropout = 0.5
    with pytest.raises(ValueError, match="MultiheadAttention with dropout"):
        attention.fine(nn.TransformerEncoder(layer, 1, enable_nested_tensor=False), 3)


def test_deviation_is_normwise_and_does_not_lose_nan():
    one, zero = torch.tensor([10.0, 1e-9]), torch.tensor([10.0, 0.0])
    assert deviation([one], [zero]) == pytest.approx(1e-10)
    assert deviation([torch.tensor([float("nan"), 1.0])], [torch.ones(2)]) != 0
    with pytest.raises(ValueError, match="shapes"):
        deviation([torch.ones(2)], [torch.ones(3)])
    with pytest.raises(ValueError, match="zero"):
        deviation([torch.ones(2)], [torch.zeros(2)])


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.RNN(2, 2, bidirectional=True), "bidirectional"),
        (nn.LSTM(2, 3, proj_size=1), "proj_size"),
        (nn.GRU(2, 2, 2, dropout=0.5), "dropout"),
    ],
)
def test_what_no_map_is_made_of_is_refused(module, said):
    with pytest.raises(ValueError, match=said):
        recurrent.recurrent(module)
    layer = nn.TransformerEncoderLayer(4, 2, 4, dropout=0.1)
    for make in (attention.coarse, attention.fine):
        with pytest.raises(ValueError, match="dropout"):
            make(nn.TransformerEncoder(layer, 1, enable_nested_tensor=False), 3)
        make(nn.TransformerEncoder(layer, 1, enable_nested_tensor=False).eval(), 3)


def test_names_and_sizes_that_are_not_there():
    with pytest.raises(InputError, match="takes one of: mlp, mlp-skip"):
        build("cnn")
    with pytest.raises(InputError, match="has no size heads; takes: inputs, width"):
        build("mlp", heads=2)
    with pytest.raises(InputError, match="layers is 0; takes at least 1"):
        build("mlp", layers=0)
    with pytest.raises(InputError, match="no multiple of heads"):
        build("transformer", heads=3)
    with pytest.raises(InputError, match="cannot be made with channels 4, side 2"):
        build("convolution", side=2)


def test_building_leaves_torchs_state_as_it_was():
    before = torch.get_rng_state()
    build("mlp", width=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() == torch.float32
