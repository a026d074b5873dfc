"""Writes the environments' files, from what pyproject.toml asks for and constraints.txt pins."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Annotated, Any

import typer

from blockmaps.cli.options import KEEP, app
from blockmaps.core.errors import InputError

PINS, PROJECT = "constraints.txt", "pyproject.toml"
# CUDA's packages are torch's to choose, and these are pip's own.
NOT_PINNED = re.compile(r"(nvidia|cuda|triton).*|pip|setuptools|wheel")
HEAD = """\
# Written by `blockmaps environments`, from pyproject.toml and constraints.txt: do not edit.
# For --sdm conda and for those who work in conda: what was tested, from the same index as pip's.
"""
CUDA = """\
# Takes a driver for CUDA 13, which PyPI's torch for Linux is built with: without one it is refused,
# and nothing is trained on a CPU by mistake. environment.yml works with a GPU and without.
"""
EXTRA = "adroit"  # of pyproject.toml, in the environments too


@app.command(rich_help_panel=KEEP)
def environments(
    folder: Annotated[Path, typer.Argument(help="A checkout.")] = Path(),
    freeze: Annotated[
        bool,
        typer.Option(
            "--freeze",
            help="First pin what is installed here in constraints.txt; what is not keeps its pin.",
        ),
    ] = False,
) -> None:
    """Write environment.yml and environment-cuda.yml from what constraints.txt pins."""
    from blockmaps.core.files import whole

    for name in (PROJECT, PINS):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: no such file; takes a checkout's folder")
    text = (folder / PROJECT).read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    pinned = (folder / PINS).read_text(encoding="utf-8")
    texts = {}
    if freeze:
        texts[PINS] = pinned = frozen(project, pinned)
    texts |= exported(project, pins(pinned))
    for name, content in texts.items():
        with whole(folder / name) as partial:
            partial.write_text(content, encoding="utf-8")
        print(folder / name)


def pins(text: str) -> dict[str, str]:
    """Return the versions of constraints.txt, by package."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return dict(line.split("==", 1) for line in lines)


def exported(project: dict[str, Any], versions: dict[str, str]) -> dict[str, str]:
    """Return the environments' files, by name.

    Raises
    ------
    InputError
        If a package that the project asks for is not pinned.
    """
    asked = [*project["dependencies"], *project["optional-dependencies"][EXTRA]]
    names = sorted(re.split(r"[<>=\[ ]", line)[0] for line in asked)
    if missing := [name for name in names if name not in versions]:
        raise InputError(f"{PINS}: lacks {', '.join(missing)}; `--freeze` pins what is installed")
    python = project["requires-python"].removeprefix(">=").partition(",")[0]
    pip = "".join(f"      - {name}=={versions[name]}\n" for name in names)

    def environment(name: str, head: str, also: str) -> str:
        return (
            f"{head}name: {name}\nchannels:\n  - conda-forge\ndependencies:\n"
            f"  - python={python}\n{also}  - pip\n  - pip:\n{pip}"
        )

    return {
        "environment.yml": environment("blockmaps", HEAD, ""),
        "environment-cuda.yml": environment("blockmaps-cuda", HEAD + CUDA, "  - __cuda>=13\n"),
    }


def installed(project: dict[str, Any]) -> dict[str, str]:
    """Return what is installed of all that the project and its extras need, by name.

    Local tags of versions are left out, so that a CPU and a CUDA build of torch both fit.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    own = project["name"]
    extras = project["optional-dependencies"]
    todo = [("", line) for line in project["dependencies"]]
    todo += [("", line) for name in PINNED_EXTRAS if name in extras for line in extras[name]]
    done: set[tuple[str, str]] = set()
    found: dict[str, str] = {}
    while todo:
        extra, line = todo.pop()
        asked = Requirement(line)
        name = canonicalize_name(asked.name)
        if asked.marker is not None and not asked.marker.evaluate({"extra": extra}):
            continue
        if name == own or NOT_PINNED.fullmatch(name):
            continue
        for one in {"", *asked.extras}:
            if (name, one) in done:
                continue
            done.add((name, one))
            try:
                known = distribution(name)
            except PackageNotFoundError:
                continue
            found[name] = known.version.partition("+")[0]
            todo += [(one, needed) for needed in known.requires or ()]
    return found


# What the other extras take is their users' choice.
PINNED_EXTRAS = ("adroit", "test", "dev", "docs")


def frozen(project: dict[str, Any], before: str) -> str:
    """Return constraints.txt with what is installed; the rest of it, and comments, as before."""
    comments = [line for line in before.splitlines() if line.startswith("#")]
    versions = pins(before) | installed(project)
    lines = [f"{name}=={version}" for name, version in sorted(versions.items())]
    return "\n".join([*comments, *lines]) + "\n"
