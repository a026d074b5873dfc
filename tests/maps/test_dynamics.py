"""Gradients, exponents and spectra against autograd on the reference map."""

import numpy as np
import pytest
import torch

from blockmaps.designs.kinds.mlp_path import layered, with_moved
from blockmaps.designs.patterns import RNN_BLOCKS, rnn_pattern
from blockmaps.designs.variants import Initialisation, Variant, start
from blockmaps.maps.dynamics import (
    Trajectory,
    Weights,
    exponents,
    gradients,
    singular_values,
    unroll,
)
from blockmaps.maps.map import IterativeMap
from blockmaps.maps.matrix import spectral_radius

DOUBLE = torch.float64


def made(pattern, iterations=1, bias=True, seed_index=0):
    variant = Variant(
        pattern=pattern,
        initialisation=Initialisation(std=0.5, bias=bias),
        learning_rate=0.1,
        seed_index=seed_index,
        iterations=iterations if iterations > 1 else None,
    )
    begin = start(variant, 3)
    weights = Weights.of(
        pattern, begin.mask, torch.from_numpy(begin.values), torch.from_numpy(begin.bias)
    )
    return IterativeMap.from_start(pattern, begin, DOUBLE), weights


def walk(model, tokens, iterations):
    """The reference, a step at a time: the state before and after every step, as leaves of its own.

    Every state is cut off from the one before and joined to it again by adding zero, so that
    autograd's gradient of it is the whole one.
    """
    z = model.start({"x": tokens[0]})
    probes, states = [], []
    for token in tokens:
        z = {**z, "x": token}
        for _ in range(iterations):
            z = model.step(z)
            state = torch.cat([z[slot] for slot in model.shapes if slot != "x"], 1)
            probe = torch.zeros_like(state, requires_grad=True)
            probes.append(probe)
            parts = (state + probe).split([model.shapes[s][0] for s in model.shapes if s != "x"], 1)
            z = {"x": z["x"]} | dict(zip([s for s in model.shapes if s != "x"], parts, strict=True))
            states.append(state + probe)
    return states, probes


RNN = [
    rnn_pattern(5, 6, 3, dict.fromkeys(RNN_BLOCKS, 0.8), activation=activation)
    for activation in ("relu", "tanh", "elu", "sigmoid", "identity")
]
MAPS = [*[(pattern, 1) for pattern in RNN], (RNN[1], 3)]
MAPS += [(with_moved(layered(5, (4, 3), 3), share), k) for share in (0.0, 0.5, 1.0) for k in (3, 6)]


@pytest.mark.parametrize(("pattern", "iterations"), MAPS)
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_through_all_steps_are_autograds_on_the_reference(pattern, iterations, bias):
    model, weights = made(pattern, iterations, bias)
    torch.manual_seed(0)
    tokens = torch.randn(5, 4, 5, dtype=DOUBLE)
    states, probes = walk(model, tokens, iterations)
    trajectory = unroll(pattern, weights, tokens, iterations)
    torch.testing.assert_close(trajectory.states, torch.stack(states), rtol=1e-12, atol=1e-12)
    target = torch.randint(0, 3, (4,))
    taken_at = [3 * iterations - 1, 5 * iterations - 1]
    loss = sum(
        torch.nn.functional.cross_entropy(states[step][:, -3:], target, reduction="sum")
        for step in taken_at
    )
    theirs = torch.autograd.grad(loss, probes)
    taken = {}
    for step in taken_at:
        y = trajectory.states[step][:, -3:].detach().requires_grad_()
        own = torch.nn.functional.cross_entropy(y, target, reduction="sum")
        taken[step] = torch.autograd.grad(own, y)[0]
    ours = gradients(weights.V, trajectory.slopes, taken)
    assert ours.abs().max() > 1e-3
    torch.testing.assert_close(ours, torch.stack(theirs), rtol=1e-10, atol=1e-12)


def test_an_exponent_is_that_of_the_jacobian_of_the_whole_trajectory():
    pattern = RNN[1]
    _, weights = made(pattern)
    tokens = torch.randn(7, 3, 5, dtype=DOUBLE)
    trajectory = unroll(pattern, weights, tokens)

    def last(s, sequence):
        for token in tokens[:, sequence]:
            parts = (weights.U @ token + weights.V @ s + weights.b).split([6, 3])
            s = torch.cat([torch.tanh(parts[0]), parts[1]])
        return s

    found = exponents(weights.V, trajectory.slopes)
    for sequence in range(3):
        zero = torch.zeros(9, dtype=DOUBLE)
        jacobian = torch.autograd.functional.jacobian(lambda s, k=sequence: last(s, k), zero)
        expected = np.log(np.linalg.svd(jacobian.numpy(), compute_uv=False)[0]) / 7
        assert found[sequence].item() == pytest.approx(expected, rel=1e-10)


def test_exponents_of_known_maps():
    """A linear map grows by its factor; a rotation not at all; a hundred steps do not underflow."""
    for factor in (1e-5, 0.5, 1.0, 3.0, 1e5):
        V = factor * torch.linalg.qr(torch.randn(4, 4, dtype=DOUBLE)).Q
        slopes = torch.ones(100, 2, 4, dtype=DOUBLE)
        expected = torch.full((2,), np.log(factor), dtype=DOUBLE)
        torch.testing.assert_close(exponents(V, slopes), expected, rtol=1e-9, atol=1e-12)
    nilpotent = torch.diag(torch.ones(3, dtype=DOUBLE), -1)
    assert torch.isfinite(exponents(nilpotent, torch.ones(3, 1, 4, dtype=DOUBLE))).all()
    assert (exponents(nilpotent, torch.ones(4, 1, 4, dtype=DOUBLE)) == -torch.inf).all()


def test_an_mlp_as_a_map_has_forgotten_its_start_after_as_many_steps_as_layers():
    pattern = layered(5, (4, 3), 3)
    _, weights = made(pattern, 3)
    tokens = torch.randn(1, 2, 5, dtype=DOUBLE)
    for iterations, nothing in ((2, False), (3, True), (6, True)):
        slopes = unroll(pattern, weights, tokens, iterations).slopes
        assert (exponents(weights.V, slopes) == -torch.inf).all() == nothing
    assert spectral_radius(pattern, weights.W.numpy()) == 0


def test_spectra_are_those_of_the_whole_matrix():
    pattern = with_moved(layered(5, (4, 3), 3), 1.0)
    model, weights = made(pattern, 3)
    W = model.W.detach().numpy()
    expected = np.linalg.svd(W[5:], compute_uv=False)
    np.testing.assert_allclose(singular_values(weights).numpy(), expected, rtol=1e-10)
    hidden = np.abs(np.linalg.eigvals(W[5:12, 5:12])).max()
    assert spectral_radius(pattern, weights.W.numpy()) == pytest.approx(hidden)


def test_a_diverged_map_is_nan_and_no_fault():
    weights = Weights(torch.full((5, 5), torch.nan), torch.full((3,), torch.nan))
    pattern = rnn_pattern(2, 2, 1, dict.fromkeys(RNN_BLOCKS, 1))
    assert np.isnan(spectral_radius(pattern, weights.W.numpy()))
    assert torch.isnan(singular_values(weights)).all()
    slopes = Trajectory(*(torch.full((4, 2, 3), torch.nan),) * 2).slopes
    assert not torch.isfinite(exponents(weights.V, slopes)).any()
