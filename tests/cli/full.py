"""Run command lines where nothing can be written; print each one's exit code and words.

Standard input is JSON, [[limit, [argument, …]], …]: every file may have `limit` bytes, as if the
disk were full then; any number if it is 0.
"""

import contextlib
import io
import json
import resource
import sys

# CPython 3.11 keeps a half-written __pycache__ file of a full disk, and fails on it ever after
sys.dont_write_bytecode = True

from blockmaps import cli  # noqa: E402


def run(limit: int, arguments: list[str]) -> dict[str, object]:
    errors, code = io.StringIO(), 0
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    sys.argv = ["blockmaps", *arguments]
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or hard, hard))
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            cli.main()
    except SystemExit as end:
        code = end.code
    except BaseException as fault:
        code = f"{type(fault).__name__}: {fault}"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    return {"code": code, "lines": errors.getvalue().splitlines()}


if __name__ == "__main__":
    for one in json.load(sys.stdin):
        print(json.dumps(run(*one)), flush=True)
