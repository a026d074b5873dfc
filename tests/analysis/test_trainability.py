"""Tables of trainability, on runs whose fate is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from studies import dynamics as made_dynamics
from studies import trainability as made_runs

from blockmaps.analysis import tables, trainability
from blockmaps.plan import catalogue

FATES = {"dense": (2, 17, 1), "balanced": (18, 2, 0), "uniform": (20, 0, 0)}


@pytest.fixture(scope="module")
def runs():
    return made_runs(FATES)


def test_every_table_has_its_documented_columns(runs):
    frames = {catalogue.RUNS: runs, catalogue.DYNAMICS: made_dynamics(runs)}
    own = [one for one in catalogue.TABLES.values() if one.study == trainability.STUDY]
    assert len(own) == 3
    for one in own:
        table = tables.make(one.name, frames.__getitem__)
        assert list(table.columns) == list(catalogue.columns_of(one.name))
        assert len(table)


def test_shares_and_wilsons_intervals(runs):
    table = trainability.by_arm(runs, made_dynamics(runs)).set_index(["steps", "arm"])
    for steps in (5, 50):
        for arm, (_, chance, diverged) in FATES.items():
            row = table.loc[(steps, arm)]
            assert row["n"] == 20
            counts = {"at_chance": chance, "diverged": diverged, "failed": chance + diverged}
            for name, count in counts.items():
                assert row[name] == pytest.approx(count / 20)
                # scipy's interval is an implementation of its own
                wilson = stats.binomtest(count, 20).proportion_ci(method="wilson")
                assert row[f"{name}_low"] == pytest.approx(wilson.low, abs=1e-12)
                assert row[f"{name}_high"] == pytest.approx(wilson.high, abs=1e-12)
            assert row["reach_before"] == pytest.approx(0.5 ** (steps - 1))
            assert row["reach_after"] == 1
            assert row["exponent_before"] == pytest.approx(np.log(0.5))
            assert row["spectral_radius_after"] == 1


@pytest.mark.parametrize(
    ("right", "fate"),
    [
        *((0, "worse"), (33, "worse"), (34, "at chance"), (50, "at chance"), (67, "at chance")),
        *((68, "learnt"), (80, "learnt"), (400, "learnt")),
    ],
)
def test_chance_is_what_a_two_sided_test_cannot_tell_from_guessing(right, fate):
    """Of 400 at 1/8, 50 are guessed. A run that fell from 76 % to 0 is not still at chance."""
    runs = made_runs({"dense": (1, 0, 0)})
    runs["accuracy"] = right / 400
    judged = trainability.judged(runs)
    assert (judged["at_chance"] == (fate == "at chance")).all()
    assert (judged["failed"] == (fate != "learnt")).all()


def in_clusters(shares, replicates: int = 16, steps=(50,)):
    """Return runs of dense, of which a share of each seed index stays at chance; uniform learns."""
    parts = []
    for seed, share in enumerate(shares):
        stay = round(share * replicates)
        made = made_runs(
            {"dense": (replicates - stay, stay, 0), "uniform": (replicates, 0, 0)}, steps
        )
        parts.append(made.assign(seed_index=seed, key=made["key"] + f"-{seed}"))
    return pd.concat(parts, ignore_index=True)


def test_runs_of_one_seed_index_are_a_cluster():
    """Where whole seed indices end alike there are as many runs as seed indices, not eighty."""
    spread = [
        trainability.differences(in_clusters(shares)).set_index("outcome").loc["at_chance"]
        for shares in ((0.5,) * 5, (0, 1, 0.5, 0, 1))
    ]
    assert [row["value"] for row in spread] == pytest.approx([0.5, 0.5])
    assert {row["seeds"] for row in spread} == {5}
    alike, apart = (row["high"] - row["low"] for row in spread)
    assert apart > 2 * alike
    assert spread[0]["low"] > 0 > spread[1]["low"]
    assert all(-1 <= row["low"] <= row["high"] <= 1 for row in spread)


def test_a_design_effect_is_the_clusters_variance_over_the_binomials():
    rng = np.random.default_rng(0)
    shares = rng.uniform(0.2, 0.8, 5)
    fates = np.concatenate([(np.arange(16) < round(16 * share)) for share in shares]).astype(float)
    clusters = np.repeat(np.arange(5), 16)
    means = fates.reshape(5, 16).mean(1)
    expected = means.var(ddof=1) / 5 / (fates.mean() * (1 - fates.mean()) / 80)
    assert trainability.design_effect(fates, clusters) == pytest.approx(max(1, expected))
    assert trainability.design_effect(np.tile([0.0, 1.0], 40), clusters) == 1  # never below
    assert np.isnan(trainability.design_effect(np.zeros(80), clusters))
    # five clusters of independent runs count for fewer than eighty: t(4) is not t(79)
    arm = pd.DataFrame({"at_chance": np.tile([0.0, 1.0], 40), "seed_index": clusters})
    (n,) = trainability.effective_runs([arm], "at_chance")
    assert n == pytest.approx(80 * (stats.t.ppf(0.975, 79) / stats.t.ppf(0.975, 4)) ** 2)


def test_the_clustered_interval_covers():
    """Shares that differ between data sets by a standard deviation of .15, 16 runs of each of 5."""
    rng, hits, simulations = np.random.default_rng(3), 0, 300
    for _ in range(simulations):
        arms = []
        for mean in (0.5, 0.3):
            shares = np.clip(rng.normal(mean, 0.15, 5), 0, 1)
            fates = (rng.uniform(size=(5, 16)) < shares[:, None]).ravel()
            seeds = np.repeat(np.arange(5), 16)
            arms.append(pd.DataFrame({"at_chance": fates, "seed_index": seeds}))
        low, high = trainability.between_shares(arms, "at_chance")
        hits += low <= 0.2 <= high
    assert hits / simulations > 0.95 - 3 * np.sqrt(0.95 * 0.05 / simulations)


def test_a_loss_that_was_not_finite_at_any_epoch_has_diverged(runs):
    once = runs.copy()
    first = once["key"] == once["key"].iloc[0]
    once.loc[first & (once["epoch"] == 0), "loss"] = np.inf
    judged = trainability.judged(once).set_index("key")
    assert judged.loc[once["key"].iloc[0], "diverged"]
    assert not judged.loc[once["key"].iloc[0], "at_chance"]
    assert judged["failed"][judged["diverged"] | judged["at_chance"]].all()


def test_differences_of_shares_have_newcombes_interval(runs):
    """Newcombe 1998, method 10: from each share's own Wilson interval."""
    table = trainability.differences(runs).set_index(["steps", "difference", "outcome"])
    row = table.loc[(50, "dense - balanced", "at_chance")]
    p, q = 17 / 20, 2 / 20
    (l1, u1), (l2, u2) = (
        stats.binomtest(count, 20).proportion_ci(method="wilson") for count in (17, 2)
    )
    assert row["value"] == pytest.approx(p - q)
    assert row["low"] == pytest.approx(p - q - np.hypot(p - l1, u2 - q))
    assert row["high"] == pytest.approx(p - q + np.hypot(u1 - p, q - l2))
    assert set(table.index.get_level_values(1)) == {"dense - balanced", "dense - uniform"}


def test_gradients_are_medians_over_runs_by_steps_back(runs):
    dynamics = made_dynamics(runs)
    table = trainability.gradients(runs, dynamics).set_index(["steps", "arm", "trained", "back"])
    assert table.loc[(50, "dense", "before", 10), "gradient"] == pytest.approx(0.5**10)
    assert table.loc[(50, "dense", "after", 10), "gradient"] == 1
    assert (table["n"] == 20).all()
    assert len(table) == 3 * 2 * (5 + 50)


def test_of_depth_the_steps_are_iterations():
    runs = made_runs({"mlp": (3, 1, 0)}, steps=(1,)).assign(iterations=12)
    assert set(trainability.judged(runs)["steps"]) == {12}
