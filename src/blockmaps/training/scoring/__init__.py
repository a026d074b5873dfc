"""Trained policies in their environments: one step at a time, and scored by whole episodes."""
