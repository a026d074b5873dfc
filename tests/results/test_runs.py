"""Tables of runs: whatever bit is flipped is found, or changes nothing of what is read."""

import random

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from blockmaps.core.errors import DamagedError, InputError
from blockmaps.results import runs


def written(path):
    rows = [
        {"experiment": "e", "key": f"{number % 5:012x}", "seed_index": 0, "epoch": number}
        | {"split": "test", "group": "a|b", "right": number / 3, "sequences": 9}
        for number in range(40)
    ]
    runs.write(pd.DataFrame(rows), path, runs.GROUPS)
    return runs.read(path, runs.GROUPS)


def test_a_flipped_bit_is_found_or_harmless(tmp_path):
    path = tmp_path / "runs.parquet"
    whole = written(path)
    content, draw, found = path.read_bytes(), random.Random(1), 0
    places = draw.sample(range(len(content)), 300)
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            read = runs.read(path, runs.GROUPS)
        except DamagedError as fault:
            assert f"{path}: " in str(fault)
            assert "damaged" in str(fault)  # noqa: PT017 not every flip does damage
            found += 1
        else:
            pd.testing.assert_frame_equal(read, whole)
    assert found > 100


@pytest.mark.parametrize("what", ["cut", "zeroed", "empty", "text", "folder"])
def test_what_is_no_table_is_one_line(tmp_path, what):
    path = tmp_path / "runs.parquet"
    written(path)
    content = path.read_bytes()
    path.unlink()
    if what == "folder":
        path.mkdir()
        (path / "x").write_bytes(b"y")
    else:
        changed = {"cut": content[:-9], "zeroed": bytes(len(content)), "empty": b"", "text": b"a,b"}
        path.write_bytes(changed[what])
    with pytest.raises(InputError, match=r"runs\.parquet: "):
        runs.read(path, runs.GROUPS)


def test_the_sum_is_of_the_content_and_not_of_the_way_it_lies():
    table = pa.table({"a": ["x", None, "y", "x"], "b": [1.0, None, 2.0, float("nan")]})
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3)])
    assert runs.content_sum(pieces) == runs.content_sum(table)
    for other in (
        table.set_column(0, "a", pa.array(["x", None, "y", "y"])),
        table.set_column(0, "a", pa.array(["x", "x", "y", "x"])),
        table.rename_columns(["c", "b"]),
        table.slice(0, 3),
    ):
        assert runs.content_sum(other) != runs.content_sum(table)


def test_a_table_without_a_sum_is_read(tmp_path):
    """Those published before: their folder's manifest has the file's sum."""
    whole = written(tmp_path / "runs.parquet")
    path = tmp_path / "old.parquet"
    pq.write_table(pq.read_table(tmp_path / "runs.parquet").replace_schema_metadata(None), path)
    pd.testing.assert_frame_equal(runs.read(path, runs.GROUPS), whole)
