"""The frame of the project: pins that agree, commands in their places, addresses in one."""

import re
import tomllib

import typer
import yaml

from blockmaps.cli import app
from blockmaps.cli.options import PANELS


def pins(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_constraints_have_no_local_version_tags(root):
    assert pins(root)
    assert not [name for name, version in pins(root).items() if "+" in version]


def test_environment_and_constraints_agree(root):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    (packages,) = [one["pip"] for one in environment["dependencies"] if isinstance(one, dict)]
    here = dict(line.split("==") for line in packages)
    assert here
    assert {name: pins(root)[name] for name in here} == here
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["adroit"]
    needed = {re.split(r"[<>=\[ ]", line)[0] for line in lines}
    assert needed == set(here)


def test_every_dependency_is_pinned(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = (
        project["dependencies"] + extras["adroit"] + extras["test"] + extras["dev"] + extras["docs"]
    )
    names = {re.split(r"[<>=\[ ]", line)[0] for line in lines} - {"blockmaps"}
    assert names <= set(pins(root))


COMMANDS = [
    "python3 -m venv .venv && . .venv/bin/activate && pip install -c constraints.txt -e . "
    "&& snakemake --cores all",
    "python3 -m venv .venv && . .venv/bin/activate && pip install -c constraints.txt "
    "-e '.[test]' && pytest",
]


def test_the_readme_has_the_two_commands_in_fenced_blocks(root):
    blocks = re.findall(r"```\w*\n(.*?)```", (root / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert [line for line in lines if line.startswith("python3 -m venv")] == COMMANDS


def test_a_command_is_in_the_file_of_its_name(root):
    """So that its code is found in one guess; what they share is in options.py."""
    files = {path.stem for path in (root / "src/blockmaps/cli").glob("*.py")}
    commands = typer.main.get_command(app).commands
    named = {name: name.replace("-", "_") for name in commands}
    assert set(named.values()) == files - {"__init__", "options"}
    for name, command in commands.items():
        assert command.callback.__module__ == f"blockmaps.cli.{named[name]}"


def test_help_shows_commands_by_panel_in_one_order():
    panels = [one.rich_help_panel for one in app.registered_commands]
    assert list(dict.fromkeys(panels)) == list(PANELS)


def test_on_pypi_every_link_of_the_readme_is_absolute_and_leads_to_the_repository(root):
    """As the package's description is made: pyproject.toml's substitutions."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    repository = settings["project"]["urls"]["Repository"]
    text = (root / "README.md").read_text(encoding="utf-8")
    relative = re.findall(r"\]\((?!https:)([^)]+)\)", text)
    assert len(relative) > 10
    for one in settings["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    links = re.findall(r"\]\(([^)]+)\)", text)
    raw = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
    for link in relative:
        base = raw if link.endswith(".png") else f"{repository}/blob/main/"
        assert f"{base}{link}" in links
    assert all(link.startswith("https://") for link in links)


def test_github_runs_the_steps_of_ci_and_every_python_that_is_promised(root):
    text = (root / ".ci/run").read_text(encoding="utf-8")
    steps = " ".join(re.findall(r"^STEPS=\((.*)\)$", text, re.MULTILINE)).split()
    assert all(f"\n{name}() {{\n" in text for name in steps)
    asked = yaml.safe_load((root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    matrix = asked["jobs"]["step"]["strategy"]["matrix"]
    found = [*matrix["step"], *(one["step"] for one in matrix["include"])]
    for name in set(asked["jobs"]) - {"step", "pages"}:
        (line,) = [one["run"] for one in asked["jobs"][name]["steps"] if ".ci/run" in str(one)]
        found.append(line.removeprefix(".ci/run "))
    assert set(found) == set(steps)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    kinds = [one.rpartition(" ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    assert [one["python"] for one in matrix["include"] if one["step"] == "tests"] == kinds
    low, high = re.findall(r"3\.\d+", project["requires-python"])
    assert (kinds[0], kinds[-1]) == (low, f"3.{int(high.removeprefix('3.')) - 1}")


def test_addresses_and_version_are_pyprojects_everywhere(root):
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    assert citation["repository-code"] == project["urls"]["Repository"]
    assert citation["url"] == project["urls"]["Documentation"]
    assert citation["license"] == project["license"]
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {project['version']}" in changes


def test_badges_are_true(root):
    """They are of what a test can see: no badge says what another machine found."""
    text = (root / "README.md").read_text(encoding="utf-8")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = [one.rpartition(" ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    badges = re.findall(r"img\.shields\.io/badge/([^)]*)\)", text)
    python = f"python-{versions[0]}_to_{versions[-1]}-blue"
    assert badges == [python, f"licence-{project['license']}-blue"]
    low, high = re.findall(r"3\.(\d+)", project["requires-python"])
    assert [int(one.partition(".")[2]) for one in versions] == list(range(int(low), int(high)))
