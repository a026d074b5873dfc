"""A file system that shows each machine late what others have changed, as NFS's caches do.

Run as a program it is one machine: `late.py --at FOLDER --of FOLDER --shared FOLDER --name NAME
--seconds S COMMAND…` mounts a view of a folder in a mount namespace of its own, by FUSE, and runs a
command there; other programs of this machine see nothing of it. Several share the folder `shared`,
where each notes what it changed. For S seconds another one sees

- a new file or folder not at all, neither by its name nor in a list;
- a removed one as it was, though it cannot be opened;
- a replaced or longer one with its old size and time; what is read after it is opened is new.

That is the worst of what NFS does with names and attributes that it holds in a cache, and its
"close-to-open" consistency. Its own changes a machine sees at once. Locks hold within a machine.
"""

import argparse
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from cluster import with_parent

FOLDERS = ("at", "of", "shared")
ATTRIBUTES = ("mode", "ino", "nlink", "uid", "gid", "size")
TIMES = ("atime", "mtime", "ctime")


def missing() -> str:
    """Return what keeps such a file system from being mounted here; nothing if it can be."""
    if not Path("/dev/fuse").exists():
        return "no /dev/fuse"
    with tempfile.TemporaryDirectory() as folder:
        words = [f"--{name}={folder}/{name}" for name in FOLDERS]
        for name in FOLDERS:
            Path(folder, name).mkdir()
        command = [sys.executable, __file__, *words, "--name=a", "--seconds=1", "true"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as fault:
            return str(fault)
    return "" if done.returncode == 0 else (done.stderr.strip() or "no mount").splitlines()[-1]


def described(path: str) -> dict[str, int] | None:
    """Return the attributes of a file, None where there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    known = {f"st_{name}": getattr(found, f"st_{name}") for name in ATTRIBUTES}
    return known | {f"st_{name}": getattr(found, f"st_{name}_ns") for name in TIMES}


class Notes:
    """What machines have changed, each in a file of its own.

    Parameters
    ----------
    shared : folder of the files.
    name : this machine's.
    seconds : after which others see a change.
    """

    def __init__(self, shared: Path, name: str, seconds: float) -> None:
        self.shared, self.seconds = shared, seconds
        self._own = (shared / name).open("a", encoding="utf-8", buffering=1)
        self._read: dict[Path, int] = {}
        self._before: dict[str, tuple[float, dict[str, int] | None]] = {}
        self._lock = threading.Lock()

    def write(self, path: str, before: dict[str, int] | None) -> None:
        """Note that this machine is about to change what is at a path."""
        with self._lock:
            self._before.pop(path, None)
            self._own.write(json.dumps([time.time() + self.seconds, path, before]) + "\n")

    def forget(self, path: str) -> None:
        """See a path as it is from now on: the server was asked."""
        with self._lock:
            self._refresh()
            self._before.pop(path, None)

    def before(self, path: str) -> tuple[dict[str, int] | None] | None:
        """Return what this machine takes to be at a path, in a tuple; None where that is true."""
        with self._lock:
            self._refresh()
            until, known = self._before.get(path, (0.0, None))
            return (known,) if time.time() < until else None

    def names(self, folder: str) -> dict[str, dict[str, int] | None]:
        """Return the names within a folder that are not seen as they are."""
        with self._lock:
            self._refresh()
            now = time.time()
            return {
                os.path.basename(path): known
                for path, (until, known) in self._before.items()
                if os.path.dirname(path) == folder and now < until
            }

    def _refresh(self) -> None:
        for entry in os.scandir(self.shared):
            path, done = Path(entry.path), self._read.get(Path(entry.path), 0)
            if entry.path == self._own.name or entry.stat().st_size == done:
                continue
            with path.open("rb") as file:
                file.seek(done)
                text = file.read()
            text = text[: text.rfind(b"\n") + 1]
            self._read[path] = done + len(text)
            now = time.time()
            for line in text.splitlines():
                until, changed, known = json.loads(line)
                earlier = self._before.get(changed, (0.0, None))
                if earlier[0] > now:  # what it was before both changes, until the first is seen
                    continue
                self._before[changed] = (until, known)


def operations(root: str, notes: Notes):
    """Return what FUSE calls, for a view of a folder."""
    import mfusepy

    def at(path: str) -> str:
        return root + path

    def changes(path: str) -> None:
        notes.write(path, described(at(path)))

    class View(mfusepy.Operations):
        use_ns = True

        def getattr(self, path, fh=None):
            if fh is None and (seen := notes.before(path)):
                if seen[0] is None:
                    raise mfusepy.FuseOSError(errno.ENOENT)
                return dict(seen[0])
            if (found := described(at(path))) is None:
                raise mfusepy.FuseOSError(errno.ENOENT)
            return found

        def readdir(self, path, fh):
            late = notes.names(path)
            names = {*os.listdir(at(path))} - {name for name, known in late.items() if not known}
            return [".", "..", *sorted(names | {name for name, known in late.items() if known})]

        def readlink(self, path):
            return os.readlink(at(path))

        def _changed(self, call, *paths):
            for path in paths:
                changes(path)
            try:
                return call(*map(at, paths))
            except OSError:
                for path in paths:  # a refusal tells how it is
                    notes.forget(path)
                raise

        def mkdir(self, path, mode):
            return self._changed(lambda one: os.mkdir(one, mode), path)

        def rmdir(self, path):
            return self._changed(os.rmdir, path)

        def unlink(self, path):
            return self._changed(os.unlink, path)

        def symlink(self, target, source):
            return self._changed(lambda one: os.symlink(source, one), target)

        def link(self, target, source):
            return self._changed(lambda one: os.link(at(source), one), target)

        def rename(self, old, new):
            return self._changed(os.replace, old, new)

        def chmod(self, path, mode):
            return self._changed(lambda one: os.chmod(one, mode), path)

        def chown(self, path, uid, gid):
            return self._changed(lambda one: os.lchown(one, uid, gid), path)

        def utimens(self, path, times=None):
            def set_times(one):
                now = time.time_ns()
                os.utime(one, ns=times or (now, now), follow_symlinks=False)

            return self._changed(set_times, path)

        def truncate(self, path, length, fh=None):
            return self._changed(lambda one: os.truncate(one, length), path)

        def create(self, path, mode, fi=None):
            flags = os.O_RDWR | os.O_CREAT
            return self._changed(lambda one: os.open(one, flags, mode), path)

        def open(self, path, flags):
            notes.forget(path)
            if flags & (os.O_WRONLY | os.O_RDWR):
                changes(path)
            return os.open(at(path), flags & ~(os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW))

        def read(self, path, size, offset, fh):
            return os.pread(fh, size, offset)

        def write(self, path, data, offset, fh):
            return os.pwrite(fh, data, offset)

        def flush(self, path, fh):
            return 0

        def fsync(self, path, datasync, fh):
            os.fsync(fh)
            return 0

        def release(self, path, fh):
            os.close(fh)
            return 0

        def statfs(self, path):
            found = os.statvfs(at(path))
            return {name: getattr(found, name) for name in dir(found) if name.startswith("f_")}

    return View()


def serve(of: Path, at: Path, notes: Notes) -> None:
    """Serve a view until it is taken away."""
    import mfusepy

    mfusepy.FUSE(
        operations(str(of), notes),
        str(at),
        foreground=True,
        nothreads=True,
        attr_timeout=0,
        entry_timeout=0,
        negative_timeout=0,
        ac_attr_timeout=0,
    )


def main() -> int:
    """Be one machine."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in FOLDERS:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    if not asked.inside:
        program = ["unshare", "--mount", "--propagation", "private", sys.executable]
        os.execvp(program[0], [*program, __file__, "--inside", *sys.argv[1:]])
    before = os.stat(asked.at).st_dev
    if (server := os.fork()) == 0:
        with_parent(signal.SIGKILL)
        serve(asked.of, asked.at, Notes(asked.shared, asked.name, asked.seconds))
        os._exit(0)
    until = time.monotonic() + 20
    while os.stat(asked.at).st_dev == before:
        if os.waitpid(server, os.WNOHANG)[0] or time.monotonic() > until:
            print(f"late.py: {asked.at}: could not be mounted", file=sys.stderr)
            return 3
        time.sleep(0.05)
    command = subprocess.Popen(
        asked.command, cwd=asked.at, preexec_fn=lambda: with_parent(signal.SIGTERM)
    )
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command's own
    code = command.wait()
    subprocess.run(["umount", "--lazy", asked.at], check=False)
    os.kill(server, signal.SIGTERM)
    os.waitpid(server, 0)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
