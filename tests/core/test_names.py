"""A name means one thing: no class and no type is called as another is."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
TYPE = re.compile(r"_?[A-Z][a-z]+([A-Z][a-z]+)*")


def types_of(path: Path) -> dict[str, str]:
    """A module's classes, and what it gives a type's name, such as Row = dict[str, Any].

    By name: what it means. A class means itself, a name given twice to one type the same.
    """
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = f"class of {path}"
        elif isinstance(node, ast.Assign):
            found |= {one.id: ast.dump(node.value) for one in node.targets if hasattr(one, "id")}
    return {name: meaning for name, meaning in found.items() if TYPE.fullmatch(name)}


def test_no_two_types_have_one_name():
    meanings = defaultdict(set)
    for folder in ("src", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name, meaning in types_of(path).items():
                meanings[name.lstrip("_")].add(meaning)
    assert len(meanings) > 100
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_a_block_is_a_rectangle_of_w_and_nothing_else():
    """Pieces of an array and bundles of minibatches have words of their own."""
    for room in ("data", "training"):
        for path in (ROOT / "src/blockmaps" / room).rglob("*.py"):
            words = re.findall(r"\w*blocks?\w*", path.read_text(encoding="utf-8"), re.IGNORECASE)
            assert set(words) <= {"blockmaps", "BLOCKMAPS_DATA"}, path
