"""Tables of results as CSV: the same table gives the same bytes, and names come back as text.

A table lies beside its checksum, `summary.csv.sha256`, as `sha256sum -c` reads it: CSV has no place
for one, and what is not as it was written is no result. A table without one is read as it is.
"""

import hashlib
import io
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from blockmaps.core.errors import DamagedError, InputError
from blockmaps.core.files import whole

# Columns of names that a config or a data set chooses: text whatever they look like (00, NA, 1e5).
NAMES = (
    *("experiment", "dataset", "design", "arm", "structure", "study", "key"),
    *("difference", "group", "others", "anomaly", "model"),
)


def to_csv(made: pd.DataFrame) -> str:
    """Return a table as CSV, reals with six significant digits."""
    return made.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def from_csv(file: Path | io.StringIO) -> pd.DataFrame:
    """Return a table of CSV; an empty field alone is missing."""
    types = dict.fromkeys(NAMES, str)
    return pd.read_csv(file, dtype=types, keep_default_na=False, na_values=[""], encoding="utf-8")


def as_written(made: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is read from its CSV file."""
    return from_csv(io.StringIO(to_csv(made)))


def sum_of(path: Path) -> Path:
    """Return where a table's checksum lies."""
    return path.with_name(f"{path.name}.sha256")


def write(made: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all, and its checksum.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    content = to_csv(made).encode()
    # cut off between the two, neither fits the other: that is told, and the table made again
    with whole(sum_of(path), lasting=False) as partial:
        partial.write_text(
            f"{hashlib.sha256(content).hexdigest()}  {path.name}\n", encoding="utf-8"
        )
    with whole(path) as partial:
        partial.write_bytes(content)


def text(path: Path) -> str:
    """Return a table's text, after it was compared with its checksum, if there is one.

    Raises
    ------
    InputError
        If there is no such file, or it is no text.
    DamagedError
        If it is not what was written.
    """
    try:
        content, known = path.read_bytes(), sum_of(path)
        if (
            known.is_file()
            and known.read_bytes()[:64] != hashlib.sha256(content).hexdigest().encode()
        ):
            raise DamagedError(
                f"{path}: is not as it was written, says {known.name} beside it; make it again, or "
                f"remove {known.name} if the change is meant"
            )
        return content.decode()
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise InputError(f"{path}: is no table: not UTF-8 text, at byte {fault.start}") from None


def remove(path: Path) -> None:
    """Remove a table and its checksum, if they are there."""
    for one in (path, sum_of(path)):
        one.unlink(missing_ok=True)


def read(path: Path, columns: Collection[str] = ()) -> pd.DataFrame:
    """Read a table; names are text, also those of digits alone: 00, 011001.

    Parameters
    ----------
    columns : that it has, among others.

    Raises
    ------
    InputError
        As `text`, or if it is empty, no CSV, or lacks a column.
    """
    try:
        found = from_csv(io.StringIO(text(path)))
    except ValueError as fault:
        reason = " ".join(str(fault).split())
        raise InputError(f"{path}: is no table ({reason}); make it again") from fault
    if absent := [name for name in columns if name not in found]:
        raise InputError(
            f"{path}: lacks the column {absent[0]}: not a table of this version; make it again"
        )
    return found


def texts(path: Path) -> pd.DataFrame:
    """Read a table of another's, all of it as text.

    Raises
    ------
    InputError
        If it cannot be read or is no table.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from None
    except ValueError as fault:  # pandas' own, and text that is not UTF-8
        raise InputError(f"{path}: is not a CSV table: {str(fault).strip()}") from None
