"""The page's own files: templates, style and script, and their digest."""

import hashlib
from pathlib import Path

from blockmaps.core.files import visible

FOLDER = Path(__file__).parent / "templates"


def read(name: str) -> str:
    """Return a file of the page."""
    return (FOLDER / name).read_text(encoding="utf-8")


def assets_digest() -> str:
    """Return the hash of all of the page's files, which the digest of its code leaves out."""
    found = hashlib.sha256()
    for path in visible(FOLDER):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
