"""The digest of a step's own code: what its module imports, at any depth, by syntax tree.

A comment, a docstring, white space or a timestamp does not change it, and neither does moving a
file: no module's name is in it, and no line that imports from the package. In the place of such a
line stands what it imports: the names, and the syntax of the module that they are from. A changed
line in any module that is reached does change it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import grimp

from blockmaps.core.canonical import digest

PACKAGE = "blockmaps"
ROOT = Path(__file__).parents[1]
# the fields in which a statement holds others
HELD = ("body", "orelse", "finalbody", "handlers", "cases")


class _Bare:
    """Takes docstrings and imports from a package out of a tree.

    Statements alone are walked: neither stands within an expression, and most of a tree is those.

    Attributes
    ----------
    imported : (module, name, name here) of every such import.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        self.imported: list[tuple[str, str, str]] = []

    def strip(self, node: ast.AST) -> None:
        """Strip what a statement holds; what is left empty passes."""
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
        for name in HELD:
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                kept = [one for one in inner if not self._is_import(one)]
                for one in kept:
                    self.strip(one)
                if name == "body" and not kept and not isinstance(node, ast.Module):
                    kept = [ast.Pass()]
                setattr(node, name, kept)

    def _is_import(self, node: ast.AST) -> bool:
        """Note `from package.module import name`; return whether it is one."""
        if not isinstance(node, ast.ImportFrom):
            return False
        module = node.module or ""
        if module.partition(".")[0] != self.package:
            return False
        self.imported += [(module, one.name, one.asname or one.name) for one in node.names]
        return True


def _spelled(node: Any) -> str:
    """Return syntax as text that no version of Python writes otherwise.

    `ast.unparse` quotes f-strings anew from Python 3.12 on, and `ast.dump` shows fields that other
    versions do not have, or not when they are empty. 3.12.1 ends a nested format with empty text.
    """
    if isinstance(node, ast.JoinedStr):
        node = ast.JoinedStr([one for one in node.values if getattr(one, "value", None) != ""])
    if isinstance(node, list):
        return f"[{','.join(map(_spelled, node))}]"
    if not isinstance(node, ast.AST):
        return ascii(node)  # what repr leaves unescaped depends on the version's Unicode
    given = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return (
        f"{type(node).__name__}({','.join(f'{name}={_spelled(value)}' for name, value in given)})"
    )


def _bare(source: str, package: str = PACKAGE) -> tuple[str, list[tuple[str, str, str]]]:
    """Return the hash of a text's bare syntax, and what it imports from a package."""
    bare, tree = _Bare(package), ast.parse(source)
    bare.strip(tree)
    return hashlib.sha256(_spelled(tree).encode()).hexdigest(), bare.imported


def tree_digest(source: str) -> str:
    """Return the hash of a text's syntax without docstrings and without where names are from."""
    own, imported = _bare(source)
    return digest([own, sorted([name, here] for _, name, here in imported)])


class Code:
    """The modules of a package, and digests of what each needs.

    Parameters
    ----------
    package : its name; it can be imported.
    root : its folder.
    """

    def __init__(self, package: str = PACKAGE, root: Path = ROOT) -> None:
        self.package, self.root = package, root
        self.graph = grimp.build_graph(package, cache_dir=None)
        self._read: dict[str, tuple[str, list[tuple[str, str, str]]]] = {}

    def _module(self, module: str) -> tuple[str, list[tuple[str, str, str]]]:
        if module not in self._read:
            path = self.root.joinpath(*module.split(".")[1:])
            path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            self._read[module] = _bare(path.read_text(encoding="utf-8"), self.package)
        return self._read[module]

    def names_from(self, module: str, source: str) -> frozenset[str]:
        """Return the names that a module imports from another one of the package."""
        return frozenset(name for whole, name, _ in self._module(module)[1] if whole == source)

    def closure(self, module: str) -> frozenset[str]:
        """Return a module and all that it imports, with the packages that they are in.

        The package's own `__init__` is left out: it shows names to people, and a step needs none.
        """
        found, todo = set(), [module]
        while todo:
            name = todo.pop()
            if name in found or name == self.package:
                continue
            found.add(name)
            todo += self.graph.find_modules_directly_imported_by(name)
            todo.append(name.rpartition(".")[0])
        return frozenset(found)

    def _digest(self, module: str) -> str:
        """Return the digest of one module: its syntax, and what each imported name is."""
        own, imported = self._module(module)
        names = []
        for source, name, here in imported:
            whole = f"{source}.{name}"
            if whole in self.graph.modules:
                names.append([self._module(whole)[0], here])
            else:
                names.append([self._module(source)[0], name, here])
        return digest([own, sorted(names)])

    def digest(self, *modules: str) -> str:
        """Return the digest of modules with their closures.

        Parameters
        ----------
        modules : names within the package, such as "training.shard".
        """
        names = frozenset().union(*(self.closure(f"{self.package}.{name}") for name in modules))
        # a module without code, such as a package's bare __init__, is nothing that a move may add
        empty = digest([_bare("")[0], []])
        return digest(sorted({self._digest(name) for name in names} - {empty}))


@cache
def _own() -> Code:
    return Code()


def closure(module: str) -> frozenset[str]:
    """Return a module of this package and all that it imports (see `Code.closure`)."""
    return _own().closure(module)


@cache
def names_from(module: str, source: str) -> frozenset[str]:
    """Return the names that a module of this package imports from another (whole names)."""
    return _own().names_from(module, source)


@cache
def code_digest(*modules: str) -> str:
    """Return the digest of modules of this package, as `code_digest("training.shard")`."""
    return _own().digest(*modules)
