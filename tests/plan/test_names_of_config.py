"""Names made of names: two things never share one file, one module or one row of a table."""

import pytest

from blockmaps.core.errors import InputError
from blockmaps.data import mnist
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan, data_code

UNIFORM = {"kind": "uniform", "budgets": [3000], "densities": [1.0]}


def raw(datasets, designs=(UNIFORM,)):
    return {
        "name": "test",
        "seed": 1,
        "datasets": {
            name: {"kind": "copy", "steps": 5, "train": 10 + number, "redraw": redraw}
            for number, (name, redraw) in enumerate(datasets.items())
        },
        "recipes": {"r": {"epochs": 1, "batch_size": 5, "learning_rate": 0.01}},
        "experiments": {
            f"e{number}": {"dataset": name, "recipe": "r", "seeds": 2, "designs": list(designs)}
            for number, name in enumerate(datasets)
        },
    }


@pytest.mark.parametrize(
    "datasets",
    [
        {"d": True, "d.seed-0": False},
        {"d.seed-1": False, "d": True},
        {"d": False, "D": False},
        {"d": True, "D.Seed-1": False},
        {"d": True, "d.seed-0": True, "d.seed-0.seed-1": False},
    ],
)
def test_two_data_sets_never_share_a_file(datasets):
    with pytest.raises(InputError, match=r"would also be that of .*; rename one of them"):
        Plan(configs.parse(raw(datasets)))


def test_data_sets_with_files_of_their_own_are_planned():
    made = Plan(configs.parse(raw({"d": True, "d.seed-2": False, "e": False})))
    assert set(made.data_files) == {"d.seed-0", "d.seed-1", "d.seed-2", "e"}


def explicit(densities, hidden=20):
    row = {"name": "a", "densities": densities, "budget": 3000, "hidden": hidden}
    return {"kind": "explicit", "patterns": [row]}


def test_two_designs_of_a_kind_do_not_name_two_patterns_alike():
    two = [explicit([1, 1, 1, 1, 1, 1]), explicit([1, 0.5, 1, 1, 1, 1])]
    with pytest.raises(InputError, match=r"designs\[1\]: names a pattern 'a' at budget 3000"):
        Plan(configs.parse(raw({"d": False}, two)))
    same = Plan(configs.parse(raw({"d": False}, [two[0], two[0]])))
    assert len(same.members) == 2, "a pattern that two designs yield is one"


PLUGIN = """
from typing import Literal
from blockmaps.data import DataSpec, register

@register
class Own(DataSpec):
    kind: Literal["{kind}"] = "{kind}"
"""


def test_two_plugins_of_one_file_name_are_two_modules(tmp_path):
    """The code of the first was taken for that of the second, and the first never made anew."""
    codes = []
    for folder in ("one", "two"):
        path = tmp_path / folder / "task.py"
        path.parent.mkdir()
        path.write_text(PLUGIN.format(kind=f"own-{folder}"), encoding="utf-8")
    configs.load_plugins((str(tmp_path / "one/task.py"), str(tmp_path / "two/task.py")))
    for folder in ("one", "two"):
        spec = configs.KINDS.pop(f"own-{folder}")()
        codes.append(data_code(spec))
    assert codes[0] != codes[1]


def test_a_tilde_in_a_config_is_the_home(tmp_path, monkeypatch):
    """No shell reads a config: `~/task.py` was a file of a folder named ~."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "homely.py").write_text(PLUGIN.format(kind="own-home"), encoding="utf-8")
    configs.load_plugins(("~/homely.py",))
    assert configs.KINDS.pop("own-home")
    (tmp_path / "digits").mkdir()
    assert mnist.named_folder("~/digits")[0] == tmp_path / "digits"
