"""The RNN's two forms, forced and lifted, and how long the influence of a start lasts."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from blockmaps.maps.zoo import impulse
from blockmaps.maps.zoo.network import at_time, lift, lifted_start, lifted_states
from blockmaps.maps.zoo.recurrent import cell

DOUBLE = torch.float64
MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def random_cell(kind, layers, seed, inputs=3, width=4):
    torch.manual_seed(seed)
    return cell(MODULES[kind](inputs, width, layers, dtype=DOUBLE))


def starts(forced, steps, batch=2):
    """Tokens and the states at time 0."""
    tokens = torch.randn(batch, steps, *forced.shapes["x"], dtype=DOUBLE)
    held = [slot for slot in forced.shapes if slot[0] in "hc"]
    return tokens, {slot: torch.randn(batch, *forced.shapes[slot], dtype=DOUBLE) for slot in held}


kinds = st.sampled_from(sorted(MODULES))


@settings(max_examples=30)
@given(kinds, st.integers(1, 3), st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_lifted_and_forced_are_the_same_states(kind, layers, steps, hold, seed):
    """Every slot at every time, from any start of the slots that time 0 does not hold."""
    forced = random_cell(kind, layers, seed)
    tokens, first = starts(forced, steps)
    map = lift(forced, steps)
    z = lifted_start(map, forced, tokens, first)
    for slot in map.shapes:
        if slot not in map.held():
            z[slot] = 10 * torch.randn_like(z[slot])
    z = map.iterate(z, max(map.depths().values()) + (3 if hold else 0))
    driven = forced.drive(tokens, 1, forced.start({"x": tokens[:, 0], **first}))
    for slot in forced.shapes:
        if slot != "x":
            ours = lifted_states(forced, steps, z, slot)
            torch.testing.assert_close(ours, driven[slot], rtol=1e-12, atol=1e-12)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(0, 99))
def test_without_the_identity_the_last_state_forgets_the_start_after_iteration_T(steps, seed):
    """Finite impulse response: bit for bit the same for any h_0, at every iteration beyond T."""
    forced = random_cell("rnn", 1, seed)
    map = lift(forced, steps, hold=False)
    tokens, one = starts(forced, steps)
    two = {"h": one["h"] + 1}
    last = at_time("h", steps)
    z, w = (lifted_start(map, forced, tokens, each) for each in (one, two))
    for iteration in range(1, 3 * steps + 3):
        z, w = map.step(z), map.step(w)
        if iteration == steps:  # the RNN's output, which depends on h_0 as it must
            assert not torch.equal(z[last], w[last])
            driven = forced.drive(tokens, 1, forced.start({"x": tokens[:, 0], **one}))
            torch.testing.assert_close(z[last], driven["h"][:, -1], rtol=1e-12, atol=1e-12)
        elif iteration > steps:
            assert all(torch.equal(z[slot], w[slot]) for slot in z)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(0, 99))
def test_with_the_identity_the_influence_stays(steps, seed):
    """Infinite impulse response: from iteration T on h_T stands, and h_0 is in it."""
    forced = random_cell("rnn", 1, seed)
    map = lift(forced, steps, hold=True)
    tokens, one = starts(forced, steps)
    z, w = (lifted_start(map, forced, tokens, each) for each in (one, {"h": one["h"] + 1}))
    z, w, last = map.iterate(z, steps), map.iterate(w, steps), at_time("h", steps)
    wanted, other = z[last], w[last]
    assert not torch.equal(wanted, other)
    for _ in range(2 * steps + 2):
        z, w = map.step(z), map.step(w)
        assert torch.equal(z[last], wanted)
        assert torch.equal(w[last], other)


@settings(max_examples=20)
@given(st.integers(2, 6), st.data())
def test_a_single_input_acts_when_its_path_is_through(steps, data):
    """x_t reaches h_T after T − t + 1 iterations: once if it is not held, for ever if it is."""
    forced = random_cell("rnn", 1, data.draw(st.integers(0, 99)))
    t = data.draw(st.integers(1, steps))
    arrives, last = steps - t + 1, at_time("h", steps)
    for hold in (False, True):
        map = lift(forced, steps, hold, hold_inputs=hold)
        tokens, first = starts(forced, steps, batch=1)
        z = lifted_start(map, forced, tokens, first)
        moved = torch.ones(forced.shapes["x"], dtype=DOUBLE)
        lengths = impulse.influence(map, z, at_time("x", t), moved, 3 * steps)
        acts = lengths[:, list(map.shapes).index(last)] > 0
        wanted = [(k == arrives) or (hold and k > arrives) for k in range(3 * steps + 1)]
        assert acts.tolist() == wanted


def test_the_lifted_forms_blocks_are_below_the_diagonal_and_shared():
    forced = random_cell("rnn", 1, 0)
    map = lift(forced, 4)
    slots = list(map.shapes)
    assert slots == ["x[1]", "x[2]", "x[3]", "x[4]", "h[0]", "h[1]", "h[2]", "h[3]", "h[4]"]
    for target, source in map.blocks:
        assert slots.index(source) <= slots.index(target)
    assert {id(p) for p in map.parameters()} == {id(p) for p in forced.parameters()}
    assert map.depths()["h[4]"] == 4
    assert "h[0]" not in lift(forced, 4, hold=False).held()


@pytest.fixture(scope="module")
def responses():
    return impulse.responses(seed=1, steps=4, width=5, networks=3)


def test_the_table_of_influences(responses):
    assert list(responses) == list(impulse.COLUMNS)
    assert len(responses) == 2 * 3 * (4 + 5) * (2 * 4 + 3)
    assert (responses["low"] <= responses["influence"]).all()
    assert (responses["influence"] <= responses["high"]).all()
    last = responses[(responses["slot"] == "h[4]") & (responses["perturbed"] == "h[0]")]
    for identity, rows in last.groupby("identity"):
        acts = rows.sort_values("iteration")["high"] > 0
        assert acts.tolist() == [k == 4 or (identity and k > 4) for k in range(11)]
    # the same change in both maps, so that they are compared with nothing else moving
    at = last[last["iteration"] == 4].set_index("identity")["influence"]
    assert at[True] == at[False]
