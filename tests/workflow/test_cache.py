"""Snakemake's cache between workflows: data sets and trained shards are had from it, or told."""

import os
import shutil

import pytest

PRESET = """\
name: cached
seed: 1
plugins: [tests/workflow/parity.py]
compute: {accelerator: cpu}
datasets:
  parity: {kind: parity, bits: 3, sequences: 200}
recipes:
  short: {epochs: 2, batch_size: 25, learning_rate: 0.01}
experiments:
  a:
    dataset: parity
    recipe: short
    seeds: 1
    designs:
      - {kind: uniform, budgets: [150], densities: [0.5, 1.0]}
"""


@pytest.mark.nightly
def test_a_deleted_results_folder_is_restored_without_training(tmp_path, copied):
    checkout, cache = copied(tmp_path / "clone"), tmp_path / "cache"
    cache.mkdir()
    checkout.environment["SNAKEMAKE_OUTPUT_CACHE"] = str(cache)
    (checkout.folder / "cached.yaml").write_text(PRESET, encoding="utf-8")
    results = checkout.folder / "results/cached"

    def again(check=True):
        shutil.rmtree(results, ignore_errors=True)
        line = ("--cache", "--configfile", "cached.yaml", "results/cached/runs.parquet")
        done = checkout.snakemake(*line, check=check)
        return done, {path.parent.name for path in results.glob("logs/*/*.log")}

    _, ran = again()
    assert {"data", "train"} <= ran
    first = (results / "runs.parquet").read_bytes()
    entries = sorted(cache.iterdir())
    _, ran = again()
    assert not {"data", "train"} & ran
    assert (results / "runs.parquet").read_bytes() == first
    assert sorted(cache.iterdir()) == entries

    # a changed module is a miss: nothing of the other code's is taken
    groups = checkout.folder / "src/blockmaps/maps/groups.py"
    before = groups.read_text(encoding="utf-8")
    groups.write_text(before.replace("MOST_PADDING = 1.12", "MOST_PADDING = 1.5"), encoding="utf-8")
    _, ran = again()
    assert "train" in ran
    assert "data" not in ran
    groups.write_text(before, encoding="utf-8")

    # a corrupted entry is found where it is read, and its place in the cache is named
    again()
    (link,) = (path for path in results.glob("runs/*.parquet") if path.name.count(".") == 1)
    entry = link.resolve()
    assert entry.parent == cache
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)
    done, _ = again(check=False)
    assert done.returncode == 1
    assert f"a link to {entry}" in done.stdout
    os.remove(entry)
    _, ran = again()
    assert "train" in ran
    assert (results / "runs.parquet").read_bytes() != b""
