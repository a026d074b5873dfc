"""Torch's cells behind a bank's interface: the same as torch's modules, counted as they are."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from blockmaps.designs.cells import Cell, cell_of_budget
from blockmaps.designs.variants import CellVariant, start
from blockmaps.maps.torch_models import CellBank

small = st.integers(1, 6)


def variant(cell, seed_index=0):
    return CellVariant(cell=cell, learning_rate=1e-3, seed_index=seed_index)


@settings(max_examples=30)
@given(st.sampled_from(["rnn", "gru", "lstm"]), small, small, small, st.booleans(), small)
def test_a_cell_is_torchs_module(name, inputs, hidden, outputs, projected, seed):
    projected = projected and name == "lstm" and hidden > outputs
    cell = Cell(cell=name, inputs=inputs, hidden=hidden, outputs=outputs, projected=projected)
    options = {"proj_size": outputs} if projected else {}
    module = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[name](
        inputs, hidden, dtype=torch.float64, **options
    )
    readout = None if projected else nn.Linear(hidden, outputs, dtype=torch.float64)
    one = variant(cell, seed)
    bank = CellBank([one], [start(one, 0)], torch.float64)
    # torch's own parameters, in the order in which a cell lists its weights and biases
    own = dict(module.named_parameters())
    weights = [own[key] for key in cell.weights if key in own]
    biases = [own[key] for key in cell.offsets if key in own]
    if readout is not None:
        weights, biases = [*weights, readout.weight], [*biases, readout.bias]
    assert sum(p.numel() for p in weights) == cell.unknowns
    assert sum(p.numel() for p in biases) == cell.biases
    assert len(weights) + len(biases) == len(own) + (0 if projected else 2)
    with torch.no_grad():
        bank.unknowns[0].copy_(torch.cat([p.flatten() for p in weights]))
        bank.biases[0].copy_(torch.cat([p.flatten() for p in biases]))
    torch.manual_seed(seed)
    x = torch.randn(5, 3, inputs, dtype=torch.float64)
    blank = torch.cat([x, torch.zeros(2, 3, inputs, dtype=torch.float64)])
    states = module(blank)[0]
    theirs = states if projected else readout(states)
    torch.testing.assert_close(bank(x, blank_steps=2)[0], theirs, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(bank(x, [6, 2], blank_steps=2)[0], theirs[[6, 2]])
    direction = torch.randn_like(theirs)
    (bank(x, blank_steps=2)[0] * direction).sum().backward()
    wanted = torch.autograd.grad((theirs * direction).sum(), [*weights, *biases])
    flat = torch.cat([g.flatten() for g in wanted])
    ours = torch.cat([bank.unknowns[0].grad, bank.biases[0].grad])
    torch.testing.assert_close(ours, flat, rtol=1e-10, atol=1e-12)


def test_it_starts_as_torch_starts_it():
    cell = Cell(cell="lstm", inputs=40, hidden=25, outputs=10)
    begin = start(variant(cell), 0)
    for values in (begin.values, begin.bias):
        assert abs(values).max() <= 0.2
        assert abs(values).max() > 0.19
        assert abs(values.mean()) < 0.01 if len(values) > 1000 else True
    assert begin.values.std() == pytest.approx(0.2 / 3**0.5, rel=0.02)


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("budget", [100_000, 1_000_000])
def test_the_cell_is_the_nearest_to_the_budget(name, budget):
    cell = cell_of_budget(name, budget, 2500, 10)

    def off(hidden):
        return abs(cell.model_copy(update={"hidden": hidden}).unknowns - budget)

    assert off(cell.hidden) <= min(off(cell.hidden - 1), off(cell.hidden + 1))


def test_the_papers_lstms():
    """h 100 at a million; at 100,000 the smallest that can project has 11, and 10 % too many."""
    large = cell_of_budget("lstm", 1_000_000, 2500, 10)
    assert (large.hidden, large.projected) == (100, True)
    small = cell_of_budget("lstm", 100_000, 2500, 10)
    assert (small.hidden, small.projected) == (10, False)
    eleven = Cell(cell="lstm", inputs=2500, hidden=11, outputs=10, projected=True)
    assert eleven.unknowns == 110_550
    with pytest.raises(ValueError, match="only an LSTM"):
        Cell(cell="lstm", inputs=2500, hidden=10, outputs=10, projected=True)
    with pytest.raises(ValueError, match="only an LSTM"):
        Cell(cell="gru", inputs=2500, hidden=20, outputs=10, projected=True)
