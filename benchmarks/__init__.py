"""How fast training is, beside its peers and beside what the machine can do.

    python -m benchmarks.train      a training step a variant, in six ways
    python -m benchmarks.sparse     where sparse products break even with dense ones
    python -m benchmarks.overhead   what Lightning and the loop add to training
    python -m benchmarks.data       making RAD, and whether training waits for data

Each prints one table; with `--json FILE` it writes the same as a list of records. They run on one
thread unless told. Nothing of the package imports this folder.
"""
