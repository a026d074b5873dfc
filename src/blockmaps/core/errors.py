"""The one exception that means: the input, not the program, is at fault."""


class InputError(Exception):
    """Bad input. Its text is one line for a person: what, where, and what to do.

    The command line prints it without a traceback and exits with code 2.
    """
