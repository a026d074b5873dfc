"""Makes a data set's file."""

import re
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.cli.options import DEFAULT, RUN, ConfigFile, app, make_data, read_plan
from blockmaps.core.errors import InputError


@app.command(rich_help_panel=RUN)
def data(
    name: Annotated[str, typer.Argument(help="A name under `datasets` in the config.")],
    config: ConfigFile = DEFAULT,
    seed_index: Annotated[int, typer.Option(min=0, help="For data sets that are drawn anew.")] = 0,
    output: Annotated[Path | None, typer.Option(help="The file.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="That make it, where it can use them.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda: where images are transformed.")] = "cpu",
) -> None:
    """Make a data set's file; neither threads nor device changes a byte of it."""
    import time

    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise InputError(f"--device: found {device!r}; takes cpu or cuda, or cuda:1 and so on")
    if device != "cpu":
        import torch

        if int(device.partition(":")[2] or 0) >= torch.cuda.device_count():
            found = torch.cuda.device_count()
            raise InputError(f"--device: found {device!r}, but torch finds {found} GPUs; takes cpu")
    made, results = read_plan(config)
    if name not in made.config.datasets:
        raise InputError(f"data set {name!r}: takes one of: {', '.join(made.config.datasets)}")
    began = time.perf_counter()
    path = output or results.file("data", made.data_name(name, seed_index))
    sequences = make_data(made.config, name, seed_index, path, threads, device)
    size = path.stat().st_size / 1e6
    passed = time.perf_counter() - began
    print(f"{path}: {sequences.inputs.shape[0]:,} sequences, {size:.0f} MB, in {passed:.1f} s")
    if expert := sequences.about.get("expert"):
        text = f"the expert: mean return {expert['mean_return']:,.0f}"
        text += (
            f" ± {expert['standard_error']:,.0f} (standard error, {expert['episodes']} episodes)"
        )
        if expert["success_rate"] is not None:
            text += f", success {expert['success_rate']:.1%}"
        if expert["published_mean_return"] is not None:
            text += f"; published mean return {expert['published_mean_return']:,.0f}"
        print(text)
