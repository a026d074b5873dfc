"""Activations σ, by the names that patterns and figures use, and their derivatives."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from blockmaps.designs.patterns import Activation

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "identity": lambda a: a,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "elu": nn.functional.elu,
}

# For a time loop that is written out: σ in place, and gradient × σ' in place, with σ' taken from
# s = σ(a), which is all that the loop keeps.
IN_PLACE: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu_,
    "tanh": torch.tanh_,
    "sigmoid": torch.sigmoid_,
    "elu": nn.functional.elu_,
}

_aten = torch.ops.aten
BACKWARD: dict[Activation, Callable[[Tensor, Tensor], Tensor]] = {
    "relu": lambda g, s: _aten.threshold_backward.grad_input(g, s, 0, grad_input=g),
    "tanh": lambda g, s: _aten.tanh_backward.grad_input(g, s, grad_input=g),
    "sigmoid": lambda g, s: _aten.sigmoid_backward.grad_input(g, s, grad_input=g),
    "elu": lambda g, s: _aten.elu_backward.grad_input(g, 1, 1, 1, True, s, grad_input=g),
}
