"""The rules' own text: what a shell sees of them is quoted."""

import re
import shutil

import pytest

TINY = ("--configfile", "tests/workflow/tiny.yaml")


def shell_lines(root):
    for path in sorted((root / "workflow").rglob("*.smk")):
        inside = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() == "shell:":
                inside = True
            elif inside and line.strip().startswith('"'):
                yield f"{path.name}:{number}", line
            else:
                inside = False


def test_every_name_in_a_shell_line_is_quoted(root):
    """A space, a quote or a dollar sign in a folder's name is not the shell's to read."""
    lines = dict(shell_lines(root))
    assert len(lines) > 25
    for where, line in lines.items():
        for field in re.findall(r"{([^}]*)}", line):
            assert field.endswith(":q") or field in ("threads", "resources.mem_mb"), where


# A rule, one of its outputs, and whether making that again gives the same bytes.
ALONE = {
    "data": ("data/parity.safetensors", True),
    "train_policies": ("runs/{}.groups.parquet", True),
    "gather": ("groups.parquet", True),
    "analysis": ("analysis/explained.csv", True),
    "table": ("tables/summary.csv", True),
    "figure": ("figures/curves.svg", True),
    "answers": ("answers.json", True),
    "page": ("report.html", True),
    "crate": ("ro-crate-metadata.json", False),  # it holds when training ran
}


@pytest.fixture(scope="module")
def again(ran, tmp_path_factory):
    """A copy in which the tiny preset has run, to do anything with."""
    folder = shutil.copytree(ran.folder, tmp_path_factory.mktemp("again") / "copy")
    return type(ran)(folder)


@pytest.mark.nightly
@pytest.mark.parametrize("rule", ALONE)
def test_every_rule_runs_alone_from_its_inputs(again, rule):
    """As `snakemake --generate-unit-tests` would, of results that are there."""
    name, same = ALONE[rule]
    folder = again.folder / "results/tiny"
    shard = sorted(path.name.partition(".")[0] for path in folder.glob("runs/*.groups.parquet"))[0]
    path = folder / name.format(shard)
    before = path.read_bytes()
    asked = path.relative_to(again.folder)
    done = again.snakemake(asked, *TINY, "--force", "--allowed-rules", rule, "--nolock")
    assert "1 of 1 steps (100%) done" in done.stdout
    assert not same or path.read_bytes() == before
