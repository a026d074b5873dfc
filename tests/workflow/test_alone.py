"""Every rule runs by itself from its inputs, as `snakemake --generate-unit-tests` would have it.

Which rules there are, the workflow says; and which of them made which file, Snakemake does.
"""

import json
import subprocess
import sys

import pytest

EVERY = ("--configfile", "tests/workflow/every.yaml")
LIST = """
import json, sys
from pathlib import Path
from snakemake.api import ConfigSettings, OutputSettings, ResourceSettings, SnakemakeApi
with SnakemakeApi(OutputSettings(quiet={"all"})) as api:
    flow = api.workflow(
        ResourceSettings(cores=1), ConfigSettings(configfiles=[Path(sys.argv[1])]),
        snakefile=Path("Snakefile"),
    )
    rules = {one.name: bool(one.shellcmd) for one in flow._workflow.rules}
print(json.dumps(rules))
"""
# What holds when, and for how long, something ran: training ran again before the page does.
TIMED = (
    "runs.parquet",
    "every/report.html",
    "manifests.json",
    "ro-crate-metadata.json",
    "workflow",
)


@pytest.fixture(scope="module")
def every(copied, tmp_path_factory):
    """A copy in which the preset has run whole, and a published folder was drawn again."""
    checkout = copied(tmp_path_factory.mktemp("every"))
    checkout.snakemake(*asked(checkout), *EVERY)
    return checkout


def asked(checkout) -> tuple[str, str]:
    """Return what is made: all of the preset, and the page of the least that is published."""
    kept = (checkout.folder / "published").glob("**/manifest.json")
    least = min(kept, key=lambda path: sum(len(one) for one in content(path.parent).values()))
    where = least.parent.relative_to(checkout.folder / "published")
    return "all", f"results/published/{where}/report.html"


def rules(checkout) -> set[str]:
    """Return the names of the rules that do something, as the workflow has them."""
    done = subprocess.run(
        [sys.executable, "-c", LIST, EVERY[1]],
        cwd=checkout.folder,
        env=checkout.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name, runs in json.loads(done.stdout.splitlines()[-1]).items() if runs}


def made(checkout) -> dict[str, list[str]]:
    """Return the files that each rule has made, by Snakemake's own summary."""
    text = checkout.snakemake(*asked(checkout), *EVERY, "--summary").stdout
    lines = [line.split("\t") for line in text[text.index("output_file\t") :].splitlines()]
    names = lines[0]
    found: dict[str, list[str]] = {}
    for line in lines[1:]:
        if len(line) == len(names):
            row = dict(zip(names, line, strict=True))
            found.setdefault(row["rule"], []).append(row["output_file"])
    return found


def content(path):
    """Return what a file or folder holds."""
    if path.is_file():
        return path.read_bytes()
    return {one.relative_to(path): one.read_bytes() for one in path.rglob("*") if one.is_file()}


@pytest.mark.nightly
def test_every_rule_runs_alone_and_gives_what_it_gave(every):
    files = made(every)
    assert files.keys() == rules(every)
    for rule, names in files.items():
        first = every.folder / names[0]
        before = content(first)
        done = every.snakemake(
            names[0], *EVERY, "--force", "--allowed-rules", rule, "--nolock", check=False
        )
        assert done.returncode == 0, f"{rule}: {done.stdout}"
        assert "1 of 1 steps (100%) done" in done.stdout, f"{rule}: {done.stdout}"
        if not names[0].endswith(TIMED) and first.parent.name != "runs":
            assert content(first) == before, f"{rule}: {names[0]} is another"
