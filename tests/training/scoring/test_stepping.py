"""Policies step by step: what is carried is what the whole history gives."""

import numpy as np
import pytest
import torch

from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds import Sizes
from blockmaps.designs.patterns import RNN_BLOCKS, Pattern, Slot
from blockmaps.designs.variants import CellVariant, Initialisation, LayersVariant, Variant, start
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import CellBank, LayersBank
from blockmaps.training.scoring.stepping import MapPolicy, Policies, policy_of

X, Y, STEPS, EPISODES = 5, 3, 12, 4
KNOWN = {"learning_rate": 1e-3, "seed_index": 2}
SIZES = Sizes(X, Y, "relu")


def rnn(hidden, density, **fields) -> Variant:
    pattern = SIZES.rnn(hidden, densities=dict.fromkeys(RNN_BLOCKS, density))
    start_from = Initialisation(std=0.4, bias=fields.pop("bias", None))
    return Variant(pattern=pattern, initialisation=start_from, **KNOWN, **fields)


def deep() -> Variant:
    slots = [Slot(name="x", size=X), Slot(name="h1", size=6, activation="tanh")]
    slots += [Slot(name="h2", size=4, activation="elu"), Slot(name="y", size=Y)]
    blocks = [("h1", "x"), ("h2", "h1"), ("y", "h2")]
    pattern = Pattern(
        slots=slots, blocks=[{"target": t, "source": s, "density": 1.0} for t, s in blocks]
    )
    return Variant(pattern=pattern, initialisation=Initialisation(std=0.5), **KNOWN)


def cell(name, **fields) -> CellVariant:
    return CellVariant(cell=Cell(cell=name, inputs=X, hidden=7, outputs=Y, **fields), **KNOWN)


KINDS = {
    "maps, dense to sparse": (Bank, [rnn(9, 1.0), rnn(20, 0.5), rnn(40, 0.1)], 1),
    "several iterations": (Bank, [rnn(9, 0.7, iterations=3)], 3),
    "no biases": (Bank, [rnn(9, 0.7, bias=False)], 1),
    "several slots": (Bank, [deep()], 1),
    "cells": (
        CellBank,
        [cell("rnn"), cell("gru"), cell("lstm"), cell("lstm", projected=True)],
        1,
    ),
    "layers": (LayersBank, [LayersVariant(layers_of=deep())], 1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_carried_states_are_the_recomputed_history(kind):
    bank_of, variants, iterations = KINDS[kind]
    trained = [(one, start(one, 1)) for one in variants]
    bank = bank_of(variants, [begin for _, begin in trained], torch.float64)
    # every variant sees its own observations, so that each one's history is its own
    seen = np.random.default_rng(0).normal(size=(STEPS, len(variants), EPISODES, X))
    policies = Policies(trained, torch.float64)
    for _ in range(2):  # begun again, nothing is left of before
        policies.begin(EPISODES)
        carried = np.stack([policies.step(now) for now in seen])
    for t in range(1, STEPS + 1):
        for k in range(len(variants)):
            history = torch.from_numpy(seen[:t, k])
            y = bank(history, (t - 1,), iterations)[k, 0].detach().numpy()
            np.testing.assert_allclose(carried[t - 1, k], y, atol=1e-12)
    assert np.ptp(carried) > 0.1


def test_both_ways_of_holding_W_are_gone_through():
    layouts = {policy_of(one, start(one, 1)).W.layout for one in KINDS["maps, dense to sparse"][1]}
    assert layouts == {torch.strided, torch.sparse_csr}
    assert isinstance(policy_of(rnn(3, 1.0), start(rnn(3, 1.0), 1)), MapPolicy)


def test_an_action_does_not_depend_on_the_other_variants():
    variants = [rnn(9, 1.0), rnn(10, 1.0), rnn(20, 0.5)]
    trained = [(one, start(one, 1)) for one in variants]
    seen = np.random.default_rng(0).normal(size=(3, len(variants), EPISODES, X))
    together, alone = Policies(trained), Policies(trained[1:2])
    together.begin(EPISODES)
    alone.begin(EPISODES)
    for now in seen:
        np.testing.assert_array_equal(together.step(now)[1], alone.step(now[1:2])[0])
