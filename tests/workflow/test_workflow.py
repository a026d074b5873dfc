"""The workflow as its users run it: real processes, real files, a data set of one's own."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import documents
import numpy as np
import pytest
import torch
import yaml
from rocrate.rocrate import ROCrate
from typer.testing import CliRunner

from blockmaps import SparseRNN
from blockmaps.cli import app
from blockmaps.core import csv
from blockmaps.core.fixed import TOLERANCES
from blockmaps.data import KINDS, store
from blockmaps.plan import catalogue
from blockmaps.results import runs
from blockmaps.results.folder import Folder

TINY = ("--configfile", "tests/workflow/tiny.yaml")
NOTHING = "Nothing to be done"
DESIGN = "{kind: uniform, budgets: [150], densities: [0.3]}"
ANOTHER = f"  another: {{dataset: parity, recipe: short, seeds: 1, designs: [{DESIGN}]}}\n"


@pytest.fixture
def edit(ran):
    """Change a file of the copy for one test: edit(name, old, new)."""
    before = {}

    def change(name, old, new):
        path = ran.folder / name
        before.setdefault(path, (path.read_bytes(), path.stat().st_mtime_ns))
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    yield change
    for path, (content, when) in before.items():
        path.write_bytes(content)
        os.utime(path, ns=(when, when))


@pytest.fixture
def restored(ran):
    """The tiny preset's results, which are afterwards as they were, time stamps too."""
    folder = ran.folder / "results/tiny"

    def files():
        found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
        return {path: (one.st_mtime_ns, one.st_size) for path, one in found.items()}

    before, content = files(), {path: path.read_bytes() for path in files()}
    yield folder
    after = files()
    for path in after.keys() - before.keys():
        path.unlink()
    for path, when in before.items():
        if after.get(path) != when:
            path.write_bytes(content[path])
            os.utime(path, ns=(when[0], when[0]))


def test_a_fresh_clone_has_jobs_to_do(fresh):
    """An include alone would name no default target, and snakemake would end well at once."""
    jobs = fresh.jobs(once=True)
    assert jobs["train"] > 10
    assert jobs["figure"] == 12
    assert jobs["table"] == 10
    assert jobs["analysis"] == 1
    assert jobs["zoo"] == 1
    assert jobs["claims"] == 1
    assert jobs["crate"] == 1
    assert jobs["page"] == 1
    assert {"data", "gather"} <= set(jobs)
    assert not (fresh.folder / "results/default").exists()


def test_the_default_profile_is_picked_up(fresh):
    assert "profiles/default" in fresh.dry(once=True)


def test_the_default_profile_overrules_no_other(root):
    """Snakemake takes it, too, where another is named, and then it wins."""
    found = {
        path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in root.glob("profiles/*/config.yaml")
    }
    default = found.pop("default")
    assert set(found) == {"gpu", "slurm"}
    for other in found.values():
        assert {key: default[key] for key in default if key in other} == {
            key: other[key] for key in default if key in other
        }


def test_partial_targets(fresh):
    jobs = fresh.jobs("tables", once=True)
    assert "figure" not in jobs
    assert "zoo" in jobs
    assert "analysis" in jobs
    jobs = fresh.jobs("figures", once=True)
    assert jobs["figure"] == 12
    assert jobs["table"] == 6  # of ten: those that a figure reads


def test_the_cluster_profile_plans(fresh):
    done = fresh.snakemake("--dry-run", "--profile", "profiles/slurm")
    assert "gpu=1" in done.stdout


def test_lint_is_clean(fresh):
    assert "Congratulations" in fresh.snakemake("--lint").stdout


def test_a_config_at_fault_is_one_line_and_exit_2_and_nothing_is_written(fresh):
    raw = yaml.safe_load((fresh.folder / "tests/workflow/tiny.yaml").read_text())
    raw["experiments"]["structures"]["designs"][0]["budgets"] = [-1]
    file = fresh.folder / "fault.yaml"
    file.write_text(yaml.safe_dump(raw))
    try:
        done = fresh.snakemake("--configfile", "fault.yaml", check=False)
    finally:
        file.unlink()
    assert done.returncode == 2
    (line,) = [line for line in done.stdout.splitlines() if "blockmaps:" in line]
    assert "fault.yaml: experiments.structures.designs[0].budgets[0]: found -1" in line
    assert "Traceback" not in done.stdout
    assert not (fresh.folder / "results/tiny").exists()


def test_config_on_the_command_line_overrides_the_preset(fresh):
    done = fresh.snakemake("--dry-run", "runs", *TINY, "--config", "name=other")
    assert "results/other/runs.parquet" in done.stdout


def test_the_page_is_named_last_and_what_failed_too(ran):
    claims = "results/tiny/claims.json"
    done = ran.snakemake(claims, *TINY, "--forcerun", "claims")
    assert done.stdout.splitlines()[-1] == "The page: results/tiny/report.html"
    raw = yaml.safe_load((ran.folder / "tests/workflow/tiny.yaml").read_text(encoding="utf-8"))
    raw["name"], raw["plugins"] = "failing", ["failing.py"]
    plugin = (ran.folder / "tests/workflow/parity.py").read_text(encoding="utf-8")
    files = {
        "failing.yaml": yaml.safe_dump(raw),
        "failing.py": plugin.replace("bits[..., None], 12", "bits[..., None], 11"),
    }
    for name, text in files.items():
        (ran.folder / name).write_text(text, encoding="utf-8")
    try:
        done = ran.snakemake("--configfile", "failing.yaml", check=False)
        tables = [*(ran.folder / "results/failing").rglob("*.parquet")]
    finally:
        for name in files:
            (ran.folder / name).unlink()
        shutil.rmtree(ran.folder / "results/failing", ignore_errors=True)
    assert done.returncode == 1
    assert tables == []  # nothing was trained
    assert done.stdout.splitlines()[-1] == (
        "Failed: results/failing/logs/data/parity.log: blockmaps: data set parity: inputs have "
        "|x| = 11; the class's `shape` says inputs=12; `blockmaps check-data parity` lists all"
    )


def test_a_new_data_set_goes_through_the_whole_dag(ran):
    plugin = (ran.folder / "tests/workflow/parity.py").read_text().splitlines()
    assert len(plugin) <= 40
    folder = ran.folder / "results/tiny"
    table = runs.read(folder / "runs.parquet")
    assert set(table["dataset"]) == {"parity"}
    assert list(table.columns) == list(runs.COLUMNS)
    factorial = table[table["design"] == "factorial"]
    assert factorial["structure"].nunique() == 64
    assert table["key"].nunique() == 64 + 2 + 10
    for name in ("summary", "structures", "differences"):
        assert (folder / f"tables/{name}.csv").stat().st_size > 100
    for name in ("explained", "partial", "comparisons", "robust", "steps"):
        assert len(csv.read(folder / f"analysis/{name}.csv")), name
    for name in ("proportion", "structures", "curves", "densities", "metric"):
        for kind in ("svg", "png"):
            assert (folder / f"figures/{name}.{kind}").stat().st_size > 5000
        said = json.loads((folder / f"figures/{name}.words.json").read_text(encoding="utf-8"))
        assert said["caption"] == catalogue.FIGURES[name].caption
    found = Folder(folder).json("manifests")
    assert {job["shard"] for job in found["jobs"]} == {
        path.name.partition(".")[0] for path in (folder / "runs").glob("*.groups.parquet")
    }
    described = ROCrate(folder)
    drawn = {path.name for path in (folder / "figures").glob("*")}
    assert {one["name"] for one in described.get("figures/")["hasPart"]} == drawn
    # the copy is outside git
    assert {(job["commit"], job["clean"]) for job in found["jobs"]} == {("", None)}
    logs = {path.relative_to(folder / "logs").parts[0] for path in (folder / "logs").rglob("*.log")}
    assert {"data", "train", "runs.log", "tables", "figures"} <= logs


def test_weights_are_kept_as_asked_and_give_the_trained_model_back(ran, tmp_path):
    """The model answers the test sequences as the runs table says that it did."""
    folder = ran.folder / "results/tiny"
    table = runs.read(folder / "runs.parquet")
    last = table[(table["split"] == "test") & (table["epoch"] == table["epoch"].max())]
    data = store.read(next((folder / "data").glob("*.safetensors")))
    begin, end = data.splits["test"]
    x = torch.from_numpy(data.inputs[begin:end]).float() * data.scale + data.offset
    targets = torch.from_numpy(data.targets[begin:end]).long()
    for run in last.sort_values("loss").iloc[[0, -1]].itertuples():
        rnn = SparseRNN.from_run(folder, run.key, batch_first=True)
        assert rnn.unknowns.numel() == run.unknowns
        y, _ = rnn(x, blank_steps=data.blank_steps)
        loss = torch.nn.functional.cross_entropy(y[:, data.loss_steps[0]], targets).item()
        assert loss == pytest.approx(run.loss, rel=1e-5)
        done = ran.blockmaps(
            "export", run.key[:8], "--from", "results/tiny", "--to", tmp_path / "one.safetensors"
        )
        assert f"{rnn.unknowns.numel():,} unknowns" in done.stdout
        exported = SparseRNN.from_run(tmp_path / "one.safetensors")
        assert torch.equal(exported.unknowns, rnn.unknowns)
    done = ran.blockmaps("export", run.key, "--from", "results/tiny", "--to", "one.pt", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("blockmaps: --to: found 'one.pt'; takes a file that ends in")


# Ten seconds and more each; asked for with -m nightly.
LONG = [
    "blockmaps analyse published/default --output /tmp/analysis",
    "blockmaps claims published",
    "blockmaps claims published --readme README.md --readme docs/verdicts.md",
    "blockmaps claims published/apriori --json",
    "blockmaps draw published/default /tmp/figures",
    "blockmaps plan --time --config config/mine.yaml",
]


@pytest.mark.parametrize(
    "commands",
    [
        [one for one in documents.commands("blockmaps") if one not in LONG],
        pytest.param(["blockmaps init mine", *LONG], marks=pytest.mark.nightly),
    ],
    ids=["quick", "long"],
)
def test_every_command_of_the_documents_runs(commands, ran, tmp_path, monkeypatch):
    """In a copy; the tiny preset's results stand for one's own."""
    assert set(LONG) < set(documents.commands("blockmaps"))
    folder = tmp_path / "copy"
    shutil.copytree(ran.folder, folder, ignore=shutil.ignore_patterns(".snakemake"))
    monkeypatch.chdir(folder)
    for kind in ("mine", "parity"):  # registered here, and taken away again
        monkeypatch.setitem(KINDS, kind, None)
        monkeypatch.delitem(KINDS, kind)
    shutil.copytree("published/default", "results/default")
    shutil.copytree("results/tiny", "results/mine")
    shutil.copy("examples/walks.csv", "table.csv")
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 5, 2)), rng.integers(0, 2, 60)
    np.savez("arrays.npz", x=x, y=y)
    key = runs.read(folder / "results/tiny/runs.parquet")["key"].iloc[0]
    for command in commands:
        command = command.replace("KEY", key).replace("/tmp/", f"{tmp_path}/")
        if "init mine" in command:
            for path in folder.glob("config/mine.*"):
                path.unlink()
            KINDS.pop("mine", None)
        if "--write" in command or "check-data" in command:  # another preset of this name
            shutil.rmtree("results/mine")
        if "SHARD" in command:
            shard = min(folder.glob("results/mine/shards/*.json"))
            command = command.replace("SHARD", shard.stem)
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}\n{done.output}\n{done.exception}"
        if "init mine" in command:
            preset = folder / "config/mine.yaml"
            text = re.sub(r"steps: \d+, batch", "steps: 20, batch", preset.read_text())
            preset.write_text(text)


def test_weights_that_are_asked_for_or_lost_are_written_and_nothing_else_is_made(ran, restored):
    kept = sorted((restored / "policies").glob("*.safetensors"))
    assert len(kept) == len(list((restored / "runs").glob("*.groups.parquet")))
    content = kept[0].read_bytes()
    kept[0].unlink()
    assert ran.jobs(*TINY)["train"] == 1
    done = ran.snakemake(kept[0].relative_to(ran.folder), *TINY)
    assert "train_policies" in done.stdout
    log = (restored / f"logs/train/{kept[0].stem}.log").read_text()
    assert "are complete, from their checkpoints" in log
    assert kept[0].read_bytes() == content


def test_the_papers_scale_is_planned_in_seconds(fresh, root):
    began = time.perf_counter()
    said = fresh.dry("--configfile", "config/paper.yaml", once=True)
    assert time.perf_counter() - began < 60
    assert "train" in said
    # T1 before all others, its data first
    tiers = len(yaml.safe_load((root / "config/paper.yaml").read_text())["tiers"])
    jobs = re.split(r"\n(?=rule )", said)
    for name in ("data/rad.safetensors", "runs/a9bcc1ea93f9.parquet"):
        (job,) = [job for job in jobs if f"output: results/paper/{name}" in job]
        assert re.search(rf"priority: {tiers}(\.\d+)?\n", job)  # the fraction: the longest first
    alone = ("--configfile", "config/paper.yaml", "--config", 'only=["baselines"]')
    all_of_it = fresh.jobs("--configfile", "config/paper.yaml", once=True)
    assert fresh.jobs(*alone)["train"] < all_of_it["train"]
    wrong = fresh.snakemake("--dry-run", *alone[:3], 'only=["baseline"]', check=False)
    assert wrong.returncode != 0
    assert "only: found 'baseline'; takes some of: structures" in wrong.stdout


def test_policies_are_scored_where_a_data_set_has_an_environment(fresh):
    """Made by hand they go the same way: tests/scoring/test_flow.py."""
    numbered = {"kind": "numbered", "budgets": [10_000], "numbers": ["00", "12"]}
    recipe = {"steps": 2, "batch_size": 2, "learning_rate": 1e-3}
    data = {"kind": "adroit", "task": "hammer", "source": "rollouts"}
    known = {"dataset": "hammer", "recipe": "imitate", "seeds": 3, "study": "control"}
    raw = {
        "name": "scored",
        "seed": 0,
        "zoo": False,
        "datasets": {"hammer": data},
        "recipes": {"imitate": recipe},
        "experiments": {"hammer": known | {"designs": [numbered]}},
    }
    file = fresh.folder / "scored.yaml"
    file.write_text(yaml.safe_dump(raw))
    try:
        jobs = fresh.jobs("--configfile", "scored.yaml")
    finally:
        file.unlink()
    asked = ("train", "score", "returns", "table", "detectable", "frames")
    assert [jobs[name] for name in asked] == [3, 3, 1, 2, 1, 1]  # no return_explained: two patterns
    assert jobs["figure"] == 2  # frames and returns


def test_a_job_trains_a_batch_of_shards(ran):
    """Each one's files are declared; that it was trained in a batch makes nothing stale."""
    folder = ran.folder / "results/tiny"
    shards = {path.name.partition(".")[0] for path in (folder / "runs").glob("*")}
    texts = [path.read_text(encoding="utf-8") for path in (folder / "logs/train").glob("*.log")]
    done = [re.findall(r"^results/tiny/runs/(\w+)\.parquet: ", text, re.M) for text in texts]
    assert max(map(len, done)) > 1
    assert {one for several in done for one in several} == shards
    assert len(texts) < len(shards)


def test_a_shard_that_fails_loses_none_of_its_batch(ran, restored, monkeypatch):
    """The others are trained; Snakemake takes a failed job's files away, checkpoints give them."""
    monkeypatch.chdir(ran.folder)
    monkeypatch.setitem(KINDS, "parity", None)  # registered here, and taken away again
    monkeypatch.delitem(KINDS, "parity")
    several = sorted(path.name for path in (restored / "runs").glob("*.manifest.json"))[:3]
    shards = [restored / "shards" / f"{name.partition('.')[0]}.json" for name in several]
    (restored / "runs" / several[1]).unlink()
    (restored / "runs" / several[1]).mkdir()  # nothing can be written there
    try:
        done = CliRunner().invoke(app, ["train", *map(str, shards)])
    finally:
        (restored / "runs" / several[1]).rmdir()
    manifests = [json.loads((restored / "runs" / several[n]).read_text()) for n in (0, 2)]
    assert done.exit_code == 2
    assert [job["resumed"] for job in manifests] == [True, True]
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"blockmaps: {shards[1]}: not trained: ")


def test_a_second_run_has_nothing_to_do_and_says_so_soon(ran):
    began = time.perf_counter()
    done = ran.snakemake(*TINY)
    assert time.perf_counter() - began < 20  # 2 s on an idle machine
    *_, before, last = done.stdout.splitlines()
    assert NOTHING in before
    assert last == "The page: results/tiny/report.html"


def test_what_a_killed_job_left_is_nobodys_and_the_next_run_removes_it(ran, restored):
    """A process that ends at once stands for one that was killed: its number is nobody's."""
    code = (
        "import os; from pathlib import Path; from blockmaps.core import files\n"
        "path = Path('results/tiny/figures/path.svg')\n"
        "with files.beside(path) as left: left.write_text('<svg'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ran.folder, check=True)
    (left,) = (restored / "figures").glob(".*")
    done = ran.snakemake("results/tiny/report.html", "--forcerun", "page", *TINY)
    assert "1 of 1 steps (100%) done" in done.stdout  # what was left makes nothing again
    assert not left.exists()
    assert 'id="figure-.path' not in (restored / "report.html").read_text()


def test_a_second_workflow_is_refused_and_a_killed_one_is_gone_on_with(ran, restored):
    asked = ("results/tiny/report.html", "--forcerun", "page", *TINY)
    before = (restored / "report.html").read_bytes()
    with ran.started(*asked) as first:
        os.kill(first.pid, signal.SIGSTOP)  # so that it is at work while the second starts
        second = ran.snakemake(*asked, check=False)
        # of two presets' at once the first to end would remove the other's too
        assert not list((ran.folder / ".snakemake/locks").iterdir()), "no locks of Snakemake's own"
        assert (restored / "report.html").read_bytes() == before
    assert second.returncode == 2
    assert "Traceback" not in second.stdout
    line = "blockmaps: results/tiny: another workflow works on it; wait until that has ended"
    assert line in second.stdout.splitlines()
    assert "1 of 1 steps (100%) done" in ran.snakemake(*asked).stdout  # nothing is to be unlocked
    assert (restored / "report.html").read_bytes() == before


def test_what_is_kept_is_drawn_again_by_one_workflow_whatever_the_presets(ran):
    """One that draws what another's page reads would leave figures out of it, with exit 0."""
    drawn = ran.folder / "results/published"
    asked = "results/published/laptop/rad/checked.json"
    with ran.started(asked, *TINY) as first:
        os.kill(first.pid, signal.SIGSTOP)
        second = ran.snakemake(asked, *TINY, "--config", "name=other", check=False)
    assert second.returncode == 2
    assert "blockmaps: results/published: another workflow works on it" in second.stdout
    assert "Traceback" not in second.stdout
    shutil.rmtree(drawn)
    shutil.rmtree(ran.folder / "results/other")


def test_time_stamps_and_comments_do_not_count(ran, edit):
    (ran.folder / "tests/workflow/tiny.yaml").touch()
    (ran.folder / "src/blockmaps/maps/bank.py").touch()
    edit("src/blockmaps/report/figures/curves.py", "\ndef draw(", "\n# a comment\ndef draw(")
    edit("src/blockmaps/maps/bank.py", "\nclass Bank(", "\n\n# a comment\nclass Bank(")
    edit("tests/workflow/tiny.yaml", "name: tiny", "# a comment\nname: tiny")
    assert NOTHING in ran.snakemake("--dry-run", *TINY).stdout


def test_a_figures_code_redraws_that_figure_alone(ran, edit):
    edit("src/blockmaps/report/figures/structures.py", "PITCH = 8.5", "PITCH = 9.5")
    jobs = ran.jobs(*TINY)
    for name in ("all", "default", "figures", "crate"):  # what holds all that is made
        jobs.pop(name, None)
    assert jobs == {"figure": 1, "page": 1}


def test_another_word_for_a_measure_trains_nothing_again(ran, edit):
    edit("src/blockmaps/results/runs.py", "largest |eigenvalue| of", "largest absolute value of")
    edit("src/blockmaps/results/measures.py", ", no bias", ", without bias")
    jobs = ran.jobs(*TINY)
    assert jobs["gather"] == 1
    assert not {"train", "data"} & set(jobs)


def test_the_pages_style_makes_the_page_again_and_nothing_else(ran, edit):
    edit(
        "src/blockmaps/report/page/templates/page.css",
        "color-scheme: light dark;",
        "color-scheme: light;",
    )
    jobs = ran.jobs(*TINY)
    assert {
        name: count for name, count in jobs.items() if name not in ("all", "default", "crate")
    } == {"page": 1}


def test_the_banks_code_trains_again_and_the_same_shards(ran, edit):
    shards = len(list((ran.folder / "results/tiny/runs").glob("*.groups.parquet")))
    edit("src/blockmaps/maps/groups.py", "MOST_PADDING = 1.12", "MOST_PADDING = 1.5")
    jobs = ran.jobs(*TINY)
    assert jobs["train"] == shards
    assert "data" not in jobs


def test_a_data_sets_code_makes_it_again(ran, edit):
    edit("tests/workflow/parity.py", "bits.sum(1) % 2", "1 - bits.sum(1) % 2")
    assert ran.jobs(*TINY)["data"] == 1


@pytest.mark.parametrize(
    ("old", "new", "trained"),
    [
        ("seeds: 1", "seeds: 2", 3),  # two of factorial, one of even; balanced has it already
        ("seeds: [0, 1]}", "seeds: [0, 1, 2]}", 1),
        ("seeds: [0, 1]}\n      - {kind: even, sizes: {150: [14, 20]}", None, 0),
        ("experiments:\n", f"experiments:\n{ANOTHER}", 1),
        ("budgets: [150], seeds", "budgets: [150, 170], seeds", 2),
        ("points: 5}", "points: 5}\n      - {kind: uniform, budgets: [150], densities: [0.4]}", 1),
    ],
)
def test_only_new_variants_are_trained(ran, edit, old, new, trained):
    fewer = old.replace("0, 1", "0").replace("14, 20", "14")
    edit("tests/workflow/tiny.yaml", old, new or fewer)
    jobs = ran.jobs(*TINY)
    assert jobs["gather"] == 1
    assert jobs.get("train", 0) == trained


ZOO = ["results/tiny/figures/zoo.svg", "results/tiny/figures/impulse.svg"]


def test_the_zoo_is_made_where_it_is_asked_for(ran):
    """The tiny preset leaves it out."""
    assert ran.jobs(*ZOO, *TINY) == {"zoo": 1, "figure": 2}


@pytest.mark.nightly
def test_the_zoo_runs_once_and_its_figures_follow_its_tables(ran, edit, restored):
    """It runs again if its code moves."""
    figures = ZOO
    ran.snakemake(*figures, *TINY)
    assert NOTHING in ran.snakemake("--dry-run", *figures, *TINY).stdout
    rows = csv.read(ran.folder / "results/tiny/tables/equivalence.csv")
    assert (rows["output_deviation"] <= rows["dtype"].map(TOLERANCES)).all()
    edit(
        "src/blockmaps/report/figures/impulse.py",
        "HEAT, ABOVE, BELOW = 1.7",
        "HEAT, ABOVE, BELOW = 1.8",
    )
    assert ran.jobs(*figures, *TINY) == {"figure": 1}
    edit("src/blockmaps/maps/terms.py", "a = a + term(z)", "a = term(z) + a")
    assert ran.jobs(*figures, *TINY) == {"zoo": 1, "figure": 2}
    assert NOTHING in ran.snakemake("--dry-run", *TINY).stdout, "a map's code trains nothing"


def test_the_analysis_follows_its_code_and_figures_follow_the_analysis(ran, edit):
    edit("src/blockmaps/analysis/explain.py", "INSEPARABLE = 10.0", "INSEPARABLE = 11.0")
    jobs = ran.jobs(*TINY)
    kinds = {name: n for name, n in jobs.items() if name in ("analysis", "figure")}
    assert kinds == {"analysis": 1, "figure": 1}  # metric
    assert "train" not in jobs


def test_the_papers_regret_is_drawn_where_there_is_one_to_draw(fresh):
    done = fresh.snakemake("--dry-run", "figures", "--configfile", "config/apriori.yaml")
    assert "figures/regret.svg" in done.stdout
    assert "figures/regret.svg" not in fresh.dry("figures", once=True)


def test_the_page_shows_every_figure_and_run(ran):
    page = (ran.folder / "results/tiny/report.html").read_text()
    for path in (ran.folder / "results/tiny/figures").glob("*.svg"):
        assert f'id="figure-{path.stem}"' in page
    assert page.count("<tr data-study=") == 64 + 2 + 10


def test_the_report_of_snakemake_is_complete(ran):
    ran.snakemake("--report", "report.zip", *TINY)
    with zipfile.ZipFile(ran.folder / "report.zip") as archive:
        text = archive.read("report/report.html").decode()
    found = json.loads(re.search(r"var results = (\{.*\});?$", text, re.MULTILINE)[1])
    folder = ran.folder / "results/tiny"
    names = [*folder.glob("figures/*.svg"), *folder.glob("tables/*.csv")]
    names += [*folder.glob("analysis/*.csv"), folder / "report.html"]
    # the papers' claims are not about this task
    shown = {str(path.relative_to(ran.folder)) for path in names}
    assert set(found) == shown
    figure = found["results/tiny/figures/curves.svg"]
    assert catalogue.FIGURES["curves"].caption in figure["caption"]
    for name, one in found.items():
        assert len(one["caption"]) > 50, name
        assert "{{" not in one["caption"]
        if not name.endswith("report.html"):  # of all that was run
            assert one["labels"]["runs"] == "76", name
            assert one["labels"]["scale"] == "parity: |x| 12, |y| 2", name
    (categories,) = re.findall(r"var categories = (\{.*\});?$", text, re.MULTILINE)
    assert set(json.loads(categories)) == {"Page", "Figures", "Tables", "Analysis"}


def test_a_step_can_be_run_by_hand(ran, tmp_path, blockmaps):
    folder = ran.folder / "results/tiny"
    before = (folder / "figures/curves.svg").read_bytes()
    again = tmp_path / "again.svg"
    blockmaps("figure", "curves", "--runs", folder / "runs.parquet", "--output", again)
    assert again.read_bytes() == before
    done = blockmaps("plan", "--config", "results/tiny/config.json", cwd=ran.folder)
    assert "76 variants in" in done.stdout


def test_what_is_published_is_drawn_without_training_whatever_the_preset(fresh):
    folders = sorted(path.parent for path in (fresh.folder / "published").rglob("manifest.json"))
    jobs = fresh.jobs("published", *TINY)
    jobs.pop("published")
    assert jobs == {
        name: len(folders) for name in ("published_sums", "published_figures", "published_page")
    }


def test_a_published_file_that_was_changed_is_one_line_and_stops_the_drawing(ran):
    target = "results/published/laptop/continuum/report.html"
    path = ran.folder / "published/laptop/continuum/tables/continuum.csv"
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    try:
        path.write_bytes(before.replace(b"0", b"1", 1))
        os.utime(path, ns=(when, when))
        done = ran.snakemake(target, *TINY, check=False)
    finally:
        path.write_bytes(before)
    assert done.returncode != 0
    *said, last = [line for line in done.stdout.splitlines() if "blockmaps:" in line]
    wrong = (
        "published/laptop/continuum/tables/continuum.csv: is missing or not what its manifest says"
    )
    assert {line.strip() for line in said} <= {f"blockmaps: {wrong}"}
    assert last.endswith(f"logs/check.log: blockmaps: {wrong}")
    assert not (ran.folder / target).exists()


MINE = """
from blockmaps.report.figures import style


@style.themed
def draw(table, caption):
    sheet = style.sheet(f"There are {len(table)} rows", caption, "n is in the table.", 1.0)
    sheet.axes(0.5, 0.2, 2, 0.5).plot(table["accuracy"])
    return sheet
"""
ENTRY = '    Figure("mine", ("continuum",), "continuum", "Rows of mine.", claims=("B3",)),\n'


def test_a_new_figure_is_one_module_and_one_entry(fresh, tmp_path):
    """Plan, help, drawing of what is published and the page: nothing else is told of it."""
    module = fresh.folder / "src/blockmaps/report/figures/mine.py"
    listed = fresh.folder / "src/blockmaps/plan/catalogue.py"
    before = listed.read_text(encoding="utf-8")
    kept = "published/laptop/continuum"
    environment = {**os.environ, "PYTHONPATH": str(fresh.folder / "src"), "COLUMNS": "200"}

    def blockmaps(*arguments):
        command = [sys.executable, "-m", "blockmaps", *map(str, arguments)]
        return subprocess.run(
            command, cwd=fresh.folder, env=environment, check=True, capture_output=True, text=True
        ).stdout

    module.write_text(MINE, encoding="utf-8")
    mark = "_FIGURES = (\n"
    assert before.count(mark) == 1
    listed.write_text(before.replace(mark, mark + ENTRY), encoding="utf-8")
    try:
        planned = fresh.snakemake("--dry-run", "figures").stdout
        assert "results/default/figures/mine.svg" in planned
        for command in ("figure", "draw"):
            assert "mine" in blockmaps(command, "--help")
        drawn = tmp_path / "drawn"
        blockmaps("draw", kept, drawn / "figures")  # as `snakemake published` does
        assert {path.stem for path in (drawn / "figures").glob("*.svg")} > {"mine", "path"}
        blockmaps("page", drawn, kept, "--output", tmp_path / "report.html")
    finally:
        module.unlink()
        listed.write_text(before, encoding="utf-8")
    rows = len(csv.read(fresh.folder / kept / "tables/continuum.csv"))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    shown = page[page.index('<figure class="exhibit" id="figure-mine">') :].partition("</figure>")[
        0
    ]
    assert f"<h3>There are {rows} rows</h3>" in shown
    assert "Rows of mine.</p>" in shown
    assert "n is in the table." in shown
    assert f"blockmaps figure mine --tables {kept}/tables" in shown
    assert '<a href="#figure-mine">' in page[: page.index('id="figure-mine"')]  # claim B3's
