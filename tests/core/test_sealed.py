"""Every flipped bit, cut and appended byte of such a file is found; it opens as safetensors."""

import random

import numpy as np
import pytest
from safetensors.numpy import load_file

from blockmaps.core import sealed
from blockmaps.core.errors import DamagedError, InputError

FACTS = {"splits": {"train": [0, 5]}, "name": 'Größe "sha256":"' + "0" * 64 + '"'}


def arrays(rows=40):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (rows, 300), dtype=np.uint8)
    targets = rng.integers(0, 9, rows)
    return {"images": images, "targets": targets, "none": np.zeros((0, 3), np.float32)}


def write(path, made, pieces=1):
    held = {
        name: sealed.Pieced(one.shape, one.dtype, np.array_split(one, pieces))
        for name, one in made.items()
    }
    sealed.write(path, held, FACTS)


def read(path):
    with sealed.opened(path, "data set", "blockmaps data") as file:
        return {name: file.read(name) for name in file.names}, file.facts, file.seal


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(sealed, "BLOCK", 1000)


def test_what_is_written_is_read_and_any_pieces_give_the_same_bytes(tmp_path):
    made = arrays()
    write(tmp_path / "whole", made)
    write(tmp_path / "pieces", made, pieces=7)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "pieces").read_bytes()
    found, facts, seal = read(tmp_path / "whole")
    assert facts == FACTS
    assert len(seal) == 64
    plain = load_file(tmp_path / "whole")
    for name, one in made.items():
        np.testing.assert_array_equal(found[name], one)
        np.testing.assert_array_equal(plain[name], one)
    made["targets"][0] += 1
    write(tmp_path / "other", made)
    assert read(tmp_path / "other")[2] != seal, "the seal tells content, too"


def test_every_flipped_bit_is_found(tmp_path):
    """1,000 of 1,000, wherever it is; before there were checksums: 1 of 200."""
    path = tmp_path / "data.safetensors"
    write(path, arrays())
    whole, draw = path.read_bytes(), random.Random(1)
    header = int.from_bytes(whole[:8], "little") + 8
    places = [draw.randrange(header) for _ in range(300)]
    places += [draw.randrange(len(whole)) for _ in range(700)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DamagedError, match=r"data\.safetensors: damaged"):
            read(path)


@pytest.mark.parametrize("change", ["cut", "one more", "zeroed", "empty", "text", "no checksums"])
def test_other_damage_is_found(tmp_path, change):
    path = tmp_path / "data.safetensors"
    write(path, arrays())
    whole = path.read_bytes()
    if change == "no checksums":
        from safetensors.numpy import save

        content = save(arrays(), {"blockmaps": "{}"})
    else:
        content = {
            "cut": whole[:-1],
            "one more": whole + b"\0",
            "zeroed": whole[:-3000] + bytes(3000),
            "empty": b"",
            "text": b"a" * 300,
        }[change]
    path.write_bytes(content)
    with pytest.raises(DamagedError, match="make it again"):
        read(path)


def test_what_is_no_file_says_so(tmp_path):
    with pytest.raises(InputError, match="no such data set; make it with `blockmaps data`"):
        read(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="is no file"):
        read(tmp_path)


def test_rows_are_checked_and_no_others(tmp_path):
    """The first rows of a large file are read without the rest of it."""
    path = tmp_path / "data.safetensors"
    write(path, arrays())
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1  # of images: its numbers are the narrowest, so it is last
    path.write_bytes(damaged)
    with sealed.opened(path, "data set", "blockmaps data") as file:
        np.testing.assert_array_equal(file.read("images", slice(0, 5)), arrays()["images"][:5])
        with pytest.raises(DamagedError, match="images, from byte"):
            file.read("images", slice(38, 40))
        with pytest.raises(DamagedError, match="images, from byte"):
            file.read("images")


def test_pieces_that_do_not_fit_are_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(ValueError, match="pieces of a do not add up"):
        sealed.write(
            tmp_path / "data",
            {"a": sealed.Pieced((3, 2), np.dtype(np.uint8), [np.zeros((2, 2), np.uint8)])},
            {},
        )
    assert list(tmp_path.iterdir()) == []
