"""Scores of policies: of the obvious loop, the same for everyone, and marked where they diverge."""

import numpy as np
import pytest
import torch
from numbered_shards import about_of, shard_of

from blockmaps.data.environments.rollouts import start_seed
from blockmaps.data.environments.simulator import Simulator
from blockmaps.data.environments.tasks import task_of
from blockmaps.designs.variants import start
from blockmaps.maps import weights
from blockmaps.maps.bank import Bank
from blockmaps.results import returns
from blockmaps.training.scoring import playing
from blockmaps.training.scoring.score import score_shard
from blockmaps.training.scoring.stepping import Policies

SEED = np.random.SeedSequence(5)
SHORT = task_of("hammer")._replace(steps=25)


@pytest.fixture(scope="module")
def trained():
    shard = shard_of(("00", "12", "13"))
    return [(variant, start(variant, shard.seed)) for variant in shard.variants]


def test_a_score_is_the_obvious_loops(trained):
    """One environment, one model, its whole history at every step."""
    variant, begin = trained[1]
    bank = Bank([variant], [begin], torch.float32)
    world = Simulator(SHORT)
    scores = playing.score(SHORT, trained, SEED, 2)
    for episode in range(2):
        seen, total, success = [world.reset(start_seed(SEED, episode))], 0.0, False
        for _ in range(SHORT.steps):
            history = torch.tensor(np.stack(seen), dtype=torch.float32)[:, None]
            action = bank(history, (len(seen) - 1,))[0, 0, 0].detach().numpy()
            step = world.step(action)
            seen.append(step.observation)
            total, success = total + step.reward, success or step.success
        # float32 sums in another order; 25 steps of contacts let that grow little
        assert scores.returns[1, episode] == pytest.approx(total, rel=1e-3)
        assert scores.successes[1, episode] == success
    assert (scores.steps == SHORT.steps).all()
    assert not scores.diverged.any()


def test_scores_do_not_depend_on_processes_episodes_or_the_other_policies(trained, monkeypatch):
    one = playing.score(SHORT, trained, SEED, 5)
    again = playing.score(SHORT, trained, SEED, 5)
    fewer = playing.score(SHORT, trained[:1], SEED, 3)
    monkeypatch.setattr(playing, "ENVIRONMENTS", 2 * playing.PIECE * SHORT.megabytes)
    parted = playing.score(SHORT, trained, SEED, 5)
    assert len(playing._held[0].groups) == 2
    for name in playing.Scores._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
        np.testing.assert_array_equal(getattr(one, name), getattr(parted, name))
        np.testing.assert_array_equal(getattr(one, name)[:1, :3], getattr(fewer, name))
    assert np.unique(one.returns).size == one.returns.size  # no two episodes are alike
    other = playing.score(SHORT, trained[:1], np.random.SeedSequence(6), 1)
    assert other.returns[0, 0] != one.returns[0, 0]


def test_processes_change_no_byte_of_a_shards_rows(tmp_path):
    """Five episodes are two pieces, for two processes."""
    shard = shard_of(("12",))
    file = tmp_path / "weights.safetensors"
    begin = start(shard.variants[0], shard.seed)
    parts = tuple(torch.from_numpy(part).float() for part in (begin.values, begin.bias))
    weights.write(file, about_of(shard), {shard.variants[0].key: parts})
    one, two = (score_shard(shard, file, SHORT, 5, processes) for processes in (1, 2))
    assert one.equals(two)
    assert set(one.columns) == set(returns.RETURNS)
    assert one["episode"].tolist() == list(range(5))
    assert (one["steps"] == SHORT.steps).all()
    assert not one["diverged"].any()


def test_a_policy_that_diverges_is_marked_and_scored_as_it_is(trained):
    variant, begin = trained[0]
    broken = begin._replace(values=np.full_like(begin.values, np.nan))
    # grows by a factor a step and ends at infinity, some steps in
    growing = begin._replace(values=np.full_like(begin.values, 1e3))
    given = [(variant, broken), (variant, growing), *trained[1:]]
    scores = playing.score(SHORT, given, SEED, 2)
    assert scores.diverged[:2].all()
    assert not scores.diverged[2:].any()
    assert np.isfinite(scores.returns).all()
    assert (scores.steps == SHORT.steps).all()
    alone = playing.score(SHORT, trained[1:], SEED, 2)
    np.testing.assert_array_equal(scores.returns[2:], alone.returns)


def test_every_policy_starts_from_the_same_states(trained):
    seen = []

    class Watched(Policies):
        def step(self, observations):
            seen.append(observations.copy())
            return super().step(observations)

    playing.play(SHORT, Watched(trained), SEED, range(3))
    first = seen[0][:, :3]
    assert (first == first[0]).all()
    assert len(np.unique(first[0], axis=0)) == 3
    assert not seen[0][:, 3:].any()  # places of a piece that are not played
