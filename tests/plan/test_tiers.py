"""Tiers: which shards come first, what they cost, and what docs/tiers.md says of them."""

import json
import re
import shutil

import pytest
import yaml

from blockmaps.core.errors import InputError
from blockmaps.data.images import Images
from blockmaps.plan import config as configs
from blockmaps.plan import tiers
from blockmaps.plan.plan import Plan

RAW = """
name: mine
seed: 1
tiers:
  first: {experiments: [even-*], claims: [A2], about: the even design}
  second: {experiments: [ends], seeds: 1}
datasets:
  rad: {kind: rad, side: 8, images: 5, train: 1000, validation: 0, test: 100, test_leaking: 0}
recipes:
  short: {epochs: 2, batch_size: 10, learning_rate: 0.01}
experiments:
  ends: &one
    dataset: rad
    recipe: short
    seeds: 2
    designs: [{kind: uniform, budgets: [900], densities: [0.2, 1]}]
  even-28: {<<: *one, designs: [{kind: even, sizes: {900: [28]}, points: 2}]}
"""


def collected(job):
    """Return a file of manifests that holds one."""
    return json.dumps({"environments": [{}], "jobs": [job | {"environment": 0}]})


@pytest.fixture
def plan():
    return Plan(configs.parse(yaml.safe_load(RAW)))


def test_an_earlier_tier_has_a_higher_priority(plan):
    places = {
        (shard.experiment, shard.seed_index): (
            tiers.tier_of(plan.config, shard),
            tiers.priority(plan.config, [shard]),
        )
        for shard in plan.shards.values()
    }
    assert places == {
        ("even-28", 0): (0, 2),
        ("even-28", 1): (0, 2),
        ("ends", 0): (1, 1),
        ("ends", 1): (2, 0),
    }
    # what several tiers need comes with the first of them
    assert tiers.priority(plan.config, plan.shards.values()) == 2
    assert tiers.priority(plan.config, []) == 0


def test_a_cost_is_measured_where_it_can_be(plan, tmp_path):
    ends = [shard for shard in plan.shards.values() if shard.experiment == "ends"]
    before = tiers.cost(plan.config, ends, tmp_path)
    assert (before.runs, before.trained, before.measured) == (4, 0, 0)
    # 2 epochs × 100 steps × 6 tokens, and arithmetic that hardly counts
    assert before.estimated == pytest.approx(2 * (tiers.JOB + 1200 * tiers.TOKEN), rel=0.05)
    job = {"seconds": 40.0, "variants": {"a": {"seconds": 30.0}, "b": {"seconds": 60.0}}}
    (tmp_path / f"{ends[0].id}.manifest.json").write_text(json.dumps(job), encoding="utf-8")
    after = tiers.cost(plan.config, ends, tmp_path)
    # resumed: its variants took longer than the last job; its fellow is taken to cost as much
    assert (after.runs, after.trained, after.measured) == (4, 2, 90)
    assert after.estimated == pytest.approx(90, rel=0.01)
    # a core's own seconds, where a manifest counts them; of a job that went on it counts some only
    for resumed, expected in ((False, 70), (True, 90)):
        counted = job | {"cpu_seconds": 70.0, "resumed": resumed}
        (tmp_path / f"{ends[0].id}.manifest.json").write_text(json.dumps(counted), encoding="utf-8")
        assert tiers.cost(plan.config, ends, tmp_path).measured == expected
    (tmp_path / f"{ends[0].id}.manifest.json").write_text("{", encoding="utf-8")
    assert tiers.cost(plan.config, ends, tmp_path) == before


def test_more_work_is_estimated_to_take_longer(plan):
    def seconds(**changes):
        raw = yaml.safe_load(RAW)
        for path, value in changes.items():
            key, field = path.split("__")
            {"data": raw["datasets"]["rad"], "recipe": raw["recipes"]["short"]}[key][field] = value
        made = Plan(configs.parse(raw))
        spec = made.config.datasets["rad"]
        return max(tiers.estimated(shard, spec) for shard in made.shards.values())

    assert seconds() < seconds(data__train=2000) < seconds(data__train=20000, data__side=9)
    assert seconds() < seconds(recipe__epochs=4) < seconds(data__blanks=20, recipe__epochs=4)
    assert seconds(recipe__epochs=9) < seconds(recipe__epochs=9, data__redraw="epoch")
    # all of MNIST's images, where the config does not say how many
    shard = next(iter(Plan(configs.parse(yaml.safe_load(RAW))).shards.values()))
    assert tiers.estimated(shard, Images(source="mnist")) > 2 * 6000 * tiers.TOKEN


def test_the_command_says_what_a_tier_costs(tmp_path, blockmaps):
    file = tmp_path / "mine.yaml"
    file.write_text(RAW, encoding="utf-8")
    said = blockmaps("plan", "--config", file, cwd=tmp_path).stdout.splitlines()
    found = [line for line in said if line.startswith("tier")]
    assert [line.split()[1] for line in found] == ["first:", "second:", "rest:"]
    assert found[0].startswith("tier   first: 0 of 4 runs trained; CPU hours of one core: 0.0 meas")
    assert found[0].endswith("; claims A2; the even design")


def test_a_profile_is_suggested_from_what_jobs_took(tmp_path, blockmaps):
    file = tmp_path / "mine.yaml"
    file.write_text(RAW, encoding="utf-8")
    made = Plan(configs.read(file))
    one, other = [shard for shard in made.shards.values() if shard.experiment == "ends"]

    def suggested():
        text = blockmaps("plan", "--config", file, "--resources", cwd=tmp_path).stdout
        return yaml.safe_load(text)["set-resources"]["train"], text

    asked, text = suggested()
    assert asked == {"runtime": "60 * attempt"}  # as long as a job of several shards; no memory is
    assert "none of 4 shards measured yet" in text
    folder = tmp_path / "results/mine/runs"
    folder.mkdir(parents=True)
    for shard, peak, seconds in ((one, 610e6, 40.0), (other, 890e6, 4000.0)):
        job = {"shard": shard.id, "peak_memory_bytes": peak, "seconds": seconds}
        job["variants"] = {"a": {"seconds": 30.0}}
        path = folder / f"{shard.id}.manifest.json"
        path.write_text(json.dumps(job), encoding="utf-8")
    asked, text = suggested()
    assert asked == {"mem_mb": "1400 * attempt", "runtime": "135 * attempt"}
    assert "2 of 4 shards measured, at most 890 MB" in text
    # what others measured, where nothing was trained here
    kept = tmp_path / "published/mine"
    kept.mkdir(parents=True)
    (kept / "manifests.json").write_text(collected(job), encoding="utf-8")
    path.write_text("{}", encoding="utf-8")
    done = blockmaps("plan", "--config", file, "--resources", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith("manifest.json: is no manifest of a training job; remove it\n")
    (tmp_path / "results/mine").rename(tmp_path / "elsewhere")
    assert suggested()[0] == {"mem_mb": "1400 * attempt", "runtime": "135 * attempt"}


def test_suggestions_know_how_long_the_profiles_jobs_are(root):
    profile = yaml.safe_load((root / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    assert profile["config"]["compute"]["job_minutes"] == tiers.CLUSTER_JOB


def test_a_tier_of_no_experiment_is_a_fault():
    raw = yaml.safe_load(RAW)
    raw["tiers"]["second"]["experiments"] = ["end"]
    with pytest.raises(
        InputError, match=r"tiers\.second\.experiments: found 'end'; takes some of: ends, even-28"
    ):
        configs.parse(raw)


@pytest.fixture(scope="module")
def paper(root):
    return Plan(configs.read(root / "config/paper.yaml"))


# Trained already, at commit c9049ce, by a config of the same experiments.
TRAINED = {
    "T1": "a9bcc1ea93f9 1f4d1725016c 33f88ba6af92 df58f4a0c2fe ad0839a4f5a2 77fbe028a928 "
    "5182a7e46925 104ee5b344c6 e3f2c053cb67 d40cead76c3c 5fadbeb5ba44 ddf4370a7e6e 8492f7c1eac1 "
    "d92d9f8e10b8 3dff61c60a4b",
    "T2": "2b3e34d4cc1a 0a75a2ff388e 31b55f0b0a0d",
    "T8": "8537d79071f1 d1d7678cd755 55ff5eed1561 bf12b94f77cc 258bacad0036 39f071fbec3d "
    "c16f71338685 e067a6e962bd 63f537c276f4 033a66ee352f",
}


@pytest.mark.parametrize("tier", TRAINED)
def test_what_has_been_trained_of_the_papers_preset_is_in_its_plan(paper, tier):
    found = {
        name
        for name, shard in paper.shards.items()
        if list(paper.config.tiers)[tiers.tier_of(paper.config, shard)] == tier
        and shard.experiment != "anew"
    }
    assert found == set(TRAINED[tier].split())


def test_the_papers_tiers_are_a_table_of_the_document(root, paper, blockmaps):
    config, found = paper.config, {}
    for shard in paper.all.values():
        name = list(config.tiers)[tiers.tier_of(config, shard)]
        found[name] = found.get(name, 0) + len(shard.variants)
    (asked,) = re.findall(r"<!-- blockmaps (.*) -->", (root / "docs/tiers.md").read_text("utf-8"))
    text = blockmaps(*asked.split()).stdout
    table = re.findall(r"^\| (T\d+) \| ([^|]*) \| ([\d,]+) \| ([^|]*) \|", text, re.MULTILINE)
    assert [row[0] for row in table] == list(config.tiers)
    assert {name: int(runs.replace(",", "")) for name, _, runs, _ in table} == found
    claims = yaml.safe_load((root / "config/claims.yaml").read_text(encoding="utf-8"))["claims"]
    for name, about, _, said in table:
        assert about == config.tiers[name].about
        assert said == (", ".join(config.tiers[name].claims) or "–")
        assert set(config.tiers[name].claims) <= set(claims)
    # what is kept of T1 is measured
    (row,) = re.findall(r"^\| T1 .*", text, re.MULTILINE)
    assert re.search(
        r"\| 4\.\d measured of 5\d runs, 0\.\d estimated|\| \d\.\d measured of 60 runs \|$", row
    )


def test_runs_that_are_kept_are_measured(plan, tmp_path, blockmaps):
    """Also where they were trained in other shards: it is the runs that count."""
    ends = [shard for shard in plan.shards.values() if shard.experiment == "ends"]
    keys = [variant.key for shard in ends for variant in shard.variants]
    job = {"shard": "another", "experiment": "ends", "seconds": 3600.0, "peak_memory_bytes": 1}
    job["variants"] = {key: {"seconds": 900.0} for key in keys}
    spent = tiers.cost(plan.config, ends, tmp_path, kept=tiers.by_run([job]))
    assert (spent.trained, spent.measured, spent.estimated) == (4, 3600, 0)
    del job["variants"][keys[0]]
    part = tiers.cost(plan.config, ends, tmp_path, kept=tiers.by_run([job]))
    assert (part.trained, part.measured) == (3, 3600)  # one shard's half is left
    assert 600 < part.estimated < 2400
    # a GPU's hours are not a core's, and say nothing of what a core would take
    on_gpu = job | {"environment": {"device": "NVIDIA H200"}}
    fast = tiers.cost(plan.config, ends, tmp_path, kept=tiers.by_run([on_gpu]))
    assert (fast.trained, fast.measured, fast.on_gpu, fast.gpu) == (3, 0, 3, 3600)
    half = tiers.cost(plan.config, ends, tmp_path).estimated / 2  # one of the two shards
    assert fast.estimated <= half
    row = tiers.as_markdown([tiers.Spent("first", plan.config.tiers["first"], fast)])
    assert "| 1.0 h of jobs on a GPU for 3 runs, 0.0 estimated of the others |" in row
    # of a shard whose runs were trained on both, each counts where it was trained
    one = {"experiment": "ends", "seconds": 900.0}
    alone = [key for shard in ends for key in [v.key for v in shard.variants]][:2]
    both = [
        one | {"variants": {alone[0]: {"seconds": 900.0}}},
        one
        | {"variants": {alone[1]: {"seconds": 36.0}}, "seconds": 36.0}
        | {"environment": {"device": "NVIDIA H200"}},
        {"experiment": "ends", "seconds": 1.0, "variants": {}, "environment": None},
    ]
    mixed = tiers.cost(plan.config, ends, tmp_path, kept=tiers.by_run(both))
    assert (mixed.trained, mixed.measured, mixed.on_gpu, mixed.gpu) == (2, 900, 1, 36)
    assert mixed.estimated == half
    row = tiers.as_markdown([tiers.Spent("first", plan.config.tiers["first"], mixed)])
    assert "| 0.2 measured of 1 run, 0.0 h of jobs on a GPU for 1 run, 0.0 estimated" in row
    file, kept = tmp_path / "mine.yaml", tmp_path / "published/mine/part"
    file.write_text(RAW, encoding="utf-8")
    kept.mkdir(parents=True)
    (kept / "manifests.json").write_text(collected(job), encoding="utf-8")
    said = blockmaps("plan", "--config", file, "--tiers", cwd=tmp_path).stdout.splitlines()
    assert said[2].startswith("| first | the even design | 4 | A2 | 0.0 estimated |")
    assert {line.split("|")[1].strip() for line in said} >= {"second", "rest"}
    assert any("0.7 measured of 2 runs" in line for line in said)


def test_runs_at_rates_that_are_kept_are_counted(root, tmp_path, blockmaps):
    """The runs that a rate was chosen by are not kept: done, as the rate is, but not timed."""
    shutil.copytree(root / "published/fair", tmp_path / "published/fair")
    command = ["plan", "--config", root / "config/fair.yaml"]
    said = blockmaps(*command, cwd=tmp_path).stdout
    line = next(one for one in said.splitlines() if one.startswith("tier   F4: 39 of 39 runs"))
    assert "no time kept of 24 runs that rates were chosen by" in line
    row = blockmaps(*command, "--tiers", cwd=tmp_path).stdout.split("| F4 |")[1].splitlines()[0]
    assert "measured of 15 runs, no time kept of 24 runs" in row
    (tmp_path / "published/fair/tables/rates.csv").unlink()
    assert "tier   F4: 0 of 39 runs trained" in blockmaps(*command, cwd=tmp_path).stdout


def test_the_papers_preset_is_short(root):
    assert len((root / "config/paper.yaml").read_text(encoding="utf-8").splitlines()) <= 150
