"""Digests of code: comments do not count, what is imported does."""

import re
import sys

import pytest

from blockmaps.core.code import Code, closure, code_digest, tree_digest


def test_comments_docstrings_and_space_do_not_count():
    one = 'def f(x):\n    """Say so."""\n    return x + 1\n'
    two = "# why\ndef f(x):\n\n    # how\n    return (x   + 1)\n"
    assert tree_digest(one) == tree_digest(two)
    assert tree_digest(one) != tree_digest(one.replace("1", "2"))


def test_every_version_of_python_gives_the_same_digest():
    """Else what is trained under one is trained again under another; each that tests says so."""
    source = """
@wrap(*many, last=None)
class Made(Base, kind="it"):
    number: int = 1_0

    async def f(self, a, /, b=[], *c, d: str | None = None, **e) -> "Made":
        said = f"{a['key']!r:>{d}} {', '.join(c)}" 'and' f"{b:.3{'f' if e else 'g'}}"
        match a:
            case {"x": [1, *rest]} if (n := len(rest)) > 2:
                return lambda: (yield from b"" or "\U0001fae8")
        try:
            del a[1:, None]
        except* (OSError, ValueError):
            raise
        return said
"""
    assert tree_digest(source) == "11628b0347a99e4d"


def test_the_closure_of_training_holds_what_decides_a_run_and_no_more():
    modules = closure("blockmaps.training.shard")
    assert {
        "blockmaps.maps.bank",
        "blockmaps.designs.patterns",
        "blockmaps.core.seeds",
        "blockmaps.training.module",
        "blockmaps.designs.variants",
    } <= modules
    rooms = {name.split(".")[1] for name in modules}
    assert rooms <= {"core", "designs", "data", "maps", "plan", "training"}
    assert not {"blockmaps.plan.config", "blockmaps.plan.plan", "blockmaps.designs.kinds"} & modules


def test_figures_do_not_share_digests():
    figures = [
        code_digest(f"report.figures.{name}") for name in ("proportion", "structures", "curves")
    ]
    assert len(set(figures)) == 3


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that writes a package of modules and gives the digest of its step."""
    monkeypatch.syspath_prepend(tmp_path)
    written = 0

    def write(files: dict[str, str], step: str = "step") -> str:
        nonlocal written
        written += 1
        name = f"packed{written}"
        for path in {"__init__.py", *files}:
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.parent.joinpath("__init__.py").touch()
            file.write_text(files.get(path, "").replace("PACKAGE", name))
        made = Code(name, tmp_path / name)
        for module in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[module]
        return made.digest(step)

    return write


EVERYWHERE = """
class A:
    'Say so.'
    from blockmaps.a import one
async def f(x):
    'Say so.'
    async with x:
        from blockmaps.b import two
    try:
        from blockmaps.c import three
    except OSError:
        from blockmaps.d import four
    else:
        from blockmaps.e import five
    finally:
        from blockmaps.f import six
    match x:
        case 1:
            from blockmaps.g import seven
    while x:
        from blockmaps.h import eight
    else:
        from blockmaps.i import nine
"""


def test_imports_and_docstrings_are_found_within_every_kind_of_statement():
    """Whatever holds statements is walked: a name moved within it counts, where it is from not."""
    names = re.findall(r"blockmaps\.(.) import (\w+)", EVERYWHERE)
    assert len(names) == 9
    own = tree_digest(EVERYWHERE)
    assert tree_digest(EVERYWHERE.replace("Say so.", "Said.")) == own
    for module, name in names:
        line = f"from blockmaps.{module} import {name}"
        assert tree_digest(EVERYWHERE.replace(line, f"from blockmaps.z.y import {name}")) == own
        assert tree_digest(EVERYWHERE.replace(line, f"{line}, more")) != own
        assert tree_digest(EVERYWHERE.replace(line, f"from other.{module} import {name}")) != own


STEP = """
from PACKAGE.number import ONE
from PACKAGE import tool

def f():
    return tool.g(ONE)
"""
TOOL = """
from math import floor

def g(x):
    from PACKAGE import deep
    return floor(x) + deep.D
"""
FILES = {
    "step.py": STEP,
    "number.py": "ONE = 1\nTWO = 2\n",
    "tool.py": TOOL,
    "deep.py": "D = 3\n",
    "other.py": "X = 1\n",
}


def changed(**texts: str) -> dict[str, str]:
    return FILES | {f"{name}.py": text for name, text in texts.items()}


def test_a_moved_module_leaves_the_digest_as_it_is(package):
    moved = dict(FILES)
    moved["rooms/low/number.py"] = moved.pop("number.py")
    moved["rooms/tool.py"] = moved.pop("tool.py")
    moved["step.py"] = (
        "from PACKAGE.rooms import tool\n"
        "from PACKAGE.rooms.low.number import ONE\n\ndef f():\n    return tool.g(ONE)\n"
    )
    before = package(FILES)
    assert package(moved) == before
    moved["rooms/step.py"] = moved.pop("step.py")
    assert package(moved, "rooms.step") == before
    assert package(changed(other="X = 2\n")) == before, "the step imports no other"


@pytest.mark.parametrize(
    "files",
    [
        changed(number="ONE = 2\nTWO = 2\n"),
        changed(deep="D = 4\n"),
        changed(tool=TOOL.replace("import floor", "import ceil as floor")),
        changed(step=STEP.replace("import ONE", "import TWO as ONE")),
        changed(step=STEP.replace("import tool", "import deep as tool")),
        changed(step=STEP.replace("tool.g(ONE)", "tool.g(ONE, 1)")),
    ],
)
def test_what_a_step_uses_changes_its_digest(package, files):
    assert package(files) != package(FILES)


def test_what_only_describes_a_run_is_no_part_of_training():
    """So that another word of a column, or another measure, trains nothing again."""
    reached = closure("blockmaps.training.shard")
    assert not {"blockmaps.results.measures", "blockmaps.results.runs"} & reached
    assert "blockmaps.training.probes" not in reached
