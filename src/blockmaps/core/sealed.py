"""Arrays and a line of JSON in one file whose damage is noticed: safetensors, with checksums.

The library reads such a file as any other. Its metadata hold a CRC-32 of every mebibyte of every
array, and a SHA-256 of the header, these checksums included: the seal, by which one file is told
from another. A reader checks what it reads, and no more.
"""

import hashlib
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from blockmaps.core.canonical import canonical_json
from blockmaps.core.errors import DamagedError, InputError
from blockmaps.core.files import whole

NAMES = {"bool": "BOOL", "float16": "F16", "float32": "F32", "float64": "F64"}
NAMES |= {
    f"{sign}int{bits}": f"{sign[:1].upper() or 'I'}{bits}"
    for sign in ("u", "")
    for bits in (8, 16, 32, 64)
}
BLOCK = 1 << 20  # bytes of an array under one checksum
HEX = 8  # digits of a CRC-32
LONGEST = 100_000_000  # bytes of a header, as the library takes them
START = b'{"__metadata__":{"sha256":"'
UNSEALED = b"0" * 64


class Pieced(NamedTuple):
    """An array to be written, in pieces along its first axis.

    Attributes
    ----------
    shape, dtype : of the whole.
    pieces : in order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    pieces: Iterable[np.ndarray]

    @property
    def bytes(self) -> int:
        """Its size."""
        return math.prod(self.shape) * self.dtype.itemsize


class _BlockSums:
    """Checksums of the blocks of bytes that come in pieces of any length."""

    def __init__(self) -> None:
        self.text, self._sum, self._filled = "", 0, 0

    def add(self, piece: memoryview) -> None:
        while len(piece):
            part, piece = piece[: BLOCK - self._filled], piece[BLOCK - self._filled :]
            self._sum, self._filled = zlib.crc32(part, self._sum), self._filled + len(part)
            if self._filled == BLOCK:
                self.end()

    def end(self) -> None:
        if self._filled:
            self.text += f"{self._sum:0{HEX}x}"
            self._sum, self._filled = 0, 0


def _header(arrays: dict[str, Pieced], facts: str, sums: dict[str, str]) -> bytes:
    """Return the file's first bytes: their length, and the sealed header."""
    known = {"sha256": UNSEALED.decode(), "crc32": canonical_json(sums), "blockmaps": facts}
    header: dict[str, Any] = {"__metadata__": known}
    end = 0
    for name, array in arrays.items():
        begin, end = end, end + array.bytes
        header[name] = {
            "dtype": NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays start at a multiple of eight bytes
    text = text.replace(UNSEALED, hashlib.sha256(text).hexdigest().encode(), 1)
    return len(text).to_bytes(8, "little") + text


def write(path: Path, arrays: dict[str, Pieced], facts: Any) -> None:
    """Write arrays and what is to be said of them, whole or not at all.

    The library takes arrays that are whole in memory; here pieces go to the file as they come. The
    format is a length, a JSON header padded to eight bytes, and the arrays' bytes.

    Raises
    ------
    ValueError
        If the pieces of an array do not add up to it.
    """
    # the widest numbers first, so that every array starts at a multiple of its own numbers' size
    arrays = dict(sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])))
    said = canonical_json(facts)
    sums = {name: "0" * HEX * -(-array.bytes // BLOCK) for name, array in arrays.items()}
    with whole(path) as partial, partial.open("wb") as file:
        file.write(_header(arrays, said, sums))
        for name, array in arrays.items():
            before, own = file.tell(), _BlockSums()
            for piece in array.pieces:
                content = np.ascontiguousarray(piece).reshape(-1).view(np.uint8).data
                own.add(content)
                file.write(content)
            own.end()
            if file.tell() - before != array.bytes:
                raise ValueError(f"the pieces of {name} do not add up to the shape that was given")
            sums[name] = own.text
        file.seek(0)
        file.write(_header(arrays, said, sums))


class Sealed:
    """An open file, its header checked; what is read of its arrays is checked as it is read.

    Attributes
    ----------
    facts : what was said of the arrays.
    seal : the header's SHA-256.
    """

    def __init__(self, path: Path, header: bytes, file: Any) -> None:
        self.path, self._file = path, file
        found = json.loads(header)
        own = found.pop("__metadata__")
        self.seal, self.facts = own["sha256"], json.loads(own["blockmaps"])
        self._sums, self._places = json.loads(own["crc32"]), found
        self._begin = 8 + len(header)

    @property
    def names(self) -> list[str]:
        """The arrays' names."""
        return list(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array."""
        return tuple(self._places[name]["shape"])

    def read(self, name: str, rows: slice | None = None) -> Any:
        """Return an array, or some rows of it.

        Parameters
        ----------
        name : of the array.
        rows : its first axis, from where to where.

        Raises
        ------
        DamagedError
            If a block that this reads is not what was written.
        """
        begin, end = self._places[name]["data_offsets"]
        number = max(self.shape(name)[:1] or (1,))
        first, stop, _ = slice(None).indices(number) if rows is None else rows.indices(number)
        row = (end - begin) // max(number, 1)
        self._check(name, begin, end, first * row, max(stop, first) * row)
        return self._file.get_tensor(name) if rows is None else self._file.get_slice(name)[rows]

    def _check(self, name: str, begin: int, end: int, first: int, stop: int) -> None:
        """Check the blocks of an array at [begin, end) that hold its bytes [first, stop)."""
        with self.path.open("rb") as file:
            for number in range(first // BLOCK, -(-stop // BLOCK)):
                place = begin + number * BLOCK
                file.seek(self._begin + place)
                content = file.read(min(BLOCK, end - place))
                known = self._sums[name][number * HEX : (number + 1) * HEX]
                if f"{zlib.crc32(content):0{HEX}x}" != known:
                    place += self._begin
                    raise DamagedError(
                        f"{self.path}: damaged: {name}, from byte {place:,} to "
                        f"{place + len(content):,}; remove it and make it again"
                    )


@contextmanager
def opened(path: Path, what: str, made_by: str, framework: str = "numpy") -> Iterator[Sealed]:
    """Open a file that `write` has written; what fails within is the file's fault too.

    Parameters
    ----------
    path : the file.
    what : it should be: "data set".
    made_by : the command that makes it.
    framework : "numpy" or "pt": what arrays come as.

    Raises
    ------
    InputError
        If it is not there.
    DamagedError
        If it is damaged, or something else, or made by a version without checksums.
    """
    if not path.is_file():
        there = f"is no file, so no {what}" if path.exists() else f"no such {what}"
        raise InputError(f"{path}: {there}; make it with `{made_by}`")
    try:
        header = _checked(path)
        with safe_open(path, framework=framework) as file:
            yield Sealed(path, header, file)
    except (
        SafetensorError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as fault:
        raise DamagedError(
            f"{path}: damaged, no {what}, or an older version's "
            f"({fault or type(fault).__name__}); remove it and make it again with `{made_by}`"
        ) from fault
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror or fault}") from fault


def _checked(path: Path) -> bytes:
    """Return a file's header, if its checksum and the file's length are right."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST:
            raise ValueError("it does not start with a header")
        header = file.read(length)
    seal = header[len(START) : len(START) + len(UNSEALED)]
    if not header.startswith(START):
        raise ValueError("its header has no checksum")
    if hashlib.sha256(header.replace(seal, UNSEALED, 1)).hexdigest().encode() != seal:
        raise ValueError("its header is not what its checksum says")
    ends = [
        place["data_offsets"][1] for name, place in json.loads(header).items() if name[0] != "_"
    ]
    if path.stat().st_size != 8 + length + max(ends, default=0):
        raise ValueError("it is cut off, or something follows it")
    return header
