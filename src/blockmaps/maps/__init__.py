"""Iterative maps: the reference, the bank that trains many at once, and torch's own modules."""
