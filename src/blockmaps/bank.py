"""A bank: many variants trained as one on shared minibatches.

Variants have the same slots, the same input and output sizes, and different hidden sizes. With
s = (h, y) the state without its input, W z + b of variant k is

    U_k x_t + V_k s_{t-1} + b_k

Two things make it fast. The minibatch is shared, so the products U_k x_t of all variants and all
steps are one matrix product, taken before the time loop. And U, V are formed from the unknowns once
a minibatch, not once a step. The unknowns themselves are the parameters, so that a variant's number
of parameters is the papers' count, and the optimiser never sees a masked entry.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from blockmaps.groups import DERIVATIVES, Group, group_by_size
from blockmaps.patterns import Pattern
from blockmaps.variants import Start, Variant, start


class _Recurrence(torch.autograd.Function):
    """All variants over all steps, with its gradient written out.

    Forward keeps the states; backward runs the time loop in reverse, and takes the gradient of U
    as one matrix product, as the products with U were. Blank steps have no product with U, and
    after the last step nothing reads h, so there only the output's rows are computed.
    """

    @staticmethod
    def forward(ctx, unknowns, biases, inputs, bank, iterations, steps, loss_steps):
        time, batch, width = inputs.shape
        places = unknowns.new_zeros(bank.places).index_copy_(0, bank.unknown_places, unknowns)
        b = unknowns.new_zeros(bank.rows).index_copy_(0, bank.bias_rows, biases)
        U = places[: bank.rows * width].view(bank.rows, width)
        columns = inputs.view(time * batch, width)
        Ux = torch.addmm(b[:, None], U, columns.T).view(bank.rows, time, batch)
        blank = b[:, None, None].expand(-1, 1, batch)
        states, outputs = [], []
        for group in bank.groups:
            V, ux = group.slice_places(places), group.slice_rows(Ux)
            ub = group.slice_rows(blank)[:, :, 0]
            s: list[Tensor] = []
            for step in range(steps):
                rows = bank.outputs if step == steps - 1 else group.size
                token = step // iterations
                u = (ux[:, :, token] if token < time else ub)[:, :rows]
                # s starts at zero, so the first step has no product with V
                a = torch.baddbmm(u, V[:, :rows], s[-1]) if s else u.clone()
                s.append(group.activate(a))
            outputs.append(torch.stack([s[step][:, : bank.outputs] for step in loss_steps], 1))
            states.append(s)
        ctx.bank, ctx.iterations, ctx.loss_steps = bank, iterations, loss_steps
        ctx.states, ctx.places = states, places
        ctx.save_for_backward(columns)
        return torch.cat(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        bank, (columns,) = ctx.bank, ctx.saved_tensors
        batch = gradient.shape[-1]
        time = columns.shape[0] // batch
        last = {step: position for position, step in enumerate(ctx.loss_steps)}
        Ux = gradient.new_zeros(bank.rows, time, batch)
        b = gradient.new_zeros(bank.rows, 1, 1)
        places = torch.zeros_like(ctx.places)
        first = 0
        for group, s in zip(bank.groups, ctx.states, strict=True):
            members = len(group.members)
            outer = gradient[first : first + members]
            first += members
            V, dV = group.slice_places(ctx.places), group.slice_places(places)
            dux, db = group.slice_rows(Ux), group.slice_rows(b)[:, :, 0]
            d = torch.zeros_like(s[-1])
            for step in reversed(range(len(s))):
                rows, token = s[step].shape[1], step // ctx.iterations
                if step in last:
                    d[:, : bank.outputs] += outer[:, last[step]]
                d = group.differentiate(d, s[step])
                if token < time:
                    dux[:, :rows, token] += d
                else:
                    db[:, :rows] += d.sum(2, keepdim=True)
                if step:
                    dV[:, :rows].baddbmm_(d, s[step - 1].mT)
                    d = torch.bmm(V[:, :rows].mT, d)
        width = columns.shape[1]
        U = places[: bank.rows * width].view(bank.rows, width)
        torch.mm(Ux.view(bank.rows, -1), columns, out=U)
        return (
            places.index_select(0, bank.unknown_places),
            (Ux.sum((1, 2)) + b[:, 0, 0]).index_select(0, bank.bias_rows),
            *(None,) * 5,
        )


class Bank(nn.Module):
    """K variants as one module.

    Parameters
    ----------
    variants : with the same slots' names, activations, input and output sizes.
    starts : their masks, unknowns and biases before training.
    dtype : of parameters and states.

    Attributes
    ----------
    unknowns : for each variant, (unknowns,) in its mask's order.
    biases : for each variant, (state size,) in the order of the slots after x; (0,) without any.

    Raises
    ------
    ValueError
        If the variants do not share their slots.
    """

    def __init__(
        self,
        variants: Sequence[Variant],
        starts: Sequence[Start],
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        patterns = [variant.pattern for variant in variants]
        if len({_shared(pattern) for pattern in patterns}) != 1:
            raise ValueError("a bank's variants share slots, activations, |x| and |y|")
        self.variants = tuple(variants)
        self.inputs = patterns[0].slots[0].size
        self.outputs = patterns[0].slots[-1].size
        self.unknowns = nn.ParameterList(
            torch.from_numpy(begin.values).to(dtype) for begin in starts
        )
        self.biases = nn.ParameterList(torch.from_numpy(begin.bias).to(dtype) for begin in starts)
        self._lay_out(patterns, starts, dtype)

    @classmethod
    def from_variants(
        cls, variants: Sequence[Variant], root: int, dtype: torch.dtype = torch.float32
    ) -> "Bank":
        """Return a bank before training, drawn from the root seed."""
        return cls(variants, [start(variant, root) for variant in variants], dtype)

    def _lay_out(
        self, patterns: Sequence[Pattern], starts: Sequence[Start], dtype: torch.dtype
    ) -> None:
        """Decide where every unknown and bias goes: U of all groups first, then each group's V."""
        sizes = [pattern.state_size for pattern in patterns]
        parts = group_by_size(sizes)
        padded = [max(sizes[position] for position in part) for part in parts]
        first_rows = [0, *accumulate(len(p) * size for p, size in zip(parts, padded, strict=True))]
        self.rows = first_rows[-1]
        squares = [len(p) * size**2 for p, size in zip(parts, padded, strict=True)]
        first_places = [self.rows * self.inputs + n for n in (0, *accumulate(squares))]
        self.places = first_places[-1]
        unknown_places: dict[int, np.ndarray] = {}
        bias_rows: dict[int, np.ndarray] = {}
        self._group_parts = []
        for part, size, row0, place0 in zip(
            parts, padded, first_rows[:-1], first_places[:-1], strict=True
        ):
            kinds = np.full((len(part), size), "relu", dtype=object)  # padding stays at zero
            for position, variant in enumerate(part):
                rows = self._rows_of(patterns[variant])
                kinds[position, rows] = np.repeat(
                    [slot.activation for slot in patterns[variant].slots[1:]],
                    [slot.size for slot in patterns[variant].slots[1:]],
                )
                mask = starts[variant].mask
                target = rows[mask.rows - self.inputs]
                row = row0 + position * size + target
                square = place0 + position * size**2 + target * size
                from_input = mask.columns < self.inputs
                source = rows[np.where(from_input, 0, mask.columns - self.inputs)]
                unknown_places[variant] = np.where(
                    from_input, row * self.inputs + mask.columns, square + source
                )
                # none of a variant that has no biases
                bias_rows[variant] = row0 + position * size + rows[: len(starts[variant].bias)]
            self._group_parts.append((part, size, row0, place0, kinds))
        order = [variant for part in parts for variant in part]
        every = range(len(patterns))
        for name, value in {
            "unknown_places": np.concatenate([unknown_places[k] for k in every]),
            "bias_rows": np.concatenate([bias_rows[k] for k in every]),
            "position": np.argsort(order),
        }.items():
            self.register_buffer(name, torch.from_numpy(value), persistent=False)
        self._place_groups(torch.device("cpu"), dtype)

    def _rows_of(self, pattern: Pattern) -> np.ndarray:
        """Return where each state unit (h, …, y) sits in the padded state (y, h, …, padding)."""
        return np.roll(np.arange(pattern.state_size), -self.outputs)

    def _place_groups(self, device: torch.device, dtype: torch.dtype) -> None:
        """Make the groups' constants on a device."""
        self.groups = []
        for part, size, row0, place0, kinds in self._group_parts:
            floor = np.where(kinds == "relu", 0.0, -np.inf)[..., None]
            smooth = [
                (name, torch.from_numpy((kinds == name)[..., None]).to(device))
                for name in DERIVATIVES
                if (kinds == name).any()
            ]
            tensor = torch.from_numpy(floor).to(device, dtype)
            self.groups.append(Group(part, size, row0, place0, tensor, smooth))

    def _apply(self, fn, recurse=True):
        super()._apply(fn, recurse)
        self._place_groups(self.unknowns[0].device, self.unknowns[0].dtype)
        return self

    def forward(
        self,
        inputs: Float[Tensor, "time batch x"],
        loss_steps: Sequence[int] | None = None,
        iterations: int = 1,
        blank_steps: int = 0,
    ) -> Float[Tensor, "variants steps batch y"]:
        """Return every variant's output y after the named steps, from z = 0.

        Parameters
        ----------
        inputs : the shared minibatch, time first.
        loss_steps : the tokens after which y is returned; all of them unless told.
        iterations : steps a token; with one token this is a held input.
        blank_steps : tokens of zeros after the given ones.

        Raises
        ------
        ValueError
            If a loss step is not one of the steps or named twice, or inputs ask for a gradient.
        """
        number = inputs.shape[0] + blank_steps
        tokens = range(number) if loss_steps is None else loss_steps
        if len(set(tokens)) < len(tokens) or not set(tokens) <= set(range(number)):
            raise ValueError(f"loss steps {tuple(tokens)}: takes some of {number} steps, each once")
        if inputs.requires_grad:
            raise ValueError("a bank gives its inputs no gradient")
        steps = tuple((token + 1) * iterations - 1 for token in tokens)
        outputs = _Recurrence.apply(
            torch.cat(list(self.unknowns)),
            torch.cat(list(self.biases)),
            inputs.contiguous(),
            self,
            iterations,
            number * iterations,
            steps,
        )
        return outputs.index_select(0, self.position).mT


def _shared(pattern: Pattern) -> tuple:
    first, *_, last = pattern.slots
    names = tuple((slot.name, slot.activation) for slot in pattern.slots)
    return names, first.size, last.size
