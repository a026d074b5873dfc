"""The frame of the project: pins that agree, a README that is run, documents that are generated."""

import re
import tomllib

import pytest
import torch
import typer
import yaml

from blockmaps.cli import app
from blockmaps.cli.columns import columns
from blockmaps.plan import catalogue


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
    lines = project["dependencies"] + extras["adroit"] + extras["test"] + extras["dev"]
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


@pytest.mark.parametrize("table", catalogue.described())
def test_results_readme_describes_every_column(table, root, capsys):
    columns(table)
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) > 4
    drifted = f"drifted: blockmaps columns {table}"
    assert printed in (root / "results/README.md").read_text(), drifted


def test_results_readme_has_the_catalogue(root, blockmaps):
    printed = blockmaps("catalogue").stdout
    assert printed == catalogue.as_markdown()
    assert printed in (root / "results/README.md").read_text(), "drifted: blockmaps catalogue"


def test_a_command_is_in_the_file_of_its_name(root):
    """So that its code is found in one guess; what they share is in options.py."""
    files = {path.stem for path in (root / "src/blockmaps/cli").glob("*.py")}
    commands = typer.main.get_command(app).commands
    named = {name: name.replace("-", "_") for name in commands}
    assert set(named.values()) == files - {"__init__", "options"}
    for name, command in commands.items():
        assert command.callback.__module__ == f"blockmaps.cli.{named[name]}"


def test_no_document_holds_a_placeholder(root):
    for path in [root / "README.md", *root.glob("*/README.md")]:
        assert not re.findall(r"@[A-Z]+@|\bCOUNT\b|TODO", path.read_text()), path


def test_the_readmes_python_runs(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    names = {"tokens": torch.randn(2, 5, 4)}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)
    assert names["rnn"].unknowns.grad.abs().sum() > 0
    assert names["states"]["h"].shape == (2, 5, 8)
    assert names["gated"].blocks["h", "g"] == "product"


def test_links_within_the_documents_lead_somewhere(root):
    for path in [root / "README.md", *root.glob("*/README.md")]:
        for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
            assert link.startswith("https:") or (path.parent / link).exists(), (path, link)
