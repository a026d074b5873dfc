"""Timing: contenders in turns within one process, and medians with their spread."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch

ROUNDS = 7
TURN = 0.02  # seconds, at least


class Spread(NamedTuple):
    """Seconds: median, and the smallest and largest of the rounds."""

    median: float
    low: float
    high: float


def synchronize() -> None:
    """Wait for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


Clock = Callable[[], float]


def timed(run: Callable[[], object], times: int, clock: Clock = time.perf_counter) -> float:
    """Return the seconds of one of several calls in a row."""
    synchronize()
    began = clock()
    for _ in range(times):
        run()
    synchronize()
    return (clock() - began) / times


def in_turns(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int = ROUNDS,
    clock: Clock = time.perf_counter,
) -> dict[str, Spread]:
    """Time contenders A B C A B C …, so that a machine that slows down slows all of them.

    A turn of a short one is several calls, after one that is not counted: as in training, what it
    needs is in the cache, and not what another one left there. A first round warms up.

    Parameters
    ----------
    contenders : name → what to time.
    rounds : counted ones.
    clock : `time.process_time` on a machine that is shared: a turn's seconds are then those in
        which it ran.
    """
    times = {}
    for name, run in contenders.items():
        run()
        times[name] = math.ceil(TURN / timed(run, 1))
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            if times[name] > 1:
                run()
            seconds[name].append(timed(run, times[name], clock))
    return {
        name: Spread(statistics.median(found), min(found), max(found))
        for name, found in seconds.items()
    }
