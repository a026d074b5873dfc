"""The application, and the options that several commands share."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from blockmaps.core.errors import DamagedError

if TYPE_CHECKING:
    from pandas import DataFrame

    from blockmaps.data import SequenceData
    from blockmaps.plan.config import Config
    from blockmaps.plan.plan import Plan
    from blockmaps.plan.shards import Shard
    from blockmaps.results.folder import Folder

T = TypeVar("T")

ABOUT = """Every step of the pipeline is one command.

Exit codes: 0 done, 1 a fault of the program, 2 bad input (one line says what and what to do).
"""

# The panels that `blockmaps --help` shows commands in.
PANELS = RUN, LOOK, ASK, KEEP = ("Run", "Look", "Ask", "Keep")

app = typer.Typer(
    name="blockmaps",
    help=ABOUT,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@contextmanager
def importing() -> Iterator[None]:
    """Import modules without looking for garbage in them, now or later.

    There is none, and looking is up to a third of the time that a command takes to start.
    """
    before = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:
            gc.freeze()
        gc.enable()


DEFAULT = Path("config/config.yaml")
SHIPPED = Path(__file__).parents[1] / "config"  # a wheel has the presets there (pyproject.toml)


def preset(path: Path) -> Path:
    """Return a preset's file; where there is no checkout, the package's own of that name."""
    own = SHIPPED / path.name
    return own if path.parent == DEFAULT.parent and not path.exists() and own.is_file() else path


def needs_clone() -> str:
    """Return what to say of the workflow and of `published/` where neither is; else nothing."""
    if Path("workflow/Snakefile").is_file():
        return ""
    return "in a clone of the repository, which this folder is not"


ConfigFile = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        help="The preset: YAML, or results/<name>/config.json.",
        callback=preset,
    ),
]
RunsFile = Annotated[Path, typer.Option(help="The runs table.")]
DEFAULT_RUNS = Path("results/default/runs.parquet")


_SHARD = typer.Argument(
    help="results/<name>/shards/<shard>.json, which the workflow or `blockmaps plan --write` "
    "writes."
)
ShardFile = Annotated[Path, _SHARD]
ShardFiles = Annotated[list[Path], _SHARD]


def read_plan(file: Path, published: Path | None = None) -> "tuple[Plan, Folder]":
    """Return the plan of a config file and its results folder: a config.json lies in its own.

    Parameters
    ----------
    published : where results are kept, by preset, whose learning rates count too.
    """
    from blockmaps.plan import config as configs
    from blockmaps.results.folder import PARTS, Folder

    loaded = configs.read(file)
    own = file.name == PARTS["config"].where and Folder(file.parent).has("config")
    results = Folder(file.parent) if own else Folder.of_preset(loaded.name)
    kept = None if published is None else published / loaded.name
    return results.plan(loaded, str(file), kept), results


@lru_cache(maxsize=1)
def _config(path: Path, written: int) -> "Config":
    """Read a config once, however many shards a job has."""
    from blockmaps.plan import config as configs

    return configs.read(path)


def read_job(file: Path) -> "tuple[Shard, Folder, Config]":
    """Return a shard, its results folder, and the config there; nothing is planned.

    Raises
    ------
    InputError
        If one of these is missing, or the config has no such experiment.
    """
    from blockmaps.core.errors import InputError
    from blockmaps.results.folder import Folder, read_shard

    shard, results = read_shard(file), Folder(file.parent.parent)
    path = results.existing("config")
    config = _config(path, path.stat().st_mtime_ns)
    if shard.experiment not in config.experiments:
        raise InputError(
            f"{file}: is of experiment {shard.experiment}, which {results.file('config')} lacks"
        )
    return shard, results, config


def make_data(
    config: "Config", name: str, seed_index: int, path: Path, threads: int = 1, device: str = "cpu"
) -> "SequenceData":
    """Make the file of a data set of a config, and return its sequences."""
    with importing():
        from blockmaps.data import checking
        from blockmaps.data.making import make_file
        from blockmaps.plan.plan import data_code, data_digest

    spec = config.datasets[name]
    made_from = {"data_digest": data_digest(config, name, seed_index), "code": data_code(spec)}
    return make_file(
        spec,
        config.seed,
        seed_index,
        made_from,
        path,
        threads,
        device,
        examine=lambda found: checking.require(name, found, spec.shape),
    )


def with_data(config: "Config", results: "Folder", shard: "Shard", read: Callable[[Path], T]) -> T:
    """Return what a function reads from a shard's data file; a damaged file is made again, once."""
    path = results.file("data", shard.dataset)
    try:
        return read(path)
    except DamagedError as fault:
        print(f"blockmaps: {fault}: it is made again now", file=sys.stderr, flush=True)
        when = path.stat()
    make_data(config, config.experiments[shard.experiment].dataset, shard.seed_index, path)
    # to the byte what it was: nothing that was made of it is out of date
    os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))
    return read(path)


def known(config: "Config", results: "Folder", shard: "Shard") -> "DataFrame":
    """Return what is known of a shard's variants before training, of the shard's data file."""
    with importing():
        from blockmaps.results import measures

    return with_data(config, results, shard, partial(measures.known, shard))


def give(frame, output: Path | None) -> None:
    """Write a table to a file, or print it where none is named."""
    from blockmaps.core import csv

    if output:
        csv.write(frame, output)
        print(f"{output}: {len(frame)} rows")
    else:
        print(csv.to_csv(frame), end="")


def experts(made: "Plan", results: "Folder") -> dict[tuple[str, int], dict]:
    """Return how the experts do in their data sets' episodes, by data set and seed index."""
    from blockmaps.data import store
    from blockmaps.results.returns import expert_of

    experts = {}
    for name in made.policy_shards:
        shard = made.shards[name]
        dataset = made.config.experiments[shard.experiment].dataset
        read = partial(store.about, made_from=shard.data_digest)
        about = with_data(made.config, results, shard, read)
        experts[dataset, shard.seed_index] = expert_of(about)
    return experts
