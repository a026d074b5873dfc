"""Files of every format, damaged in every way: read right, or one line, and nothing else.

Few examples here, thousands with `-m nightly`. Each reader is given a file that was written right
and then damaged: bits turned, cut off, zeroed, doubled, something else in its place, or, of JSON,
a value of another kind somewhere within. What it returns is what was written, or it raises the
error that the command line prints as one line.
"""

import contextlib
import copy
import io
import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from blockmaps.claims import tests as claims
from blockmaps.cli import app
from blockmaps.core.errors import InputError
from blockmaps.core.fixed import FILE as CLAIMS
from blockmaps.data import store
from blockmaps.data.files import Csv, Npz
from blockmaps.maps import weights
from blockmaps.plan import config as configs
from blockmaps.plan import tuning
from blockmaps.report.crate import describe
from blockmaps.report.page.build import render
from blockmaps.report.page.exhibits import drawn, words
from blockmaps.results import manifest, strips
from blockmaps.results.folder import Folder, read_shard
from blockmaps.training import checkpoints

PARITY = Path(__file__).parents[1] / "workflow/parity.py"
DESIGN = {"kind": "uniform", "budgets": [150], "densities": [0.5, 1.0]}
CONFIG = {
    "name": "small",
    "seed": 3,
    "plugins": [str(PARITY)],
    "compute": {"accelerator": "cpu"},
    "datasets": {"parity": {"kind": "parity", "sequences": 60}},
    "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
    "experiments": {
        "e": {
            "dataset": "parity",
            "recipe": "r",
            "seeds": 2,
            "keep": "weights",
            "designs": [DESIGN],
        }
    },
}
COMMANDS = (
    "plan --write -c small.yaml",
    "data parity -c small.yaml",
    "train",
    "collect -c small.yaml",
    "analyse results/small",
    "analyse summary --runs results/small/runs.parquet --output results/small/tables/summary.csv",
    "answer results/small --output results/small/answers.json",
    "claims results/small --output results/small/claims.csv --output results/small/claims.json",
    "figure curves --runs results/small/runs.parquet --output results/small/figures/curves.svg",
    "crate results/small",
    "publish results/small published/small",
)


def command(line):
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        app(line.split(), standalone_mode=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a preset, its results and what is kept of them; tests leave it as it was."""
    made = tmp_path_factory.mktemp("damaged")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        for name in ("workflow", "config"):
            Path(name).symlink_to(Path(__file__).parents[2] / name)
        Path("small.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
        for line in COMMANDS:
            if line == "train":
                for shard in Path("results/small/shards").glob("*.json"):
                    command(f"train {shard}")
            else:
                command(line)
        Path("results/small/tables/rates.csv").write_text(RATES, encoding="utf-8")
        Path("own.csv").write_text(OWN, encoding="utf-8")
        np.savez("own.npz", inputs=np.ones((6, 3, 2)), target=np.arange(6) % 2)
        shutil.copy(CLAIMS, "claims.yaml")
        about = {"steps": 2, "reason": "none"}
        strips.write(Path("frames.safetensors"), [], about)
        yield made


RATES = "experiment,arm,budget,learning_rate,chosen_by,chosen\ne,dense,150,0.01,abc,True\n"
OWN = "s,a,b,y\n" + "".join(f"{one},{one}.5,{-one},{one % 2}\n" for one in range(9))


def flat(found):
    """Return what a reader has given, as it can be compared."""
    if isinstance(found, pd.DataFrame):
        return found.to_json(double_precision=15, orient="split")
    if isinstance(found, torch.Tensor | np.ndarray):
        return (tuple(found.shape), np.asarray(found).tobytes())
    if isinstance(found, dict):
        return {key: flat(one) for key, one in found.items()}
    if isinstance(found, list | tuple):
        return [flat(one) for one in found]
    return repr(found)


def own_csv(path):
    wanted = {"file": str(path), "steps": 1, "inputs": ["a", "b"], "target": "y", "sequence": "s"}
    return Csv(**wanted, classes=["0", "1"]).make(np.random.SeedSequence(1)).inputs


def own_npz(path):
    spec = Npz(file=str(path), steps=3, sizes=(2, 2), classes=["0", "1"])
    return spec.make(np.random.SeedSequence(1)).inputs


def kept_weights(path):
    return [(one.key, start.values) for one, start in weights.trained(path, path.stem)]


def in_folder(part, name=""):
    return lambda path: Folder(Path("results/small")).parquet(part, name or path.stem.split(".")[0])


RESULTS, KEPT = Path("results/small"), Path("published/small")
CURVES = RESULTS / "figures/curves.svg"
# file (a pattern) → what reads it, and whether any change of its content is found
READERS = {
    "small.yaml": (configs.read, False),
    "results/small/config.json": (configs.read, False),
    # but for the mere name of its data set, whose digest is compared
    "results/small/shards/*.json": (lambda path: read_shard(path).id, True),
    "results/small/data/parity.safetensors": (lambda path: store.read(path).inputs, True),
    "results/small/checkpoints/*/*.pt": (checkpoints.read, True),
    "results/small/policies/*.safetensors": (kept_weights, True),
    "results/small/runs/*.groups.parquet": (in_folder("shard groups"), True),
    "results/small/runs/????????????.parquet": (in_folder("shard runs"), True),
    "results/small/runs.parquet": (in_folder("runs", " "), True),
    "results/small/tables/summary.csv": (lambda path: Folder(RESULTS).table("summary"), True),
    "results/small/tables/rates.csv": (tuning.read, False),
    "results/small/analysis/steps.csv": (lambda path: Folder(RESULTS).table("steps"), True),
    "results/small/claims.json": (lambda path: render([RESULTS]) and None, False),
    "results/small/answers.json": (lambda path: render([RESULTS]) and None, False),
    "results/small/manifests.json": (lambda path: describe(RESULTS) and None, False),
    "results/small/runs/*.manifest.json": (lambda path: Folder(RESULTS).manifests and None, False),
    "results/small/figures/curves.words.json": (lambda _: words(CURVES), False),
    "results/small/figures/curves.svg": (drawn, False),
    "published/small/manifest.json": (lambda path: manifest.check(KEPT) and None, False),
    "published/small/runs.parquet": (lambda path: manifest.check(KEPT), True),
    "frames.safetensors": (strips.read, True),
    "claims.yaml": (claims.read, False),
    "own.csv": (own_csv, False),
    "own.npz": (own_npz, False),
}
SLOW = {
    name for name in READERS if "claims.json" in name or "answers" in name or "manifests" in name
}

BYTES = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 2**40), st.integers(0, 7)),
    st.tuples(st.just("cut"), st.integers(0, 2**40)),
    st.tuples(st.just("zero"), st.integers(0, 2**40), st.integers(1, 5000)),
    st.tuples(st.just("insert"), st.integers(0, 2**40), st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("instead"), st.binary(max_size=200)),
    st.tuples(st.just("of"), st.sampled_from(sorted(READERS))),
    st.tuples(st.just("twice")),
    st.tuples(st.just("deep")),
    st.tuples(st.just("folder")),
    st.tuples(st.just("gone")),
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_subnormal=False), st.text(max_size=5),
    st.just([]), st.just({}), st.just([[]]), st.just({"a": None}), st.just("x" * 300),
    st.sampled_from(["../../up", "/etc/passwd", "\0", "NaN", "0", 10**400]),
)  # fmt: skip
SHAPES = st.tuples(st.just("json"), st.lists(st.integers(0, 2**20), max_size=6), VALUES)


def reshaped(value, places, other):
    """Return a value of JSON with another somewhere within; a key is sometimes taken out."""
    if not places or not isinstance(value, dict | list) or not value:
        return other
    keys = sorted(value) if isinstance(value, dict) else range(len(value))
    key = keys[places[0] % len(keys)]
    value = copy.copy(value)
    if places[0] % 5 == 0:
        del value[key]
    else:
        value[key] = reshaped(value[key], places[1:], other)
    return value


def damage(path, how, others):
    content = path.read_bytes()
    kind, *given = how
    if kind in ("flip", "cut", "zero", "insert"):
        place = given[0] % max(len(content), 1)
    if kind == "flip" and content:
        content = content[:place] + bytes([content[place] ^ 1 << given[1]]) + content[place + 1 :]
    elif kind == "cut":
        content = content[:place]
    elif kind == "zero":
        end = min(place + given[1], len(content))
        content = content[:place] + bytes(end - place) + content[end:]
    elif kind == "insert":
        content = content[:place] + given[1] + content[place:]
    elif kind == "instead":
        content = given[0]
    elif kind == "of":
        content = others[given[0]]
    elif kind == "twice":
        content += content
    elif kind == "deep":
        content = b"[" * 3_000 + b"]" * 3_000
    elif kind == "json":
        load = yaml.safe_load if path.suffix == ".yaml" else json.loads
        content = json.dumps(reshaped(load(content), *given)).encode()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind != "gone":
        path.write_bytes(content)


def restore(path, content):
    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(content)


@cache
def written(name):
    """Return a file, and what is in it."""
    path = min(Path().glob(name))
    return path, path.read_bytes()


@cache
def whole(name):
    """Return what a file's reader makes of it."""
    return flat(READERS[name][0](written(name)[0]))


def survives(name, how):
    read, sure = READERS[name]
    (path, content), right = written(name), whole(name)
    damage(path, how, {other: written(other)[1] for other in READERS})
    told, found = None, None
    try:
        found = flat(read(path))
    except InputError as fault:
        told = " ".join(str(fault).split())  # as the command line prints it
    except FileNotFoundError:
        # that there is none yet is no fault of a checkpoint
        told = "none" if how == ("gone",) and "checkpoints" in name else "a traceback"
    finally:
        restore(path, content)
    if told is not None:
        assert len(told) < 1000, how
        assert told != "a traceback", how
    elif sure:
        assert found == right, how


def ways(name):
    return st.one_of(BYTES, SHAPES) if Path(name).suffix in (".json", ".yaml") else BYTES


FEW = {"max_examples": 12, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@pytest.mark.parametrize("name", sorted(set(READERS) - SLOW))
def test_a_damaged_file_is_read_right_or_told_in_one_line(folder, name):
    @settings(**FEW)
    @given(ways(name))
    @example(("deep",))
    def check(how):
        survives(name, how)

    check()


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(READERS))
def test_a_file_damaged_in_many_ways(folder, name):
    @settings(**FEW | {"max_examples": 60 if name in SLOW else 400})
    @given(ways(name))
    @example(("deep",))
    def check(how):
        survives(name, how)

    check()
