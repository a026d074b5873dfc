"""Tables of results as CSV: the same table gives the same bytes, and names come back as text."""

import io
from pathlib import Path

import pandas as pd

from blockmaps.core.errors import InputError
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


def write(made: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    with whole(path) as partial:
        partial.write_text(to_csv(made), encoding="utf-8")


def read(path: Path) -> pd.DataFrame:
    """Read a table; names are text, also those of digits alone: 00, 011001.

    Raises
    ------
    InputError
        If there is none, or it is empty or no CSV.
    """
    try:
        return from_csv(path)
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from fault
    except (ValueError, pd.errors.ParserError) as fault:
        raise InputError(f"{path}: is no table: {fault}") from fault


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
