"""Environments' files are what `blockmaps environments` writes; images take the same pins."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from blockmaps.cli import environments
from blockmaps.core.errors import InputError


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def versions(root):
    return environments.pins((root / environments.PINS).read_text(encoding="utf-8"))


def test_the_files_are_what_the_command_writes(root, project, versions):
    for name, text in environments.exported(project, versions).items():
        assert (root / name).read_text(encoding="utf-8") == text, (
            f"{name}: `blockmaps environments`"
        )
        assert yaml.safe_load(text)["name"] in ("blockmaps", "blockmaps-cuda")


def test_what_is_installed_is_what_is_pinned(project, versions):
    """So the tests are of what constraints.txt promises."""
    here = environments.installed(project)
    assert len(here) > 100
    assert {name: versions.get(name) for name in here} == here


def test_pinning_writes_them_all_and_keeps_what_is_said(root, tmp_path, blockmaps, versions):
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / environments.PINS).write_text("# Said.\ntorch==0.1\n", encoding="utf-8")
    done = blockmaps("environments", tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("blockmaps: constraints.txt: lacks filelock, grimp")
    blockmaps("environments", tmp_path, "--freeze")
    pinned = (tmp_path / environments.PINS).read_text(encoding="utf-8")
    assert pinned.startswith("# Said.\nabsl-py==")
    assert environments.pins(pinned)["torch"] == versions["torch"]
    assert not re.search("nvidia|cuda|setuptools", pinned)
    written = (tmp_path / "environment.yml").read_text(encoding="utf-8")
    assert f"- torch=={versions['torch']}\n" in written


def test_a_package_that_is_not_pinned_is_a_fault(project):
    with pytest.raises(InputError, match="lacks filelock"):
        environments.exported(project, {})


def test_images_take_the_same_python_and_pins_and_the_same_files(root, project):
    docker = (root / "Dockerfile").read_text(encoding="utf-8")
    apptainer = (root / "blockmaps.def").read_text(encoding="utf-8")
    python = project["requires-python"].removeprefix(">=").partition(",")[0]
    for text in (docker, apptainer):
        assert re.search(rf"^F(ROM|rom:) python:{re.escape(python)}-", text, re.MULTILINE)
        assert "pip install --no-cache-dir -c constraints.txt -e ." in text
        assert "--snakefile" in text
    copied = {
        name
        for line in re.findall("^COPY (.*)", docker, re.MULTILINE)
        for name in line.split()[:-1]
    }
    assert copied == set(re.findall(r"^    (\S+) /opt/blockmaps/", apptainer, re.MULTILINE))
    kept = re.findall("^!(.*)", (root / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert copied == set(kept)
    assert [name for name in copied if not (root / name).exists()] == []


def dockers(text: str) -> tuple[list[list[str]], str, str]:
    """Return a Dockerfile's copies, and what it runs to build and to start, as a shell has it."""
    lines = dict.fromkeys(("COPY", "RUN", "ENV", "ENTRYPOINT"), "")
    copies = []
    for word, rest in re.findall("^([A-Z]+) (.*)", text, re.MULTILINE):
        if word == "COPY":
            copies.append(rest.split())
        elif word in lines:
            lines[word] += f"{rest}\n"
    entry = " ".join(re.findall('"([^"]*)"', lines["ENTRYPOINT"]))
    return copies, lines["RUN"], f'export {lines["ENV"]}\nexec {entry} "$@"'


def apptainers(text: str) -> tuple[list[list[str]], str, str]:
    """Return the same of an Apptainer definition."""
    parts = dict(re.findall(r"^%(\w+)\n((?:    .*\n)+)", text, re.MULTILINE))
    copies = [line.split() for line in parts["files"].splitlines()]
    return copies, parts["post"], parts["environment"] + parts["runscript"]


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "read"), [("Dockerfile", dockers), ("blockmaps.def", apptainers)])
def test_an_images_steps_by_hand_give_what_runs_the_workflow(root, tmp_path, name, read):
    """In an empty folder and a new virtual environment, in the place of an engine's build."""
    copies, build, start = read((root / name).read_text(encoding="utf-8"))
    image, work = tmp_path / "opt/blockmaps", tmp_path / "work"
    image.mkdir(parents=True)
    work.mkdir()
    for *sources, target in copies:
        for source in sources:
            to = (
                image / source if target == "./" else image / target.removeprefix("/opt/blockmaps/")
            )
            if (root / source).is_dir():
                shutil.copytree(root / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(root / source, to)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], check=True)
    environment = {
        "PATH": f"{tmp_path / 'python/bin'}{os.pathsep}{os.environ['PATH']}",
        **{key: one for key, one in os.environ.items() if "proxy" in key.lower()},
    }

    def run(text, folder, *words):
        text = text.replace("/opt/blockmaps", str(image)).replace("/tmp/cache", f"{tmp_path}/cache")
        done = subprocess.run(
            ["sh", "-ec", text, "sh", *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    run(build, image)
    assert "This was a dry-run" in run(start, work, "--cores", "1", "--dry-run")
    preset = {
        "name": "small",
        "seed": 1,
        "zoo": False,
        "compute": {"accelerator": "cpu"},
        "datasets": {"copy": {"kind": "copy", "steps": 5, "width": 2, "train": 40, "test": 20}},
        "recipes": {"r": {"epochs": 1, "batch_size": 10, "learning_rate": 0.01}},
        "experiments": {
            "e": {
                "dataset": "copy",
                "recipe": "r",
                "seeds": 1,
                "designs": [{"kind": "uniform", "budgets": [300], "densities": [0.5]}],
            }
        },
    }
    (work / "small.yaml").write_text(yaml.safe_dump(preset), encoding="utf-8")
    said = run(start, work, "--cores", "1", "runs", "--configfile", "small.yaml")
    assert "3 of 3 steps (100%) done" in said
    assert (work / "results/small/runs.parquet").is_file()
