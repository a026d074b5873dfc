"""What `import blockmaps` shows, and that it costs nothing until it is used."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import blockmaps

NAMES = {"SparseRNN", "bank", "folder", "map", "patterns", "proportion", "recommend", "zoo"}


def test_names_are_listed_and_explained_and_torch_waits():
    code = """
import sys, blockmaps
heavy = {"torch", "lightning", "pandas", "matplotlib"}
assert not heavy & set(sys.modules), sorted(heavy & set(sys.modules))
public = [name for name in dir(blockmaps) if not name.startswith("_")]
blockmaps.patterns, blockmaps.proportion, blockmaps.recommend(100, 4, 2_000)
assert "torch" not in sys.modules
for name in public:
    print(name, len((getattr(blockmaps, name).__doc__ or "").strip()))
assert "torch" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = dict(line.split() for line in done.stdout.splitlines())
    assert set(found) == NAMES == set(blockmaps.__all__)
    assert all(int(length) > 30 for length in found.values()), found


def test_type_checkers_see_the_same():
    tree = ast.parse(Path(blockmaps.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    seen = {}
    for node in block.body:
        for one in node.names:
            module = import_module(node.module)
            if hasattr(module, one.name):
                seen[one.asname] = getattr(module, one.name)
            else:
                seen[one.asname] = import_module(f"{node.module}.{one.name}")
    assert set(seen) == NAMES
    for name, thing in seen.items():
        assert getattr(blockmaps, name) is thing


def test_what_is_not_there_is_no_attribute():
    assert not hasattr(blockmaps, "nothing")
    scope = {}
    exec("from blockmaps import *", scope)
    assert set(scope) >= NAMES
