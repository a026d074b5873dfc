"""What is fetched from the network: by https, and compared with a checksum that is known here."""

import re

import pytest

from blockmaps.core.errors import InputError
from blockmaps.data import mnist

# what asks the network; the hub that Minari's data sets are on has checksums of its own
ASKS = re.compile(
    r"^\s*(?:import|from)\s+(requests|pooch|urllib\.request|http\.client|socket|minari)\b", re.M
)


def test_one_module_downloads_and_minari_is_asked_by_one(root):
    own = {
        path.relative_to(root / "src/blockmaps").as_posix(): set(found)
        for path in (root / "src").rglob("*.py")
        if (found := ASKS.findall(path.read_text(encoding="utf-8")))
    }
    assert own == {
        "data/mnist.py": {"pooch", "requests"},
        "data/environments/demonstrations.py": {"minari"},
    }


def test_mirrors_are_https_and_every_file_has_its_checksum():
    assert all(mirror.startswith("https://") for mirror in mnist.MIRRORS)
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in mnist.FILES.values())


def test_content_of_the_right_shape_and_another_checksum_is_refused():
    name = "t10k-labels-idx1-ubyte"
    raw = bytes([0, 0, 8, 1, 0, 0, 0x27, 0x10]) + bytes(10000)
    with pytest.raises(InputError, match=r"sha256|content|not MNIST"):
        mnist.values(name, raw, "https://elsewhere")
