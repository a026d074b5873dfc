"""Neural networks as iterative block maps, and what their sparsity pattern explains.

The public face: each name is imported when it is first asked for, so that `import blockmaps` is
quick and takes no torch. `dir(blockmaps)` lists them; `help(blockmaps.SparseRNN)` and the like
explain them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["SparseRNN", "bank", "folder", "map", "patterns", "proportion", "recommend", "zoo"]

# Where each is from: a module, or a name in one.
_SOURCES = {
    "SparseRNN": "maps.sparse_rnn:SparseRNN",
    "bank": "maps.bank",
    "folder": "results.folder",
    "map": "maps.map",
    "patterns": "designs.patterns",
    "proportion": "designs.proportion",
    "recommend": "designs.recommend:recommendation",
    "zoo": "maps.zoo.examples",
}

if TYPE_CHECKING:
    from blockmaps.designs import patterns as patterns
    from blockmaps.designs import proportion as proportion
    from blockmaps.designs.recommend import recommendation as recommend
    from blockmaps.maps import bank as bank
    from blockmaps.maps import map as map
    from blockmaps.maps.sparse_rnn import SparseRNN as SparseRNN
    from blockmaps.maps.zoo import examples as zoo
    from blockmaps.results import folder as folder


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _SOURCES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, inner = _SOURCES[name].partition(":")
    found = import_module(f"{__name__}.{module}")
    shown = getattr(found, inner) if inner else found
    globals()[name] = shown
    return shown


def __dir__() -> list[str]:
    """List what is shown."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
