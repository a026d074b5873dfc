"""The runs table: one row a variant, epoch and split. Its columns, reading, atomic writing."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from blockmaps.core.errors import DamagedError, InputError
from blockmaps.core.files import whole
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.plan.shards import OWN, Member


class Column(NamedTuple):
    """A column's type and what it holds."""

    type: pa.DataType
    about: str
    late: bool = False  # tables that are older than the column lack it, and read as empty there


TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()

# What a variant is in an experiment; joined to its rows by `collect`.
LABELS: dict[str, Column] = {
    "dataset": Column(TEXT, "name under `datasets`"),
    "design": Column(TEXT, "kind of the design that made the variant"),
    "arm": Column(TEXT, "group that is compared: dense, uniform, mixed, balanced, even …"),
    "structure": Column(TEXT, "the pattern's name within its design: 011001, uniform-0.2 …"),
    "budget": Column(WHOLE, "unknowns that the pattern was made for; 0: for no number of them"),
    "study": Column(TEXT, "tables and figures that the run belongs to"),
}

MEASURES: dict[str, Column] = {
    "experiment": Column(TEXT, "name under `experiments` in the config"),
    "key": Column(TEXT, "the variant's key, the hash of its canonical JSON"),
    "seed_index": Column(WHOLE, "runs of one share data and data order"),
    "replicate": Column(WHOLE, "mask and start, counted from 0, within the seed index"),
    "slots": Column(TEXT, "names of the slots, the input first; empty for cells"),
    "tokens": Column(WHOLE, "T, steps of a sequence, answer steps included"),
    "iterations": Column(WHOLE, "K, iterations of the map a token, the token held"),
    "moved": Column(REAL, "share of the unknowns moved out of their blocks to any place"),
    "inputs": Column(WHOLE, "|x|"),
    "hidden": Column(WHOLE, "|h|, of all hidden slots"),
    "outputs": Column(WHOLE, "|y|"),
    **{
        f"density_{name}": Column(REAL, f"density of block {name}, as asked for")
        for name in RNN_BLOCKS
    },
    **{f"expected_{name}": Column(REAL, f"expected unknowns of {name}") for name in RNN_BLOCKS},
    **{f"unknowns_{name}": Column(WHOLE, f"realised unknowns of {name}") for name in RNN_BLOCKS},
    **{
        f"mean_{name}": Column(REAL, f"mean of the unknowns of {name} at the start, as asked for")
        for name in RNN_BLOCKS
    },
    **{
        f"std_{name}": Column(REAL, "their standard deviation; NaN with fan-in and in cells")
        for name in RNN_BLOCKS
    },
    "expected_unknowns": Column(REAL, "their sum over the six blocks"),
    "unknowns": Column(WHOLE, "realised unknowns, all blocks, biases not counted"),
    "biases": Column(WHOLE, "trainable biases, |h| + |y|, or 0 where there are none"),
    "hidden_proportion": Column(REAL, "(n_hh + n_hy) / (n_hx + n_hh + n_hy), realised: primary"),
    "hidden_proportion_hh_hx": Column(REAL, "n_hh / (n_hx + n_hh), realised"),
    "hidden_proportion_hh_all": Column(REAL, "n_hh / all unknowns, realised"),
    "initialisation": Column(TEXT, "scheme of the unknowns' start, with its parameters"),
    "spectral_radius": Column(REAL, "largest |eigenvalue| of W_hh before training"),
    "state_scale": Column(
        REAL, "root mean square of h after step 1 before training, first 256 training sequences"
    ),
    "learning_rate": Column(REAL, "Adam's"),
    "epoch": Column(
        WHOLE, "epochs trained, or stretches of a recipe in steps; 0 is before training"
    ),
    "step": Column(WHOLE, "optimiser steps taken"),
    "split": Column(
        TEXT,
        "train (running mean over the epoch, while weights move), validation, test, test_leaking",
    ),
    "loss": Column(REAL, "mean loss over the split"),
    "accuracy": Column(REAL, "share of right answers at the loss steps; NaN without classes"),
    "sequences": Column(WHOLE, "sequences of the split"),
    "seconds": Column(REAL, "training time so far, the bank's wall time / variants in the bank"),
    "flops_per_sequence": Column(
        REAL,
        "forward pass on unknowns alone: 2 × unknowns + biases, × tokens × iterations; what reads "
        "x counts once a token",
    ),
    "dense_flops_per_sequence": Column(
        REAL, "the same if every place of the rows of W is multiplied, as dense kernels do"
    ),
    "parameter_bytes": Column(WHOLE, "4 × (unknowns + biases)"),
    "mean_loss": Column(
        REAL,
        "squared error on the test split of answering the training targets' mean; NaN with classes",
        late=True,
    ),
    "device": Column(TEXT, "cpu, or the GPU's name"),
}

# What training itself measures; the others are known before it (see `measures`).
TRAINED: dict[str, Column] = {
    name: MEASURES[name]
    for name in (
        *("experiment", "key", "seed_index", "epoch", "step", "split"),
        *("loss", "accuracy", "sequences", "seconds", "device"),
    )
}

# Right answers by group of sequences (of RAD: the pair of transforms), after the last epoch.
GROUPS: dict[str, Column] = {
    "experiment": MEASURES["experiment"],
    "key": MEASURES["key"],
    "seed_index": MEASURES["seed_index"],
    "epoch": Column(WHOLE, "epochs trained: all"),
    "split": Column(TEXT, "test, test_leaking or validation"),
    "group": Column(TEXT, "of RAD the pair of transforms, A|B: B is the anomaly's"),
    "right": Column(REAL, "sequences answered right"),
    "sequences": Column(WHOLE, "sequences of the group"),
}

# What maps do to gradients and small differences, before and after training (see `dynamics`).
DYNAMICS: dict[str, Column] = {
    "experiment": MEASURES["experiment"],
    "key": MEASURES["key"],
    "seed_index": MEASURES["seed_index"],
    "epoch": Column(WHOLE, "epochs trained: 0 and all"),
    "quantity": Column(
        TEXT,
        "gradient_norm: of the loss with respect to the state, mean over 64 training sequences; "
        "exponent: largest Lyapunov exponent a step, mean over 8 of them, −∞ where nothing is left "
        "of the start; spectral_radius: largest absolute eigenvalue of W_hh; singular_value: of "
        "the rows of W",
    ),
    "place": Column(WHOLE, "gradient_norm: steps back from the last; singular_value: rank; else 0"),
    "value": Column(REAL, "the quantity's value"),
}

DYNAMICS_COLUMNS: dict[str, Column] = {
    "experiment": MEASURES["experiment"],
    **LABELS,
    **DYNAMICS,
}
GROUP_COLUMNS: dict[str, Column] = {"experiment": MEASURES["experiment"], **LABELS, **GROUPS}
TASK = Column(TEXT, f"the data set's kind; {OWN} where the papers are not about it", late=True)
COLUMNS: dict[str, Column] = {
    "experiment": MEASURES["experiment"],
    **LABELS,
    "task": TASK,
    **MEASURES,
}

SUM = "sha256"  # of a table's content, in its metadata

# The first columns identify a row; tables are sorted by them.
ORDER = ("experiment", "design", "budget", "structure", "seed_index", "key", "epoch", "split")


def schema(columns: dict[str, Column]) -> pa.Schema:
    """Return the arrow schema of columns, each with its description."""
    return pa.schema(
        [
            pa.field(name, column.type, metadata={"description": column.about})
            for name, column in columns.items()
        ]
    )


def write(frame: pd.DataFrame, path: Path, columns: dict[str, Column] = MEASURES) -> None:
    """Write a table whole, or not at all.

    Raises
    ------
    ValueError
        If the table's columns are not those that are documented.
    """
    if difference := set(frame.columns) ^ set(columns):
        raise ValueError(f"columns differ from the documented ones: {sorted(difference)}")
    table = pa.Table.from_pandas(
        frame[list(columns)], schema=schema(columns), preserve_index=False
    )
    table = table.replace_schema_metadata({SUM: content_sum(table)})
    with whole(path) as partial:
        pq.write_table(table, partial)


def content_sum(table: pa.Table) -> str:
    """Return the SHA-256 of what a table says, however it lies in memory or in a file."""
    found = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        found.update(f"{name}:{column.type}:{len(column)};".encode())
        found.update(column.is_null().to_numpy().tobytes())
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            coded = column.combine_chunks().dictionary_encode()
            found.update(json.dumps(coded.dictionary.to_pylist()).encode())
            column = coded.indices
        found.update(column.fill_null(0).to_numpy(zero_copy_only=False).tobytes())
    return found.hexdigest()


def of_study(runs: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return the runs of a study.

    Raises
    ------
    InputError
        If there are none.
    """
    found = runs[runs["study"] == study]
    if found.empty:
        raise InputError(f"the runs table has no runs of the study {study!r}")
    return found.reset_index(drop=True)


def read(path: Path, columns: dict[str, Column] = COLUMNS) -> pd.DataFrame:
    """Read a table: its columns, with their types.

    Raises
    ------
    InputError
        If the file is not there, or lacks a column.
    DamagedError
        If it is damaged, or no table of runs.
    """
    try:
        table = pq.read_table(path)
        said = table.schema.metadata or {}
        sealed = said.get(SUM.encode())
        if sealed and sealed != content_sum(table).encode():
            raise DamagedError(
                f"{_named(path)}: not a table of runs, or damaged; remove it and make it again"
            )
        late = [name for name, column in columns.items() if column.late]
        if absent := [name for name in columns if name not in {*table.column_names, *late}]:
            raise InputError(
                f"{path}: lacks the column {absent[0]}: not a table of this version; make it again"
            )
        if more := set(table.column_names) - set(columns):
            raise InputError(
                f"{path}: has the column {min(more)}: another table than is asked for; make it again"
            )
        # tables that were published before there were sums say nothing; the folder's manifest has
        # theirs. Where something is said and no sum, its name is what was damaged.
        if said and not sealed:
            raise DamagedError(
                f"{_named(path)}: not a table of runs, or damaged; remove it and make it again"
            )
        for name in late:
            if name not in table.column_names:
                table = table.append_column(name, pa.nulls(len(table), columns[name].type))
        return table.select(list(columns)).cast(_bare(columns)).to_pandas()
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; make it with `blockmaps collect`") from None
    except (pa.ArrowException, OSError, ValueError) as fault:  # damage is told as any of them
        first = " ".join(str(fault).split())[:200]
        raise DamagedError(
            f"{_named(path)}: not a table of runs, or damaged ({first}); remove it and make it again"
        ) from None


def _named(path: Path) -> str:
    """Name a file, and what it links to: Snakemake's cache is removed there."""
    return f"{path}, a link to {path.resolve()}" if path.is_symlink() else str(path)


def _bare(columns: dict[str, Column]) -> pa.Schema:
    return pa.schema([pa.field(name, column.type) for name, column in columns.items()])


def collect_groups(pieces: Iterable[pd.DataFrame], members: Iterable[Member]) -> pd.DataFrame:
    """Join the shards' answers by group with what their variants are in the experiments."""
    return _collect_beside(pieces, members, ["split", "group"], GROUP_COLUMNS)


def collect_dynamics(pieces: Iterable[pd.DataFrame], members: Iterable[Member]) -> pd.DataFrame:
    """Join the shards' dynamics with what their variants are in the experiments."""
    return _collect_beside(pieces, members, ["epoch", "quantity", "place"], DYNAMICS_COLUMNS)


def _collect_beside(
    pieces: Iterable[pd.DataFrame],
    members: Iterable[Member],
    within: list[str],
    columns: dict[str, Column],
) -> pd.DataFrame:
    """Join tables that lie beside the runs with the labels; `within` identifies a run's row."""
    labels = pd.DataFrame(list(members)).drop_duplicates(["experiment", "key"])
    rows = pd.concat(pieces, ignore_index=True)
    rows = rows.drop_duplicates(["experiment", "key", *within])
    joined = labels.drop(columns="seed_index").merge(rows, on=["experiment", "key"])
    order = ["experiment", "design", "budget", "structure", "seed_index", "key", *within]
    return joined.sort_values(order, ignore_index=True)[list(columns)]


def collect(
    pieces: Iterable[pd.DataFrame], known: Iterable[pd.DataFrame], members: Iterable[Member]
) -> pd.DataFrame:
    """Join the shards' rows with what is known of their variants, and what these are there.

    Parameters
    ----------
    pieces : what training measured, a table a shard.
    known : what is known before training (see `measures.known`), a table a shard.
    members : the variants of the experiments.

    A variant that two designs of one experiment yield is one run: it keeps the first one's labels.

    Raises
    ------
    InputError
        If a variant that the config asks for has no rows.
    """
    labels = pd.DataFrame(list(members)).drop_duplicates(["experiment", "key"])
    runs = pd.concat(pieces, ignore_index=True)
    runs = runs.drop_duplicates(["experiment", "key", "epoch", "split"])
    if absent := set(labels["key"]) - set(runs["key"]):
        raise InputError(
            f"{len(absent)} variants have no rows, {min(absent)} among them; train their shards"
        )
    before = pd.concat(known, ignore_index=True).drop_duplicates(["experiment", "key"])
    joined = labels.drop(columns="seed_index").merge(runs, on=["experiment", "key"])
    joined = joined.merge(before.drop(columns="seed_index"), on=["experiment", "key"])
    return joined.sort_values(list(ORDER), ignore_index=True)[list(COLUMNS)]
