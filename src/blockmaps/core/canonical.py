"""Canonical JSON and the digests made from it: anything that is hashed goes through here."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def plain(thing: Any) -> Any:
    """Turn models, and containers of them, into plain JSON values, leaving out what is None.

    Leaving None out lets a model gain an optional field without changing any existing digest.
    """
    if isinstance(thing, BaseModel):
        return thing.model_dump(mode="json", exclude_none=True)
    if isinstance(thing, dict):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain(value) for value in thing]
    return thing


def canonical_json(thing: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN.

    Raises
    ------
    ValueError
        If the value holds a number that JSON cannot write.
    """
    return json.dumps(plain(thing), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(thing: Any, length: int = 16) -> str:
    """Return the first hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(thing).encode()).hexdigest()[:length]
