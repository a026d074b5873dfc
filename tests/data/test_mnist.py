"""MNIST's files: found, checked, downloaded from whichever mirror has them, and never by halves."""

import gzip
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from blockmaps.core.errors import InputError
from blockmaps.data import Means, mnist, store
from blockmaps.data.rad import Rad

NAMES = list(mnist.FILES)
TRAIN, TEST = 40, 20


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Four small files in MNIST's format, whose content counts as MNIST's; their folder."""
    rng = np.random.default_rng(0)
    files, folder = {}, tmp_path / "mirror"
    folder.mkdir()
    for name in NAMES:
        number = TRAIN if name.startswith("train") else TEST
        shape = (number, 28, 28) if "images" in name else (number,)
        header = (2051 if len(shape) == 3 else 2049).to_bytes(4, "big")
        header += b"".join(size.to_bytes(4, "big") for size in shape)
        levels = rng.integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8)
        raw = header + levels.tobytes()
        files[name] = mnist.File(shape, hashlib.sha256(raw).hexdigest())
        (folder / f"{name}.gz").write_bytes(gzip.compress(raw))
    monkeypatch.setattr(mnist, "FILES", files)
    monkeypatch.setattr(mnist, "RETRIES", 0)
    return folder


@pytest.fixture
def serve():
    """Serve folders over HTTP: serve(folder) → address."""
    servers = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_folder_of_the_config_compressed_or_not(small):
    name = NAMES[0]
    images, classes = mnist.load(50, str(small))
    assert images.shape == (TRAIN + TEST, 50, 50)
    assert len(classes) == TRAIN + TEST
    raw = gzip.decompress((small / f"{name}.gz").read_bytes())
    (small / f"{name}.gz").unlink()
    (small / name).write_bytes(raw)
    again, _ = mnist.load(50, str(small))
    np.testing.assert_array_equal(again[np.arange(5)], images[np.arange(5)])


def test_the_environment_variable_and_a_folder_that_lacks_a_file(small, monkeypatch):
    small.rename(small.with_name("mnist"))
    monkeypatch.setenv("BLOCKMAPS_DATA", str(small.parent))
    assert len(mnist.load(28)[1]) == TRAIN + TEST
    (small.with_name("mnist") / f"{NAMES[3]}.gz").unlink()
    with pytest.raises(InputError, match=rf"has no {NAMES[3]}.gz, though BLOCKMAPS_DATA"):
        mnist.load(28)


def test_the_environment_variable_may_name_the_files_folder_or_other_data(small, monkeypatch):
    monkeypatch.setenv("BLOCKMAPS_DATA", str(small))
    assert mnist.named_folder(None) == (small, "BLOCKMAPS_DATA")
    (small.parent / "other").mkdir()
    monkeypatch.setenv("BLOCKMAPS_DATA", str(small.parent / "other"))
    assert mnist.named_folder(None) is None
    monkeypatch.setenv("BLOCKMAPS_DATA", str(small.parent / "mistyped"))
    with pytest.raises(InputError, match="takes a folder that exists"):
        mnist.named_folder(None)


def test_a_broken_file_in_the_cache_is_had_again(small, serve, tmp_path, monkeypatch):
    monkeypatch.delenv("BLOCKMAPS_DATA", raising=False)
    monkeypatch.setattr(mnist.pooch, "os_cache", lambda name: tmp_path / "cache")
    monkeypatch.setattr(mnist, "MIRRORS", [serve(small)])
    monkeypatch.setattr(mnist.download, "__defaults__", (mnist.MIRRORS,))
    broken = tmp_path / "cache/mnist" / f"{NAMES[1]}.gz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"\x1f\x8bhalf")
    assert mnist.read(NAMES[1]).shape == (TRAIN,)
    assert broken.read_bytes() == (small / broken.name).read_bytes()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[: len(content) // 2], "corrupt or cut off"),
        (lambda content: b"\x1f\x8b" + b"rubbish" * 9, "corrupt or cut off"),
        (lambda content: gzip.compress(gzip.decompress(content)[:-1]), "bytes where"),
        (
            lambda content: gzip.compress(gzip.decompress(content)[:-1] + b"\xff\xff"[:1]),
            "sha256 differs",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_named(small, damage, said):
    path = small / f"{NAMES[0]}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=said) as fault:
        mnist.load(28, str(small))
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_it_is_downloaded_from_the_first_mirror_that_has_it_whole(small, serve, tmp_path):
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    broken.mkdir()
    (broken / f"{NAMES[0]}.gz").write_bytes(b"not it")
    mirrors = [serve(empty), serve(broken), serve(small)]
    cache = tmp_path / "cache"
    path = mnist.download(NAMES[0], cache, mirrors)
    assert path == cache / f"{NAMES[0]}.gz"
    assert path.read_bytes() == (small / path.name).read_bytes()
    assert [one.name for one in cache.iterdir()] == [path.name]  # nothing half is left


def test_no_mirror_has_it(small, serve, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    content = (small / f"{NAMES[0]}.gz").read_bytes()
    (broken / f"{NAMES[0]}.gz").write_bytes(content[:-20])
    address, cache = serve(broken), tmp_path / "cache"
    with pytest.raises(InputError) as fault:
        mnist.download(NAMES[0], cache, [address, "http://127.0.0.1:1/"])
    words = str(fault.value)
    assert "corrupt or cut off" in words
    assert "no connection" in words
    assert "put the four files into a folder" in words
    assert "\n" not in words
    assert list(cache.iterdir()) == []


def test_no_space(small, serve, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mnist.shutil, "move", full)
    with pytest.raises(InputError, match="No space left on device; make room"):
        mnist.download(NAMES[0], tmp_path / "cache", [serve(small)])
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_data_set_without_space_leaves_nothing(tmp_path, monkeypatch):
    spec = Rad(train=20, test=20, validation=0, test_leaking=0, side=8)
    made = spec.make(np.random.SeedSequence(1))
    usage = store.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(InputError, match=r"cannot be written .*No space left"):
        store.write(made, tmp_path / "data.safetensors")
    assert list(tmp_path.iterdir()) == []


REAL = Path(os.environ.get("BLOCKMAPS_DATA", ""), "mnist")
needs_mnist = pytest.mark.skipif(
    "BLOCKMAPS_DATA" not in os.environ or not REAL.is_dir(),
    reason="BLOCKMAPS_DATA names no folder with mnist/",
)


@needs_mnist
def test_the_real_files():
    images, classes = mnist.load(28)
    assert images.levels.shape == (70000, 28, 28)
    assert np.bincount(classes[:60000]).tolist() == [
        *(5923, 6742, 5958, 6131, 5842),
        *(5421, 5918, 6265, 5851, 5949),
    ]
    # not resized, an image is its levels
    np.testing.assert_array_equal(images[np.arange(3)], images.levels[:3] / 255)


@needs_mnist
def test_rad_from_mnist_in_both_protocols(tmp_path):
    spec = Rad(
        source="mnist",
        side=50,
        train=300,
        validation=0,
        test=200,
        test_leaking=100,
        validation_leaking=50,
    )
    assert spec.shape == (2500, 10, 11)
    seed = np.random.SeedSequence(3)
    _, classes = mnist.load(50)
    pools = spec.pools(classes, seed)
    # clean: MNIST's own test split; leaking: what is trained on
    np.testing.assert_array_equal(pools["test"], np.arange(60000, 70000))
    np.testing.assert_array_equal(np.union1d(pools["train"], pools["validation"]), np.arange(60000))
    np.testing.assert_array_equal(pools["test_leaking"], pools["train"])
    paths = []
    for threads in (1, 2):
        paths.append(tmp_path / f"{threads}.safetensors")
        store.write(spec.make(seed, Means(threads)), paths[-1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    read = store.read(paths[0])
    assert read.inputs.shape == (650, 10, 2500)
    assert isinstance(read.inputs.base, np.ndarray | memoryview) or not read.inputs.flags.owndata
    assert read.splits == {
        "train": (0, 300),
        "test": (300, 500),
        "test_leaking": (500, 600),
        "validation_leaking": (600, 650),
    }
    assert set(np.unique(read.targets)) == set(range(10))


def test_where_the_files_are_changes_no_digest():
    from blockmaps.plan import config as configs
    from blockmaps.plan.plan import Plan

    raw = configs.read(Path(__file__).parents[2] / "config/laptop.yaml").model_dump(mode="json")
    one = Plan(configs.parse(raw))
    raw["datasets"]["rad"]["folder"] = "/somewhere/else"
    assert list(Plan(configs.parse(raw)).shards) == list(one.shards)


@needs_mnist
def test_without_validation_nothing_is_held_out_of_mnist():
    _, classes = mnist.load(28)
    spec = Rad(source="mnist", validation=0)
    assert len(spec.pools(classes, np.random.SeedSequence(1))["train"]) == 60000


@needs_mnist
def test_nine_images_by_config():
    spec = Rad(source="mnist", side=50, images=9)
    assert spec.shape == (2500, 9, 10)


def test_mnist_has_a_test_split_of_its_own():
    with pytest.raises(ValueError, match="test split of its own"):
        Rad(source="mnist", held_out_test=100)
    with pytest.raises(ValueError, match="come with scikit-learn"):
        Rad(source="digits", folder="somewhere")


def test_several_downloads_of_one_file_at_once(small, serve, tmp_path):
    """Into one cache: each gives the whole file, and nothing else is left there."""
    name, cache, address = NAMES[0], tmp_path / "cache", serve(small)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: mnist.download(name, cache, [address]), range(6)))
    assert set(found) == {cache / f"{name}.gz"} == set(cache.iterdir())
    assert found[0].read_bytes() == (small / f"{name}.gz").read_bytes()
