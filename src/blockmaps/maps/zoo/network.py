"""A torch module as an iterative map, and the two forms of a recurrent one: forced and lifted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from blockmaps.maps.map import BlockMap
from blockmaps.maps.terms import State

HELD = "held input"
FORCED = "forced"
ORDERED = "forced, update order"
LIFTED = "lifted"
FORMS = {
    HELD: "x is put in once and keeps itself; all slots update at once, from the old z",
    FORCED: "x is overwritten by each token; all slots update at once, from the old z",
    ORDERED: "x is overwritten by each token; slots update in the order stated",
    LIFTED: "a slot for every time step, blocks shared between them; all slots update at once",
}


@dataclass(frozen=True)
class Network:
    """A torch module as an iterative map: same arguments, same results, the same parameters.

    Attributes
    ----------
    map : the map. Its parameters *are* the module's, not copies.
    form : how it is iterated; one of `FORMS`.
    iterations : that a call takes.
    run : from a map, the module's arguments and a number of iterations to what the module returns.
    """

    map: BlockMap
    form: str
    iterations: int
    run: Callable[..., Any]

    def __call__(self, *inputs: Any, iterations: int | None = None) -> Any:
        """Return what the module returns, after another number of iterations if one is given."""
        times = self.iterations if iterations is None else iterations
        return self.run(self.map, *inputs, iterations=times)


def check_is_function(module: nn.Module) -> None:
    """Refuse what is no function of its input: a map evaluates its blocks once an iteration.

    Raises
    ------
    ValueError
        If the module draws at random or changes itself when it is evaluated.
    """
    for part in module.modules():
        name = type(part).__name__
        if not part.training:
            continue
        if getattr(part, "track_running_stats", False):
            raise ValueError(f"{name} while training changes itself at every call; use .eval()")
        drops = getattr(part, "p", 0) if isinstance(part, _DropoutNd) else 0
        drops = drops or getattr(part, "dropout", 0)  # a number in attention and RNNs
        if isinstance(drops, float) and drops > 0:
            raise ValueError(f"{name} with dropout while training is no map; use 0 or .eval()")


def feedforward(map: BlockMap, output: str) -> Network:
    """Return the network of a map whose input is held: x at the start, `output` at the end.

    It takes as many iterations as the longest path from x has blocks, and is exact whatever the
    other slots held at the start: a wrong h₁ is gone after one iteration, h₂ after two, …
    """

    def run(map: BlockMap, x: Tensor, *, iterations: int) -> Tensor:
        return map.iterate(map.start({map.input: x}), iterations)[output]

    return Network(map, HELD, map.depths()[output], run)


def at_time(slot: str, t: int) -> str:
    """Return the name of a slot of the lifted form, h[3]."""
    return f"{slot}[{t}]"


def lift(cell: BlockMap, steps: int, hold: bool = True, hold_inputs: bool = True) -> BlockMap:
    """Return the lifted form of a forced map: a slot for every time step, blocks shared.

    The forced map overwrites x with x_t and updates its slots once a token, in its order. Slot i
    at time t reads slot j at time t if j is x or comes before i in the order, else at time t − 1.
    In the lifted map all these slots are parts of one long z = (x_1, …, x_T, h_0, h_1, …, h_T)
    and update at once; the input's values stay because x_t holds itself.

    Parameters
    ----------
    cell : the forced map; its x holds itself, an identity at (x, x).
    steps : T.
    hold : an identity at (h_0, h_0), for every slot that is read at time 0. Then the influence of
        h_0 stays for ever (infinite impulse response); without, it is gone after iteration T
        (finite impulse response).
    hold_inputs : an identity at (x_t, x_t).

    Raises
    ------
    ValueError
        If the cell's x does not hold itself: it would not be at time t what it was before, or there
        are no steps.
    """
    x, rows = cell.input, cell.rows
    if x not in cell.held() or steps < 1:
        raise ValueError(f"lifting takes at least one step, and an identity at ({x}, {x})")
    place = {slot: number for number, group in enumerate(cell.order) for slot in group}

    def reader(target: str, t: int) -> Callable[[str], str]:
        def name(source: str) -> str:
            now = source == x or place[source] < place[target]
            return at_time(source, t if now else t - 1)

        return name

    lifted_rows: dict[str, Any] = {}
    times = range(1, steps + 1)
    states = [slot for slot in cell.shapes if slot != x]
    for t in times:
        if hold_inputs:
            lifted_rows[at_time(x, t)] = {at_time(x, t): nn.Identity()}
        for slot in states:
            if slot in rows:
                lifted_rows[at_time(slot, t)] = rows[slot].renamed(reader(slot, t))
    read = {
        source
        for row in lifted_rows.values()
        if not isinstance(row, dict)
        for source, _ in row.reads()
    }
    first = [at_time(slot, 0) for slot in states if at_time(slot, 0) in read]
    if hold:
        lifted_rows |= {slot: {slot: nn.Identity()} for slot in first}
    shapes = {at_time(x, t): cell.shapes[x] for t in times}
    shapes |= {at_time(slot, 0): cell.shapes[slot] for slot in states if at_time(slot, 0) in first}
    shapes |= {at_time(slot, t): cell.shapes[slot] for t in times for slot in states}
    return BlockMap(shapes, lifted_rows)


def lifted_start(map: BlockMap, cell: BlockMap, tokens: Tensor, z: State | None = None) -> State:
    """Return the lifted state at the start.

    Parameters
    ----------
    map : `lift(cell, …)`.
    tokens : (batch, time, *shape of x).
    z : slots of time 0; zero where left out.
    """
    given = {at_time(cell.input, t + 1): token for t, token in enumerate(tokens.unbind(1))}
    return map.start(given | {at_time(slot, 0): value for slot, value in (z or {}).items()})


def lifted_states(cell: BlockMap, steps: int, z: State, slot: str) -> Tensor:
    """Return one slot of a lifted state at times 1 to T, (batch, time, *shape)."""
    return torch.stack([z[at_time(slot, t)] for t in range(1, steps + 1)], 1)
