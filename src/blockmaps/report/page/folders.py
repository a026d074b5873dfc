"""What the page is made of: the parts that are found in results or published folders."""

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.results import runs

TABLE_FOLDERS = ("tables", "analysis")


class Folders:
    """Results and published folders; each part is the first one's that has it.

    Parameters
    ----------
    folders : where to look, in this order.

    Raises
    ------
    InputError
        If one is no folder.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)
        for folder in self.folders:
            if not folder.is_dir():
                raise InputError(f"{folder}: is no folder; takes a results or published folder")

    def find(self, name: str) -> Path | None:
        """Return the path of a part, None if no folder has it."""
        return next((path for one in self.folders if (path := one / name).is_file()), None)

    def json(self, name: str) -> Any:
        """Return what a JSON file holds, None if there is none.

        Raises
        ------
        InputError
            If it is no JSON.
        """
        if (path := self.find(name)) is None:
            return None
        try:
            return json.loads(path.read_text())
        except (OSError, ValueError) as fault:
            raise InputError(f"{path}: is no JSON: {fault}") from None

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a table by its path within a folder, or by its name; None if there is none."""
        named = (f"{folder}/{name}.csv" for folder in TABLE_FOLDERS)
        paths = (self.find(one) for one in (name, *named))
        path = next((one for one in paths if one), None)
        return None if path is None else csv.read(path)

    @cached_property
    def runs(self) -> pd.DataFrame | None:
        """The runs after their last epoch, a row a run and split; None without a runs table."""
        if (path := self.find("runs.parquet")) is None:
            return None
        table = runs.read(path)
        last = table.groupby(["experiment", "key"])["epoch"].transform("max")
        return table[table["epoch"] == last].reset_index(drop=True)

    @property
    def title(self) -> str:
        """The preset's name: the manifest's or the config's, else the first folder's."""
        for name in ("manifest.json", "config.json"):
            found = self.json(name)
            if isinstance(found, dict) and found.get("name"):
                return str(found["name"])
        return self.folders[0].resolve().name
