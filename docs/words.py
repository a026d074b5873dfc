"""Reads the docstrings' parameters: `name : words`, with types in the signature alone."""

import re
from typing import Any

import griffe

_PARAMETER = re.compile(r"^(\*{0,2}\w[\w, *]*) : (.+)$", re.MULTILINE)


class Words(griffe.Extension):
    """Gives the words their place: numpy's form has a type there, and words below it."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite a docstring before it is parsed."""
        if obj.docstring and not obj.is_alias:
            obj.docstring.value = _PARAMETER.sub(r"\1\n    \2", obj.docstring.value)
