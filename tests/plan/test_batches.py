"""Batches: which shards share a job."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from test_shards import plan, preset

from blockmaps.plan import tiers
from blockmaps.plan.batches import batches


@cache
def config():
    return plan(preset(seeds=6))


def seconds(made, shard):
    return tiers.estimated(shard, made.config.datasets["rad"]) - tiers.JOB


def split(made, at_once=None, alike=lambda name: None, minutes=60):
    compute = made.config.compute.model_copy(update={"job_minutes": minutes})
    config = made.config.model_copy(update={"compute": compute})
    return batches(config, made.shards, alike, at_once)


@settings(max_examples=15)
@given(st.floats(0.001, 1.0))
def test_every_shard_is_in_one_batch_in_its_order_and_batches_are_of_one_length(minutes):
    made = config()
    found = split(made, minutes=minutes)
    assert [one for batch in found for one in batch] == list(made.shards)
    longest = max(seconds(made, one) for one in made.shards.values())
    every = sum(seconds(made, one) for one in made.shards.values())
    assert len(found) <= every / (60 * minutes) + 1
    for batch in found:
        if len(batch) > 1:
            assert sum(seconds(made, made.shards[one]) for one in batch) < 60 * minutes + longest


def test_what_differs_in_what_a_job_is_given_shares_no_batch():
    made = config()
    assert len(split(made)) == 1
    found = split(made, alike=lambda name: made.shards[name].seed_index)
    indices = [{made.shards[one].seed_index for one in batch} for batch in found]
    assert indices == [{n} for n in range(6)]


def test_every_core_gets_its_part_if_that_is_worth_a_jobs_start(monkeypatch):
    made = config()
    every = sum(seconds(made, one) for one in made.shards.values())
    assert every < tiers.JOB
    assert len(split(made, at_once=2)) == 1
    monkeypatch.setattr(tiers, "JOB", 0.0)
    assert len(split(made, at_once=2)) == 4
    assert len(split(made, at_once=1000)) == len(made.shards)
    monkeypatch.setattr(tiers, "JOB", every / 5.5)
    assert len(split(made, at_once=1000)) == 6
