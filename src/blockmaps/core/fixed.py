"""The numbers that tests of claims fix, read from `config/claims.yaml`: no other file has them.

What a table says beside a verdict is so made with what the verdict is made with. They are of the
test in force, the latest version. Some stand in a test's words, which are never edited: these are
read out of the words.

A step's code digest does not see a value that comes from a file: `step_digest` does.
"""

import re
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from blockmaps.core.canonical import digest
from blockmaps.core.code import PACKAGE, ROOT, closure, code_digest, names_from
from blockmaps.core.errors import InputError

_INSTALLED = ROOT / "claims.yaml"  # a wheel has the file there (pyproject.toml)
FILE = _INSTALLED if _INSTALLED.is_file() else ROOT.parents[1] / "config/claims.yaml"


def _load(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as quick, where there is one
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from fault
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as fault:
        raise InputError(f"{path}: is not YAML: {fault}") from None


def _said(text: str, pattern: str) -> tuple[str, ...]:
    """Return the groups of a pattern in a test's words."""
    found = re.search(pattern, text)
    if found is None:
        raise InputError(f"{FILE}: no number as in {pattern!r} in: {text}")
    return found.groups()


_ALL = _load(FILE)
_RULES = _ALL["rules"]
_TESTS = {name: claim["versions"][-1] for name, claim in _ALL["claims"].items()}

LEVEL: float = _RULES["level"]
# From this many patterns on they are resampled.
BOOTSTRAP_FROM: int = _RULES["bootstrap_from_patterns"]
# An arm learnt if it is this share of the way from chance to 1 above chance.
NOT_LEARNT: float = _RULES["did_not_learn"]["margin"]
# The density of yh from which on a balanced pattern's output rows are full.
FULL_FROM = float(Fraction(_said(_ALL["terms"]["balanced-full"], r"at least (\d+/\d+)")[0]))

# A2: half of the patterns are below the first; proportions below the second are not on the plateau.
STEEP = float(_said(_TESTS["A2"]["test"], r"half of them below (\.\d+)")[0])
CLIFF = float(_said(" ".join(_TESTS["A2"]["secondary"]), r"R2 above (\.\d+)")[0])
SPLINE_DEGREES = int(_said(_TESTS["A2"]["test"], r"(\d+) degrees of freedom")[0])
# A3: the smallest difference of interest, of the expert's mean return; and unknowns.
SESOI: float = _TESTS["A3"]["sesoi"]
HAMMER_BUDGETS = tuple(
    1000 * int(thousands) for thousands in _said(_TESTS["A3"]["test"], r"(\d+) K and (\d+) K")
)
# A4: random patterns of a search.
SEARCHED = int(_said(_TESTS["A4"]["statistics"][0], r"expected best of (\d+) random")[0])
# E1b: by which share parameter counts may differ.
ALLOWED = int(_said(_TESTS["E1b"]["test"], r"within (\d+) % of each other")[0]) / 100
# B1: the largest deviations.
TOLERANCES: dict[str, float] = {
    name.removesuffix(" deviation"): value
    for name, value in _TESTS["B1"]["supported"]["value"].items()
}
# B3: two one-sided tests at 5 % are a 90 % interval.
EQUIVALENCE_LEVEL: float = _TESTS["B3"]["supported"]["level"]
# B4: tokens of a sequence, and the level of the test for a run at chance.
TOKENS = int(_said(_TESTS["B4"]["outcome"], r"T = (\d+)")[0])
CHANCE_LEVEL = int(_said(_TESTS["B4"]["test"], r"binomial test at (\d+) %")[0]) / 100


def read_by(modules: Collection[str]) -> dict[str, Any]:
    """Return the numbers that modules read, by name; not those that they reach by other modules.

    Parameters
    ----------
    modules : whole names, such as "blockmaps.analysis.power".
    """
    names = sorted({name for module in modules for name in names_from(module, __name__)})
    found = {name: globals()[name] for name in names}
    return {name: value for name, value in found.items() if not callable(value)}


def step_digest(*modules: str) -> str:
    """Return the digest of a step's code, and of the fixed numbers that it reads at any depth.

    So a changed number makes again what it is in, and nothing else.

    Parameters
    ----------
    modules : names within the package, as for `code_digest`.
    """
    code = code_digest(*modules)
    numbers = read_by({one for name in modules for one in closure(f"{PACKAGE}.{name}")})
    return digest([code, numbers]) if numbers else code
