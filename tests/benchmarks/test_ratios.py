"""Speed is guarded by ratios alone, with slack for noise: never by seconds."""

import time

import torch

from benchmarks import planning, tasks, train
from benchmarks.ceilings import Ceilings
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan


def test_the_bank_stays_far_ahead_of_the_reference_and_gains_by_being_one():
    """Measured: 90 times as fast alone; sixteen a fifth faster a variant than one alone."""
    torch.set_num_threads(1)
    records = train.compare(
        tasks.TASKS["rad-paper"],
        "uniform",
        ["reference", "bank"],
        Ceilings(1e11, 1e10),
        torch.device("cpu"),
        rounds=3,
        most=16,
    )
    took = {(one["case"], one["variants"]): one["low_ms"] for one in records}
    assert took["reference", 1] > 25 * took["bank", 1]
    assert took["bank", 16] < 1.2 * took["bank", 1]


def test_planning_grows_with_the_number_of_variants_and_not_faster():
    """Measured: in proportion up to a million (docs/scale.md); the square would be 64 times."""

    def seconds(variants):
        asked = configs.parse(planning.config(variants))
        began = time.process_time()
        assert len(Plan(asked).members) == variants
        return time.process_time() - began

    seconds(10)
    assert seconds(4000) < 24 * seconds(500)
