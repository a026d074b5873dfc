"""The command that writes a first preset for a data set of one's own."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blockmaps.cli.options import RUN, app, needs_clone
from blockmaps.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MOST_CLASSES = 50  # different whole numbers or texts that are taken as classes


@app.command(rich_help_panel=RUN)
def init(
    name: Annotated[str, typer.Argument(help="Of the data set and its preset.")],
    csv: Annotated[
        Path | None, typer.Option(help="A table with a row a step, instead of a class.")
    ] = None,
    npz: Annotated[Path | None, typer.Option(help="Arrays that numpy saved, instead.")] = None,
    inputs: Annotated[
        str | None,
        typer.Option(help="Columns of the table that are read, a comma between; or the array."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Column or array of the classes, or of the numbers.")
    ] = None,
    sequence: Annotated[
        str | None, typer.Option(help="Column or array that says which sequence a row belongs to.")
    ] = None,
    regress: Annotated[
        bool, typer.Option("--regress", help="Whole numbers to answer are numbers, not classes.")
    ] = False,
    unknowns: Annotated[
        int | None, typer.Option(min=1, help="Of every arm; what fits if left out.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where they are written.")] = Path("config"),
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
) -> None:
    """Write a preset for data of your own, with designs that fit, and a class that makes them.

    With --csv or --npz there is no class: the file is read as it is.
    """
    from blockmaps.core.files import whole
    from blockmaps.data import KINDS
    from blockmaps.plan import config as configs
    from blockmaps.plan import drafting, written

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise InputError(f"name {name!r}: takes letters, digits, - and _, a letter first")
    if csv and npz:
        raise InputError("init: takes one of --csv and --npz")
    preset, plugin = folder / f"{name}.yaml", folder / f"{name}.py"
    for path in (preset, *(() if csv or npz else (plugin,))):
        if path.exists() and not force:
            raise InputError(f"{path}: is there already; --force writes over it")
    if csv:
        spec = _of_table(csv, inputs, target, sequence, regress)
    elif npz:
        spec = _of_arrays(npz, inputs, target, sequence, regress)
    else:
        if name in KINDS:
            raise InputError(f"name {name!r}: is a kind of data set that comes with the package")
        title = "".join(part.capitalize() for part in re.split("[_-]", name))
        with whole(plugin) as partial:
            partial.write_text(drafting.CLASS.format(name=name, title=title), encoding="utf-8")
        configs.load_plugins((str(plugin),))
        spec = {"kind": name}
        print(f"{plugin}: the data set's class, an example that runs: put your own in its place")
    made = KINDS[spec["kind"]].model_validate(spec)
    own = None if csv or npz else str(plugin)
    drafted = drafting.draft(name, spec, made.shape, own, unknowns)
    configs.parse(written.load(drafted.text, str(preset)), str(preset))
    with whole(preset) as partial:
        partial.write_text(drafted.text, encoding="utf-8")
    sizes = made.shape
    print(
        f"{preset}: |x| = {sizes.inputs}, |y| = {sizes.outputs}, {sizes.steps} steps; "
        f"{', '.join(drafted.arms)} at {drafted.budget:,} unknowns, 5 seeds"
    )
    for design, why in drafted.left_out.items():
        print(f"left out: {design}: {why}")
    print(f"next: blockmaps check-data {name} --config {preset}")
    print(f"then: blockmaps plan --config {preset} --time")
    where = f"  # {said}" if (said := needs_clone()) else ""
    print(f"      snakemake --cores all --configfile {preset}{where}")


def _classes(values: "np.ndarray", regress: bool) -> list[str] | None:
    """Return the classes among values, in their order; None where they are to be regressed."""
    import numpy as np

    found = np.unique(values)
    if len(found) == 1:
        raise InputError(f"--target: is {found[0]} everywhere; nothing is to be told apart")
    try:
        numbers = found.astype(float)
    except ValueError:
        if regress:
            raise InputError(f"--regress: the target holds {found[0]!r}; takes numbers") from None
        if len(found) > MOST_CLASSES:
            raise InputError(
                f"the target holds {len(found):,} different texts; takes up to {MOST_CLASSES}"
            ) from None
        return [str(one) for one in found]
    if regress or len(found) > MOST_CLASSES or (numbers != np.floor(numbers)).any():
        return None
    return [str(one) for one in found[np.argsort(numbers)]]


def _of_table(
    path: Path, inputs: str | None, target: str | None, sequence: str | None, regress: bool
) -> dict[str, Any]:
    """Return the config of a table's data set."""
    from pandas import to_numeric

    from blockmaps.core.csv import texts

    table = texts(path)
    columns = ", ".join(map(str, table.columns))
    for option, given in (("--target", target), ("--sequence", sequence)):
        if not given or not set(given.split(",")) <= set(table.columns):
            found = f"no column {given!r}" if given else "not given"
            one = "; takes a comma between columns" if len(table.columns) == 1 else ""
            raise InputError(f"{option}: {found}; {path} has the columns {columns}{one}")
    targets = (target or "").split(",")
    read = [] if inputs is None else inputs.split(",")
    if both := {*read} & {*targets, sequence}:
        raise InputError(f"--inputs: found {min(both)}, which is target or sequence; takes others")
    if inputs is None:
        rest = [name for name in table.columns if name not in (*targets, sequence)]
        lacking = {name: to_numeric(table[name], errors="coerce").isna().sum() for name in rest}
        read = [name for name in rest if not lacking[name]]
        for name in [name for name in rest if lacking[name]]:
            print(f"not read: column {name}: {lacking[name]:,} of {len(table):,} are no numbers")
    if not read or not set(read) <= set(table.columns):
        missing = sorted(set(read) - set(table.columns))
        raise InputError(f"--inputs: found {missing or 'none'}; {path} has the columns {columns}")
    groups = table.groupby(sequence, sort=False)
    lengths = groups.size()
    varies = bool((groups[targets].nunique() > 1).any(axis=None))
    classes = _classes(table[targets[0]].to_numpy(), regress) if len(targets) == 1 else None
    spec: dict[str, Any] = {"kind": "csv", "file": str(path), "inputs": read, "target": targets}
    spec |= {"sequence": sequence, "steps": int(lengths.max())}
    shortest, longest = lengths.min(), lengths.max()
    rows = f"{longest} rows" if shortest == longest else f"{shortest} to {longest} rows"
    print(f"{path}: {len(lengths):,} sequences of {rows}; inputs: {', '.join(read)}")
    return _with_answers(spec, classes, varies, bool(lengths.nunique() == 1))


def _of_arrays(
    path: Path, inputs: str | None, target: str | None, sequence: str | None, regress: bool
) -> dict[str, Any]:
    """Return the config of a data set of arrays."""
    import numpy as np

    from blockmaps.data.files import read_arrays

    arrays = read_arrays(path)
    names = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    inputs, target = inputs or "inputs", target or "target"
    for option, given in (("--inputs", inputs), ("--target", target), ("--sequence", sequence)):
        if given is not None and given not in arrays:
            raise InputError(f"{option}: no array {given!r}; {path} has {names}")
    read, answers = arrays[inputs], arrays[target]
    classes = _classes(answers.ravel(), regress)
    if sequence:
        numbers, counts = np.unique(arrays[sequence], return_counts=True)
        steps, equal = int(counts.max()), bool(counts.min() == counts.max())
        width = read.shape[1] if read.ndim > 1 else 1
        varies = any(
            len(np.unique(answers[arrays[sequence] == one], axis=0)) > 1 for one in numbers
        )
    else:
        if read.ndim not in (2, 3):
            raise InputError(
                f"--inputs: {inputs} has shape {read.shape}; takes (sequences, steps, |x|), or "
                "rows and --sequence"
            )
        steps, equal = read.shape[1], True
        width = read.shape[2] if read.ndim > 2 else 1
        varies = answers.ndim > (1 if classes else 2) and answers.shape[1] == steps
    spec: dict[str, Any] = {"kind": "npz", "file": str(path), "inputs": inputs, "target": target}
    if sequence:
        spec["sequence"] = sequence
    if classes and not varies and answers.ndim > 1 and answers[0].size > 1:
        raise InputError(
            f"--target: {target} has shape {answers.shape}, several whole numbers a sequence; "
            "takes one class a sequence (of one-hot rows their argmax), or --regress"
        )
    outputs = len(classes) if classes else answers.shape[-1] if answers.ndim > 1 else 1
    spec |= {"steps": steps, "sizes": [width, outputs]}
    return _with_answers(spec, classes, varies, equal)


def _with_answers(
    spec: dict[str, Any], classes: list[str] | None, varies: bool, equal: bool
) -> dict[str, Any]:
    """Add what is answered, and say it."""
    if classes:
        spec["classes"] = classes
    if varies and equal:
        spec["answer"] = "every"
    elif varies and classes:
        raise InputError(
            f"{spec['file']}: classes change within sequences of different lengths; cut them to "
            "one length, or give a sequence one class"
        )
    what = f"one of {len(classes)} classes" if classes else "numbers, by their squared error"
    when = "after every step" if varies and equal else "at the end of a sequence"
    print(f"answers: {what}, {when}")
    return spec
