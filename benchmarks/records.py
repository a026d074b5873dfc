"""Printing records as one table, and writing them as JSON."""

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import typer

from blockmaps.core.files import whole

Record = dict[str, Any]


def machine(device: torch.device) -> str:
    """Say in a line what the numbers were measured on."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return f"{name}, {torch.get_num_threads()} thread(s), torch {torch.__version__}"


def processor() -> str:
    """Say what the CPU is."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return (
                next(line for line in file if line.startswith("model name")).split(":")[1].strip()
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def cell(value: Any) -> str:
    """Write a value as a table shows it."""
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def show(records: list[Record], columns: list[str]) -> None:
    """Print the named columns of records, aligned."""
    lines = [columns, *([cell(record.get(name)) for name in columns] for record in records)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(columns))]
    for line in lines:
        texts = zip(line, widths, strict=True)
        print("  ".join(text.rjust(width) for text, width in texts).rstrip())


def run(main: Callable[..., None]) -> None:
    """Run a function as a command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()


def write(records: list[Record], path: Path | None) -> None:
    """Write records as JSON, whole or not at all, if a file is named."""
    if path is not None:
        with whole(path) as partial:
            partial.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def check_writable(path: Path | None) -> None:
    """Refuse a file in a folder that is not there before minutes are spent.

    Raises
    ------
    typer.BadParameter
        Naming the folder.
    """
    if path is not None and not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"--json: no folder {path.parent}")
