"""One W: the matrix of the unknowns, the reference, the probes, the policies and the bank."""

import numpy as np
import pytest
import torch

from blockmaps.designs.kinds.mlp_path import layered, with_moved
from blockmaps.designs.patterns import RNN_BLOCKS, rnn_pattern
from blockmaps.designs.variants import Initialisation, Variant, start
from blockmaps.maps.activations import ACTIVATIONS
from blockmaps.maps.bank import Bank
from blockmaps.maps.dynamics import Weights
from blockmaps.maps.map import IterativeMap
from blockmaps.maps.matrix import matrix, spectral_radius
from blockmaps.results.measures import before_training
from blockmaps.training.scoring.stepping import MapPolicy, policy_of

SPARSE, DENSE = (rnn_pattern(5, 40, 3, dict.fromkeys(RNN_BLOCKS, share)) for share in (0.1, 1))
ELU = rnn_pattern(5, 6, 3, dict.fromkeys(RNN_BLOCKS, 0.5), activation="elu")
MOVED = with_moved(layered(5, (4, 3), 3), 1.0)
PATTERNS = {"sparse": SPARSE, "dense": DENSE, "elu": ELU, "moved": MOVED}


def variant_of(pattern):
    return Variant(
        pattern=pattern,
        initialisation=Initialisation(std=0.5),
        learning_rate=0.1,
        seed_index=0,
        iterations=3 if pattern is MOVED else None,
    )


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_all_that_takes_w_has_the_one_matrix(pattern):
    variant = variant_of(pattern)
    begin = start(variant, 3)
    W = matrix(pattern, begin.mask, begin.values)
    inputs = pattern.slots[0].size
    assert W.dtype == begin.values.dtype
    assert np.count_nonzero(W) == len(begin.values)
    assert not W[:inputs].any()
    np.testing.assert_array_equal(W[begin.mask.rows, begin.mask.columns], begin.values)

    reference = IterativeMap.from_start(pattern, begin, torch.float64)
    np.testing.assert_array_equal(reference.W.detach().numpy(), W)
    values, bias = torch.from_numpy(begin.values), torch.from_numpy(begin.bias)
    probed = Weights.of(pattern, begin.mask, values, bias)
    np.testing.assert_array_equal(torch.cat([probed.U, probed.V], 1).numpy(), W[inputs:])
    policy = policy_of(variant, begin, torch.float64)
    assert isinstance(policy, MapPolicy)
    np.testing.assert_array_equal(policy.W.to_dense().numpy(), W[inputs:])

    # what the bank computes in two steps is what the matrix says
    x = torch.randn(2, 4, inputs, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = Bank([variant], [begin], torch.float64)(x, iterations=variant.repeats)[0]
    z = np.zeros((4, len(W)))
    for token in range(2):
        z[:, :inputs] = x[token]
        for _ in range(variant.repeats):
            a = torch.from_numpy(z @ W[inputs:].T + begin.bias)
            parts = a.split([slot.size for slot in pattern.slots[1:]], 1)
            found = [
                ACTIVATIONS[slot.activation](part)
                for slot, part in zip(pattern.slots[1:], parts, strict=True)
            ]
            z[:, inputs:] = torch.cat(found, 1)
        expected = z[:, -pattern.slots[-1].size :]
        np.testing.assert_allclose(y[token].detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("pattern", [SPARSE, DENSE, ELU], ids=["sparse", "dense", "elu"])
def test_one_spectral_radius_and_one_activation(pattern):
    """The runs table and the dynamics table have the same number, to the last bit."""
    variant = variant_of(pattern)
    begin = start(variant, 3)
    inputs, hidden = pattern.sizes["x"], pattern.sizes["h"]
    first = np.random.default_rng(0).standard_normal((7, inputs))
    known = before_training(variant, begin, first, steps=4)
    values, bias = torch.from_numpy(begin.values), torch.from_numpy(begin.bias)
    weights = Weights.of(pattern, begin.mask, values, bias)
    assert known["spectral_radius"] == spectral_radius(pattern, weights.W.numpy())
    # by powers of W_hh, which no eigenvalue solver has a part in: ‖W_hhⁿ‖^(1/n) → its radius
    W_hh, power, grown = weights.V[:hidden, :hidden].numpy(), np.eye(hidden), 0.0
    for _ in range(4000):
        power = W_hh @ power
        size = np.linalg.norm(power)
        power, grown = power / size, grown + np.log(size)
    assert known["spectral_radius"] == pytest.approx(np.exp(grown / 4000), rel=2e-3)

    z = IterativeMap.from_start(pattern, begin, torch.float64)
    state = z.step(z.start({"x": torch.from_numpy(first)}))
    assert known["state_scale"] == pytest.approx(state["h"].square().mean().sqrt().item())


def test_a_radius_of_a_diverged_map_is_nan():
    assert np.isnan(spectral_radius(ELU, np.full((14, 14), np.inf)))
