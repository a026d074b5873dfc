"""The ways to train that are compared: one file each, with `prepare`, which returns one step."""
