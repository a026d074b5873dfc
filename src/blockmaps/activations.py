"""Activations σ, by the names that patterns and figures use."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from blockmaps.patterns import Activation

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "identity": lambda a: a,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "elu": nn.functional.elu,
}
