"""Where products in compressed sparse rows break even with dense ones, forward and backward.

    python -m benchmarks.sparse --json sparse.json
    python -m benchmarks.draw --sparse sparse.json sparse.png

Forward is b + U X, U in compressed sparse rows or as a rectangle; backward is dU, at the unknowns
alone or as a rectangle. What goes with each in a bank is counted: scattering unknowns into the
rectangle and gathering them, permuting them into rows, and turning X once a minibatch.
`break_even` is the density at which the two take equally long, interpolated between neighbours.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer

from benchmarks.records import Record, check_writable, machine, run, show, write
from benchmarks.timing import ROUNDS, in_turns
from blockmaps.maps.layouts import Columns, GroupSize, Layout, Scattered, SparseInput

DENSITIES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
COLUMNS = [
    "size",
    "rows",
    "inputs",
    "columns",
    "density",
    "dense_ms",
    "dense_low_ms",
    "dense_high_ms",
    "csr_ms",
    "csr_low_ms",
    "csr_high_ms",
    "dense_over_csr",
    "break_even",
]


class TimedGroup(NamedTuple):
    """A group of a bank: its members, rows of each, |x|, and columns (steps × batch)."""

    members: int
    rows: int
    inputs: int
    columns: int


SIZES = {
    "rad-paper": TimedGroup(1, 186, 2500, 160),
    "rad-default": TimedGroup(16, 80, 256, 640),
    "mnist-50x50": TimedGroup(1, 710, 2500, 64),
}


def contenders(size: TimedGroup, density: float) -> dict[str, Callable[[], None]]:
    """Return both ways to multiply and to take the gradient, as they are in a bank."""
    rng = np.random.default_rng(0)
    shape = GroupSize(size.members, size.rows, size.inputs, 10)
    places = [
        k * size.rows * size.inputs + np.flatnonzero(rng.random(size.rows * size.inputs) < density)
        for k in range(size.members)
    ]
    device = torch.device("cpu")
    unknowns = [torch.randn(len(one)) for one in places]
    b, X = torch.randn(shape.rows), torch.randn(size.columns, size.inputs)
    out, D = torch.randn(2, shape.rows, size.columns)
    dV = torch.zeros(size.members, size.rows, size.rows)
    kept: dict[str, torch.Tensor] = {}

    def workspace(name: str, number: int) -> torch.Tensor:
        return kept.setdefault(name, torch.empty(number))

    def both(weights: Layout) -> None:
        x = Columns(X)
        weights.multiply(unknowns, b, x, workspace, out)
        weights.gradients(D, x, dV, workspace)

    ways = {"dense": Scattered, "csr": SparseInput}
    return {name: partial(both, way(shape, places, device)) for name, way in ways.items()}


def break_even(densities: list[float], ratios: list[float]) -> float | None:
    """Return the first density at which a ratio falls through 1; None where none does."""
    for k in range(1, len(ratios)):
        (low, high), (before, after) = densities[k - 1 : k + 1], ratios[k - 1 : k + 1]
        if before >= 1 > after:
            return low + (high - low) * (before - 1) / (before - after)
    return None


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Counted rounds.")] = ROUNDS,
    json: Annotated[Path | None, typer.Option(help="Write the records to this file.")] = None,
) -> None:
    """Time both at every density."""
    check_writable(json)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(machine(torch.device("cpu")))
    records: list[Record] = []
    for name, size in SIZES.items():
        found = []
        for density in DENSITIES:
            torch.manual_seed(0)
            took = in_turns(contenders(size, density), rounds)
            spread = {
                f"{way}_{part}": 1e3 * value
                for way, one in took.items()
                for part, value in zip(("ms", "low_ms", "high_ms"), one, strict=True)
            }
            found.append(
                {
                    "size": name,
                    "rows": size.members * size.rows,
                    "inputs": size.inputs,
                    "columns": size.columns,
                    "density": density,
                    **spread,
                    "dense_over_csr": took["dense"].median / took["csr"].median,
                    "rounds": rounds,
                    "machine": machine(torch.device("cpu")),
                }
            )
        even = break_even(list(DENSITIES), [one["dense_over_csr"] for one in found])
        records += [one | {"break_even": even} for one in found]
    show(records, COLUMNS)
    write(records, json)


if __name__ == "__main__":
    run(main)
