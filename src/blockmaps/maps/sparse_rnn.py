"""A sparse RNN as a module of torch's: one pattern, trained by whatever loop one has.

It is the map z ← σ(W z + b) on z = (x, h, y) (2509.15057, "The model"). In training its gradient is
written out, with W held as a bank holds it (see `layouts`); a bank shares what a step costs among
its members, a model alone has to be short of steps. Where torch has to see every one of them
(`torch.export`, transforms, second derivatives) they are torch's own operations. Both are tested
equal to the reference map.
"""

import hashlib
from collections.abc import Mapping
from math import prod
from numbers import Real
from pathlib import Path
from threading import get_ident
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from blockmaps.core.errors import InputError
from blockmaps.designs.kinds.design import MOST_UNKNOWNS
from blockmaps.designs.patterns import RNN_BLOCKS, Activation, rnn_pattern
from blockmaps.designs.proportion import (
    balanced_at,
    expected_unknowns,
    fit_balanced,
    hidden_proportions,
    solve_hidden,
)
from blockmaps.designs.recommend import OUTPUTS, STATE_DENSITY, recommend
from blockmaps.designs.variants import Initialisation, Start, Variant, start
from blockmaps.maps import weights
from blockmaps.maps.activations import ACTIVATIONS, BACKWARD, IN_PLACE
from blockmaps.maps.layouts import Columns, GroupSize, fastest

UNKNOWNS = 100_000
# What is drawn depends on a variant's key, and a key holds a learning rate. A module has none of
# its own, so all draw as variants of this one do.
DRAWN_AT = 1e-3


class _Alone(torch.autograd.Function):
    """All steps of one map, with the gradient written out.

    The sums U x + b of all steps are one product, (rows, steps, batch), and become the states in
    their place, one after another. Their gradients D have the same shape, so that those of U and of
    V are one product each over all steps.
    """

    @staticmethod
    def forward(ctx, rnn, x, begin, blank_steps, unknowns, biases):
        time, batch, width = x.shape
        rows, steps = rnn.pattern.state_size, time + blank_steps
        b = biases if len(biases) else x.new_zeros(rows)
        columns = Columns(x.reshape(time * batch, width))
        s = x.new_empty(rows, steps, batch)
        s[:, time:] = b[:, None, None]
        given = s[:, :time].view(rows, -1)
        (V,) = rnn._weights.multiply([unknowns], b, columns, rnn._workspace, given)
        if rnn.iterations > 1:
            s = s.repeat_interleave(rnn.iterations, 1)
        before = None if begin is None else begin.T.contiguous()
        active = [(IN_PLACE[name], s[part].unbind(1)) for part, name in rnn._activated]
        for step, now in enumerate(s.unbind(1)):
            if before is not None:  # s starts at zero unless told
                now.addmm_(V, before)
            for activate, each in active:
                activate(each[step])
            before = now
        # copies: what is kept for the gradient may be changed by nobody
        y = s[-rnn.outputs :, rnn.iterations - 1 :: rnn.iterations].permute(1, 2, 0).contiguous()
        ctx.rnn, ctx.columns, ctx.blank_steps = rnn, columns, blank_steps
        ctx.save_for_backward(x, begin, unknowns, V, s)
        ctx.set_materialize_grads(False)
        return y, s[:, -1].T.contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx, of_y, of_end):
        rnn, (x, begin, unknowns, V, s) = ctx.rnn, ctx.saved_tensors
        time = len(x)
        rows, iterations = len(s), rnn.iterations
        D = torch.zeros_like(s)
        if of_y is not None:
            D[-rnn.outputs :, iterations - 1 :: iterations] = of_y.permute(2, 0, 1)
        if of_end is not None:
            D[:, -1] += of_end.T
        active = [
            (BACKWARD[name], D[part].unbind(1), s[part].unbind(1)) for part, name in rnn._activated
        ]
        each, VT = D.unbind(1), V.T
        for step in range(len(each) - 1, -1, -1):
            for differentiate, gradients, states in active:
                differentiate(gradients[step], states[step])
            if step:
                each[step - 1].addmm_(VT, each[step])
        dV = D[:, 1:].reshape(rows, -1) @ s[:, :-1].reshape(rows, -1).T
        if begin is not None:
            dV.addmm_(each[0], begin)
        of_begin = (VT @ each[0]).T if ctx.needs_input_grad[2] else None
        db = D.sum((1, 2)) if rnn.biases.numel() else x.new_empty(0)
        if iterations > 1:
            D = D.unflatten(1, (-1, iterations)).sum(2)
        given = D[:, :time].reshape(rows, -1)
        (du,) = rnn._weights.gradients(given, ctx.columns, dV[None], rnn._workspace)
        dx = None
        if ctx.needs_input_grad[1]:
            U = rnn._rows(unknowns)[:, : rnn.inputs]
            dx = (given.T @ U).view_as(x)
        return None, dx, of_begin, None, du, db


class SparseRNN(nn.Module):
    """A sparse recurrent network with a given number of trainable weights.

        rnn = blockmaps.SparseRNN(inputs=28, outputs=10, unknowns=20_000)
        y, state = rnn(x, blank_steps=1)       # x: (time, batch, 28); y: (time + 1, batch, 10)
        loss = cross_entropy(y[-1], target)

    **y is one step behind.** All of h and y update at once, from what they were: y after token t
    reads h after token t − 1, and so x up to t − 1 (x_t itself reaches y only through the block
    yx, directly). An answer to the *last* token therefore stands one step later. Ask for it with
    `blank_steps=1`, which adds a token of zeros, and read the last y. Where y answers every token,
    either shift the targets by one or let yx and one step of delay do.

    `torch.export` takes it, and so does `torch.onnx.export(rnn, (x,), file, dynamo=True)` with the
    packages of `pip install 'blockmaps[onnx]'`.

    Parameters
    ----------
    inputs, outputs : |x|, |y|.
    unknowns : trainable weights, biases apart: the papers' count. 100,000 if left out, or what
        `densities` and `hidden` come to. Densities are probabilities, so that what is drawn differs
        by about its square root.
    densities : "recommended" (as `blockmaps.recommend`; the default), or a density from 0 to 1 for
        each of the six blocks hx hh hy yx yh yy, "hx" being what h reads of x.
    hidden_proportion : in the place of densities: the share of the hidden rows' unknowns that read
        the state, between 0 and 1; state blocks have a density of 0.3, less where the input's
        block would have too few places, and the output's blocks are as recommended.
    hidden : |h|; solved from the unknowns if left out.
    activation : σ on h: "relu", "tanh", "sigmoid", "elu" or "identity"; y is linear.
    batch_first : x and y are (batch, time, …) and not (time, batch, …), as in `torch.nn.RNN`.
    initialisation : of the unknowns; N(0, 0.05²) if left out, as in the paper.
    seed : of the mask and the weights; the same on every device.
    device, dtype : of the parameters, as in torch's modules.

    Attributes
    ----------
    unknowns : parameter (unknowns,), by row of W, then column.
    biases : parameter (|h| + |y|,).
    pattern : slots and the blocks' densities, from which the mask is drawn.
    mask : the places of the unknowns in W.
    variant, seed : what it started as.
    by_autograd : set it for second derivatives: torch then sees every step, which is slower.

    Raises
    ------
    ValueError
        Naming the argument, what was found and what it takes.
    """

    places: Tensor
    mask_digest: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        unknowns: int | None = None,
        densities: Mapping[str, float] | Literal["recommended"] | None = None,
        *,
        hidden_proportion: float | None = None,
        hidden: int | None = None,
        activation: Activation = "relu",
        batch_first: bool = False,
        initialisation: Initialisation | None = None,
        seed: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        given = {"inputs": inputs, "outputs": outputs, "unknowns": unknowns, "hidden": hidden}
        for name, value in given.items():
            _whole(name, value, least=1, optional=name in ("unknowns", "hidden"))
        if unknowns is not None and unknowns > MOST_UNKNOWNS:
            raise ValueError(f"unknowns: found {unknowns:,}; takes up to {MOST_UNKNOWNS:,}")
        _whole("seed", seed, least=0)
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation: found {activation!r}; takes one of {[*ACTIVATIONS]}")
        if not isinstance(initialisation, Initialisation | None):
            raise ValueError(
                f"initialisation: found {initialisation!r}; takes an Initialisation "
                "of blockmaps.designs.variants"
            )
        _placed(device, dtype)
        try:
            size, blocks = _solve(inputs, outputs, unknowns, densities, hidden_proportion, hidden)
        except InputError as fault:
            raise ValueError(str(fault)) from None
        variant = Variant(
            pattern=rnn_pattern(inputs, size, outputs, blocks, activation=activation),
            initialisation=initialisation or Initialisation(),
            learning_rate=DRAWN_AT,
            seed_index=0,
        )
        self._make(variant, start(variant, seed), seed, batch_first, device, dtype)

    @classmethod
    def from_variant(
        cls,
        variant: Variant,
        seed: int,
        begin: Start | None = None,
        *,
        batch_first: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> "SparseRNN":
        """Return a variant of a plan as a module.

        Parameters
        ----------
        variant : any slots; the output is the last one's.
        seed : the config's root seed.
        begin : its mask, unknowns and biases; drawn from the seed if left out.
        batch_first, device, dtype : as of the class.
        """
        made = cls.__new__(cls)
        begin = begin if begin is not None else start(variant, seed)
        made._make(variant, begin, seed, batch_first, device, dtype)
        return made

    @classmethod
    def from_run(cls, folder: Path | str, key: str = "", **options: Any) -> "SparseRNN":
        """Return a model as a run trained it.

        Parameters
        ----------
        folder : a results folder such as `results/default`, of an experiment with `keep: weights`;
            or a file that `blockmaps export` wrote.
        key : of its variant (column `key` of the runs table), or the first digits of it; none is
            needed where there is one.
        options : batch_first, device, dtype, as of the class.

        Raises
        ------
        InputError
            If there are no such weights, or they are of torch's own cells or layers.
        """
        variant, begin, about = weights.find(Path(folder), key)
        if not isinstance(variant, Variant):
            raise InputError(
                f"{folder}: {variant.key} is one of torch's own models, and no sparse RNN; "
                "takes the key of a map"
            )
        options.setdefault("dtype", torch.from_numpy(begin.values).dtype)
        return cls.from_variant(variant, about.seed, begin, **options)

    def _make(
        self,
        variant: Variant,
        begin: Start,
        seed: int,
        batch_first: bool,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.variant, self.seed, self.batch_first = variant, seed, batch_first
        self.pattern = variant.pattern
        self.iterations = variant.repeats
        self.mask = begin.mask
        kind = dtype or torch.get_default_dtype()
        self.unknowns = nn.Parameter(torch.from_numpy(begin.values).to(device, kind, copy=True))
        self.biases = nn.Parameter(torch.from_numpy(begin.bias).to(device, kind, copy=True))
        first, rows = self.inputs, self.pattern.state_size
        places = (begin.mask.rows - first) * (first + rows) + begin.mask.columns
        self.register_buffer("places", torch.from_numpy(places).to(device), persistent=False)
        # of the mask itself a state_dict holds a digest: the pattern and the seed draw it again
        digest = hashlib.sha256(np.asarray([first, rows, *places], "<i8").tobytes()).digest()
        drawn = torch.frombuffer(bytearray(digest[:16]), dtype=torch.uint8)
        self.register_buffer("mask_digest", drawn.to(device))
        self.by_autograd = False
        self._activated = [
            (slice(place - first, place - first + slot.size), slot.activation)
            for slot, place in zip(self.pattern.slots, self.pattern.offsets.values(), strict=True)
            if place and slot.activation != "identity"
        ]
        self._lay_out()

    def _lay_out(self) -> None:
        """Hold W in the way that is fastest where the parameters are."""
        first, rows, like = self.inputs, self.pattern.state_size, self.unknowns
        row, column = self.mask.rows - first, self.mask.columns
        # in a vector that holds U, then V
        places = np.where(
            column < first, row * first + column, rows * first + row * rows + column - first
        )
        kind = fastest(self.pattern, self.mask, like.device)
        self._weights = kind(GroupSize(1, rows, first, self.outputs), [places], like.device)
        self._held: dict[tuple[int, str], Tensor] = {}

    def _workspace(self, name: str, *shape: int) -> Tensor:
        """Return a contiguous tensor that holds whatever it held last; one a name and thread."""
        place, number = (get_ident(), name), prod(shape)
        if place not in self._held or self._held[place].numel() < number:
            with torch.inference_mode(False):  # what is made there cannot be trained with later
                self._held[place] = self.unknowns.detach().new_empty(number)
        return self._held[place][:number].view(shape)

    def _apply(self, fn: Any, recurse: bool = True) -> "SparseRNN":
        super()._apply(fn, recurse)
        self._lay_out()
        return self

    def __getstate__(self) -> dict[str, Any]:
        made = ("_weights", "_held")
        return {name: value for name, value in self.__dict__.items() if name not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._lay_out()

    @property
    def inputs(self) -> int:
        """The size of x."""
        return self.pattern.slots[0].size

    @property
    def outputs(self) -> int:
        """The size of y."""
        return self.pattern.slots[-1].size

    @property
    def hidden(self) -> int:
        """The size of h; of all slots between x and y where there are several."""
        return self.pattern.state_size - self.outputs

    @property
    def counts(self) -> dict[str, int]:
        """The blocks' unknowns, as drawn."""
        return self.mask.counts

    @property
    def hidden_proportion(self) -> float:
        """The share of the hidden rows' unknowns that read the state; of an RNN's six blocks."""
        if set(self.counts) != set(RNN_BLOCKS):
            return float("nan")
        return hidden_proportions(self.counts)["hidden_proportion"]

    @property
    def densities(self) -> dict[str, float]:
        """The blocks' densities, as drawn."""
        places = {b.target + b.source: self.pattern.places(b) for b in self.pattern.reach}
        return {name: count / places[name] for name, count in self.counts.items()}

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, blank_steps: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Return y after every token, and the state after the last.

        Parameters
        ----------
        x : (time, batch, |x|), (batch, time, |x|) with `batch_first`, or (time, |x|).
        state : (batch, |h| + |y|) or (|h| + |y|,), of an earlier call, to go on from; zero if None.
        blank_steps : tokens of zeros after the given ones, for which y is returned too. An answer
            to the last token needs one: y reads the h of the step before.

        Returns
        -------
        y, as x with |y| in the place of |x|, and the state (h, y), as the argument.

        Raises
        ------
        ValueError
            If shapes, types or devices do not fit, naming the argument.
        """
        self._check(x, state, blank_steps)
        alone = x.dim() == 2
        if alone:
            x, state = x.unsqueeze(1), None if state is None else state.unsqueeze(0)
        elif self.batch_first:
            x = x.transpose(0, 1)
        if self._seen(x):
            y, state = self._step_by_step(x, state, blank_steps)
        else:
            y, state = _Alone.apply(self, x, state, blank_steps, self.unknowns, self.biases)
        if alone:
            return y.squeeze(1), state.squeeze(0)
        return y.transpose(0, 1) if self.batch_first else y, state

    def _check(self, x: Tensor, state: Tensor | None, blank_steps: int) -> None:
        for name, value in (("x", x), ("state", state)):
            if not isinstance(value, Tensor) and (name == "x" or value is not None):
                raise ValueError(f"{name}: found {type(value).__name__}; takes a tensor")
        form = (
            f"(batch, time, {self.inputs})" if self.batch_first else f"(time, batch, {self.inputs})"
        )
        if x.dim() not in (2, 3) or x.shape[-1] != self.inputs:
            raise ValueError(
                f"x: found shape {tuple(x.shape)}; takes {form}, or (time, {self.inputs})"
            )
        _whole("blank_steps", blank_steps, least=0)
        steps = x.shape[1] if self.batch_first and x.dim() == 3 else x.shape[0]
        if steps + blank_steps < 1:
            raise ValueError(f"x: found shape {tuple(x.shape)}; takes at least one token")
        of, rows = self.unknowns, self.pattern.state_size
        batch = () if x.dim() == 2 else (x.shape[0 if self.batch_first else 1],)
        if state is not None and tuple(state.shape) != (*batch, rows):
            raise ValueError(f"state: found shape {tuple(state.shape)}; takes {(*batch, rows)}")
        for name, value in (("x", x), ("state", state)):
            if value is None or torch.is_autocast_enabled(of.device.type):
                continue
            if value.dtype != of.dtype:
                raise ValueError(f"{name}: found {value.dtype}; takes {of.dtype}, as the weights")
            if value.device != of.device:
                raise ValueError(f"{name}: found on {value.device}; takes {of.device}")

    def _seen(self, x: Tensor) -> bool:
        """Return whether torch has to see every step."""
        return (
            self.by_autograd
            or torch.compiler.is_compiling()
            or torch.jit.is_tracing()
            or torch.is_autocast_enabled(x.device.type)
            or torch._C._are_functorch_transforms_active()
        )

    def _step_by_step(
        self, x: Tensor, state: Tensor | None, blank_steps: int
    ) -> tuple[Tensor, Tensor]:
        """As torch's own operations do, so that autograd and exporters see them."""
        W = self._rows(self.unknowns)
        U, V = W[:, : self.inputs], W[:, self.inputs :]
        b = self.biases if len(self.biases) else W.new_zeros(len(W))
        slots = self.pattern.slots[1:]
        s = x.new_zeros(x.shape[1], len(W)) if state is None else state
        driven = nn.functional.linear(x, U, b).unbind(0)
        driven += (b.expand(x.shape[1], -1),) * blank_steps
        y = []
        for token in driven:
            for _ in range(self.iterations):
                parts = (token + s @ V.T).split([slot.size for slot in slots], -1)
                s = torch.cat(
                    [
                        ACTIVATIONS[slot.activation](part)
                        for slot, part in zip(slots, parts, strict=True)
                    ],
                    -1,
                )
            y.append(s[:, -self.outputs :])
        return torch.stack(y), s

    def _rows(self, unknowns: Tensor) -> Tensor:
        """Return the rows of W that hold unknowns, (|h| + |y|, |z|)."""
        rows, width = self.pattern.state_size, self.inputs + self.pattern.state_size
        W = unknowns.new_zeros(rows * width)
        return W.index_put((self.places,), unknowns).view(rows, width)

    def matrix(self) -> Tensor:
        """Return W whole, (|z|, |z|) with z = (x, h, y); the rows of x are zero.

        The unknowns' gradients flow through it, as for a penalty on its norm.
        """
        return nn.functional.pad(self._rows(self.unknowns), (0, 0, self.inputs, 0))

    def plot(self, axes: Any = None) -> Any:
        """Draw the spy plot: where W has unknowns, block by block. Return the matplotlib axes.

        Parameters
        ----------
        axes : to draw into; new ones if left out.
        """
        if axes is None:
            from matplotlib.figure import Figure

            axes = Figure(figsize=(4.5, 4), layout="constrained").add_subplot()
        held = self.mask.dense(self.inputs + self.pattern.state_size)[self.inputs :]
        axes.imshow(held, cmap="Greys", aspect="auto", interpolation="none")
        sizes, begins = self.pattern.sizes, self.pattern.offsets
        middle = {name: begins[name] + size / 2 - 0.5 for name, size in sizes.items()}
        axes.set_xticks([*middle.values()], [f"{name}\n{size:,}" for name, size in sizes.items()])
        state = [name for name in sizes if begins[name]]
        axes.set_yticks([middle[name] - self.inputs for name in state], state)
        for name in state:
            axes.axvline(begins[name] - 0.5, color="tab:red", linewidth=0.8)
            axes.axhline(begins[name] - self.inputs - 0.5, color="tab:red", linewidth=0.8)
        axes.tick_params(length=0)
        axes.set_title(f"{len(self.unknowns):,} unknowns: target (rows) from source (columns)")
        return axes

    def extra_repr(self) -> str:
        """Say its sizes, and the density and number of unknowns of every block."""
        middle = self.pattern.slots[1:-1]
        sizes = ", ".join(f"|{slot.name}|={slot.size:,} {slot.activation}" for slot in middle)
        first = (
            f"{self.inputs} → {self.outputs}, {sizes}, {len(self.unknowns):,} unknowns, "
            f"{len(self.biases):,} biases, hidden proportion {self.hidden_proportion:.3f}, "
            f"seed={self.seed}" + (", batch_first=True" if self.batch_first else "")
        )
        densities = self.densities
        lines = [
            f"{name}: density {densities[name]:.4f}, {count:,} unknowns"
            for name, count in self.counts.items()
        ]
        return "\n".join([first, *lines])

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing, unexpected, errors
    ) -> None:
        found = state_dict.get(f"{prefix}mask_digest")
        if found is not None and not torch.equal(found.cpu(), self.mask_digest.cpu()):
            errors.append(
                f"{prefix}unknowns: those of another mask; takes those of a SparseRNN of the same "
                f"sizes, densities and seed (here {self.seed})"
            )
            return
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing, unexpected, errors
        )


def _whole(name: str, value: Any, least: int, optional: bool = False) -> None:
    """Refuse what is no whole number of at least so much."""
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name}: found {value!r}; takes a whole number of at least {least}")


def _share(value: Any) -> bool:
    """Return whether it is a number from 0 to 1."""
    return isinstance(value, Real) and 0 <= float(value) <= 1


def _placed(device: Any, dtype: Any) -> None:
    """Refuse a device that is not there, and what is no type of real numbers."""
    if dtype is not None and not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise ValueError(f"dtype: found {dtype!r}; takes one such as torch.float32")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as fault:
        said = str(fault).splitlines()[0]
        raise ValueError(f"device: found {device!r}; takes one that is there: {said}") from None


def _solve(
    inputs: int,
    outputs: int,
    unknowns: int | None,
    densities: Mapping[str, float] | str | None,
    hidden_proportion: float | None,
    hidden: int | None,
) -> tuple[int, dict[str, float]]:
    """Return |h| and the six densities that are asked for."""
    budget = UNKNOWNS if unknowns is None else unknowns
    if hidden_proportion is not None:
        if densities is not None:
            raise ValueError(
                f"hidden_proportion: found {hidden_proportion!r} beside densities; "
                "takes one of the two"
            )
        if not _share(hidden_proportion) or hidden_proportion in (0, 1):
            raise ValueError(
                f"hidden_proportion: found {hidden_proportion!r}; takes a number between 0 and 1"
            )
        given = (budget, hidden_proportion, inputs)
        if hidden is not None:
            try:
                return hidden, balanced_at(*given, hidden, outputs, OUTPUTS)
            except InputError as fault:
                raise ValueError(
                    f"hidden: found {hidden}: {fault}; without it |h| is solved"
                ) from None
        return fit_balanced(*given, outputs, OUTPUTS, STATE_DENSITY)
    if densities is None or (isinstance(densities, str) and densities == "recommended"):
        if hidden is not None:
            raise ValueError(
                f"hidden: found {hidden} beside recommended densities, which choose |h|; takes it "
                "with hidden_proportion or with six densities"
            )
        return recommend(inputs, outputs, budget)
    if not isinstance(densities, Mapping) or set(densities) != set(RNN_BLOCKS):
        found = list(densities) if isinstance(densities, Mapping) else densities
        raise ValueError(
            f"densities: found {found!r}; takes 'recommended' or a density for each of "
            f"{', '.join(RNN_BLOCKS)}"
        )
    for name, value in densities.items():
        if not _share(value):
            raise ValueError(f"densities: found {value!r} for {name}; takes one from 0 to 1")
    named = {name: float(densities[name]) for name in RNN_BLOCKS}
    if hidden is None:
        return solve_hidden(budget, named, inputs, outputs), named
    if unknowns is not None:
        total = sum(expected_unknowns(named, inputs, hidden, outputs).values())
        raise ValueError(
            f"unknowns: found {unknowns:,} beside hidden={hidden} and six densities, which come to "
            f"{total:,.0f}; takes it with one of them left out"
        )
    return hidden, named
