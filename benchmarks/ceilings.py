"""What this machine can do: a large matrix product, and a large copy."""

from typing import NamedTuple

import torch

from benchmarks.timing import in_turns

SIDES = (1024, 2048)
COPIED = 2**24  # floats: 64 MiB, more than a cache holds


class Ceilings(NamedTuple):
    """Operations and bytes (read and written both counted) a second."""

    flops: float
    bytes: float


def measure(device: torch.device) -> Ceilings:
    """Measure them, the product as the better of two sizes."""
    products = {}
    for side in SIDES:
        A, B = torch.randn(2, side, side, device=device)
        out = torch.empty_like(A)
        products[str(side)] = lambda A=A, B=B, out=out: torch.mm(A, B, out=out)
    source = torch.randn(COPIED, device=device)
    target = torch.empty_like(source)
    took = in_turns({**products, "copy": lambda: target.copy_(source)})
    return Ceilings(
        flops=max(2 * side**3 / took[str(side)].median for side in SIDES),
        bytes=2 * source.nbytes / took["copy"].median,
    )
