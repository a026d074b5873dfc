"""The exceptions that mean: the input, not the program, is at fault."""


class InputError(Exception):
    """Bad input. Its text is one line for a person: what, where, and what to do.

    The command line prints it without a traceback and exits with code 2.
    """


class DamagedError(InputError):
    """A file is there and is not what was written; what made it can make it again."""
