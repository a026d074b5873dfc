"""From demonstrations to tables and figures, by the command line, with a policy of any kind."""

import pytest
import yaml
from experts import arrays
from typer.testing import CliRunner

from blockmaps.analysis import control, power
from blockmaps.cli import app
from blockmaps.cli.options import read_plan
from blockmaps.core import csv
from blockmaps.core.errors import InputError
from blockmaps.data.environments import expert
from blockmaps.data.environments.tasks import task_of
from blockmaps.results import returns, runs, strips
from blockmaps.results.folder import Folder
from blockmaps.training.scoring.filming import choose

RAW = {
    "name": "small",
    "seed": 5,
    "zoo": False,
    "datasets": {
        "hammer": {
            "kind": "adroit",
            "task": "hammer",
            "source": "rollouts",
            "episodes": 4,
            "validation": 1,
            "test": 1,
        }
    },
    "recipes": {"imitate": {"steps": 25, "batch_size": 2, "learning_rate": 1e-3}},
    "experiments": {
        "hammer": {
            "dataset": "hammer",
            "recipe": "imitate",
            "seeds": 2,
            "study": "control",
            "episodes": 2,
            "designs": [{"kind": "numbered", "budgets": [10000], "numbers": ["00", "12", "13"]}],
        }
    },
}
SHARDS = 2


def run(*arguments) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if done.exception:
        raise done.exception
    return done.output


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    """A results folder in which all but frames and figures has been made, and what was printed."""
    folder = tmp_path_factory.mktemp("flow")
    (folder / "small.yaml").write_text(yaml.safe_dump(RAW))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        some = expert.Expert(arrays(task_of("hammer")))
        patch.setattr("blockmaps.data.environments.expert.load", lambda *_: some)
        said = {"data": run("data", "hammer", "-c", "small.yaml")}
        said["detectable"] = run("detectable", "-c", "small.yaml")
        run("plan", "-c", "small.yaml", "--write")
        plan, results = read_plan(folder / "small.yaml")
        assert len(plan.policy_shards) == SHARDS
        # a job plans nothing
        patch.setattr("blockmaps.plan.plan.Plan", None)
        for shard in plan.policy_shards:
            run("train", results.file("shard", shard))
            said["score"] = run("score", results.file("shard", shard))
        patch.setattr("blockmaps.plan.plan.Plan", type(plan))
        assert {one.id for one in results.ledger.trained} == set(plan.shards)
        run("collect", "-c", "small.yaml")
        said["returns"] = run("returns", "-c", "small.yaml")
    return folder, said, plan


def test_scores_are_collected_with_what_each_policy_is(flow):
    folder, said, _ = flow
    table = Folder(folder / "results/small").parquet("returns")
    assert list(table.columns) == list(returns.RETURN_COLUMNS)
    assert len(table) == 2 * 3 * 2
    assert "6 policies, 12 episodes" in said["returns"]
    assert "3 policies × 2 episodes" in said["score"]
    trained = runs.read(folder / "results/small/runs.parquet").drop_duplicates("key")
    known = table.drop_duplicates("key").set_index("key")
    for name in ("structure", "arm", "hidden", "seed_index", "unknowns"):
        assert known[name].equals(trained.set_index("key")[name].loc[known.index]), name
    assert table["hidden_proportion"].isna().sum() == 2 * 2  # an LSTM's
    assert table["expert_episodes"].eq(4).all()
    assert "expert" in said["data"]


def test_cloning_lowers_every_models_loss_on_episodes_that_are_not_trained_on(flow):
    folder, _, _ = flow
    table = runs.read(folder / "results/small/runs.parquet")
    table = table[table["split"] == "test"].sort_values("epoch")
    first, last = (getattr(table.groupby("key")["loss"], which)() for which in ("first", "last"))
    assert len(first) == 6
    assert (table["epoch"].min(), table["epoch"].max()) == (0, 25)
    assert (last < first).all()


def test_tables_are_made_of_the_returns_alone(flow, monkeypatch):
    folder, said, _ = flow
    monkeypatch.chdir(folder)
    for name, rows in (("returns", 6), ("return_differences", 9)):
        run("analyse", name, "--returns", "results/small/returns.parquet", "--output", "t.csv")
        made = csv.read(folder / "t.csv")
        assert list(made.columns) == list(control.COLUMNS[name])
        assert len(made) == rows
    header, *rows = said["detectable"].splitlines()
    assert header.split(",") == list(power.COLUMNS)
    assert rows


def test_frames_are_taken_or_the_reason_is_given(flow, blockmaps, monkeypatch):
    """In a process of its own: MuJoCo chooses its renderer when it is imported."""
    folder, _, _ = flow
    done = blockmaps("frames", "-c", "small.yaml", cwd=folder)
    images, about = strips.read(folder / "results/small/frames.safetensors")
    if about["reason"]:
        assert len(images) == 0
        assert "no renderer works here" in done.stdout
    else:
        names = [strip["name"] for strip in about["strips"]]
        assert names[-2:] == ["best", "worst"]
        assert images.shape == (len(names), len(strips.MOMENTS), strips.SIDE, strips.SIDE, 3)
        assert images.std() > 10
        assert (images[0, 0] == images[-1, 0]).all()  # one start state
        assert (images[0, 0] != images[0, -1]).any()
        table = Folder(folder / "results/small").parquet("returns")
        shown = table[table["episode"] == about["episode"]]
        for strip in about["strips"][-2:]:
            same = shown[shown["structure"] == strip["structure"]]
            same = same[same["seed_index"] == strip["seed_index"]]
            assert strip["return"] == same["return"].item()  # it is the episode that was scored
    monkeypatch.chdir(folder)
    run("figure", "frames", "--tables", "results/small/frames.safetensors", "--output", "f.png")
    assert (folder / "f.png").stat().st_size > 5_000
    monkeypatch.setenv("MUJOCO_GL", "off")
    run("frames", "-c", "small.yaml", "--output", "none.safetensors")
    images, about = strips.read(folder / "none.safetensors")
    assert len(images) == 0
    assert about["reason"].startswith("off: ")


def test_what_is_shown_is_the_best_and_the_worst_run_in_the_bests_median_episode(flow):
    folder, _, _ = flow
    table = Folder(folder / "results/small").parquet("returns")
    table = table.assign(**{"return": range(len(table))})
    chosen = choose(table, control.by_run(table))
    ordered = control.by_run(table).sort_values("return")
    assert chosen.best["key"] == ordered["key"].iloc[-1]
    assert chosen.worst["key"] == ordered["key"].iloc[0]
    assert (chosen.episode, chosen.runs) == (1, 6)


def test_what_cannot_be_scored_is_one_line(flow, monkeypatch):
    folder, _, plan = flow
    monkeypatch.chdir(folder)
    (shard, *_) = plan.policy_shards
    file = f"results/small/shards/{shard}.json"
    with pytest.raises(InputError, match=f"no such weights; `blockmaps train {file}`"):
        run("score", file, "--policies", "nowhere.safetensors")
    other = folder / f"results/small/policies/{plan.policy_shards[1]}.safetensors"
    with pytest.raises(InputError, match="not the weights of shard"):
        run("score", file, "--policies", other)
    (folder / f"results/small/returns/{shard}.parquet").rename(folder / "kept.parquet")
    with pytest.raises(InputError, match="no such file; make it with `blockmaps score`"):
        run("returns", "-c", "small.yaml")
    (folder / "kept.parquet").rename(folder / f"results/small/returns/{shard}.parquet")
    with pytest.raises(InputError, match="takes one that is scored: hammer"):
        run("frames", "-c", "small.yaml", "--experiment", "rad")
    known = runs.read(folder / "results/small/runs.parquet")
    half = Folder(folder / "results/small").parquet("shard returns", shard)
    with pytest.raises(InputError, match="3 variants have no returns"):
        returns.collect([half], known, {("hammer", 0): dict.fromkeys(returns.EXPERT, 1.0)})
