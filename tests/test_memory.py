"""Banks that fit the memory there is, and what happens when they do not."""

import pytest
import torch
from test_training import data, plan, shard_of, train  # noqa: F401 data is a fixture

from blockmaps.bank import Bank
from blockmaps.cells import Cell
from blockmaps.errors import InputError
from blockmaps.training import memory
from blockmaps.training import shard as training
from blockmaps.variants import CellVariant

STEP = memory.Step(steps=3, batch=16, inputs=1)


def variants():
    (shard,) = plan(seeds=1).shards.values()
    cell = Cell(cell="gru", inputs=1, hidden=3, outputs=2)
    return [*shard.variants, CellVariant(cell=cell, learning_rate=0.1, seed_index=0)]


def test_everything_once_and_cells_apart():
    for free in (10**3, 10**5, 3 * 10**5, 10**9):
        banks = memory.plan(variants(), STEP, free)
        held = [one.key for bank in banks for one in bank]
        assert sorted(held) == sorted(one.key for one in variants())
        assert all(len({type(one) for one in bank}) == 1 for bank in banks)
        room = memory.SHARE * free - memory.shared_bytes(STEP)
        for bank in banks:
            assert len(bank) == 1 or sum(memory.variant_bytes(v, STEP) for v in bank) <= room
    assert len(memory.plan(variants(), STEP, 10**3)) == len(variants())
    assert len(memory.plan(variants(), STEP, 10**9)) == 2


def test_the_estimate_errs_to_the_large_side():
    """Against what the parameters, their gradients and Adam's moments take for certain."""
    for one in variants():
        assert memory.variant_bytes(one, STEP) > 4 * 4 * one.unknowns


def test_a_bank_that_runs_out_of_memory_is_halved_and_goes_on(data, tmp_path, monkeypatch, capsys):  # noqa: F811
    shard = shard_of(plan(epochs=4))
    forward, calls, enough = Bank.forward, [], None

    def tight(self, *arguments, **options):
        calls.append(len(self.variants))
        if enough and len(self.variants) > 1 and len(calls) > enough:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 TiB.")
        return forward(self, *arguments, **options)

    monkeypatch.setattr(Bank, "forward", tight)
    whole = train(shard, data, tmp_path / "whole")
    enough = len(calls) * 5 // 8  # in the third of four epochs
    calls.clear()
    frame = train(shard, data, tmp_path / "tight")
    printed = capsys.readouterr().out
    assert "out of memory with 3 variants; 2 banks of 1, 2 variants remain" in printed
    assert "out of memory with 2 variants; 2 banks of 1, 1 variants remain" in printed
    assert "1 variants go on from epoch 2" in printed
    assert frame["epoch"].max() == 4
    columns = ["key", "epoch", "step", "split"]
    assert frame[columns].equals(whole[columns])
    assert abs(frame["loss"] - whole["loss"]).max() < 1e-5


def test_one_variant_that_does_not_fit_is_said_in_one_line(data, tmp_path, monkeypatch):  # noqa: F811
    def full(self, *arguments, **options):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Bank, "forward", full)
    with pytest.raises(InputError, match="one variant does not fit its memory"):
        train(shard_of(plan()), data, tmp_path)


def test_other_faults_are_not_hidden(data, tmp_path, monkeypatch):  # noqa: F811
    def broken(self, *arguments, **options):
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(Bank, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        train(shard_of(plan()), data, tmp_path)


def test_free_memory_is_a_number(monkeypatch):
    assert memory.free_bytes(torch.device("cpu")) > 10**8
    assert training.memory is memory
