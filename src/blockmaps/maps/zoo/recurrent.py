"""Recurrent networks as maps, with torch's own weights, forced or lifted.

All blocks updating at once makes a stack inexact: layer 2 would read the h of layer 1 that the
token before it left, and an LSTM's h the old c. So the forced map of anything but a single-layer
RNN carries an update order, and its lifted form has a slot for every time step and layer.
"""

from typing import Any

import torch
from torch import Tensor, nn

from blockmaps.maps.blocks import Affine, Complement
from blockmaps.maps.map import BlockMap, RowTerms
from blockmaps.maps.terms import Product, State, Sum
from blockmaps.maps.zoo.network import (
    FORCED,
    LIFTED,
    ORDERED,
    Network,
    check_is_function,
    lift,
    lifted_start,
    lifted_states,
)


def _check(module: nn.RNNBase) -> None:
    """Refuse what has no such form here."""
    check_is_function(module)
    for reason, found in (
        ("bidirectional", module.bidirectional),
        ("proj_size", module.proj_size > 0),
    ):
        if found:
            raise ValueError(f"{type(module).__name__}: no map is made of one with {reason}")


class _Layer:
    """One layer of a torch recurrent module: its slots' names and its weights by gate."""

    def __init__(self, module: nn.RNNBase, layer: int) -> None:
        self.module, self.layer = module, layer
        self.source = "x" if layer == 0 else self.name("h", layer - 1)

    def name(self, slot: str, layer: int | None = None) -> str:
        """Return a slot's name: h, or h1, h2 … where there are several layers."""
        layer = self.layer if layer is None else layer
        return slot if self.module.num_layers == 1 else f"{slot}{layer + 1}"

    def block(self, which: str, gate: int) -> Affine:
        """Return W z + b of one gate; `which` is "ih" (reads the input) or "hh" (the state)."""
        size = self.module.hidden_size
        weight = getattr(self.module, f"weight_{which}_l{self.layer}")
        bias = getattr(self.module, f"bias_{which}_l{self.layer}", None)
        return Affine(weight, bias, rows=slice(gate * size, (gate + 1) * size))

    def gate(self, gate: int) -> dict[str, nn.Module]:
        """Return the row W x + b + V h + c of one gate."""
        return {self.source: self.block("ih", gate), self.name("h"): self.block("hh", gate)}


Parts = tuple[dict[str, RowTerms], dict[str, str], list[list[str]]]


def _rnn_rows(layer: _Layer) -> Parts:
    """Return h ← σ(W x + b + V h + c)."""
    h = layer.name("h")
    return {h: layer.gate(0)}, {h: str(layer.module.nonlinearity)}, [[h]]


def _lstm_rows(layer: _Layer) -> Parts:
    """Return i, f, o ← σ(·), g ← tanh(·); then c ← f ⊙ c + i ⊙ g; then h ← o ⊙ tanh(c)."""
    i, f, g, o, c, h = map(layer.name, "ifgoch")
    rows: dict[str, RowTerms] = {slot: layer.gate(place) for place, slot in enumerate((i, f, g, o))}
    rows[c] = Sum(Product(f, c), Product(i, g))
    rows[h] = Product(o, Sum({c: nn.Identity()}, activation="tanh"))
    return rows, {i: "sigmoid", f: "sigmoid", g: "tanh", o: "sigmoid"}, [[i, f, g, o], [c], [h]]


def _gru_rows(layer: _Layer) -> Parts:
    """Return r, u ← σ(·); then n ← tanh(W x + b + r ⊙ (V h + c)); then h ← (1 − u) ⊙ n + u ⊙ h."""
    r, u, n, h = map(layer.name, "runh")
    rows: dict[str, RowTerms] = {slot: layer.gate(place) for place, slot in enumerate((r, u))}
    candidate = Product(r, Sum({h: layer.block("hh", 2)}))
    rows[n] = Sum({layer.source: layer.block("ih", 2)}, candidate)
    rows[h] = Sum(Product(Sum({u: Complement()}), n), Product(u, h))
    return rows, {r: "sigmoid", u: "sigmoid", n: "tanh"}, [[r, u], [n], [h]]


_CELLS = {nn.RNN: _rnn_rows, nn.LSTM: _lstm_rows, nn.GRU: _gru_rows}


def cell(module: nn.RNNBase) -> BlockMap:
    """Return the forced map of an `nn.RNN`, `nn.LSTM` or `nn.GRU`: z = (x, …, h).

    A single-layer RNN updates all at once; the others carry an update order.
    """
    _check(module)
    rows: dict[str, RowTerms] = {"x": {"x": nn.Identity()}}
    activations: dict[str, str] = {}
    order: list[list[str]] = [["x"]]
    for number in range(module.num_layers):
        kind = next(kind for kind in _CELLS if isinstance(module, kind))
        own, sigmas, groups = _CELLS[kind](_Layer(module, number))
        rows, activations, order = rows | own, activations | sigmas, order + groups
    slots = dict.fromkeys(rows, module.hidden_size)
    slots["x"] = module.input_size
    return BlockMap(slots, rows, activations, order if len(order) > 2 else None)


def recurrent(module: nn.RNNBase, steps: int | None = None) -> Network:
    """Return an `nn.RNN`, `nn.LSTM` or `nn.GRU` as a map that takes and returns what it does.

    Batches of sequences, that is; a single sequence without a batch is refused.

    Parameters
    ----------
    module : any number of layers, either order of batch and time, with or without biases.
    steps : None: the forced form, for sequences of any length, one iteration a token. A number T:
        the lifted form, for sequences of that length, as many iterations as its longest path.
    """
    forced = cell(module)
    layers = [_Layer(module, number) for number in range(module.num_layers)]
    kept = "hc" if isinstance(module, nn.LSTM) else "h"
    batch_first = module.batch_first
    lifted = None if steps is None else lift(forced, steps)

    def run(map: BlockMap, x: Tensor, initial: Any = None, *, iterations: int) -> Any:
        if x.dim() != 3:
            raise ValueError(f"takes a batch of sequences, three axes; found {tuple(x.shape)}")
        tokens = x if batch_first else x.transpose(0, 1)
        time = tokens.shape[1]
        z: State = {}
        if initial is not None:
            parts = initial if kept == "hc" else (initial,)
            z = {
                layer.name(slot): part[layer.layer]
                for slot, part in zip(kept, parts, strict=True)
                for layer in layers
            }
        if lifted is None:
            states = map.drive(tokens, iterations, z)
        else:
            z = map.iterate(lifted_start(map, forced, tokens, z), iterations)
            states = {
                layer.name(slot): lifted_states(forced, time, z, layer.name(slot))
                for slot in kept
                for layer in layers
            }
        output = states[layers[-1].name("h")]
        last = [torch.stack([states[layer.name(slot)][:, -1] for layer in layers]) for slot in kept]
        output = output if batch_first else output.transpose(0, 1)
        return output, tuple(last) if kept == "hc" else last[0]

    if lifted is None:
        return Network(forced, FORCED if len(forced.order) == 1 else ORDERED, 1, run)
    return Network(lifted, LIFTED, max(lifted.depths().values()), run)


def readout(rnn: nn.RNN, linear: nn.Linear) -> Network:
    """Return a single-layer RNN with an output, z = (x, h, y), as 2509.15057 has it.

        h ← σ(W_hx x + W_hh h + b_h),  y ← W_yh h + b_y,

    all at once: y reads the old h and lags by one step. So a blank token follows the last, and the
    outputs are those of steps 2 to T + 1. Takes (batch, time, |x|) or (time, batch, |x|), as the
    RNN does, and returns W_yh h_t + b_y for every t.
    """
    base = cell(rnn)
    if len(base.order) > 1:
        raise ValueError("an output that lags is for an RNN of one layer; see `recurrent`")
    slots = {**base.shapes, "y": (linear.out_features,)}
    map = BlockMap(slots, {**base.rows, "y": {"h": linear}})

    def run(map: BlockMap, x: Tensor, *, iterations: int) -> Tensor:
        tokens = x if rnn.batch_first else x.transpose(0, 1)
        blank = torch.zeros_like(tokens[:, :1])
        y = map.drive(torch.cat([tokens, blank], 1), iterations)["y"][:, 1:]
        return y if rnn.batch_first else y.transpose(0, 1)

    return Network(map, FORCED, 1, run)
