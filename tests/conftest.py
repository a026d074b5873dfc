"""One thread a process, as in the pipeline, and array shapes checked in every test run."""

import gc
import os
import subprocess
import sys
from pathlib import Path

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
# the processes that tests start keep what they compile, whatever is set around the tests
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

gc.disable()  # until all that tests import is there: it is no garbage

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402
from jaxtyping import install_import_hook  # noqa: E402

settings.register_profile("blockmaps", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("blockmaps")

# Before the first import of these modules: their annotations are checked at every call.
install_import_hook(
    [
        "blockmaps.maps.terms",
        "blockmaps.maps.map",
        "blockmaps.maps.bank",
        "blockmaps.maps.groups",
        "blockmaps.maps.zoo",
    ],
    "beartype.beartype",
)

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser):
    parser.addoption("--slurm", action="store_true", help="run the tests on a SLURM of their own")


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slurm"):
        for item in items:
            if item.get_closest_marker("slurm"):
                item.add_marker(pytest.mark.skip(reason="asked for with --slurm"))
    if asked := [item for item in items if item.get_closest_marker("gpu")]:
        import torch  # a second or two

        if not torch.cuda.is_available():
            for item in asked:
                item.add_marker(pytest.mark.skip(reason="torch finds no GPU here"))


@pytest.fixture(autouse=True)
def _torch_as_it_was():
    """Training sets torch for its own process; here that is every test's."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
        sys.modules["torch"].set_float32_matmul_precision("highest")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def blockmaps():
    """Run the command line as a process: blockmaps(*arguments, cwd=...) → CompletedProcess."""

    def run(*arguments, cwd=ROOT, check=True):
        done = subprocess.run(
            [sys.executable, "-m", "blockmaps", *map(str, arguments)],
            cwd=cwd,
            capture_output=True,
            text=True,
        )
        if check and done.returncode:
            raise AssertionError(f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    return run
