"""The workflow elsewhere: as a module, from a URL, in another folder, in an odd environment."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from blockmaps.plan import catalogue
from blockmaps.results import runs

ROOT = Path(__file__).parents[2]
PRESET = {
    "name": "small",
    "seed": 3,
    "zoo": False,
    "plugins": [str(ROOT / "tests/workflow/parity.py")],
    "compute": {"accelerator": "cpu"},
    "datasets": {"parity": {"kind": "parity", "bits": 3, "sequences": 60}},
    "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
    "experiments": {
        "e": {
            "dataset": "parity",
            "recipe": "r",
            "seeds": 1,
            "designs": [{"kind": "uniform", "budgets": [150], "densities": [0.5, 1.0]}],
        }
    },
}
CURVES = "results/small/figures/curves.svg"
IMPORTER = """
configfile: "mine.yaml"


module replication:
    snakefile:
        {snakefile!r}
    config:
        config["replication"]
    prefix:
        "deep/er"


use rule * from replication as replication_*


onstart:
    print("the importer's own onstart")


rule summed:
    default_target: True
    input:
        rules.{target}.{what},
    output:
        "summed.txt",
    shell:
        "command -v python > {{output}}"
"""


def run(*arguments, cwd, env, umask=-1):
    done = subprocess.run(
        [str(Path(sys.executable).parent / "snakemake"), "--cores", "2", *map(str, arguments)],
        cwd=cwd,
        env=env,
        umask=umask,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def importer(folder, snakefile, target, what):
    folder.mkdir()
    text = IMPORTER.format(snakefile=snakefile, target=target, what=what)
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    asked = yaml.safe_dump({"own": 1, "replication": PRESET})
    (folder / "mine.yaml").write_text(asked, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def checkout(copied, tmp_path_factory):
    return copied(tmp_path_factory.mktemp("module") / "it's a {clone}")


@pytest.fixture
def local(checkout, tmp_path):
    """A workflow that imports a checkout's, of which nothing is installed."""
    snakefile = str(checkout.folder / "workflow/Snakefile")
    return importer(tmp_path / "importer", snakefile, "replication_all", "input")


def test_every_path_of_every_step_has_the_importers_prefix(checkout, local):
    said = run("-n", "-p", cwd=local, env=checkout.environment)
    steps = re.findall("^Shell command: blockmaps (.*)", said, re.MULTILINE)
    assert {step.split()[0] for step in steps} >= {"data", "train", "collect", "page", "crate"}
    for step in steps:
        assert step.count("results/small") == step.count("deep/er/results/small"), step
    assert "localrules directive" not in said  # names that the importer has changed


@pytest.mark.nightly
def test_another_workflow_imports_it_with_its_own_config_and_prefix(checkout, local):
    said = run(cwd=local, env=checkout.environment)
    assert "the importer's own onstart" in said
    made = local / "deep/er/results/small"
    for name in ("runs.parquet", "report.html", "answers.json", "ro-crate-metadata.json"):
        assert (made / name).is_file(), name
    assert (made / "workflow/rules/train.smk").is_file()
    assert not (local / "results").exists()
    assert "Nothing to be done" in run("-n", cwd=local, env=checkout.environment)
    run("--report", "report.zip", cwd=local, env=checkout.environment)
    with zipfile.ZipFile(local / "report.zip") as archive:
        text = archive.read("report/report.html").decode()
    said = catalogue.FIGURES["curves"].caption.split(".")[0]
    assert json.dumps(said)[1:-1] in text
    # the importer's own steps have what they find by themselves
    own = (local / "summed.txt").read_text(encoding="utf-8").strip()
    assert own == checkout.environment["PATH"].partition(os.pathsep)[0] + "/python"


@pytest.fixture(scope="module")
def from_url(checkout, tmp_path_factory):
    """The folder of a workflow that has imported this one from git, and what it said."""
    folder = tmp_path_factory.mktemp("url")
    repository = folder / "repository"  # in a URL of this kind, braces and quotes have no place
    shutil.copytree(checkout.folder, repository)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "one")):
        subprocess.run([*git, *words], cwd=repository, check=True)
    snakefile = f"git+file://{repository}/workflow/Snakefile@main"
    own = importer(folder / "importer", snakefile, "replication_runs", "output")
    run(f"deep/er/{CURVES}", "summed.txt", cwd=own, env=installed())
    return own


def installed(**changes):
    """Return an environment in which the package is installed, for which a path stands."""
    return os.environ | {"PYTHONPATH": str(ROOT / "src")} | changes


def test_it_is_imported_from_a_url(from_url):
    """From git by `git+file:`, as from GitHub by `github()`: code is the installed package's."""
    assert (from_url / "deep/er/results/small/runs.parquet").is_file()
    again = run("-n", f"deep/er/{CURVES}", cwd=from_url, env=installed())
    assert "Nothing to be done" in again


def test_where_nothing_is_installed_one_line_says_so(from_url):
    bare = os.environ | {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}
    known = [sys.executable, "-c", "import blockmaps"]
    if subprocess.run(known, cwd=from_url, env=bare, capture_output=True).returncode == 0:
        pytest.skip("it is installed here")
    with pytest.raises(AssertionError, match="this workflow takes `pip install blockmaps`"):
        run("-n", cwd=from_url, env=bare)


def test_an_odd_place_changes_nothing(checkout, from_url, tmp_path):
    """Another folder, a checkout that is not written to, no home, locale, activation; a umask."""
    place = tmp_path / "an odd {place}'s"
    (tmp_path / "disk").mkdir()
    place.mkdir()
    (place / "results").symlink_to(tmp_path / "disk")
    (place / "mine.yaml").write_text(yaml.safe_dump(PRESET), encoding="utf-8")
    before = listed(checkout.folder)
    run(
        *(CURVES, "--snakefile", checkout.folder / "Snakefile", "--configfile", "mine.yaml"),
        cwd=place,
        env={
            "HOME": "/proc/none",  # nobody can make it; Snakemake by itself takes a cache
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "PATH": "/usr/bin:/bin",
            "TZ": "Pacific/Kiritimati",
            "OMP_NUM_THREADS": "1",
        },
        umask=0o077,
    )
    assert listed(checkout.folder) == before
    other = from_url / "deep/er"
    assert (place / CURVES).read_bytes() == (other / CURVES).read_bytes()
    found, known = (
        runs.read(one / "results/small/runs.parquet").drop(columns="seconds")
        for one in (place, other)
    )
    pd.testing.assert_frame_equal(found, known)
    assert (tmp_path / "disk/small/runs.parquet").stat().st_mode & 0o077 == 0


def listed(folder):
    """Return what lies in a folder and when it was written, compiled modules left out."""
    return {
        path: path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts and path.is_file()
    }


def test_without_a_preset_of_its_own_a_folder_takes_the_default_and_what_is_kept(
    checkout, tmp_path
):
    snakefile = checkout.folder / "Snakefile"
    own = checkout.environment
    assert "results/default/runs.parquet" in run("-n", "-s", snakefile, cwd=tmp_path, env=own)
    said = run("-n", "-s", snakefile, "published", cwd=tmp_path, env=own)
    assert "results/published/paper/report.html" in said
    assert not list(tmp_path.glob("results/*"))
