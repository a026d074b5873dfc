"""What a map does to gradients and to small differences, step by step, and the spectra of its W.

With s the state without its input, s_0 = 0, and s_t = σ(U x_t + V s_{t-1} + b):

    J_t = ∂s_t/∂s_{t-1} = diag(σ'(a_t)) V
    ∂L/∂s_{t-1} = J_tᵀ ∂L/∂s_t  +  what the loss takes from y at step t − 1

Gradients vanish or explode as products of J do; the largest Lyapunov exponent of a trajectory of T
steps is log ‖J_T ⋯ J_1‖₂ / T, the rate at which the fastest growing small difference in s_0 has
grown. One variant at a time, in float64: this measures, `bank` trains.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from blockmaps.designs.patterns import Mask, Pattern
from blockmaps.maps.activations import ACTIVATIONS
from blockmaps.maps.matrix import matrix


class Weights(NamedTuple):
    """A variant's W and b, in float64.

    Attributes
    ----------
    W : (|z|, |z|), as `matrix` has it.
    b : (state,) biases; zero where the variant has none.
    """

    W: Tensor
    b: Tensor

    @property
    def U(self) -> Tensor:
        """What reads the input, (state, |x|)."""
        return self.W[-len(self.b) :, : -len(self.b)]

    @property
    def V(self) -> Tensor:
        """What reads the state before, (state, state)."""
        return self.W[-len(self.b) :, -len(self.b) :]

    @classmethod
    def of(cls, pattern: Pattern, mask: Mask, values: Tensor, bias: Tensor) -> "Weights":
        """Return W and b of unknowns in the mask's order."""
        W = torch.from_numpy(matrix(pattern, mask, values.double().numpy()))
        zero = torch.zeros(pattern.state_size, dtype=torch.float64)
        return cls(W, bias.double() if len(bias) else zero)


class Trajectory(NamedTuple):
    """States and slopes of several sequences.

    Attributes
    ----------
    states : (steps, batch, state) s_1, s_2, …
    slopes : (steps, batch, state) σ'(a_t).
    """

    states: Tensor
    slopes: Tensor


def unroll(
    pattern: Pattern,
    weights: Weights,
    tokens: Float[Tensor, "time batch x"],
    iterations: int = 1,
) -> Trajectory:
    """Return the states of every step, `iterations` a token, the token held."""
    sigmas = [(ACTIVATIONS[slot.activation], slot.size) for slot in pattern.slots[1:]]
    s = tokens.new_zeros(tokens.shape[1], pattern.state_size)
    states, slopes = [], []
    for token in tokens:
        u = token @ weights.U.T + weights.b
        for _ in range(iterations):
            a = (u + s @ weights.V.T).requires_grad_()
            parts = a.split([size for _, size in sigmas], 1)
            s = torch.cat([sigma(part) for (sigma, _), part in zip(sigmas, parts, strict=True)], 1)
            slopes.append(torch.autograd.grad(s.sum(), a)[0])
            s = s.detach()
            states.append(s)
    return Trajectory(torch.stack(states), torch.stack(slopes))


def gradients(V: Tensor, slopes: Tensor, taken: dict[int, Tensor]) -> Tensor:
    """Return ∂L/∂s_t of every step, each sequence's of its own loss.

    Parameters
    ----------
    V : (state, state).
    slopes : (steps, batch, state).
    taken : step, from 0 → (batch, |y|) what the loss takes from y there, directly.

    Returns
    -------
    (steps, batch, state)
    """
    found = torch.zeros_like(slopes)
    d = torch.zeros_like(slopes[0])
    for step in reversed(range(len(slopes))):
        if step in taken:
            d = d.clone()
            d[:, -taken[step].shape[1] :] += taken[step]
        found[step] = d
        d = (d * slopes[step]) @ V
    return found


def exponents(V: Tensor, slopes: Tensor) -> Tensor:
    """Return the largest Lyapunov exponent of every trajectory, log ‖J_T ⋯ J_1‖₂ / T.

    −∞ where the product is zero: after so many steps nothing is left of where it started. NaN or ∞
    where the map has diverged.

    Parameters
    ----------
    V : (state, state).
    slopes : (steps, batch, state).
    """
    steps, batch, _ = slopes.shape
    product = torch.eye(len(V), dtype=V.dtype).expand(batch, -1, -1)
    grown = V.new_zeros(batch)
    for slope in slopes:
        product = slope[:, :, None] * (V @ product)
        # the norm is taken out at every step: a hundred of them would under- or overflow
        size = product.abs().amax((1, 2))
        grown = grown + size.log()
        product = product / torch.where(size > 0, size, 1)[:, None, None]
    finite = torch.isfinite(grown)
    norms = torch.linalg.matrix_norm(torch.where(finite[:, None, None], product, 1.0), 2)
    return torch.where(finite, grown + norms.log(), grown) / steps


def singular_values(weights: Weights) -> Tensor:
    """Return the singular values of the state's rows of W, the largest first."""
    W = weights.W[-len(weights.b) :]
    if not torch.isfinite(W).all():
        return W.new_full((min(W.shape),), torch.nan)
    return torch.linalg.svdvals(W)
