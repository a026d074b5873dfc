"""Trained weights in a file: the banks that are made of it answer as the trained ones."""

import numpy as np
import pytest
import torch

from blockmaps.core.errors import InputError
from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds import Sizes, named_rows
from blockmaps.designs.kinds.numbered import Numbered
from blockmaps.designs.variants import CellVariant, Initialisation, Variant, start
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import CellBank
from blockmaps.plan.shards import Recipe, Shard
from blockmaps.training import policies

NUMBERS = ("00", "12", "13", "14")


def shard_of(numbers=NUMBERS, seed=3) -> Shard:
    variants = []
    for row in named_rows(Numbered(budgets=(10_000,), numbers=numbers), Sizes(46, 26)):
        known = {"learning_rate": 1e-4, "seed_index": 1}
        if isinstance(row.model, Cell):
            variants.append(CellVariant(cell=row.model, **known))
        else:
            initialisation = Initialisation()
            variants.append(Variant(pattern=row.model, initialisation=initialisation, **known))
    return Shard(
        experiment="hammer",
        dataset="hammer",
        data_digest="0",
        recipe=Recipe(steps=1, batch_size=2, learning_rate=1e-4),
        seed=seed,
        seed_index=1,
        variants=tuple(variants),
    )


def trained(shard: Shard) -> list[Bank | CellBank]:
    """Banks whose weights are not those of the start."""
    kinds = {Bank: Variant, CellBank: CellVariant}
    found = []
    for kind, of in kinds.items():
        variants = [variant for variant in shard.variants if isinstance(variant, of)]
        bank = kind(variants, [start(variant, shard.seed) for variant in variants])
        with torch.no_grad():
            for parameter in bank.parameters():
                parameter.add_(0.01 * torch.randn_like(parameter))
        found.append(bank)
    return found


def parameters(banks) -> dict:
    return {
        variant.key: (bank.unknowns[k], bank.biases[k])
        for bank in banks
        for k, variant in enumerate(bank.variants)
    }


def test_the_banks_are_the_trained_ones(tmp_path):
    torch.manual_seed(0)
    shard = shard_of()
    before = trained(shard)
    path = tmp_path / "folder/weights.safetensors"
    policies.write(path, shard, parameters(before))
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    (tmp_path / "any").touch()
    assert path.stat().st_mode == (tmp_path / "any").stat().st_mode
    after = policies.banks(path, shard)
    assert {type(bank) for bank in after} == {Bank, CellBank}
    assert {one.key for bank in after for one in bank.variants} == set(parameters(before))
    x = torch.randn(7, 3, 46)
    known = {type(bank): bank for bank in before}
    for bank in after:
        assert not any(parameter.requires_grad for parameter in bank.parameters())
        other = known[type(bank)]
        with torch.no_grad():
            found = dict(zip((one.key for one in bank.variants), bank(x), strict=True))
            expected = dict(zip((one.key for one in other.variants), other(x), strict=True))
        for key, y in found.items():
            assert y.shape == (7, 3, 26)
            torch.testing.assert_close(y, expected[key], rtol=1e-6, atol=1e-6)


def test_weights_are_kept_to_the_bit(tmp_path):
    torch.manual_seed(1)
    shard = shard_of(("12", "13"))
    before = parameters(trained(shard))
    path = tmp_path / "weights.safetensors"
    policies.write(path, shard, before)
    first = path.read_bytes()
    after = parameters(policies.banks(path, shard))
    for key, both in before.items():
        for ours, theirs in zip(after[key], both, strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.detach().numpy())
    policies.write(path, shard, after)
    assert path.read_bytes() == first


def test_another_shard_s_weights_and_what_is_no_file_of_them(tmp_path):
    shard = shard_of(("12",))
    path = tmp_path / "weights.safetensors"
    with pytest.raises(InputError, match=f"make it with `blockmaps train {shard.id}`"):
        policies.banks(path, shard)
    (variant,) = shard.variants
    begin = start(variant, shard.seed)
    weights = torch.from_numpy(begin.values), torch.from_numpy(begin.bias)
    policies.write(path, shard, {variant.key: weights})
    with pytest.raises(InputError, match="not the weights of shard"):
        policies.banks(path, shard_of(("12",), seed=4))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="no file of weights"):
        policies.banks(path, shard)
    with pytest.raises(ValueError, match="all of them"):
        policies.write(path, shard_of(("12", "13")), {variant.key: weights})
