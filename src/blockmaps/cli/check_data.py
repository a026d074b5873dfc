"""The command that makes a data set in memory and says what does not fit."""

from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app
from blockmaps.core.errors import InputError

AGAIN = 5.0  # seconds of making up to which a data set is made a second time


@app.command(name="check-data", rich_help_panel=RUN)
def check_data(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names under `datasets`; all if left out.")
    ] = None,
    config: ConfigFile = DEFAULT,
) -> None:
    """Make data sets, write nothing, and say in a line each what does not fit training.

    Exit code 2 if anything does not fit; notes alone are no fault.
    """
    from blockmaps.plan import config as configs

    loaded = configs.read(config)
    for name in names or ():
        if name not in loaded.datasets:
            raise InputError(f"data set {name!r}: takes one of: {', '.join(loaded.datasets)}")
    wrong = [name for name in names or loaded.datasets if not _look_at(name, loaded)]
    if wrong:
        raise InputError(f"{config}: {', '.join(wrong)} cannot be trained on")


def _look_at(name: str, loaded) -> bool:
    """Make a data set and print what is found; return whether it can be trained on."""
    import time

    import numpy as np

    from blockmaps.data import checking
    from blockmaps.data.making import made, seed_of

    spec = loaded.datasets[name]
    seed = seed_of(spec, loaded.seed, 0)
    began = time.perf_counter()
    try:
        spec.check_installed()
        data, faults, notes = checking.examine(made(spec, seed), spec.shape)
    except InputError as fault:
        print(f"{name}: fault: {fault}")
        return False
    passed = time.perf_counter() - began
    if not faults:
        splits = ", ".join(
            f"{split} {end - begin:,}" for split, (begin, end) in data.splits.items()
        )
        print(
            f"{name}: |x| = {spec.shape.inputs}, |y| = {spec.shape.outputs}, "
            f"{spec.shape.steps} steps; {splits}; {data.loss.replace('_', ' ')} at "
            f"{len(data.loss_steps)} step{'s' if len(data.loss_steps) > 1 else ''}"
        )
        if passed < AGAIN and isinstance(data.inputs, np.ndarray):
            again = checking.examine(made(spec, seed), spec.shape).data
            if not (
                np.array_equal(again.inputs, data.inputs)
                and np.array_equal(again.targets, data.targets, equal_nan=True)
            ):
                faults = ["made twice from one seed it differs: take all chance from `seed`"]
    for kind, lines in (("fault", faults), ("note", notes)):
        for line in lines:
            print(f"{name}: {kind}: {line}")
    if not faults:
        print(
            f"{name}: fits" + (f", with {len(notes)} note{'s'[: len(notes) > 1]}" if notes else "")
        )
    return not faults
