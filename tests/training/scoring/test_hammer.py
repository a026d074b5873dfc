"""The kept runs of Adroit Hammer: whole, and what the documents say of them."""

import pytest

from blockmaps.analysis import control
from blockmaps.results.folder import Folder
from blockmaps.results.returns import RETURN_COLUMNS


@pytest.fixture(scope="module")
def kept(root):
    folder = root / "published/laptop/hammer"
    return Folder(folder).runs, Folder(folder).parquet("returns")


def number(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


def test_every_design_has_all_steps_seeds_and_episodes(kept):
    trained, returns = kept
    assert list(returns.columns) == list(RETURN_COLUMNS)
    last = trained.sort_values("epoch").groupby("key").last()
    assert len(last) == 90
    assert (last["step"] == 1775).all()
    assert last.groupby("structure")["seed_index"].nunique().tolist() == [5] * 18
    assert set(returns["key"]) == set(last.index)
    assert (returns.groupby("key")["episode"].nunique() == 50).all()
    assert not returns["diverged"].any()


def test_the_document_says_what_the_kept_returns_say(kept, root):
    readme = (root / "docs/experiments.md").read_text(encoding="utf-8")
    text = " ".join(readme.split())
    table = control.by_structure(kept[1])
    for row in table[table["outcome"] == "return"].itertuples():
        assert f"| {row.structure} {row.arm} |" in readme
        assert f"| {number(row.mean)} [{number(row.low)}, {number(row.high)}] |" in readme
    for row in table[table["outcome"] == "success"].itertuples():
        bounds = f"[{row.low * 100:.0f}, {row.high * 100:.0f}]"
        assert f"| {row.mean:.0%} {bounds} |".replace("%", " %") in readme
    found = control.differences(kept[1])
    found = found[found["outcome"] == "return"].set_index("difference")
    for name in ("dense - uniform", "balanced - dense", "dense - lstm"):
        row = found.loc[name]
        bounds = f"[{number(row['low'])}, {number(row['high'])}]"
        assert f"+{number(row['mean'])}" in text
        assert bounds in text
    assert f"({number(found.loc['dense - uniform', 'smallest_of_interest'])})" in text
    expert = kept[1]["expert_return"].iloc[0]
    assert f"mean return {number(expert)}" in text
