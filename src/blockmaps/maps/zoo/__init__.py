"""The zoo: networks that torch has modules for, as iterative maps (2404.00880)."""
