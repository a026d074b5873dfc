"""Tables and arrays of one's own are read as they are meant, and refused in one line."""

import numpy as np
import pytest

from blockmaps.core.errors import InputError
from blockmaps.core.seeds import stream
from blockmaps.data.checking import examine
from blockmaps.data.files import Csv, Npz

SEED = stream(1, "dataset")
COLUMNS = {"inputs": ("a", "b"), "sequence": "who"}


def table(path, rows, header="who,a,b,kind,level"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def walks(tmp_path):
    """Ten sequences of three rows, the last of two; rows of sequences take turns."""
    rows = [
        f"s{one},{one},{step},{'né' if one % 2 else 'ok'},{one + step / 10}"
        for step in range(3)
        for one in range(10)
        if (one, step) != (9, 2)
    ]
    return table(tmp_path / "own.csv", rows)


def spec(file, **changes):
    fields = {"file": file, "steps": 3, "target": "kind", "classes": ("ok", "né"), **COLUMNS}
    return Csv(**{**fields, **changes})


def test_a_table_gives_sequences_and_their_classes(walks):
    one = spec(walks, standardise=False)
    data = one.make(SEED)
    assert one.shape == (2, 2, 4)
    assert data.splits == {"train": (0, 8), "test": (8, 10)}
    by_who = {
        int(own[-1, 0]): (own, kind) for own, kind in zip(data.inputs, data.targets, strict=True)
    }
    assert {who: kind for who, (_, kind) in by_who.items()} == {who: who % 2 for who in range(10)}
    assert by_who[4][0].tolist() == [[4, 0], [4, 1], [4, 2]]
    assert by_who[9][0].tolist() == [[0, 0], [9, 0], [9, 1]]  # the shorter one, with zeros in front
    assert examine(data, one.shape).faults == []


def test_inputs_and_numbers_to_answer_are_standardised_by_the_training_split(walks):
    one = spec(walks, target="level", classes=None)
    data = one.make(SEED)
    train = data.inputs[:8]
    read = train[(train != 0).any(-1)]
    assert data.loss == "mean_squared_error"
    assert np.allclose(data.targets[:8].mean(), 0, atol=1e-6)
    assert np.allclose(data.targets[:8].std(), 1, atol=1e-6)
    assert np.abs(read.mean(0)).max() < 0.2
    level = data.targets[:, 0, 0] * data.about["targets_std"][0] + data.about["targets_mean"][0]
    assert np.allclose(np.sort(level), [0.2, 1.2, 2.2, 3.2, 4.2, 5.2, 6.2, 7.2, 8.2, 9.1])


def test_an_answer_after_every_step(tmp_path):
    rows = [f"s{one},{one},{step},{step % 2},0" for one in range(10) for step in range(3)]
    one = spec(table(tmp_path / "own.csv", rows), classes=("0", "1"), answer="every")
    data = one.make(SEED)
    assert data.loss_steps == (1, 2, 3)
    assert (data.targets == [0, 1, 0]).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "sort"}, "no column 'sort'; has who, a, b, kind, level"),
        ({"inputs": ("a", "kind")}, "column kind, line 2: found 'ok'; takes a number"),
        ({"classes": ("ok",)}, "found class 'né'; `classes` has ok"),
        ({"steps": 2}, "a sequence has 3 steps; `steps` says 2"),
        ({"answer": "every"}, "1 sequences are shorter than 3 steps"),
        ({"file": "nowhere.csv"}, "nowhere.csv: cannot be read"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_one_line(walks, changes, words):
    with pytest.raises(InputError, match=words.replace("|", "\\|")):
        spec(changes.pop("file", walks), **changes).make(SEED)


def test_classes_that_change_within_a_sequence_are_refused(tmp_path):
    file = table(tmp_path / "own.csv", ["s,1,2,ok,0", "s,1,2,né,0"])
    with pytest.raises(InputError, match="sequence s has several classes"):
        spec(file).make(SEED)


def test_arrays_whole_or_by_row_give_the_same(tmp_path):
    rng = np.random.default_rng(0)
    inputs, levels = rng.standard_normal((20, 5, 2)), rng.standard_normal(20)
    whole, rows = tmp_path / "whole.npz", tmp_path / "rows.npz"
    np.savez(whole, inputs=inputs, target=levels)
    np.savez(
        rows,
        inputs=inputs.reshape(-1, 2),
        target=np.repeat(levels, 5),
        who=np.repeat(np.arange(20)[::-1], 5),
    )
    one = Npz(file=str(whole), steps=5, sizes=(2, 1))
    same = Npz(file=str(rows), steps=5, sizes=(2, 1), sequence="who")
    a, b = one.make(SEED), same.make(SEED)
    assert examine(a, one.shape).faults == []
    np.testing.assert_array_equal(a.inputs, b.inputs)
    np.testing.assert_array_equal(a.targets, b.targets)
    counted = Npz(file=str(whole), steps=5, sizes=(2, 1), target="counts")
    with pytest.raises(InputError, match="no array 'counts'; has inputs, target"):
        counted.make(SEED)


def test_numbers_stay_numbers_even_where_they_are_whole(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=np.ones((20, 5)), target=np.arange(20))
    own = Npz(file=str(tmp_path / "own.npz"), steps=5, sizes=(1, 1), standardise=False)
    data = own.make(SEED)
    assert data.loss == "mean_squared_error"
    assert sorted(data.targets.ravel()) == list(range(20))


def test_a_file_that_is_no_npz_is_refused(tmp_path):
    (tmp_path / "own.npz").write_text("no", encoding="utf-8")
    with pytest.raises(InputError, match=r"is not an \.npz file|cannot be read"):
        Npz(file=str(tmp_path / "own.npz"), steps=5, sizes=(1, 1)).make(SEED)


@pytest.mark.parametrize(
    ("inputs", "target", "words"),
    [
        (np.full((20, 5), "a"), np.arange(20), "inputs holds str32; takes numbers"),
        (np.ones((20, 5)) * 1j, np.arange(20), "inputs holds complex128; takes numbers"),
        (np.ones((20, 5)), np.full(20, "a"), "target holds str32; takes numbers"),
        (np.ones((0, 5)), np.arange(0), "holds no sequence"),
    ],
)
def test_arrays_that_hold_no_numbers_are_refused_in_one_line(tmp_path, inputs, target, words):
    np.savez(tmp_path / "own.npz", inputs=inputs, target=target)
    with pytest.raises(InputError, match=words):
        Npz(file=str(tmp_path / "own.npz"), steps=5, sizes=(1, 1)).make(SEED)
