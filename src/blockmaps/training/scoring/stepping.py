"""Trained models as policies: from an observation to an action, the state carried.

`Bank.forward` computes all steps of shared sequences at once. In an environment the next
observation is an answer to the last action, and every variant sees its own, so that there is one
step at a time, and what a variant has computed stays with it: no history is gone through again.

Variants are computed one after another, each by itself and unpadded. A step in the environment
costs a hundred times as much, and so an action does not depend, even by rounding, on which other
variants a bank holds: contacts would soon make two different episodes of such a difference.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from blockmaps.designs.cells import Cell
from blockmaps.designs.patterns import Mask, Pattern
from blockmaps.designs.variants import AnyVariant, CellVariant, LayersVariant, Start
from blockmaps.maps.activations import IN_PLACE
from blockmaps.maps.layouts import MOST_SPARSE
from blockmaps.maps.matrix import matrix
from blockmaps.maps.torch_models import LayersBank, cell_tensors, empty_module, run_cell


class Policy(ABC):
    """One trained model."""

    @abstractmethod
    def begin(self, episodes: int) -> None:
        """Start episodes anew, the state zero."""

    @abstractmethod
    def step(self, observations: Float[Tensor, "episodes x"]) -> Float[Tensor, "episodes y"]:
        """Return actions, and carry the state on."""


class MapPolicy(Policy):
    """A map: s ← σ(W (x, s) + b), y its last slot.

    Parameters
    ----------
    pattern : its slots and their activations.
    mask : the places of its unknowns.
    values : (unknowns,) in the mask's order.
    bias : (state size,) or (0,).
    iterations : of the map an observation.
    """

    def __init__(
        self, pattern: Pattern, mask: Mask, values: Tensor, bias: Tensor, iterations: int = 1
    ) -> None:
        self.inputs, self.outputs = pattern.slots[0].size, pattern.slots[-1].size
        self.iterations = iterations
        self.b = bias[:, None] if len(bias) else bias.new_zeros(pattern.state_size, 1)
        self.W = _rows_of_state(pattern, mask, values)
        self.activated = [
            (slice(begin, begin + slot.size), IN_PLACE[slot.activation])
            for slot, begin in zip(pattern.slots[1:], _begins(pattern), strict=True)
            if slot.activation != "identity"
        ]
        self.z = values.new_zeros(0)

    def begin(self, episodes: int) -> None:
        """Start episodes anew, the state zero."""
        self.z = self.b.new_zeros(self.inputs + len(self.b), episodes)

    def step(self, observations):
        """Return actions, and carry the state on."""
        self.z[: self.inputs] = observations.T
        for _ in range(self.iterations):
            s = torch.addmm(self.b.expand(-1, self.z.shape[1]), self.W, self.z)
            for rows, activate in self.activated:
                activate(s[rows])
            self.z[self.inputs :] = s
        return s[-self.outputs :].T


def _begins(pattern: Pattern) -> list[int]:
    """Return where each slot begins in the state without its input."""
    first = pattern.slots[0].size
    return [pattern.offsets[slot.name] - first for slot in pattern.slots[1:]]


def _rows_of_state(pattern: Pattern, mask: Mask, values: Tensor) -> Tensor:
    """Return the rows of the state of W, in compressed sparse rows where most are zero."""
    first = pattern.slots[0].size
    W = torch.from_numpy(matrix(pattern, mask, values.numpy()))[first:]
    if len(values) > MOST_SPARSE * W.numel() or not torch.backends.mkl.is_available():
        return W
    with warnings.catch_warnings():  # torch says once that this is a beta
        warnings.filterwarnings("ignore", message="Sparse CSR")
        return W.to_sparse_csr()


class CellPolicy(Policy):
    """One of torch's cells, its state as torch carries it.

    Parameters
    ----------
    cell : its kind and sizes.
    values, bias : its weights and its biases, as a bank has them.
    """

    def __init__(self, cell: Cell, values: Tensor, bias: Tensor) -> None:
        # torch says once that it is slower so
        warnings.filterwarnings("ignore", message="LSTM with projections is not supported with")
        self.module, self.tensors = empty_module(cell), cell_tensors(cell, values, bias)
        self.state: Any = None

    def begin(self, episodes: int) -> None:
        """Start episodes anew, the state zero."""
        self.state = None

    def step(self, observations):
        """Return actions, and carry the state on."""
        y, self.state = run_cell(self.module, self.tensors, observations[None], self.state)
        return y[0]


class LayersPolicy(Policy):
    """Layers in sequence: nothing is carried.

    Parameters
    ----------
    bank : that holds them alone.
    """

    def __init__(self, bank: LayersBank) -> None:
        self.bank = bank

    def begin(self, episodes: int) -> None:
        """Start episodes anew."""

    def step(self, observations):
        """Return actions."""
        return self.bank(observations[None])[0, 0]


def policy_of(variant: AnyVariant, trained: Start, dtype: torch.dtype = torch.float32) -> Policy:
    """Return a trained variant as a policy.

    Parameters
    ----------
    variant : the model.
    trained : its mask, and the unknowns and biases that it was trained to.
    dtype : of the state and the actions.
    """
    if isinstance(variant, LayersVariant):
        return LayersPolicy(LayersBank([variant], [trained], dtype).requires_grad_(False))
    values, bias = (torch.from_numpy(one).to(dtype) for one in (trained.values, trained.bias))
    if isinstance(variant, CellVariant):
        return CellPolicy(variant.cell, values, bias)
    return MapPolicy(variant.pattern, trained.mask, values, bias, variant.repeats)


class Policies:
    """Several trained variants, stepped together.

    Parameters
    ----------
    trained : each with its mask, unknowns and biases.
    dtype : of states and actions.
    """

    def __init__(
        self, trained: Sequence[tuple[AnyVariant, Start]], dtype: torch.dtype = torch.float32
    ) -> None:
        self.variants = tuple(variant for variant, _ in trained)
        self.policies = [policy_of(variant, start, dtype) for variant, start in trained]
        self.dtype = dtype

    def begin(self, episodes: int) -> None:
        """Start episodes of every variant anew, the states zero."""
        for policy in self.policies:
            policy.begin(episodes)

    def step(
        self, observations: Float[np.ndarray, "variants episodes x"]
    ) -> Float[np.ndarray, "variants episodes y"]:
        """Return every variant's actions, and carry the states on."""
        with torch.inference_mode():
            given = torch.from_numpy(observations).to(self.dtype)
            pairs = zip(self.policies, given, strict=True)
            return torch.stack([policy.step(own) for policy, own in pairs]).numpy()
