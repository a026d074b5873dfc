"""A results folder: its tables, columns and types, and the manifests of its jobs."""
