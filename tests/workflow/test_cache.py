"""Snakemake's cache between workflows: data sets are had from it, or told."""

import shutil

import pytest

from blockmaps.core.errors import DamagedError
from blockmaps.data import store

LINE = ("results/tiny/data/parity.safetensors", "--configfile", "tests/workflow/tiny.yaml")


@pytest.mark.nightly
def test_a_deleted_data_set_is_restored_and_not_made(tmp_path, copied):
    checkout, cache = copied(tmp_path / "clone"), tmp_path / "cache"
    cache.mkdir()
    checkout.environment["SNAKEMAKE_OUTPUT_CACHE"] = str(cache)
    made = checkout.folder / LINE[0]

    def again():
        """Return whether the data set was made, and not had from the cache."""
        shutil.rmtree(checkout.folder / "results", ignore_errors=True)
        checkout.snakemake(*LINE, "--cache", "data")
        return (checkout.folder / "results/tiny/logs/data/parity.log").stat().st_size > 0

    assert again()
    first, entries = store.read(made).inputs.copy(), sorted(cache.iterdir())
    assert made.is_symlink()
    assert not again()
    assert (store.read(made).inputs == first).all()
    assert sorted(cache.iterdir()) == entries

    # a changed module is a miss: nothing of the other code's is taken
    module = checkout.folder / "tests/workflow/parity.py"
    before = module.read_text(encoding="utf-8")
    module.write_text(before.replace("bits.sum(1) % 2", "1 - bits.sum(1) % 2"), encoding="utf-8")
    assert again()
    module.write_text(before, encoding="utf-8")

    # a corrupted entry is found where it is read
    assert not again()
    entry = made.resolve()
    content = bytearray(entry.read_bytes())
    content[-3] ^= 1
    entry.write_bytes(content)
    with pytest.raises(DamagedError):
        store.read(made)
    entry.unlink()
    assert again()
