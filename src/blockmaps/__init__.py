"""Neural networks as iterative block maps, and what their sparsity pattern explains."""

__version__ = "0.1.0"
