"""Neural networks as iterative block maps, and what their sparsity pattern explains."""
