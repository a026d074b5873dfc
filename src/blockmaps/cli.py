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
Size = Annotated[int | None, typer.Option(help="If the model has this size.")]
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
    from blockmaps import summary, tables

    if table not in summary.TABLES:
        raise InputError(f"table {table!r}: takes one of: {', '.join(summary.TABLES)}")
    frame = summary.TABLES[table](table_of_runs.read(runs))
    if output:
        tables.write(frame, output)
        print(f"{output}: {len(frame)} rows")
    else:
        print(tables.to_csv(frame), end="")


@app.command()
def zoo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as a JSON list instead.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and inputs.")] = 0,
    tables: Annotated[
        Path | None, typer.Option(help="Write equivalence.csv and the figures' tables here.")
    ] = None,
) -> None:
    """Compare torch's networks with the iterative maps made of them (about 15 s)."""
    from blockmaps.zoo import equivalence

    if tables:
        from blockmaps.zoo.tables import write_all

        made = write_all(seed, tables)
        for name, frame in made.items():
            print(f"{tables / name}.csv: {len(frame):,} rows", file=sys.stderr)
        found = made["equivalence"].to_dict("records")
    else:
        found = equivalence.each_row(seed)
    if as_json:
        print(json.dumps([equivalence.plain(row) for row in found], indent=1))
        return
    for number, row in enumerate(found):
        if number == 0:
            print(equivalence.line(None), flush=True)
        print(equivalence.line(row), flush=True)


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="A model of the zoo; `blockmaps zoo` lists them.")],
    layers: Size = None,
    steps: Size = None,
    inputs: Size = None,
    width: Size = None,
    outputs: Size = None,
    heads: Size = None,
    feedforward: Size = None,
    channels: Size = None,
    side: Size = None,
) -> None:
    """Print a model's slots, what each becomes, its blocks and its iterations."""
    given = {name: size for name, size in locals().items() if name != "model" and size is not None}
    from blockmaps.zoo.examples import MODELS, build
    from blockmaps.zoo.show import describe

    example = build(model, **given)
    print(describe(model, MODELS[model].about, example))


@app.command()
def figure(
    name: Annotated[str, typer.Argument(help="proportion, structures, curves, zoo or impulse.")],
    runs: RunsFile = DEFAULT_RUNS,
    tables: Annotated[
        Path | None,
        typer.Option(help="Folder of the zoo's tables; tables/ beside the runs table if left out."),
    ] = None,
    output: Annotated[
        list[Path] | None, typer.Option(help="A file to write, .svg or .png; may be given twice.")
    ] = None,
) -> None:
    """Draw a figure from the runs table, or zoo and impulse from theirs; it trains nothing."""
    from importlib import import_module

    from blockmaps.pipeline import FIGURES, ZOO_FIGURES

    if name in FIGURES:
        from blockmaps import runs as table_of_runs

        frames = [table_of_runs.read(runs)]
    elif name in ZOO_FIGURES:
        from blockmaps import tables as csv

        folder = tables or runs.parent / "tables"
        frames = [csv.read(folder / f"{table}.csv") for table in ZOO_FIGURES[name]]
    else:
        raise InputError(f"figure {name!r}: takes one of: {', '.join((*FIGURES, *ZOO_FIGURES))}")
    from blockmaps.figures.style import save

    paths = output or [runs.parent / "figures" / f"{name}.{kind}" for kind in ("svg", "png")]
    save(import_module(f"blockmaps.figures.{name}").draw(*frames), paths)
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
