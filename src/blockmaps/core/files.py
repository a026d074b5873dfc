"""Files appear whole or not at all, are listed without what is being written, and have checksums.

What is being written lies beside its place, under a hidden name that says which process writes it.
A process that was killed leaves it there: nothing lists it, and `sweep` removes it.
"""

import errno
import hashlib
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blockmaps.core.errors import InputError

if TYPE_CHECKING:
    from filelock import FileLock

# .NAME.MACHINE-PROCESS.SUFFIX, the machine as six hexadecimal digits
_PARTIAL = re.compile(r"\..+\.(?P<machine>[0-9a-f]{6})-(?P<process>\d+)(\.[^.]+)?")
# what a full or read-only disk gives, whatever else a copy names; and what other places give
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, None}  # pyarrow may give none
UNWRITABLE = {
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY),
    *(errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
}
FORGOTTEN = 86_400  # seconds after which what another machine left is nobody's


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a hidden path beside `path` to write a file or folder to; what is left there is removed.

    Folders above are made.

    Raises
    ------
    InputError
        If it cannot be written there: the disk is full, the folder is read-only …
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{_machine()}-{os.getpid()}{path.suffix}")
        try:
            yield partial
        finally:
            _remove(partial)


@contextmanager
def whole(path: Path, lasting: bool = True) -> Iterator[Path]:
    """Give a path to write to beside `path`, which it becomes if nothing is raised.

    Folders above are made.

    Parameters
    ----------
    lasting : whether the file is to be there after a power cut, too. That takes some milliseconds;
        what is cheaply made again, and checked when it is read, can do without.

    Raises
    ------
    InputError
        As `beside`.
    """
    with beside(path) as partial:
        yield partial
        if lasting:
            _sync(partial)
        os.replace(partial, path)
        if lasting:
            _sync(path.parent)


def _sync(path: Path) -> None:
    """Have a file's content, or a folder's list of names, written to the disk itself."""
    try:
        opened = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder
        return
    try:
        os.fsync(opened)
    except OSError as fault:
        if fault.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that cannot
            raise
    finally:
        os.close(opened)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what keeps a file or folder from being written into one line.

    Raises
    ------
    InputError
        If a fault of the place where it is written was raised. What failed elsewhere, such as
        reading another file, is raised as it is.
    """
    try:
        yield
    except OSError as fault:
        own = [Path(name).absolute() for name in (fault.filename, fault.filename2) if name]
        place = path.absolute()
        here = all(one.parent == place.parent or one in (place, *place.parents) for one in own)
        if fault.errno not in FULL and not (here and fault.errno in UNWRITABLE):
            raise
        reason = fault.strerror or str(fault)
        raise InputError(f"{path}: cannot be written: {reason}") from fault


def lock(path: Path, wait: bool = False) -> "FileLock | None":
    """Take the system's lock of a file, which ends with the process that holds it, however it ends.

    Parameters
    ----------
    wait : whether to wait until another process, which has it, is done.

    Returns
    -------
    The lock, to be released; `is_locked` is false where the disk has no locks, as Lustre may. None
    if another process has it.

    Raises
    ------
    InputError
        If its file cannot be written.
    """
    from filelock import FileLock, Timeout

    # without the library's mark in its place, which a process that is killed leaves behind for good
    taken = FileLock(path, fallback_to_soft=False)
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            taken.acquire(timeout=-1 if wait else 0)
        except Timeout:
            return None
        except OSError as fault:
            if fault.filename:  # else there are no locks: ENOSYS, ENOLCK, 524 …, as the disk has it
                raise
    return taken


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
