"""How a group of variants holds its W while it is computed: as rectangles, or its input in CSR.

W without its rows for x is U, (members × size, |x|), and V, (members, size, size). All three ways
here give the same sums and the same gradients, to rounding:

- `Scattered`: unknowns are scattered into U and V, their gradients gathered from dU and dV;
- `Full`: every place is an unknown, so that rows are copied as they are;
- `SparseInput`: U in compressed sparse rows, its gradient taken at the unknowns alone.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from blockmaps.designs.patterns import Mask, Pattern

# U's density up to which its products are faster in compressed sparse rows than as a rectangle
# (`python -m benchmarks.sparse`). Both are about equal at 0.2, and masks that are drawn with that
# density should fall on one side together.
MOST_SPARSE = 0.19

Workspace = Callable[..., Tensor]  # name and sizes → a tensor that holds whatever it held last


class GroupSize(NamedTuple):
    """The sizes of a group: its members, rows of the state, |x|, |y|."""

    members: int
    size: int
    inputs: int
    outputs: int

    @property
    def rows(self) -> int:
        """Rows of all members, padding included."""
        return self.members * self.size


class Columns:
    """A minibatch as the columns that U is multiplied with.

    Attributes
    ----------
    rows : (columns, |x|) contiguous.
    """

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows

    @cached_property
    def columns(self) -> Tensor:
        """The same as (|x|, columns), contiguous; made when it is first asked for."""
        return self.rows.T.contiguous()


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Return vectors one after another; a single one as it is."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


class Layout(ABC):
    """A group's W.

    Parameters
    ----------
    shape : its sizes.
    places : of every member's unknowns in a vector that holds U, then V.
    device : of the unknowns.
    """

    def __init__(
        self, shape: GroupSize, places: Sequence[np.ndarray], device: torch.device
    ) -> None:
        self.shape = shape
        self.counts = [len(one) for one in places]

    @abstractmethod
    def multiply(
        self,
        unknowns: Sequence[Tensor],
        b: Tensor,
        x: Columns,
        workspace: Workspace,
        out: Tensor,
    ) -> Tensor:
        """Write b + U x, (rows, columns), to `out`; return V, (members, size, size)."""

    @abstractmethod
    def gradients(
        self, D: Tensor, x: Columns, dV: Tensor, workspace: Workspace
    ) -> Sequence[Tensor]:
        """Return the gradient of every member's unknowns.

        Parameters
        ----------
        D : (rows, columns) of the sums U x.
        dV : (members, size, size) of V.
        """


class Rectangles(Layout):
    """U as a rectangle, all of it multiplied."""

    @abstractmethod
    def form(self, unknowns: Sequence[Tensor], W: Tensor) -> None:
        """Write unknowns into a vector that holds U, then V."""

    @abstractmethod
    def collect(self, W: Tensor) -> Sequence[Tensor]:
        """Return the members' unknowns from such a vector; `form` undone."""

    def _split(self, W: Tensor) -> tuple[Tensor, Tensor]:
        members, size, inputs, _ = self.shape
        U, V = W.split([members * size * inputs, members * size**2])
        return U.view(-1, inputs), V.view(members, size, size)

    def multiply(self, unknowns, b, x, workspace, out):
        """Write b + U x to `out`; return V."""
        W = workspace("W", self.shape.rows * (self.shape.inputs + self.shape.size))
        self.form(unknowns, W)
        U, V = self._split(W)
        torch.addmm(b[:, None], U, x.rows.T, out=out)
        return V.clone()

    def gradients(self, D, x, dV, workspace):
        """Return the gradient of every member's unknowns."""
        W = workspace("W", self.shape.rows * (self.shape.inputs + self.shape.size))
        dU, place = self._split(W)
        torch.mm(D, x.rows, out=dU)
        place.copy_(dV)
        return self.collect(W)


class Scattered(Rectangles):
    """Unknowns are scattered into U and V."""

    def __init__(
        self, shape: GroupSize, places: Sequence[np.ndarray], device: torch.device
    ) -> None:
        super().__init__(shape, places, device)
        self.places = torch.from_numpy(np.concatenate(places)).to(device)

    def form(self, unknowns, W):
        """Write unknowns into the vector of U and V."""
        W.zero_().scatter_(0, self.places, joined(unknowns))

    def collect(self, W):
        """Return the members' unknowns."""
        return W.index_select(0, self.places).split(self.counts)


class Full(Rectangles):
    """Every place is an unknown: rows are copied, those of a single member used where they are."""

    def form(self, unknowns, W):
        """Write unknowns into the vector of U and V."""
        for place, values in zip(self._places(W), unknowns, strict=True):
            for part, value in zip(place, self._values(values), strict=True):
                part.copy_(value)

    def collect(self, W):
        """Return the members' unknowns."""
        found = [W.new_empty(count) for count in self.counts]
        for place, values in zip(self._places(W), found, strict=True):
            for part, value in zip(place, self._values(values), strict=True):
                value.copy_(part)
        return found

    def multiply(self, unknowns, b, x, workspace, out):
        """Write b + U x to `out`; return V."""
        if len(unknowns) > 1:
            return super().multiply(unknowns, b, x, workspace, out)
        U, V = self._values(unknowns[0])
        torch.addmm(b[:, None], U, x.rows.T, out=out)
        return V[None].clone()

    def gradients(self, D, x, dV, workspace):
        """Return the gradient of every member's unknowns."""
        if self.shape.members > 1:
            return super().gradients(D, x, dV, workspace)
        found = D.new_empty(self.counts[0])
        dU, place = self._values(found)
        torch.mm(D, x.rows, out=dU)
        place.copy_(dV[0])
        return [found]

    def _values(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return one member's unknowns as the rectangles of its U and V."""
        rows = values.view(self.shape.size, self.shape.inputs + self.shape.size)
        return rows.split([self.shape.inputs, self.shape.size], 1)

    def _places(self, W: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return the places of each member's U and V."""
        U, V = self._split(W)
        return list(zip(U.view(-1, self.shape.size, self.shape.inputs), V, strict=True))


class SparseInput(Layout):
    """U in compressed sparse rows; V, which is small, as rectangles."""

    def __init__(
        self, shape: GroupSize, places: Sequence[np.ndarray], device: torch.device
    ) -> None:
        super().__init__(shape, places, device)
        every = np.concatenate(places)
        of_input = every < shape.rows * shape.inputs
        position = np.flatnonzero(of_input)  # by row, then column, as a mask is
        rows, columns = np.divmod(every[position], shape.inputs)
        starts = np.searchsorted(rows, np.arange(shape.rows + 1))

        def tensor(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array).to(device)

        self.starts, self.columns, self.from_input = (
            tensor(array) for array in (starts, columns, position)
        )
        self.from_state = tensor(np.flatnonzero(~of_input))
        self.state_places = tensor(every[~of_input] - shape.rows * shape.inputs)
        with warnings.catch_warnings():  # torch says once that this is a beta, and not checked
            warnings.filterwarnings("ignore", message="Sparse (CSR|invariant)")
            self._sparse(torch.zeros(len(position), device=device))

    def _sparse(self, values: Tensor) -> Tensor:
        size = (self.shape.rows, self.shape.inputs)
        return torch.sparse_csr_tensor(
            self.starts, self.columns, values, size, check_invariants=False
        )

    def multiply(self, unknowns, b, x, workspace, out):
        """Write b + U x to `out`; return V."""
        values = joined(unknowns)
        U = self._sparse(values.index_select(0, self.from_input))
        torch.addmm(b[:, None].expand_as(out), U, x.columns, out=out)
        V = values.new_zeros(self.shape.rows * self.shape.size)
        V.scatter_(0, self.state_places, values.index_select(0, self.from_state))
        return V.view(self.shape.members, self.shape.size, self.shape.size)

    def gradients(self, D, x, dV, workspace):
        """Return the gradient of every member's unknowns."""
        found = D.new_empty(len(self.from_input) + len(self.from_state))
        # zeros, not whatever was there: 0 × NaN is NaN
        at = self._sparse(workspace("values", len(self.from_input)).zero_())
        dU = torch.sparse.sampled_addmm(at, D.contiguous(), x.columns.T, beta=0.0)
        found.scatter_(0, self.from_input, dU.values())
        found.scatter_(0, self.from_state, dV.view(-1).index_select(0, self.state_places))
        return found.split(self.counts)


def fastest(pattern: Pattern, mask: Mask, device: torch.device) -> type[Layout]:
    """Return the way in which a variant's W is computed fastest; all give the same."""
    size, inputs = pattern.state_size, pattern.slots[0].size
    if device.type != "cpu":  # one kernel a group, not two a member; sparse rows are not measured
        return Scattered
    if len(mask.rows) == size * (inputs + size):
        return Full
    few = np.count_nonzero(mask.columns < inputs) <= MOST_SPARSE * size * inputs
    # products of compressed rows are MKL's
    return SparseInput if few and torch.backends.mkl.is_available() else Scattered
