"""Files that appear whole, and what is left where a process was killed while it wrote."""

import errno
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blockmaps.core import files
from blockmaps.core.errors import InputError

WRITER = """
import sys, time
from pathlib import Path
from blockmaps.core.files import whole
with whole(Path(sys.argv[1])) as partial:
    partial.write_text("half of it")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def killed(tmp_path):
    """Kill a process while it writes a file: killed(name) → what it has left."""

    def kill(name):
        path = tmp_path / name
        before = set(path.parent.glob(".*")) if path.parent.is_dir() else set()
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout.readline() == "writing\n"
        (left,) = set(path.parent.glob(".*")) - before
        assert files.sweep(path.parent, left.name) == [], "what is being written stays"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert left.read_text() == "half of it"
        return left

    return kill


def test_what_a_killed_process_left_is_listed_nowhere_and_swept(killed, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/curves.svg").write_text("whole")
    left = [killed("figures/curves.svg"), killed("figures/path.svg"), killed("runs.parquet")]
    assert left[0] in tmp_path.glob("figures/*.svg"), "Path.glob finds it"
    assert files.visible(tmp_path, "figures/*.svg") == [tmp_path / "figures/curves.svg"]
    assert list(files.checksums(tmp_path)) == ["figures/curves.svg"]
    assert sorted(files.sweep(tmp_path)) == sorted(left)
    assert not any(path.exists() for path in left)
    assert (tmp_path / "figures/curves.svg").read_text() == "whole"


def test_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep/table.csv"
    with files.whole(path) as partial:
        assert partial.suffix == ".csv"  # writers choose a format by it
        partial.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"

    def fail():
        with files.whole(path) as partial:
            partial.write_text("two")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "one"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_beside_is_removed_whatever_happens(tmp_path):
    with files.beside(tmp_path / "kept") as made:
        (made / "tables").mkdir(parents=True)
        (made / "tables/summary.csv").touch()
        assert files.visible(tmp_path) == []
        assert files.sweep(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_another_machines_is_left_alone_for_a_day_and_other_names_for_ever(tmp_path, monkeypatch):
    with files.beside(tmp_path / "kept.csv") as mine:
        mine.touch()
        monkeypatch.setattr(platform, "node", lambda: "another")
        assert files.sweep(tmp_path) == []
        yesterday = time.time() - files.FORGOTTEN - 1
        os.utime(mine, (yesterday, yesterday))
        assert files.sweep(tmp_path) == [mine]
    for name in (".gitkeep", ".kept.csv.1.csv", "kept.0a1b2c-1.csv", ".a.0a1b2c-x.csv"):
        path = tmp_path / name
        path.touch()
        os.utime(path, (yesterday, yesterday))
    assert files.sweep(tmp_path) == []


def test_a_file_is_on_the_disk_before_it_has_its_name_and_so_is_the_name(tmp_path, monkeypatch):
    """What os.replace alone does not promise after a power cut."""
    done = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda one: (done.append(os.readlink(f"/proc/self/fd/{one}")), sync(one))
    )
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    with files.whole(tmp_path / "a") as partial:
        partial.write_text("what", encoding="utf-8")
    assert done == [str(partial), "replace", str(tmp_path)]
    done.clear()
    with files.whole(tmp_path / "b", lasting=False) as partial:
        partial.write_text("what", encoding="utf-8")
    assert done == ["replace"]


def test_what_cannot_be_written_is_one_line_and_what_fails_elsewhere_stays_what_it_is(tmp_path):
    (tmp_path / "file").write_text("a", encoding="utf-8")
    path = tmp_path / "file/table.csv"
    with pytest.raises(InputError, match=r"table\.csv: cannot be written: "), files.whole(path):
        pass
    (tmp_path / "folder/full").mkdir(parents=True)
    with pytest.raises(InputError, match=r"folder: cannot be written: Is a directory"):  # noqa: SIM117
        with files.whole(tmp_path / "folder") as partial:
            partial.write_text("a", encoding="utf-8")
    for number, kind in (
        (errno.ENOSPC, InputError),
        (errno.EROFS, InputError),
        (errno.ENOENT, OSError),
    ):
        with pytest.raises(kind), files.whole(tmp_path / "a"):
            raise OSError(number, os.strerror(number), "/another/file")
    with pytest.raises(IsADirectoryError), files.whole(tmp_path / "a"):
        open("/proc", "w", encoding="utf-8")  # noqa: SIM115
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EINVAL, 524])
def test_a_disk_that_has_no_locks_is_none_whatever_it_says(number, tmp_path, monkeypatch):
    """524 is what NFS and FUSE were seen to give."""

    def none(*_):
        raise OSError(number, "no lock")

    monkeypatch.setattr("fcntl.flock", none)
    assert not files.lock(tmp_path / "logs/a.lock").is_locked


@pytest.mark.parametrize("there", ["folder", "link"])
def test_a_lock_whose_file_is_something_else_is_one_line(there, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("a.lock")
    path.mkdir() if there == "folder" else path.symlink_to("/nowhere/at/all")
    with pytest.raises(InputError, match=r"^a\.lock: cannot be written: "):
        files.lock(path)
