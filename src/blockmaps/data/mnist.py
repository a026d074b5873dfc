"""MNIST: four IDX files, from a folder or downloaded, checked by the sha256 of their raw content.

Looked for, in this order: the folder that the config names; `$BLOCKMAPS_DATA/mnist` or
`$BLOCKMAPS_DATA` itself; the user's cache, into which what is not there is downloaded from the
first mirror that answers with the right content. A file may be compressed (.gz) or not; what counts
is what is in it.
"""

import errno
import gzip
import hashlib
import math
import os
import shutil
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch
import requests
import torch
from torch.nn.functional import interpolate

from blockmaps.core.errors import InputError

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
RETRIES = 2  # of each mirror
TIMEOUT = 20  # seconds without an answer
HEADER = {3: 16, 1: 8}  # bytes before the values, by the number of axes


class File(NamedTuple):
    """A file's shape and the sha256 of its raw content."""

    shape: tuple[int, ...]
    sha256: str


FILES = {
    "train-images-idx3-ubyte": File(
        (60000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": File(
        (60000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": File(
        (10000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": File(
        (10000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}


class Resized:
    """Images that are resized when they are asked for: whole, they would fill the memory.

    Parameters
    ----------
    levels : (images, side, side), 0 to 255.
    side : an image becomes side × side, bilinearly, antialiased when it shrinks.
    """

    def __init__(self, levels: np.ndarray, side: int) -> None:
        self.levels = levels
        self.shape = (len(levels), side, side)

    def __getitem__(self, positions: np.ndarray) -> np.ndarray:
        """Return (positions, side, side) pixels in [0, 1], float64."""
        pixels = torch.from_numpy(self.levels[positions] / 255)[:, None]
        resized = interpolate(
            pixels, size=self.shape[1:], mode="bilinear", align_corners=False, antialias=True
        )
        return resized[:, 0].numpy()


def read_raw(path: Path, where: str = "") -> bytes:
    """Return a file's raw content, uncompressed.

    Parameters
    ----------
    path : the file.
    where : what errors call it; its path, unless it is only passing through.

    Raises
    ------
    InputError
        If it cannot be read or is cut off.
    """
    where = where or str(path)
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise InputError(f"{where}: is corrupt or cut off ({fault}); get it again") from None
    except OSError as fault:
        raise InputError(f"{where}: cannot be read: {fault.strerror}") from fault


def values(name: str, raw: bytes, where: str) -> np.ndarray:
    """Return the values of a file of MNIST.

    Raises
    ------
    InputError
        If the content is not MNIST's, naming `where` it is from.
    """
    shape, wanted = FILES[name]
    size = HEADER[len(shape)] + math.prod(shape)
    if len(raw) != size:
        raise InputError(
            f"{where}: holds {len(raw):,} bytes where {name} has {size:,}; get it again"
        )
    if hashlib.sha256(raw).hexdigest() != wanted:
        raise InputError(f"{where}: is not MNIST's {name} (its sha256 differs); get it again")
    return np.frombuffer(raw, np.uint8, offset=HEADER[len(shape)]).reshape(shape)


def in_folder(folder: Path, name: str) -> Path | None:
    """Return the path of a file in a folder, compressed or not, None if it is not there."""
    return next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)


def download(name: str, cache: Path, mirrors: Sequence[str] = MIRRORS) -> Path:
    """Fetch a file from the first mirror that has it whole, into the cache, whole or not at all.

    Raises
    ------
    InputError
        If no mirror answers with the right content, or there is no space.
    """
    faults = []
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".download-") as folder:
            for mirror in mirrors:
                try:
                    fetcher = pooch.create(
                        path=folder,
                        base_url=mirror,
                        registry={f"{name}.gz": None},
                        retry_if_failed=RETRIES,
                    )
                    downloader = pooch.HTTPDownloader(timeout=TIMEOUT)
                    got = Path(fetcher.fetch(f"{name}.gz", downloader=downloader))
                    values(name, read_raw(got, mirror), mirror)
                    return Path(shutil.move(got, cache / got.name))
                except (requests.RequestException, ValueError, InputError) as fault:
                    faults.append(_short(fault, mirror))
                    Path(folder, f"{name}.gz").unlink(missing_ok=True)
    except OSError as fault:
        room = "make room, or " if fault.errno == errno.ENOSPC else ""
        raise InputError(
            f"{cache}: {name} cannot be written: {fault.strerror}; {room}name a folder that has "
            "MNIST by `folder:` in the config or BLOCKMAPS_DATA"
        ) from fault
    raise InputError(
        f"MNIST's {name} could not be downloaded ({'; '.join(faults)}): put the four files into a "
        "folder and name it by `folder:` in the config, or as $BLOCKMAPS_DATA/mnist"
    )


def _short(fault: Exception, mirror: str) -> str:
    """Say in a few words what a download failed of."""
    if isinstance(fault, InputError):
        return str(fault)
    if isinstance(fault, requests.Timeout):
        return f"{mirror}: no answer within {TIMEOUT} s"
    if isinstance(fault, requests.ConnectionError):
        return f"{mirror}: no connection"
    return f"{mirror}: {str(fault).splitlines()[0][:120]}"


def named_folder(folder: str | None) -> tuple[Path, str] | None:
    """Return the folder that the config or BLOCKMAPS_DATA names, and which of them; None if none.

    Raises
    ------
    InputError
        If BLOCKMAPS_DATA names no folder.
    """
    if folder:
        return Path(folder).expanduser(), "`folder:`"
    data = os.environ.get("BLOCKMAPS_DATA")
    if not data:
        return None
    if not Path(data).is_dir():
        raise InputError(f"BLOCKMAPS_DATA: found {data!r}; takes a folder that exists")
    for place in (Path(data, "mnist"), Path(data)):
        if place.is_dir() and any(in_folder(place, name) for name in FILES):
            return place, "BLOCKMAPS_DATA"
    return None  # it has other data


def read(name: str, folder: str | None = None) -> np.ndarray:
    """Return the values of a file of MNIST, downloaded if it is nowhere or broken in the cache.

    Parameters
    ----------
    name : one of `FILES`.
    folder : where the config says that it is.

    Raises
    ------
    InputError
        If a folder is named and lacks the file, or the file is not MNIST's, or it cannot be
        downloaded.
    """
    if named := named_folder(folder):
        place, by = named
        path = in_folder(place, name)
        if path is None:
            raise InputError(f"{place}: has no {name}.gz, though {by} names it as MNIST's folder")
        return values(name, read_raw(path), str(path))
    cache = Path(pooch.os_cache("blockmaps")) / "mnist"
    if path := in_folder(cache, name):
        try:
            return values(name, read_raw(path), str(path))
        except InputError:
            path.unlink(missing_ok=True)  # what is in the cache can be had again
    path = download(name, cache)
    return values(name, read_raw(path), str(path))


def load(side: int, folder: str | None = None) -> tuple[Resized, np.ndarray]:
    """Return MNIST's 60,000 training images, then its 10,000 test images, and their classes.

    Parameters
    ----------
    side : images become side × side.
    folder : where the four files are, if the config says so.

    Raises
    ------
    InputError
        If a file is missing, corrupt or not MNIST's.
    """
    train, train_classes, test, test_classes = (read(name, folder) for name in FILES)
    classes = np.concatenate([train_classes, test_classes]).astype(np.int64)
    return Resized(np.concatenate([train, test]), side), classes
