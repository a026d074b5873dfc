"""The command line: every step of the pipeline is one command, in the file of its name."""

import io
import sys
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules
from typing import Annotated

import typer

from blockmaps.cli.options import PANELS, app, needs_clone
from blockmaps.core.errors import InputError

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")  # each adds its command
app.registered_commands.sort(key=lambda one: PANELS.index(one.rich_help_panel))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"blockmaps {version('blockmaps')}")
        raise typer.Exit


@app.callback()
def _options(
    print_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale without ± or ρ is no fault
    try:
        app()
    except InputError as fault:
        kept = any(word.startswith("published") for word in sys.argv[1:])
        where = f"; published/ is {said}" if kept and (said := needs_clone()) else ""
        _end(f"{fault}{where}", 2)
    except MemoryError as fault:
        _end(f"the memory is used up {fault}; this takes more than this process may have", 1)
    except ImportError as fault:
        if "failed to map segment" not in str(fault):
            raise
        _end(f"the memory is used up: {fault}; this takes more than this process may have", 1)
    except OSError as fault:
        if fault.errno is None:
            raise
        where = f"{fault.filename}: " if fault.filename else ""
        _end(f"{where}{fault.strerror}", 1)


def _end(text: str, code: int) -> None:
    """End with one line."""
    print("blockmaps:", " ".join(text.split()), file=sys.stderr)
    sys.exit(code)
