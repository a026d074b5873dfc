"""Figures: one module a figure, each with `draw(runs)`; what they share is in `style`."""
