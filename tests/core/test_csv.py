"""Tables as CSV: what is written comes back, names as text."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockmaps.core import csv
from blockmaps.core.errors import InputError

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
