"""Tables as CSV: what is written comes back, names as text."""

import shutil
import subprocess

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockmaps.core import csv
from blockmaps.core.errors import DamagedError, InputError

LIKE_NUMBERS = ("00", "011001", "NA", "None", "nan", "null", "N/A", "1e5", "True", "inf", "-0", "𝛼")


def test_names_come_back_as_text(tmp_path):
    made = pd.DataFrame({"value": [0.5] * len(LIKE_NUMBERS)})
    for name in csv.NAMES:
        made[name] = LIKE_NUMBERS
    path = tmp_path / "table.csv"
    csv.write(made, path)
    read = csv.read(path)
    for name in csv.NAMES:
        assert read[name].tolist() == list(LIKE_NUMBERS), name
    assert read["value"].tolist() == made["value"].tolist()
    pd.testing.assert_frame_equal(csv.as_written(made), read)


@given(st.lists(st.one_of(st.none(), st.floats(width=32)), min_size=1))
def test_numbers_come_back_and_what_is_missing_is_missing(values):
    made = pd.DataFrame({"structure": "NA", "value": values}).astype({"value": float})
    read = csv.as_written(made)["value"].astype(float)
    pd.testing.assert_series_equal(read, made["value"], rtol=1e-5, check_exact=False)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is no table"), (b"a,b\n\xff\n1,2,3", "is no")]
)
def test_faults_are_one_line(content, said, tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(InputError, match="cannot be read"):
        csv.read(path)
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        csv.read(path)


def test_a_changed_table_is_not_read_and_one_without_a_checksum_is(tmp_path):
    path = tmp_path / "a.csv"
    made = pd.DataFrame({"arm": ["dense", "00"], "mean": [0.25, 0.5]})
    csv.write(made, path)
    if shutil.which("sha256sum"):
        done = subprocess.run(
            ["sha256sum", "-c", "a.csv.sha256"], cwd=tmp_path, capture_output=True
        )
        assert done.returncode == 0, "as coreutils reads it"
    assert csv.read(path, ["arm", "mean"]).equals(made)
    whole = path.read_bytes()
    for changed in (whole.replace(b"0.25", b"0.75"), whole[:-5], b"", bytes(len(whole))):
        path.write_bytes(changed)
        with pytest.raises(
            DamagedError, match=r"a.csv: is not as it was written, says a.csv.sha256"
        ):
            csv.read(path)
    csv.sum_of(path).unlink()
    path.write_bytes(whole.replace(b"0.25", b"0.75"))
    assert csv.read(path)["mean"][0] == 0.75
    with pytest.raises(
        InputError, match=r"a.csv: lacks the column low: not a table of this version"
    ):
        csv.read(path, ["low"])
    for changed in (b"", bytes(100), b"\xff\xfe", b'"'):
        path.write_bytes(changed)
        with pytest.raises(InputError, match=r"a.csv: (is no table|lacks the column arm)"):
            csv.read(path, ["arm"])
    csv.write(made, path)
    csv.remove(path)
    assert not list(tmp_path.iterdir())
