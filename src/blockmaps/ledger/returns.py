"""Claim A3: mean returns of policies on Adroit Hammer, dense less uniform."""

from collections.abc import Iterator

from blockmaps.ledger.findings import Finding
from blockmaps.ledger.folders import Folder


def on_hammer(folder: Folder) -> Iterator[Finding]:
    """Find A3."""
    return iter(())
