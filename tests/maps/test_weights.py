"""Trained weights in a file: the banks that are made of it answer as the trained ones."""

import numpy as np
import pytest
import torch
from numbered_shards import about_of, shard_of
from safetensors.numpy import load_file

from blockmaps.core.errors import InputError
from blockmaps.designs.variants import CellVariant, Variant, start
from blockmaps.maps import weights
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import CellBank
from blockmaps.plan.shards import Shard


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


def write(path, shard, parameters):
    weights.write(path, about_of(shard), parameters)


def banks(path, shard) -> list[Bank | CellBank]:
    """Banks of what a file holds."""
    found = []
    for kind, of in {Bank: Variant, CellBank: CellVariant}.items():
        pairs = [one for one in weights.trained(path, shard.id) if isinstance(one[0], of)]
        if pairs:
            found.append(kind(*zip(*pairs, strict=True)).requires_grad_(False))
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
    write(path, shard, parameters(before))
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    (tmp_path / "any").touch()
    assert path.stat().st_mode == (tmp_path / "any").stat().st_mode
    after = banks(path, shard)
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
    write(path, shard, before)
    first = path.read_bytes()
    after = parameters(banks(path, shard))
    for key, both in before.items():
        for ours, theirs in zip(after[key], both, strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.detach().numpy())
    write(path, shard, after)
    assert path.read_bytes() == first


def test_another_shard_s_weights_and_what_is_no_file_of_them(tmp_path):
    shard = shard_of(("12",))
    path = tmp_path / "weights.safetensors"
    with pytest.raises(InputError, match=f"`blockmaps train {shard.id}` writes them"):
        banks(path, shard)
    (variant,) = shard.variants
    begin = start(variant, shard.seed)
    both = torch.from_numpy(begin.values), torch.from_numpy(begin.bias)
    write(path, shard, {variant.key: both})
    with pytest.raises(InputError, match="not the weights of shard"):
        banks(path, shard_of(("12",), seed=4))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="not a file of weights"):
        banks(path, shard)
    with pytest.raises(ValueError, match="all of them"):
        write(path, shard_of(("12", "13")), {variant.key: both})


def test_a_model_is_found_by_its_key_and_exported(tmp_path):
    torch.manual_seed(2)
    shard = shard_of()
    held = parameters(trained(shard))
    folder = tmp_path / "results"
    write(folder / weights.FOLDER / f"{shard.id}.safetensors", shard, held)
    for variant in shard.variants:
        found = weights.find(folder, variant.key[:6])
        assert (found.variant, found.about.seed) == (variant, shard.seed)
        weights.export(tmp_path / "one.safetensors", found)
        again = weights.find(tmp_path / "one.safetensors")
        assert again.variant == variant
        for one in (found, again):
            np.testing.assert_array_equal(one.start.values, held[variant.key][0].detach())
            np.testing.assert_array_equal(one.start.bias, held[variant.key][1].detach())
    tensors = load_file(tmp_path / "one.safetensors")
    key = shard.variants[-1].key
    has_mask = isinstance(shard.variants[-1], Variant)
    parts = ("unknowns", "biases", *(("rows", "columns") if has_mask else ()))
    assert set(tensors) == {f"{key}.{part}" for part in parts}


def test_an_exported_map_holds_its_mask(tmp_path):
    shard = shard_of(("12",))
    write(tmp_path / "all.safetensors", shard, parameters(trained(shard)))
    weights.export(tmp_path / "one.safetensors", weights.find(tmp_path / "all.safetensors"))
    tensors = load_file(tmp_path / "one.safetensors")
    (variant,) = shard.variants
    mask = start(variant, shard.seed).mask
    assert np.array_equal(tensors[f"{variant.key}.rows"], mask.rows)
    assert np.array_equal(tensors[f"{variant.key}.columns"], mask.columns)


def test_what_cannot_be_found_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such results folder"):
        weights.find(tmp_path / "nowhere", "0")
    with pytest.raises(InputError, match="`keep: weights`"):
        weights.find(tmp_path, "0")
    for seed in (3, 4):
        shard = shard_of(seed=seed)
        path = tmp_path / weights.FOLDER / f"{shard.id}.safetensors"
        write(path, shard, parameters(trained(shard)))
    key = shard.variants[0].key
    with pytest.raises(InputError, match=r"holds no weights of it.*such as [0-9a-f]{16}$"):
        weights.find(tmp_path, "no such key")
    with pytest.raises(InputError, match=r"2 there.*takes a whole key, and the file"):
        weights.find(tmp_path, key)
    assert weights.find(path, key).about.seed == 4


def test_weights_that_do_not_fit_their_mask_are_refused(tmp_path):
    shard = shard_of(("12",))
    (variant,) = shard.variants
    few = {variant.key: (torch.zeros(3), torch.zeros(2))}
    write(tmp_path / "few.safetensors", shard, few)
    with pytest.raises(InputError, match="do not fit the mask"):
        weights.find(tmp_path / "few.safetensors")
