"""Files appear whole or not at all, are listed without what is being written, and have checksums.

What is being written lies beside its place, under a hidden name that says which process writes it.
A process that was killed leaves it there: nothing lists it, and `sweep` removes it.
"""

import hashlib
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# .NAME.MACHINE-PROCESS.SUFFIX, the machine as six hexadecimal digits
_PARTIAL = re.compile(r"\..+\.(?P<machine>[0-9a-f]{6})-(?P<process>\d+)(\.[^.]+)?")
FORGOTTEN = 86_400  # seconds after which what another machine left is nobody's


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a hidden path beside `path` to write a file or folder to; what is left there is removed.

    Folders above are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{_machine()}-{os.getpid()}{path.suffix}")
    try:
        yield partial
    finally:
        _remove(partial)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path to write to beside `path`, which it becomes if nothing is raised.

    Folders above are made.
    """
    with beside(path) as partial:
        yield partial
        os.replace(partial, path)


def visible(folder: Path, pattern: str = "**/*") -> list[Path]:
    """Return the files below a folder that match, in order, without hidden ones.

    Every list of results is made by this: `Path.glob` finds what is being written too.
    """
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def sweep(folder: Path, pattern: str = "**/.*") -> list[Path]:
    """Remove what killed processes were writing below a folder; return what was removed.

    Parameters
    ----------
    pattern : where to look within it.

    Whether a process of another machine runs is not known here: what it writes is left alone for a
    day after the last change.
    """
    # found first: what is below a folder goes with it
    found = [path for path in folder.glob(pattern) if _is_left(path)]
    for path in found:
        _remove(path)
    return found


def _is_left(path: Path) -> bool:
    named = _PARTIAL.fullmatch(path.name)
    if named is None:
        return False
    if named["machine"] == _machine():
        return not _runs(int(named["process"]))
    try:
        return time.time() - path.lstat().st_mtime > FORGOTTEN
    except FileNotFoundError:  # it has become whole meanwhile
        return False


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # somebody else's; no number of a process
        pass
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its path within it."""
    return {path.relative_to(folder).as_posix(): checksum(path) for path in visible(folder)}
