"""A map in words: its slots, what each becomes, the block pattern, and iterations."""

from functools import singledispatch
from typing import Any

from torch import nn

from blockmaps.maps.blocks import CONVOLUTIONS, RESHAPES, Affine, Complement, Plus, kind_of
from blockmaps.maps.map import BlockMap
from blockmaps.maps.terms import Apply, Constant, Contraction, Product, Sum, Term
from blockmaps.maps.zoo.equivalence import count_unknowns
from blockmaps.maps.zoo.examples import Example
from blockmaps.maps.zoo.network import FORCED, FORMS, LIFTED, ORDERED

LETTERS = {"identity": "I", "affine": "W", "module": "f", "product": "⊙", "contraction": "×"}
WORDS = {
    "identity": "identity",
    "affine": "affine",
    "module": "another module",
    "product": "factor of a product",
    "contraction": "side of a contraction",
}
NAMES = {"LayerNorm": "norm", "Softmax": "softmax", "EncoderLayer": "layer", "BlockMap": "F∘"}
MOST_COLUMNS = 60  # of the block pattern


@singledispatch
def formula(term: Term) -> str:
    """Return a term as mathematics, biases left out (a row that has one ends in + b)."""
    raise TypeError(f"no formula for {type(term).__name__}")


@formula.register
def _(term: Apply) -> str:
    return _applied(term.f, term.source)


@formula.register
def _(term: Constant) -> str:
    return "b" if isinstance(term.bias, nn.Parameter) else "mask"


@formula.register
def _(term: Sum) -> str:
    parts = [formula(part) for part in term.terms if not isinstance(part, Constant)]
    has_bias = any(_has_bias(part) for part in term.terms)
    fixed = [formula(part) for part in term.terms if isinstance(part, Constant)]
    text = " + ".join(parts + (["b"] if has_bias else []) + [one for one in fixed if one != "b"])
    if term.activation == "identity":
        return text
    return f"{_named(term.activation)}({text})"


@formula.register
def _(term: Product) -> str:
    factors = []
    for factor in term.terms:
        text = formula(factor)
        bare = isinstance(factor, Sum) and factor.activation == "identity"
        factors.append(f"({text})" if bare and (" + " in text) else text)
    return " ⊙ ".join(factors)


@formula.register
def _(term: Contraction) -> str:
    scale = "" if term.scale == 1 else f" × {term.scale:.3g}"
    return f"⟨{term.left}, {term.right}⟩{scale}"


def _has_bias(term: Term) -> bool:
    if isinstance(term, Constant):
        return isinstance(term.bias, nn.Parameter)
    if not isinstance(term, Apply) or kind_of(term.f) != "affine":
        return False
    return any("bias" in name for name, _ in term.f.named_parameters())


def _named(activation: Any) -> str:
    if isinstance(activation, str):
        return activation
    return (getattr(activation, "__name__", None) or type(activation).__name__).lower()


def _applied(f: nn.Module, source: str) -> str:
    """Return f(z_j) as mathematics; reshapes go without saying."""
    if isinstance(f, nn.Sequential):
        main = [part for part in f if not isinstance(part, RESHAPES)]
        if len(main) == 1:
            return _applied(main[0], source)
    if isinstance(f, nn.Identity):
        return source
    if isinstance(f, Complement):
        return f"(1 − {source})"
    if isinstance(f, Plus):
        symbols = ["I" if isinstance(part, nn.Identity) else "W" for part in f.maps]
        return f"({' + '.join(symbols)})·{source}"
    if isinstance(f, Affine | nn.Linear):
        return f"W·{source}"
    if isinstance(f, CONVOLUTIONS):
        return f"K∗{source}"
    return f"{NAMES.get(type(f).__name__, type(f).__name__)}({source})"


def pattern_lines(map: BlockMap) -> list[str]:
    """Return the block pattern, a line a target, a letter a source."""
    slots, blocks = list(map.shapes), map.blocks
    wide = len(str(len(slots)))
    lines = [" " * (wide + 2) + " ".join(f"{n:>{wide}}" for n in range(1, len(slots) + 1))]
    for number, target in enumerate(slots, start=1):
        marks = (
            LETTERS[blocks[target, source]] if (target, source) in blocks else "·"
            for source in slots
        )
        lines.append(f"{number:>{wide}}  " + " ".join(f"{mark:>{wide}}" for mark in marks))
    return lines


def describe(name: str, about: str, example: Example) -> str:
    """Return the page that `blockmaps show` prints."""
    map, network = example.network.map, example.network
    unknowns, biases = count_unknowns(map)
    path = "as long as the longest path of blocks"
    if network.form in (FORCED, ORDERED):
        path = f"one for each of {example.tokens} token{'s' if example.tokens > 1 else ''}"
    lines = [
        f"{name}: {about}",
        "",
        f"form        {network.form}: {FORMS[network.form]}",
        f"state       {len(map.shapes)} slots, |z| = {map.size:,}",
        f"iterations  {example.iterations}, {path}",
        f"unknowns    {unknowns:,}, and {biases:,} biases: the torch module's own parameters",
    ]
    if len(map.order) > 1:
        order = "  then  ".join(" ".join(group) for group in map.order)
        lines.append(f"order       {order}")
    shapes = {slot: "×".join(str(side) for side in shape) for slot, shape in map.shapes.items()}
    wide, long = max(map_length(shapes)), max(len(text) for text in shapes.values())
    lines += ["", f"     {'slot':<{wide}}  {'shape':<{long}}  becomes"]
    for number, (slot, shape) in enumerate(shapes.items(), start=1):
        row = map.rows.get(slot)
        becomes = "0" if row is None else formula(row)
        lines.append(f"{number:>3}  {slot:<{wide}}  {shape:<{long}}  {becomes}")
    lines += ["", "blocks: a row a target, a column a source, numbered as above"]
    if len(shapes) > MOST_COLUMNS:
        lines.append(f"too wide to print with {len(shapes)} slots; fewer steps or layers fit")
    else:
        lines += ["", *pattern_lines(map), ""]
        used = dict.fromkeys(sorted(map.blocks.values(), key=list(LETTERS).index))
        lines.append(", ".join(f"{LETTERS[kind]} {WORDS[kind]}" for kind in used) + ", · absent")
    if network.form == LIFTED:
        lines.append("blocks of different times are the same block, with the same unknowns")
    return "\n".join(lines)


def map_length(shapes: dict[str, str]) -> list[int]:
    """Return how long the slots' names are, and the heading over them."""
    return [len("slot"), *(len(slot) for slot in shapes)]
