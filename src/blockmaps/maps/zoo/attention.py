"""A transformer encoder as a map: coarse, a layer a block; and fine, every step of it a slot."""

from typing import Any

import torch
from torch import Tensor, nn

from blockmaps.maps.blocks import Affine
from blockmaps.maps.map import BlockMap, RowTerms
from blockmaps.maps.terms import Constant, Contraction, Sum
from blockmaps.maps.zoo.network import Network, check_is_function, feedforward


def _added(mask: Tensor | None, steps: int) -> Tensor | None:
    """Return a mask as what is added to the scores, as torch takes it: True is −∞.

    Raises
    ------
    ValueError
        If it is not (T, T).
    """
    if mask is None:
        return None
    if mask.shape != (steps, steps):
        raise ValueError(f"takes a mask of ({steps}, {steps}); found {tuple(mask.shape)}")
    if mask.dtype == torch.bool:
        return torch.zeros(steps, steps).masked_fill(mask, -torch.inf)
    return mask


def _oriented(network: Network, batch_first: bool) -> Network:
    """Return the network for (time, batch, width) where the encoder takes that."""
    if batch_first:
        return network

    def run(map: BlockMap, x: Tensor, *, iterations: int) -> Tensor:
        return network.run(map, x.transpose(0, 1), iterations=iterations).transpose(0, 1)

    return Network(network.map, network.form, network.iterations, run)


class EncoderLayer(nn.Module):
    """A layer for (batch, time, width), whatever order it was made for."""

    def __init__(self, layer: nn.TransformerEncoderLayer, mask: Tensor | None) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """Return the layer's output, (batch, time, width)."""
        if self.layer.self_attn.batch_first:
            return self.layer(z, src_mask=self.mask)
        return self.layer(z.transpose(0, 1), src_mask=self.mask).transpose(0, 1)


def coarse(encoder: nn.TransformerEncoder, steps: int, mask: Tensor | None = None) -> Network:
    """Return an encoder as a sub-diagonal map whose blocks are whole layers (2404.00880).

    h_l ← layer_l(h_{l−1}), each slot (time, width).

    Parameters
    ----------
    encoder : L layers, with or without a norm at the end.
    steps : the sequences' length T.
    mask : (T, T), added to the scores, −∞ where a position must not be seen; or truth values, True
        there.
    """
    check_is_function(encoder)
    mask = _added(mask, steps)
    blocks: list[nn.Module] = [EncoderLayer(layer, mask) for layer in encoder.layers]
    if encoder.norm is not None:
        blocks.append(encoder.norm)
    names = ["x", *(f"h{number}" for number in range(1, len(blocks))), "y"]
    attention = encoder.layers[0].self_attn
    rows: dict[str, RowTerms] = {"x": {"x": nn.Identity()}}
    rows |= {t: {s: f} for s, t, f in zip(names, names[1:], blocks, strict=False)}
    map = BlockMap(dict.fromkeys(names, (steps, attention.embed_dim)), rows)
    return _oriented(feedforward(map, "y"), attention.batch_first)


def _rows(
    layer: nn.TransformerEncoderLayer, steps: int, x: str, name: Any, mask: Tensor | None
) -> tuple[dict[str, RowTerms], dict[str, tuple[int, ...]], dict[str, Any]]:
    """Return the rows, shapes and activations of one layer that reads slot x.

    norm first:                             norm last:
    n ← norm₁(x)                            queries, keys, values ← of x
    queries ← W_q n + b_q, keys, values
    scores ← queries · keys / √d            the same
    weights ← softmax(scores)               the same
    heads ← weights · values                the same
    attended ← x + W_o heads + b_o          attended ← x + W_o heads + b_o
    m ← norm₂(attended)                     m ← norm₁(attended)
    forward ← σ(W_1 m + b_1)                the same
    out ← attended + W_2 forward + b_2      sum ← m + W_2 forward + b_2, out ← norm₂(sum)
    """
    attention = layer.self_attn
    width, heads = attention.embed_dim, attention.num_heads
    share = width // heads
    state, split = (steps, width), (steps, heads, share)
    rows: dict[str, RowTerms] = {}
    shapes: dict[str, tuple[int, ...]] = {}

    def add(slot: str, shape: tuple[int, ...], row: RowTerms) -> str:
        rows[name(slot)], shapes[name(slot)] = row, shape
        return name(slot)

    source = add("norm1", state, {x: layer.norm1}) if layer.norm_first else x
    for place, slot in enumerate(("queries", "keys", "values")):
        part = slice(place * width, (place + 1) * width)
        affine = Affine(attention.in_proj_weight, attention.in_proj_bias, rows=part)
        add(slot, split, {source: nn.Sequential(affine, nn.Unflatten(-1, (heads, share)))})
    scores = Contraction("ihc,jhc->hij", name("queries"), name("keys"), share**-0.5)
    add("scores", (heads, steps, steps), Sum(scores, *([] if mask is None else [Constant(mask)])))
    add("weights", (heads, steps, steps), {name("scores"): nn.Softmax(-1)})
    add("heads", split, Contraction("hij,jhc->ihc", name("weights"), name("values")))
    output = nn.Sequential(nn.Flatten(-2), attention.out_proj)
    attended = add("attended", state, {x: nn.Identity(), name("heads"): output})
    norm = layer.norm2 if layer.norm_first else layer.norm1
    source = add("norm2" if layer.norm_first else "norm1", state, {attended: norm})
    inner = add("forward", (steps, layer.linear1.out_features), {source: layer.linear1})
    kept = attended if layer.norm_first else source
    out = {kept: nn.Identity(), inner: layer.linear2}
    if layer.norm_first:
        add("out", state, out)
    else:
        total = add("sum", state, out)
        add("out", state, {total: layer.norm2})
    return rows, shapes, {inner: layer.activation}


def fine(encoder: nn.TransformerEncoder, steps: int, mask: Tensor | None = None) -> Network:
    """Return an encoder as a map in which nothing but softmax and norm is a module of its own.

    Queries, keys, values, scores, softmax weights, heads, feed-forward and norms are slots;
    projections are affine blocks, scores and heads bilinear contractions of two slots, and the
    residual connections identities. Parameters as in `coarse`.
    """
    check_is_function(encoder)
    mask = _added(mask, steps)
    attention = encoder.layers[0].self_attn
    shapes: dict[str, tuple[int, ...]] = {"x": (steps, attention.embed_dim)}
    rows: dict[str, RowTerms] = {"x": {"x": nn.Identity()}}
    activations: dict[str, Any] = {}
    source = "x"
    for number, layer in enumerate(encoder.layers, start=1):
        own = _rows(layer, steps, source, lambda slot, number=number: f"{slot}.{number}", mask)
        rows, shapes, activations = rows | own[0], shapes | own[1], activations | own[2]
        source = f"out.{number}"
    if encoder.norm is not None:
        shapes["y"], rows["y"], source = shapes["x"], {source: encoder.norm}, "y"
    map = BlockMap(shapes, rows, activations)
    return _oriented(feedforward(map, source), attention.batch_first)
