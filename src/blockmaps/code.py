"""The digest of a step's own code: the import closure of its module, by syntax tree.

A comment, a docstring, white space or a timestamp does not change it; a changed line in any module
of the package that the step's module imports, at any depth, does.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

import grimp

from blockmaps.canonical import digest

PACKAGE = "blockmaps"
ROOT = Path(__file__).parent


def tree_digest(source: str) -> str:
    """Return the hash of a Python text's syntax tree without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, cache_dir=None)


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _module_digest(module: str) -> str:
    return tree_digest(_file(module).read_text())


@cache
def closure(module: str) -> frozenset[str]:
    """Return a module and all modules of the package that it imports, packages above included."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        todo += _graph().find_modules_directly_imported_by(name)
        if "." in name:
            todo.append(name.rpartition(".")[0])
    return frozenset(found)


@cache
def code_digest(*modules: str) -> str:
    """Return the digest of the closure of modules of the package ("training", "figures.curves")."""
    names = frozenset().union(*(closure(f"{PACKAGE}.{module}") for module in modules))
    return digest({name: _module_digest(name) for name in names})
