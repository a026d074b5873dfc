"""The documents that people read, and the code blocks in them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("[!.]*/README.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
NOT_RUN = "<!-- not run: "
_FENCE = re.compile(
    r"(?P<why>" + NOT_RUN + r"[^\n]{10,} -->\n)?^```(?P<kind>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block: its document, its language, and its lines."""

    document: Path
    kind: str
    code: str
    run: bool

    @property
    def commands(self) -> list[str]:
        """Its commands, without what a comment says."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [line for one in lines if (line := re.sub(r"(^|\s+)#.*", "", one).strip())]


def blocks(document: Path) -> list[Block]:
    """Return the fenced blocks of a document."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(document, one["kind"], one["code"], one["why"] is None)
        for one in _FENCE.finditer(text)
    ]


def all_blocks(kind: str) -> list[Block]:
    """Return the blocks of one language in all documents that are to be run."""
    return [
        one for document in DOCUMENTS for one in blocks(document) if one.kind == kind and one.run
    ]


def commands(program: str) -> list[str]:
    """Return every command of a program that a document shows, each once, in their order."""
    lines = [line for block in all_blocks("sh") for line in block.commands]
    parts = [part.strip() for line in lines for part in re.split(r"&&|;", line)]
    return list(dict.fromkeys(part for part in parts if part.split()[0] == program))
