"""Pieces of work in parallel processes, with progress; the pieces do not depend on their number."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

SAY_EVERY = 20  # seconds


def in_processes(
    function: Callable[..., Any],
    pieces: Sequence[tuple],
    processes: int = 1,
    what: str = "pieces",
    begin: Callable[..., None] | None = None,
    given: Iterable[Any] = (),
) -> list[Any]:
    """Return function(*piece) of every piece, in their order, and say on stderr how far it is.

    Parameters
    ----------
    function : of a module, so that another process can import it.
    pieces : its arguments.
    processes : that share the work; with one it is done here.
    what : the pieces' name in what is said.
    begin, given : what every process does first, and with what.
    """
    began = said = time.perf_counter()
    results = []
    for result in _results(function, pieces, processes, begin, tuple(given)):
        results.append(result)
        now = time.perf_counter()
        if now - said > SAY_EVERY or len(results) == len(pieces):
            said = now
            left = (now - began) / len(results) * (len(pieces) - len(results))
            text = f"{len(results)} of {len(pieces)} {what} in {now - began:.0f} s"
            print(text + (f", {left:.0f} s left" if left else ""), file=sys.stderr, flush=True)
    return results


def _results(
    function: Callable[..., Any],
    pieces: Sequence[tuple],
    processes: int,
    begin: Callable[..., None] | None,
    given: tuple,
) -> Iterator[Any]:
    processes = min(processes, len(pieces))
    if processes <= 1:
        if begin:
            begin(*given)
        yield from (function(*piece) for piece in pieces)
        return
    # spawned, not forked: a copy of a process that has threads can hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, begin, given) as pool:
        try:
            yield from pool.map(function, *zip(*pieces, strict=True))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
