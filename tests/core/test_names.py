"""A name means one thing: no class and no type is called as another is."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
TYPE = re.compile(r"_?[A-Z][a-z]+([A-Z][a-z]+)*")


def types_of(path: Path) -> set[str]:
    """Names of a module's classes, and of what it gives a type's name: Row = dict[str, Any]."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {name.id for name in node.targets if isinstance(name, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {name for name in found if TYPE.fullmatch(name)}


def test_no_two_types_have_one_name():
    where = defaultdict(list)
    for folder in ("src", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in types_of(path):
                where[name.lstrip("_")].append(str(path.relative_to(ROOT)))
    assert len(where) > 100
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_a_block_is_a_rectangle_of_w_and_nothing_else():
    """Pieces of an array and bundles of minibatches have words of their own."""
    for room in ("data", "training"):
        for path in (ROOT / "src/blockmaps" / room).rglob("*.py"):
            words = re.findall(r"\w*blocks?\w*", path.read_text(encoding="utf-8"), re.IGNORECASE)
            assert set(words) <= {"blockmaps", "BLOCKMAPS_DATA"}, path
