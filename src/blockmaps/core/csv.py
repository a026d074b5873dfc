"""Tables of results as CSV: the same table gives the same bytes."""

from pathlib import Path

import pandas as pd

from blockmaps.core.errors import InputError
from blockmaps.core.files import whole


def to_csv(made: pd.DataFrame) -> str:
    """Return a table as CSV, reals with six significant digits."""
    return made.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def write(made: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    try:
        with whole(path) as partial:
            partial.write_text(to_csv(made))
    except OSError as fault:
        raise InputError(f"{path}: cannot be written: {fault.strerror}") from fault


def read(path: Path) -> pd.DataFrame:
    """Read a table; structures are names, also those of digits alone: 00, 011001.

    Raises
    ------
    InputError
        If there is none, or it is empty or no CSV.
    """
    try:
        return pd.read_csv(path, dtype={"structure": str})
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from fault
    except (ValueError, pd.errors.ParserError) as fault:
        raise InputError(f"{path}: is no table: {fault}") from fault
