"""A bank: many variants trained as one on shared minibatches.

Variants have the same slots, the same input and output sizes, and different hidden sizes. With
s = (h, y) the state without its input, W z + b of variant k is

    U_k x_t + V_k s_{t-1} + b_k

Two things make it fast. The minibatch is shared, so the products U_k x_t of all variants and all
steps are one matrix product, taken before the time loop. And U, V are formed from the unknowns once
a minibatch, not once a step. The unknowns themselves are the parameters, so that a variant's number
of parameters is the papers' count, and the optimiser never sees a masked entry.
"""

from collections.abc import Callable, Sequence
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from blockmaps.designs.patterns import Pattern
from blockmaps.designs.variants import Start, Variant, start
from blockmaps.maps.groups import lay_out
from blockmaps.maps.layouts import Columns, joined


def parameters(
    starts: Sequence[Start], dtype: torch.dtype
) -> tuple[nn.ParameterList, nn.ParameterList]:
    """Return unknowns and biases as parameters: copies, so that training leaves the starts."""
    unknowns, biases = (
        nn.ParameterList(torch.tensor(one, dtype=dtype) for one in vectors)
        for vectors in ([begin.values for begin in starts], [begin.bias for begin in starts])
    )
    return unknowns, biases


class _Recurrence(torch.autograd.Function):
    """All variants over all steps, with its gradient written out.

    Forward keeps V and the states s; backward runs the time loop in reverse for the gradients D of
    the sums, and then takes that of U over all steps as one matrix product. What each group needs
    only while it is computed (W, the products with U, D) is written into the same two workspaces:
    vectors of their own would leave the cache, and large ones be mapped anew at every step.
    """

    @staticmethod
    def forward(ctx, bank, inputs, iterations, steps, loss_steps, *parameters):
        time, batch, width = inputs.shape
        x = Columns(inputs.view(time * batch, width))
        unknowns, biases = parameters[: len(bank.variants)], parameters[len(bank.variants) :]
        outputs, kept = [], []
        for group in bank.groups:
            members, size = group.shape.members, group.shape.size
            b = inputs.new_zeros(group.shape.rows)
            b.scatter_(0, group.rows, joined([biases[k] for k in group.members]))
            sums = bank.workspace("sums", group.shape.rows, time * batch)
            V = group.weights.multiply(
                [unknowns[k] for k in group.members], b, x, bank.workspace, sums
            )
            u = sums.view(members, size, time, batch).unbind(2)
            blank = b.view(-1, size, 1).expand(-1, -1, batch)
            s: list[Tensor] = []
            active: list[list[Tensor]] = []
            for step in range(steps):
                token = step // iterations
                ub = u[token] if token < time else blank
                # s starts at zero, so the first step has no product with V
                s.append(torch.baddbmm(ub, V, s[-1]) if s else ub.clone())
                active.append(group.views(s[-1]))
                group.activate(active[-1])
            outputs.append(torch.stack([s[step][:, group.output] for step in loss_steps], 1))
            kept.append((V, s, active))
        ctx.bank, ctx.iterations, ctx.kept, ctx.x = bank, iterations, kept, x
        ctx.loss_steps = bank.indices(loss_steps)
        ctx.save_for_backward(inputs)  # to be told if it is changed before backward
        found = joined(outputs)
        return found if bank.position is None else found.index_select(0, bank.position)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        bank, iterations, x, (inputs,) = ctx.bank, ctx.iterations, ctx.x, ctx.saved_tensors
        time, batch, _ = inputs.shape
        unknowns: list[Tensor | None] = [None] * len(bank.variants)
        biases: list[Tensor | None] = [None] * len(bank.variants)
        if bank.order is not None:
            gradient = gradient.index_select(0, bank.order)
        parts = gradient.split([len(group.members) for group in bank.groups])
        for group, outer, (V, s, active) in zip(bank.groups, parts, ctx.kept, strict=True):
            dV = bank.workspace("dV", *V.shape).zero_()
            D = bank.workspace("sums", *V.shape[:2], len(s), batch).zero_()
            D[:, group.output].index_copy_(2, ctx.loss_steps, outer.transpose(1, 2))
            each, VT = D.unbind(2), V.mT
            views = list(zip(*(rows.unbind(2) for rows in group.views(D)), strict=True))
            for step in reversed(range(len(s))):
                group.differentiate(views[step] if views else (), active[step])
                if step:
                    dV.baddbmm_(each[step], s[step - 1].mT)
                    each[step - 1].add_(torch.bmm(VT, each[step]))
            db = D.sum((2, 3)).view(-1).index_select(0, group.rows).split(group.row_counts)
            if iterations > 1:
                D = D.unflatten(2, (-1, iterations)).sum(3)
            # blank tokens come last, and have no product with U
            given = D.view(group.shape.rows, -1)[:, : time * batch]
            found = group.weights.gradients(given, x, dV, bank.workspace)
            for k, one, bias in zip(group.members, found, db, strict=True):
                unknowns[k], biases[k] = one, bias
        return *(None,) * 5, *unknowns, *biases


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
    graphed : on a GPU, capture a training step's time loop once and replay it: hundreds of small
        kernels are then launched as two. The outputs are overwritten by the next step.

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
        self.graphed = False
        self.inputs = patterns[0].slots[0].size
        self.outputs = patterns[0].slots[-1].size
        self.unknowns, self.biases = parameters(starts, dtype)
        # without the values, which are parameters now
        self._patterns = patterns
        self._starts = [begin._replace(values=begin.values[:0]) for begin in starts]
        self._place()

    @classmethod
    def from_variants(
        cls, variants: Sequence[Variant], root: int, dtype: torch.dtype = torch.float32
    ) -> "Bank":
        """Return a bank before training, drawn from the root seed."""
        return cls(variants, [start(variant, root) for variant in variants], dtype)

    def _place(self) -> None:
        """Lay the groups out for the device and the type that the parameters have."""
        like = self.unknowns[0]
        self.groups = lay_out(self._patterns, self._starts, like.device)
        self.rows = sum(group.shape.rows for group in self.groups)
        order = torch.tensor([k for group in self.groups for k in group.members])
        # the groups' order of the variants, and the way back, where it is not the bank's own
        moved = not torch.equal(order, torch.arange(len(order)))
        self.order = order.to(like.device) if moved else None
        self.position = order.argsort().to(like.device) if moved else None
        self._workspaces: dict[str, Tensor] = {}
        self._indices: dict[tuple[int, ...], Tensor] = {}
        self._graph: tuple[tuple, Callable[..., Tensor], tuple[Tensor, ...]] | None = None

    def workspace(self, name: str, *shape: int) -> Tensor:
        """Return a contiguous tensor that holds whatever it held last; the same one a name.

        So that a bank is used by one thread at a time.
        """
        number = prod(shape)
        if name not in self._workspaces or self._workspaces[name].numel() < number:
            with torch.inference_mode(False):  # what is made there cannot be trained with later
                self._workspaces[name] = self.unknowns[0].detach().new_empty(number)
        return self._workspaces[name][:number].view(shape)

    def indices(self, steps: tuple[int, ...]) -> Tensor:
        """Return steps as a tensor on the bank's device, which is made once."""
        if steps not in self._indices:
            self._indices[steps] = torch.tensor(steps, device=self.unknowns[0].device)
        return self._indices[steps]

    def _recur(self, inputs, iterations, steps, loss_steps) -> Tensor:
        """Return what `_Recurrence` gives, as a CUDA graph where that is asked for and can be.

        A graph is of one size of minibatch, the first; others, and evaluation, go without.
        """

        def run(inputs, *parameters):
            return _Recurrence.apply(self, inputs, iterations, steps, loss_steps, *parameters)

        given = (inputs, *self.unknowns, *self.biases)
        if not (self.graphed and inputs.is_cuda and torch.is_grad_enabled()):
            return run(*given)
        size = (inputs.shape, iterations, steps, loss_steps)
        if self._graph is None:
            graph = torch.cuda.make_graphed_callables(run, given)
            # it writes to these workspaces, also when larger ones have taken their place
            self._graph = size, graph, tuple(self._workspaces.values())  # type: ignore[assignment]
        known, graph, _ = self._graph  # type: ignore[misc]
        return (graph if known == size else run)(*given)

    def _apply(self, fn, recurse=True):
        super()._apply(fn, recurse)
        self._place()
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
        outputs = self._recur(inputs.contiguous(), iterations, number * iterations, steps)
        return outputs.mT.contiguous()


def _shared(pattern: Pattern) -> tuple:
    first, *_, last = pattern.slots
    names = tuple((slot.name, slot.activation) for slot in pattern.slots)
    return names, first.size, last.size
