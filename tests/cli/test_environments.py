"""Environments' files are what `blockmaps environments` writes; images take the same pins."""

import re
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
