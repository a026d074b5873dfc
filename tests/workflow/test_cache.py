"""Snakemake's cache between workflows: data sets and trained shards are had from it, or told."""

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
    seeds: 2
    designs:
      - {kind: uniform, budgets: [150], densities: [0.5, 1.0]}
"""
LINE = ("results/cached/runs.parquet", "--configfile", "cached.yaml", "--cache")


@pytest.mark.nightly
def test_a_deleted_results_folder_is_restored_without_training(tmp_path, copied):
    checkout, cache = copied(tmp_path / "clone"), tmp_path / "cache"
    cache.mkdir()
    checkout.environment["SNAKEMAKE_OUTPUT_CACHE"] = str(cache)
    (checkout.folder / "cached.yaml").write_text(PRESET, encoding="utf-8")
    results = checkout.folder / "results/cached"

    def again(*more, check=True):
        """Make the runs table anew; return what was said, and which steps ran: they leave a log."""
        shutil.rmtree(results, ignore_errors=True)
        done = checkout.snakemake(*LINE, *more, check=check)
        logs = (path for path in results.glob("logs/*/*.log") if path.stat().st_size)
        return done.stdout, {path.parent.name for path in logs}

    _, ran = again()
    assert ran >= {"data", "train"}
    first, entries = (results / "runs.parquet").read_bytes(), sorted(cache.iterdir())
    _, ran = again()
    assert not ran & {"data", "train"}
    assert (results / "runs.parquet").read_bytes() == first
    assert sorted(cache.iterdir()) == entries

    # a corrupted entry is found where it is read, and its place in the cache is named
    link = min(path for path in results.glob("runs/*.parquet") if path.name.count(".") == 1)
    entry = link.resolve()
    assert entry.parent == cache
    content = bytearray(entry.read_bytes())
    content[len(content) // 3] ^= 1
    entry.write_bytes(content)
    said, _ = again(check=False)
    assert f"a link to {entry}: damaged" in said or f"a link to {entry}: not a table" in said
    entry.unlink()

    # a changed module is a miss: nothing that other code has trained is taken
    groups = checkout.folder / "src/blockmaps/maps/groups.py"
    before = groups.read_text(encoding="utf-8")
    assert "MOST_PADDING = 1.12" in before
    groups.write_text(before.replace("MOST_PADDING = 1.12", "MOST_PADDING = 1.5"), encoding="utf-8")
    _, ran = again()
    assert "train" in ran
    assert "data" not in ran
