"""A config as it is written: what YAML allows and a config does not, before it is typed.

A key that is there twice, an alias that stands for gigabytes, a number of 400 digits and a mapping
a thousand levels deep are each one line here, and would else be a wrong run, or none for hours.
"""

import math
from typing import Any

import yaml

from blockmaps.core.errors import InputError

NODES = 1_000_000  # values, aliases counted as often as they stand
DEPTH = 40
LARGEST = 2**63 - 1  # what a table's column and a random stream hold
LONGEST_KEY = 100  # a name becomes a file's name, with more around it; file systems take 255
LONGEST_TEXT = 10_000


class _Loader(yaml.SafeLoader):
    """YAML's own, but keys differ, numbers are what they look like, and aliases are counted."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping whose keys differ."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "found a key that is no text", key.start_mark
                )
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"found the key {key.value!r} twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Construct a number; YAML 1.1 has 010 for 8, and 1:30 for 90."""
        found: int = super().construct_yaml_int(node)
        if node.value.replace("_", "").lstrip("+-") != str(abs(found)):
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"found {node.value}, which it takes for {found}; write {found}, or it in quotes",
                node.start_mark,
            )
        return found

    def get_single_node(self) -> yaml.Node | None:
        """Return the document's node, if it does not stand for too much."""
        node = super().get_single_node()
        sizes: dict[int, int | None] = {}

        def size(one: yaml.Node) -> int:
            if id(one) in sizes:
                known = sizes[id(one)]
                if known is None:
                    raise yaml.constructor.ConstructorError(
                        None, None, "found an alias within what it stands for", one.start_mark
                    )
                return known
            sizes[id(one)] = None
            inside: list[yaml.Node] = []
            if isinstance(one, yaml.MappingNode):
                inside = [part for pair in one.value for part in pair]
            elif isinstance(one, yaml.SequenceNode):
                inside = one.value
            total = 1 + sum(map(size, inside))
            if total > NODES:
                raise yaml.constructor.ConstructorError(
                    None, None, f"aliases stand for more than {NODES:,} values", one.start_mark
                )
            sizes[id(one)] = total
            return total

        if node is not None:
            size(node)
        return node


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def load(text: str, file: str) -> Any:
    """Return what a text of YAML or JSON holds.

    Raises
    ------
    InputError
        With the line, if it is no YAML, a key is there twice or aliases stand for too much.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as fault:
        where = getattr(fault, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        reason = " ".join(str(getattr(fault, "problem", None) or fault).split())
        raise InputError(f"{file}{line}: is not YAML: {reason}") from None
    except RecursionError:
        raise InputError(f"{file}: is nested too deep; takes {DEPTH} levels") from None
    except (ValueError, OverflowError) as fault:  # of a number's or a date's text
        raise InputError(f"{file}: is not YAML: {fault}") from None


def check(raw: Any, file: str) -> None:
    """Check that values are such as a config has, whatever its types are.

    Raises
    ------
    InputError
        With the key's path, of the first that is not.
    """
    todo: list[tuple[str, Any, int]] = [("", raw, 0)]
    while todo:
        path, value, depth = todo.pop()
        said = _fault(value, depth)
        if said:
            raise InputError(f"{file}: {path.lstrip('.') or 'the config'}: {said}")
        if isinstance(value, dict):
            for key, one in value.items():
                if isinstance(key, str) and (len(key) > LONGEST_KEY or not key.isprintable()):
                    where = path.lstrip(".") or "the config"
                    raise InputError(
                        f"{file}: {where}: found the key {key[:20]!r}…; takes at most "
                        f"{LONGEST_KEY} characters, all printable"
                    )
                todo.append((f"{path}.{key}", one, depth + 1))
        elif isinstance(value, list | tuple):
            todo += [(f"{path}[{place}]", one, depth + 1) for place, one in enumerate(value)]


def _fault(value: Any, depth: int) -> str:
    """Say what is wrong with one value; nothing if it is such as a config has."""
    if depth > DEPTH:
        return f"is nested too deep; takes {DEPTH} levels"
    if isinstance(value, bool | dict | list | tuple) or value is None:
        return ""
    if isinstance(value, int):
        if abs(value) > LARGEST:
            return f"found a number of about 10^{value.bit_length() * 3 // 10}; takes at most 2^63"
        return ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"found {value}; takes a finite number"
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            return f"found {len(value):,} characters; takes at most {LONGEST_TEXT:,}"
        if not value.replace("\n", "").replace("\t", "").isprintable():
            return f"found {value[:20]!r}; takes text without control characters"
        return ""
    return f"found {value} ({type(value).__name__}); write it in quotes if it is a name"


def booleans(raw: Any, typed: Any, file: str, path: str = "") -> None:
    """Check that no true or false was taken for a number.

    Parameters
    ----------
    raw : as it was written.
    typed : the same when it was typed, as JSON values.

    Raises
    ------
    InputError
        With the key's path.
    """
    if isinstance(raw, bool):
        if isinstance(typed, int | float) and not isinstance(typed, bool):
            raise InputError(
                f"{file}: {path.lstrip('.')}: found {str(raw).lower()}; takes a number"
            )
    elif isinstance(raw, dict) and isinstance(typed, dict):
        for key in raw.keys() & typed.keys():
            booleans(raw[key], typed[key], file, f"{path}.{key}")
    elif isinstance(raw, list | tuple) and isinstance(typed, list | tuple):
        for place, (one, other) in enumerate(zip(raw, typed, strict=False)):
            booleans(one, other, file, f"{path}[{place}]")
