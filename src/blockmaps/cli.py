"""The command line: every step of the pipeline is one command.

Exit codes: 0 done, 1 a fault of the program, 2 bad input (one line says what and what to do).
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from blockmaps.errors import InputError
from blockmaps.files import whole

app = typer.Typer(
    name="blockmaps",
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", help="The preset: YAML, or results/<name>/config.json."),
]
RunsFile = Annotated[Path, typer.Option(help="The runs table.")]
DEFAULT = Path("config/config.yaml")
DEFAULT_RUNS = Path("results/default/runs.parquet")


def _plan(file: Path):
    """Return the plan of a config file and its results folder."""
    from blockmaps import config as configs
    from blockmaps.pipeline import Plan

    loaded = configs.read(file)
    results = Path("results") / loaded.name
    return Plan.of(loaded, results, str(file)), results


@app.command()
def config(
    file: Annotated[Path, typer.Argument(help="A config file.")] = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="Write it as JSON here.")] = None,
) -> None:
    """Check a config and print it whole, defaults included, as JSON."""
    from blockmaps import config as configs
    from blockmaps.canonical import plain

    text = json.dumps(plain(configs.read(file)), indent=1) + "\n"
    if output:
        with whole(output) as partial:
            partial.write_text(text)
    else:
        print(text, end="")


@app.command()
def schema() -> None:
    """Print the JSON schema of a config (config/schema.json is its output)."""
    from blockmaps import config as configs

    print(json.dumps(configs.schema(), indent=1))


@app.command()
def columns() -> None:
    """Print the columns of the runs table as a Markdown table (results/README.md has it)."""
    from blockmaps import runs

    print("| column | what it holds |\n|---|---|")
    for name, column in runs.COLUMNS.items():
        about = column.about.replace("|", "\\|")
        print(f"| `{name}` | {about} |")


@app.command()
def claims(
    file: Annotated[Path, typer.Argument(help="The claims.")] = Path("config/claims.yaml"),
) -> None:
    """List the papers' claims and the test of each, fixed before any run."""
    from blockmaps import claims as ledger

    for name, claim in ledger.read(file).claims.items():
        test = claim.test
        print(f"{name}  {claim.statement}")
        print(f"    test {test.version}: {test.test}; on {test.outcome} ({test.unit})")


@app.command()
def plan(config: ConfigFile = DEFAULT) -> None:
    """List the data files and shards that a config asks for."""
    made, _ = _plan(config)
    for name in made.data_files:
        print(f"data   {name}")
    for name, shard in made.shards.items():
        print(
            f"shard  {name}  {shard.experiment}, seed index {shard.seed_index}: "
            f"{len(shard.variants)} variants, {shard.unknowns:,.0f} unknowns"
        )
    runs = sum(len(shard.variants) for shard in made.shards.values())
    print(f"{runs} variants in {len(made.shards)} shards")


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="A name under `datasets` in the config.")],
    config: ConfigFile = DEFAULT,
    seed_index: Annotated[int, typer.Option(min=0, help="For data sets that are drawn anew.")] = 0,
    output: Annotated[Path | None, typer.Option(help="The file.")] = None,
) -> None:
    """Make a data set's file."""
    import time

    from blockmaps.data.making import make_file
    from blockmaps.pipeline import data_code

    made, results = _plan(config)
    if name not in made.config.datasets:
        raise InputError(f"data set {name!r}: takes one of: {', '.join(made.config.datasets)}")
    spec = made.config.datasets[name]
    began = time.perf_counter()
    path = output or results / "data" / f"{made.data_name(name, seed_index)}.safetensors"
    made_from = {"data_digest": made.data_digest(name, seed_index), "code": data_code(spec)}
    sequences = make_file(spec, made.config.seed, seed_index, made_from, path)
    size = path.stat().st_size / 1e6
    passed = time.perf_counter() - began
    print(f"{path}: {len(sequences.inputs):,} sequences, {size:.0f} MB, in {passed:.1f} s")


@app.command()
def train(
    shard: Annotated[str, typer.Argument(help="A shard's name; `blockmaps plan` lists them.")],
    config: ConfigFile = DEFAULT,
    data: Annotated[Path | None, typer.Option(help="The data set's file.")] = None,
    output: Annotated[Path | None, typer.Option(help="The shard's runs table.")] = None,
    fresh: Annotated[bool, typer.Option(help="Do not go on from checkpoints.")] = False,
) -> None:
    """Train one shard, going on from its variants' checkpoints."""
    from blockmaps.shards import write_ledger

    made, results = _plan(config)
    found, compute = made.shard(shard), made.config.compute
    source = data or results / "data" / f"{found.dataset}.safetensors"
    if not source.is_file():
        raise InputError(f"{source}: no such data set; make it with `blockmaps data`")
    write_ledger(results / "shards", found)

    from blockmaps import runs
    from blockmaps.training import checkpoints
    from blockmaps.training.shard import train_shard

    folder = results / "checkpoints" / found.context
    if fresh:
        for variant in found.variants:
            checkpoints.path_of(folder, variant.key).unlink(missing_ok=True)
    try:
        frame = train_shard(
            found,
            source,
            folder,
            results / "logs" / "training" / shard,
            compute.accelerator,
            compute.logger,
        )
    except KeyboardInterrupt:
        print("blockmaps: interrupted; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None
    path = output or results / "runs" / f"{shard}.parquet"
    runs.write(frame, path)
    print(f"{path}: {len(found.variants)} variants, {len(frame)} rows")


@app.command()
def collect(
    config: ConfigFile = DEFAULT,
    output: Annotated[Path | None, typer.Option(help="The runs table.")] = None,
) -> None:
    """Gather the shards' tables into the runs table."""
    from blockmaps import runs

    made, results = _plan(config)
    pieces = [runs.read(results / "runs" / f"{name}.parquet") for name in made.shards]
    frame = runs.collect(pieces, made.members)
    path = output or results / "runs.parquet"
    runs.write(frame, path, runs.COLUMNS)
    print(f"{path}: {frame['key'].nunique()} variants, {len(frame):,} rows")


@app.command()
def analyse(
    table: Annotated[str, typer.Argument(help="summary, structures or differences.")],
    runs: RunsFile = DEFAULT_RUNS,
    output: Annotated[Path | None, typer.Option(help="The CSV file; else printed.")] = None,
) -> None:
    """Make a table of results from the runs table."""
    from blockmaps import runs as table_of_runs
    from blockmaps import summary

    if table not in summary.TABLES:
        raise InputError(f"table {table!r}: takes one of: {', '.join(summary.TABLES)}")
    frame = summary.TABLES[table](table_of_runs.read(runs))
    text = summary.to_csv(frame)
    if output:
        with whole(output) as partial:
            partial.write_text(text)
        print(f"{output}: {len(frame)} rows")
    else:
        print(text, end="")


@app.command()
def figure(
    name: Annotated[str, typer.Argument(help="proportion, structures or curves.")],
    runs: RunsFile = DEFAULT_RUNS,
    output: Annotated[
        list[Path] | None, typer.Option(help="A file to write, .svg or .png; may be given twice.")
    ] = None,
) -> None:
    """Draw a figure from the runs table; it trains nothing."""
    from importlib import import_module

    from blockmaps import runs as table_of_runs
    from blockmaps.pipeline import FIGURES

    if name not in FIGURES:
        raise InputError(f"figure {name!r}: takes one of: {', '.join(FIGURES)}")
    frame = table_of_runs.read(runs)
    from blockmaps.figures.style import save

    paths = output or [runs.parent / "figures" / f"{name}.{kind}" for kind in ("svg", "png")]
    save(import_module(f"blockmaps.figures.{name}").draw(frame), paths)
    print(", ".join(map(str, paths)))


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
    try:
        app()
    except InputError as fault:
        print("blockmaps:", " ".join(str(fault).split()), file=sys.stderr)
        sys.exit(2)
