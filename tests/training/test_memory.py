"""Banks that fit the memory there is, and what happens when they do not."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_training import data, plan, shard_of, train  # noqa: F401 data is a fixture

from blockmaps.core.errors import InputError
from blockmaps.designs.cells import Cell
from blockmaps.designs.variants import CellVariant
from blockmaps.maps.bank import Bank
from blockmaps.training import memory
from blockmaps.training import shard as training

STEP = memory.MinibatchSize(steps=3, batch=16, inputs=1)


def variants():
    (shard,) = plan(seeds=1).shards.values()
    cell = Cell(cell="gru", inputs=1, hidden=3, outputs=2)
    return [*shard.variants, CellVariant(cell=cell, learning_rate=0.1, seed_index=0)]


def test_everything_once_and_cells_apart():
    shared = memory.shared_bytes(STEP)
    for free in (10**3, shared + 10**5, shared + 4 * 10**5, 10**9):
        banks = memory.plan(variants(), STEP, free)
        held = [one.key for bank in banks for one in bank]
        assert sorted(held) == sorted(one.key for one in variants())
        assert all(len({type(one) for one in bank}) == 1 for bank in banks)
        room = memory.SHARE * free - memory.shared_bytes(STEP)
        for bank in banks:
            assert len(bank) == 1 or sum(memory.variant_bytes(v, STEP) for v in bank) <= room
    assert len(memory.plan(variants(), STEP, 10**3)) == len(variants())
    assert len(memory.plan(variants(), STEP, 10**9)) == 2


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
def test_the_estimate_errs_to_the_large_side():
    """Against the peak of a process that takes two training steps, less its start."""
    code = """
import torch
from blockmaps.designs.patterns import RNN_BLOCKS, rnn_pattern
from blockmaps.designs.variants import Initialisation, Variant
from blockmaps.maps.bank import Bank
from blockmaps.training import memory

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

densities = dict.fromkeys(RNN_BLOCKS, 0.2)
variants = [
    Variant(pattern=rnn_pattern(784, 150 + k, 10, densities), initialisation=Initialisation(),
            learning_rate=0.1, seed_index=0)
    for k in range(24)
]
step = memory.MinibatchSize(11, 64, 784)
began = peak()
bank = Bank.from_variants(variants, 0)
adam = torch.optim.Adam(bank.parameters())
for _ in range(2):
    adam.zero_grad()
    bank(torch.randn(10, 64, 784), [10], blank_steps=1).square().mean().backward()
    adam.step()
estimate = sum(memory.variant_bytes(v, step) for v in variants) + memory.shared_bytes(step)
print(peak() - began, estimate)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    used, estimate = map(float, done.stdout.split())
    assert used < estimate < 4 * used


@pytest.mark.parametrize(
    ("fault", "is_memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_how_memory_runs_out(fault, is_memory):
    assert memory.is_out_of_memory(fault) == is_memory


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
