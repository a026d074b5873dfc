"""What this machine can do: a large matrix product, a large copy, and the products of a step."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import torch

from benchmarks.timing import Clock, in_turns

SIDES = (1024, 2048)
COPIED = 2**24  # floats: 64 MiB, more than a cache holds


class Ceilings(NamedTuple):
    """Operations and bytes (read and written both counted) a second."""

    flops: float
    bytes: float


def measure(device: torch.device, clock: Clock = time.perf_counter) -> Ceilings:
    """Measure them, the product as the better of two sizes."""
    products = {}
    for side in SIDES:
        A, B = torch.randn(2, side, side, device=device)
        out = torch.empty_like(A)
        products[str(side)] = lambda A=A, B=B, out=out: torch.mm(A, B, out=out)
    source = torch.randn(COPIED, device=device)
    target = torch.empty_like(source)
    took = in_turns({**products, "copy": lambda: target.copy_(source)}, clock=clock)
    return Ceilings(
        flops=max(2 * side**3 / took[str(side)].median for side in SIDES),
        bytes=2 * source.nbytes / took["copy"].median,
    )


class Gemm(NamedTuple):
    """So many products of one size at once: (rows × inner) by (inner × columns).

    `times` is how often a step takes them.
    """

    members: int
    rows: int
    inner: int
    columns: int
    times: int

    @property
    def flops(self) -> float:
        """The arithmetic of all of them."""
        return 2.0 * self.members * self.rows * self.inner * self.columns * self.times


def seconds(products: Sequence[Gemm], device: torch.device, rounds: int, clock: Clock) -> float:
    """Return how long the products of a step take by themselves, one size after another.

    Nothing else is between them and what they read stays where it is, so that no step that is made
    of them can be faster; a small product cannot reach a large one's rate.
    """
    contenders = {}
    for product in products:
        A = torch.randn(product.members, product.rows, product.inner, device=device)
        B = torch.randn(product.members, product.inner, product.columns, device=device)
        out = A.new_empty(product.members, product.rows, product.columns)
        if product.members == 1:
            A, B, out = A[0], B[0], out[0]
        multiply = torch.mm if product.members == 1 else torch.bmm
        contenders[str(product)] = lambda A=A, B=B, out=out, mul=multiply: mul(A, B, out=out)
    took = in_turns(contenders, rounds, clock)
    return sum(product.times * took[str(product)].median for product in products)
