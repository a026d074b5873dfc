"""All of W, not only the input block, in compressed sparse rows; gradients at unknowns alone."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from benchmarks.tasks import TimedTask
from blockmaps.designs.patterns import Mask
from blockmaps.designs.variants import Variant, start


class SparseRectangle:
    """A rectangle of W in compressed sparse rows, and where its values lie among the unknowns."""

    def __init__(self, mask: Mask, row0: int, rows: int, begin: int, end: int) -> None:
        chosen = np.flatnonzero((mask.columns >= begin) & (mask.columns < end))
        starts = np.searchsorted(mask.rows[chosen] - row0, np.arange(rows + 1))
        self.starts, self.size = torch.from_numpy(starts), (rows, end - begin)
        self.columns = torch.from_numpy(mask.columns[chosen] - begin)
        self.chosen = torch.from_numpy(chosen)
        # the same by column, then row: the rows of the transpose
        row, column = mask.rows[chosen] - row0, mask.columns[chosen] - begin
        order = np.lexsort((row, column))
        self.turned_starts = torch.from_numpy(
            np.searchsorted(column[order], np.arange(end - begin + 1))
        )
        self.turned_columns, self.order = torch.from_numpy(row[order]), torch.from_numpy(order)

    def matrix(self, values: Tensor) -> Tensor:
        """Return the rectangle with these values."""
        return _sparse(self.starts, self.columns, values, self.size)

    def transpose(self, values: Tensor) -> Tensor:
        """Return the transpose of the rectangle with these values."""
        return _sparse(self.turned_starts, self.turned_columns, values[self.order], self.size[::-1])


def _sparse(starts: Tensor, columns: Tensor, values: Tensor, size: tuple[int, ...]) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR")
        return torch.sparse_csr_tensor(starts, columns, values, size, check_invariants=False)


class SparseProduct(torch.autograd.Function):
    """W z of the rectangle's unknowns and a dense z, (columns, batch)."""

    @staticmethod
    def forward(ctx, values, z, rows, needs_z):  # noqa: D102
        ctx.rows, ctx.needs_z = rows, needs_z
        ctx.save_for_backward(values, z)
        return rows.matrix(values) @ z

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):  # noqa: D102
        values, z = ctx.saved_tensors
        W = ctx.rows.matrix(values)
        dW = torch.sparse.sampled_addmm(W, gradient.contiguous(), z.T, beta=0.0)
        dz = ctx.rows.transpose(values) @ gradient if ctx.needs_z else None
        return dW.values(), dz, None, None


def prepare(task: TimedTask, variants: list[Variant], device: torch.device) -> Callable[[], object]:
    """Return one training step of one variant."""
    (variant,) = variants
    begin, x, y = start(variant, 0), task.inputs, task.outputs
    size = variant.pattern.state_size
    U = SparseRectangle(begin.mask, x, size, 0, x)
    V = SparseRectangle(begin.mask, x, size, x, x + size)
    unknowns = nn.Parameter(torch.from_numpy(begin.values).float())
    b = nn.Parameter(torch.from_numpy(begin.bias).float())
    adam = torch.optim.Adam([unknowns, b], lr=variant.learning_rate, fused=True)
    inputs, targets = task.minibatch(device)

    def step() -> object:
        columns = inputs.view(-1, x).T.contiguous()
        u = SparseProduct.apply(unknowns[U.chosen], columns, U, False).view(size, task.given, -1)
        v = unknowns[V.chosen]
        found, s = [], None
        for token in range(task.steps):
            a = b[:, None] + (u[:, token] if token < task.given else 0)
            if s is not None:
                a = a + SparseProduct.apply(v, s, V, True)
            a = a.expand(-1, task.batch)
            s = torch.cat([a[:-y].relu(), a[-y:]])
            found.append(s[-y:].T)
        outputs = torch.stack([found[step] for step in task.loss_steps])[None]
        adam.zero_grad()
        task.loss(outputs, targets).backward()
        adam.step()
        return outputs.detach()

    return step
