"""The documents: links lead somewhere, commands are taken, code runs, sentences are short."""

import json
import re
import shlex
import tomllib
import warnings
from functools import cache

import documents
import numpy as np
import pandas as pd
import pytest
import textstat
import torch
import typer
from snakemake.cli import parse_args

from blockmaps.cli import app
from blockmaps.data import KINDS
from blockmaps.plan import catalogue

NAMES = [path.relative_to(documents.ROOT).as_posix() for path in documents.DOCUMENTS]
GUIDES = [name for name in NAMES if name != "CHANGELOG.md"]
LONGEST = 20  # words a sentence, on average
ALLOWED = {"git", "pip", "pytest", "ruff", "snakefmt", "mypy", "lint-imports", "python", "python3"}
ALLOWED |= {"blockmaps", "snakemake", "cd", ".", "mkdocs"}


def text_of(name):
    return (documents.ROOT / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """Return a document's sentences: no code, tables, pictures or headings; a link is its words."""
    text = re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)
    lines = [line for line in text.splitlines() if not re.match(r"\||#|!\[|    \S", line)]
    text = re.sub(r"\]\([^)]*\)", "]", "\n".join(lines))
    text = re.sub(r"`[^`]*`", "code", text)
    text = re.sub(r"(?<=\w)\.(?=\w)", "", text)  # 0.5 and config.yaml end no sentence
    paragraphs = re.split(r"\n\s*\n|\n(?=[-*] )", text)
    whole = [re.sub(r"[^\w\s.!?'-]", "", " ".join(one.split())) for one in paragraphs]
    return " ".join(one if one.endswith((".", "!", "?")) else f"{one}." for one in whole if one)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    text = text_of(name)
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (documents.ROOT / name).parent / path if path else documents.ROOT / name
        assert target.exists(), (name, link)
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\s-]", "", one).strip().lower() for one in headings}
            assert anchor in {re.sub(r"\s", "-", one) for one in slugs} | {"every-key"}, link


def test_every_page_is_in_the_sites_navigation():
    """A page that is in no menu is found by nobody; mkdocs says so and builds."""
    navigation = text_of("mkdocs.yml").partition("\nnav:\n")[2]
    there = {path.name for path in (documents.ROOT / "docs").glob("*.md")}
    assert there <= set(re.findall(r"([\w-]+\.md)$", navigation, re.MULTILINE))


@pytest.mark.parametrize("name", NAMES)
def test_every_block_says_what_it_is_in(name):
    kinds = {block.kind for block in documents.blocks(documents.ROOT / name)}
    assert kinds <= {"sh", "python", "yaml"}, f"{name}: {kinds}"


def test_the_readme_is_short_and_no_document_holds_a_placeholder():
    assert len(text_of("README.md").splitlines()) <= 150
    assert len(text_of("results/README.md").splitlines()) <= 30
    for name in NAMES:
        assert not re.findall(r"@[A-Z]+@|\bCOUNT\b|TODO", text_of(name)), name


@pytest.mark.parametrize("command", documents.commands("blockmaps"))
def test_a_command_takes_what_a_document_gives_it(command):
    """That it also does what is said: tests/workflow/test_workflow.py, of all of them."""
    name, *given = shlex.split(command)[1:]
    group = typer.main.get_command(app)
    group.commands[name].make_context(name, given)


@pytest.mark.parametrize("command", documents.commands("snakemake"))
def test_a_snakemake_command_names_what_there_is(command):
    given = shlex.split(command)[1:]
    parsed = parse_args(given)[1]
    root = documents.ROOT
    rules = " ".join(path.read_text(encoding="utf-8") for path in root.glob("workflow/**/*.smk"))
    rules += (root / "workflow/Snakefile").read_text(encoding="utf-8")
    for target in parsed.targets:
        assert f"rule {target}:" in rules, target
    for file in parsed.configfile or []:
        assert (root / file).is_file() or file.name == "mine.yaml", file
    for profile in re.findall(r"--profile (\S+)", command):
        assert (root / profile / "config.yaml").is_file()


def test_other_commands_are_few_and_take_extras_that_there_are():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    lines = [line for block in documents.all_blocks("sh") for line in block.commands]
    assert {part.split()[0] for line in lines for part in line.split(" && ")} <= ALLOWED
    for line in lines:
        for extras in re.findall(r"\.\[([\w,]+)\]", line):
            assert set(extras.split(",")) <= set(project["optional-dependencies"])
        for module in re.findall(r"python -m (benchmarks\.\w+)", line):
            assert (documents.ROOT / f"{module.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("name", ["README.md", "docs/explanation.md"])
def test_the_python_of_a_document_runs(name):
    names = {}
    for block in documents.blocks(documents.ROOT / name):
        if block.kind == "python" and block.run and "@register" not in block.code:
            exec(block.code, names)
    if name == "README.md":
        assert names["rnn"].unknowns.grad.abs().sum() > 0
        assert names["y"].shape == torch.Size((29, 32, 10))
    else:
        assert names["gated"].blocks["h", "g"] == "product"


def test_all_python_is_run():
    run = {"README.md", "docs/explanation.md"}
    shown = {
        block.document.relative_to(documents.ROOT).as_posix()
        for block in documents.all_blocks("python")
    }
    assert shown <= run


def test_the_readmes_task_can_be_planned_and_fits(tmp_path, monkeypatch):
    """Class and preset as they stand in the README."""
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(KINDS, "mine", None)  # taken away again when the test has ended
    monkeypatch.delitem(KINDS, "mine")
    found = documents.blocks(documents.ROOT / "README.md")
    (code,) = [one.code for one in found if "@register" in one.code]
    (preset,) = [one.code for one in found if one.kind == "yaml"]
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.py").write_text(code, encoding="utf-8")
    (tmp_path / "config/mine.yaml").write_text(preset, encoding="utf-8")
    for command in ("check-data mine", "plan"):
        done = CliRunner().invoke(app, [*command.split(), "--config", "config/mine.yaml"])
        assert done.exit_code == 0, done.output
    assert "15" in done.output  # three arms at five seed indices


def test_the_page_of_tables_shows_every_column_and_the_catalogue():
    text = text_of("docs/tables.md")
    asked = re.findall(r"^<!-- blockmaps columns (\w+) -->$", text, re.MULTILINE)
    assert sorted(asked) == sorted(catalogue.described())
    assert "<!-- blockmaps catalogue -->" in text


def test_the_page_explains_its_words_as_the_document_does():
    """It has some of them, so that a page which is sent to somebody can be read alone."""
    said = " ".join(re.sub("[*`]", "", text_of("docs/words.md")).split())
    page = text_of("src/blockmaps/report/page/templates/words.html")
    shown = re.findall(r'^  \("(.+?)", "(.+)"\),$', page, re.MULTILINE)
    assert len(shown) > 20
    assert not [word for word, about in shown if f"- {word}: {about}" not in said]


def test_sentences_are_short():
    """It warns: a long sentence is no fault, many are."""
    for name in GUIDES:
        mean = textstat.words_per_sentence(prose(text_of(name)))
        if mean > LONGEST:
            warnings.warn(f"{name}: {mean:.1f} words a sentence; aim: {LONGEST}", stacklevel=1)


@cache
def kept_intervals() -> np.ndarray:
    """Return (estimate, low, high) of every statistic and table row that is kept."""
    found = []
    for path in (documents.ROOT / "published").rglob("*.csv"):
        table = pd.read_csv(path, low_memory=False)
        for name in table.columns:
            if "low" in name and (high := name.replace("low", "high")) in table:
                before = table.columns[list(table.columns).index(name) - 1]
                if name == "cv_bootstrap_low" and "cv_r2" in table:
                    before = "cv_r2"  # beside which the jackknife's bounds stand
                three = table[[before, name, high]].apply(pd.to_numeric, errors="coerce")
                found.append(three.dropna().to_numpy())
    for path in (documents.ROOT / "published").rglob("claims.json"):
        rows = json.loads(path.read_text(encoding="utf-8"))
        three = [
            [one["estimate"], one["low"], one["high"]]
            for row in rows
            for part in ("statistics", "secondary", "sensitivity")
            for one in row[part]
            if one["low"] is not None
        ]
        found.append(np.array(three).reshape(-1, 3))
    return np.unique(np.concatenate(found).astype(float), axis=0)


def said_intervals(text: str) -> list[tuple[str, ...]]:
    """Return each `number … [low, high]` of a document's sentences."""
    text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)
    return re.findall(
        r"(−?\d[\d.,]*)[^\d\[\]|]{0,45}\[(−?\d[\d.,]*),\s(−?\d[\d.,]*)\]", text.replace(" %", "")
    )


def as_written(three: tuple[str, ...], kept: np.ndarray) -> bool:
    """Return whether a kept interval is written so: as a share or in percent, either way round."""
    numbers = [float(one.replace("−", "-").replace(",", "")) for one in three]
    decimals = [len(one.partition(".")[2]) for one in three]
    nearly = np.array([0.5 * 10.0**-digits * 1.01 for digits in decimals])
    turned = kept[:, [0, 2, 1]] * -1
    return any(
        (np.abs(scale * one - numbers) <= nearly).all(axis=1).any()
        for scale in (1, 100)
        for one in (kept, turned)
    )


# Not of a table: a count that stands before an interval.
FURTHER = {("20", "−0.54", "0.94")}


@pytest.mark.parametrize("name", ["README.md", "docs/findings.md", "docs/summary.md"])
def test_the_intervals_of_the_findings_are_those_that_are_kept(name):
    """When more runs are published, this says which sentence has to follow."""
    kept = kept_intervals()
    said = said_intervals(text_of(name))
    assert len(said) > 4
    assert not [one for one in said if one not in FURTHER and not as_written(one, kept)]
