"""Training: paired by seed index, the same whatever the bank, going on after an interruption."""

import dataclasses
import random
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from blockmaps.core.errors import DamagedError, InputError
from blockmaps.core.seeds import generator
from blockmaps.data import Epochs, SequenceData, store
from blockmaps.data.making import make_file
from blockmaps.maps.bank import Bank
from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan
from blockmaps.plan.shards import Shard
from blockmaps.results import measures, runs
from blockmaps.training import checkpoints, fitting
from blockmaps.training import shard as training
from blockmaps.training.minibatches import BUNDLE, BankData, InBundles, Minibatches
from blockmaps.training.module import losses, right

PARITY = Path(__file__).parents[1] / "workflow/parity.py"
MEASURED = ["loss", "accuracy"]


def plan(seeds=2, epochs=3, learning_rate=0.01, batch_size=16, steps=None):
    return Plan(
        configs.parse(
            {
                "name": "test",
                "seed": 5,
                "plugins": [str(PARITY)],
                "datasets": {"parity": {"kind": "parity"}},
                "recipes": {
                    "r": {
                        **({"epochs": epochs} if steps is None else {"steps": steps}),
                        "batch_size": batch_size,
                        "learning_rate": learning_rate,
                    }
                },
                "experiments": {
                    "e": {
                        "dataset": "parity",
                        "recipe": "r",
                        "seeds": seeds,
                        "initialisation": {"std": 0.3},
                        "designs": [
                            {"kind": "uniform", "budgets": [200], "densities": [0.3, 0.6, 1.0]}
                        ],
                    }
                },
            }
        )
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "parity.safetensors"
    made = plan()
    spec, made_from = made.config.datasets["parity"], made.data_digest("parity", 0)
    make_file(spec, 5, 0, {"data_digest": made_from}, path)
    return path


def train(shard: Shard, data: Path, folder: Path) -> pd.DataFrame:
    frame = training.train_shard(shard, data, folder / "checkpoints", folder / "logs", "cpu").rows
    return frame.sort_values(["key", "epoch", "split"], ignore_index=True)


def train_anew(shard: Shard, data: Path, folder: Path, anew: Epochs) -> pd.DataFrame:
    frame = training.train_shard(
        shard, data, folder / "checkpoints", folder / "logs", "cpu", anew=anew
    ).rows
    return frame.sort_values(["key", "epoch", "split"], ignore_index=True)


def shard_of(made: Plan, seed_index: int = 0) -> Shard:
    return next(one for one in made.shards.values() if one.seed_index == seed_index)


def only(shard: Shard, *positions: int) -> Shard:
    return Shard(**{**dict(shard), "variants": tuple(shard.variants[k] for k in positions)})


def test_rows_are_documented_and_training_improves_the_loss(data, tmp_path):
    frame = train(shard_of(plan(epochs=8)), data, tmp_path)
    assert set(frame.columns) == set(runs.TRAINED)
    assert set(frame["split"]) == {"train", "test"}
    counts = frame.groupby(["key", "split"]).size().unstack()
    assert (counts["test"] == 9).all()  # before training, and after each epoch
    assert (counts["train"] == 8).all()
    test = frame[frame["split"] == "test"].set_index("epoch")
    assert test.loc[8, "loss"].mean() < test.loc[0, "loss"].mean() - 0.05
    assert (frame["step"] == frame["epoch"] * 7).all()
    path = tmp_path / "runs.parquet"
    runs.write(frame, path, runs.TRAINED)
    read = runs.read(path, runs.TRAINED)
    pd.testing.assert_frame_equal(read, frame[list(runs.TRAINED)], check_dtype=False)


def test_what_is_known_before_training_is_of_the_same_inputs_and_documented(data):
    shard = shard_of(plan())
    known = measures.known(shard, data)
    assert set(known.columns) | set(runs.TRAINED) == set(runs.MEASURES)
    for name in ("hx", "yy"):
        assert (known[f"unknowns_{name}"] <= known["hidden"] * 12).all()
    assert (known["biases"] == known["hidden"] + 2).all()
    first, steps = store.first_inputs(data, 5)
    bank_data = BankData(data, 16, False, shard.seed, shard.seed_index)
    read = Minibatches(bank_data.stored, "train", 5).inputs(torch.arange(5))
    np.testing.assert_array_equal(first, read[0].double().numpy())
    assert steps == len(read) + bank_data.stored.blank_steps


def test_a_variant_alone_and_in_a_bank_is_the_same_run(data, tmp_path):
    """Float32, other sums: accuracies equal, losses to 1e-4."""
    shard = shard_of(plan())
    together = train(shard, data, tmp_path / "together")
    for k, variant in enumerate(shard.variants):
        alone = train(only(shard, k), data, tmp_path / f"alone{k}")
        same = together[together["key"] == variant.key].reset_index(drop=True)
        np.testing.assert_allclose(alone["loss"], same["loss"], rtol=1e-4)
        np.testing.assert_allclose(alone["accuracy"], same["accuracy"], atol=0.011)


class CutError(Exception):
    pass


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupted_run_goes_on_to_the_same_result(data, tmp_path, monkeypatch, after):
    shard = shard_of(plan())
    whole = train(shard, data, tmp_path / "whole")

    class Interrupt(fitting.Lines):
        def on_train_epoch_end(self, trainer, module):
            if module.epochs == after:
                raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "Lines", Interrupt)
        with pytest.raises(CutError):
            train(shard, data, tmp_path / "cut")
    # one variant lost its checkpoint: it is trained from the start, in a bank of its own
    lost = shard.variants[1].key
    checkpoints.path_of(tmp_path / "cut/checkpoints", lost).write_bytes(b"broken")
    resumed = train(shard, data, tmp_path / "cut")
    np.testing.assert_allclose(resumed[MEASURED], whole[MEASURED], rtol=1e-5)
    same = ["key", "epoch", "step", "split"]
    pd.testing.assert_frame_equal(resumed[same], whole[same])
    # what is complete is not trained again
    monkeypatch.setattr(training, "train_bank", None)
    again = train(shard, data, tmp_path / "cut")
    pd.testing.assert_frame_equal(again, resumed)


def test_a_checkpoint_of_another_context_does_not_count(data, tmp_path):
    shard = shard_of(plan())
    train(shard, data, tmp_path)
    folder, key = tmp_path / "checkpoints", shard.variants[0].key
    assert checkpoints.load(folder, key, "another") is None
    context = torch.load(checkpoints.path_of(folder, key))["context"]
    assert checkpoints.load(folder, key, context)["epoch"] == 3


def test_damaged_checkpoints_are_told_and_left_out(data, tmp_path, capfd):
    """Whatever bit is flipped: the file is refused, or what is read is what was written."""
    shard = only(shard_of(plan(epochs=1)), 0)
    whole = train(shard, data, tmp_path)
    folder, key = tmp_path / "checkpoints", shard.variants[0].key
    path, draw = checkpoints.path_of(folder, key), random.Random(1)
    content, context = path.read_bytes(), torch.load(path)["context"]
    written = checkpoints.load(folder, key, context)
    refused = 0
    for place in draw.sample(range(len(content)), 300):
        damaged = bytearray(content)
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        found = checkpoints.load(folder, key, context)
        if found is None:
            refused += 1
        else:
            for name, value in written.items():
                if name in ("parameters", "moments", "groups"):
                    torch.testing.assert_close(found[name], value, rtol=0, atol=0)
                else:
                    assert found[name] == value
    assert refused > 200
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == refused
    assert all(f"{key}.pt: damaged, or no checkpoint: " in line for line in lines)
    path.write_bytes(content[:-40])
    again = train(shard, data, tmp_path)
    assert "left out, trained from the start" in capfd.readouterr().err
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), whole.drop(columns="seconds"))


@pytest.mark.parametrize("what", ["tensor", "no rows", "epoch 99", "empty", "text", "folder"])
def test_what_is_no_checkpoint_of_this_is_left_out(data, tmp_path, capfd, what):
    shard = only(shard_of(plan(epochs=1)), 0)
    train(shard, data, tmp_path)
    folder, key = tmp_path / "checkpoints", shard.variants[0].key
    path = checkpoints.path_of(folder, key)
    checkpoint = torch.load(path)
    context = checkpoint["context"]
    if what == "folder":
        path.unlink()
        path.mkdir()
    elif what in ("empty", "text"):
        path.write_bytes(b"" if what == "empty" else b"what")
    else:
        without = {name: one for name, one in checkpoint.items() if name != "rows"}
        odd = {"tensor": torch.ones(3), "no rows": without, "epoch 99": checkpoint | {"epoch": 99}}
        torch.save(odd[what], path)
    assert checkpoints.load(folder, key, context) is None
    assert f"{key}.pt: damaged, or no checkpoint" in capfd.readouterr().err


def test_another_data_set_than_the_shards_is_refused_and_so_is_damage(data, tmp_path):
    shard = shard_of(plan())
    other = plan()
    spec = other.config.datasets["parity"].model_copy(update={"sequences": 150})
    path = tmp_path / "other.safetensors"
    make_file(spec, 5, 0, {"data_digest": "another"}, path)
    for read in (partial(train, shard), lambda one, _: measures.known(shard, one)):
        with pytest.raises(InputError, match=r"holds another data set .*make it again"):
            read(path, tmp_path)
    damaged = bytearray(data.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(DamagedError, match="damaged: inputs, from byte"):
        train(shard, path, tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_a_variant_that_diverges_leaves_the_others_alone(data, tmp_path):
    shard = shard_of(plan())
    before = train(shard, data, tmp_path / "before")
    wild = shard.variants[0].model_copy(update={"learning_rate": 1e18})
    wild = type(wild).model_validate(wild.model_dump())
    beside = Shard(**{**dict(shard), "variants": (wild, *shard.variants[1:])})
    frame = train(beside, data, tmp_path / "beside")
    assert not np.isfinite(frame[frame["key"] == wild.key]["loss"]).all()
    rest = frame[frame["key"] != wild.key].reset_index(drop=True)
    expected = before[before["key"].isin(rest["key"])].reset_index(drop=True)
    np.testing.assert_allclose(rest["loss"], expected["loss"], rtol=1e-4)


def order_of(data: Path, seed_index: int, epoch: int) -> list[int]:
    module = BankData(data, 16, True, 5, seed_index, first_epoch=epoch)
    module.trainer = type("Trainer", (), {"current_epoch": 0})()
    return module._order(module._epoch).tolist()


def test_arms_of_a_seed_index_share_data_and_order(data):
    made = plan()
    for index in (0, 1):
        shards = [shard for shard in made.shards.values() if shard.seed_index == index]
        assert len({(shard.dataset, shard.data_digest, shard.seed) for shard in shards}) == 1
    assert order_of(data, 0, 0) == order_of(data, 0, 0)
    assert order_of(data, 0, 0) != order_of(data, 1, 0)
    assert order_of(data, 0, 0) != order_of(data, 0, 1)
    assert sorted(order_of(data, 0, 0)) == list(range(100))


def test_epochs_are_drawn_anew_each_once_also_after_an_interruption(data, tmp_path, monkeypatch):
    shard = shard_of(plan())
    stored = store.read(data)
    begin, end = stored.splits["train"]
    path = tmp_path / "anew.safetensors"
    about = {"spec": {"redraw": "epoch"}, "data_digest": shard.data_digest}
    store.write(dataclasses.replace(stored, about=about), path)
    asked, shown = [], []

    def anew(epoch):
        asked.append(epoch)
        order = np.roll(np.arange(begin, end), epoch)
        return stored.inputs[order], stored.targets[order]

    def taken(self, order):
        batches = list(whole_taken(self, order))
        shown.append(torch.cat([batch.inputs for batch in batches], dim=1))
        yield from batches

    whole_taken = Minibatches.taken
    whole = train_anew(shard, path, tmp_path / "whole", anew)
    assert asked == [0, 1, 2]

    class Interrupt(fitting.Lines):
        def on_train_epoch_end(self, trainer, module):
            raise CutError

    asked.clear()
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "Lines", Interrupt)
        with pytest.raises(CutError):
            train_anew(shard, path, tmp_path / "cut", anew)
    monkeypatch.setattr(Minibatches, "taken", taken)
    resumed = train_anew(shard, path, tmp_path / "cut", anew)
    assert asked == [0, 1, 2]
    np.testing.assert_allclose(resumed[MEASURED], whole[MEASURED], rtol=1e-5)
    # what is trained on is what was drawn, in the order of the epoch
    module = BankData(path, 16, True, 5, 0, anew=anew)
    for epoch, seen in zip((1, 2), shown[::2], strict=True):  # between them, of the test split
        order = module._order(epoch)
        drawn = torch.from_numpy(anew(epoch)[0][order]).transpose(0, 1).float()
        torch.testing.assert_close(seen, drawn * stored.scale + stored.offset)
    with pytest.raises(ValueError, match="says otherwise"):
        BankData(path, 16, True, 5, 0)
    with pytest.raises(ValueError, match="says otherwise"):
        BankData(data, 16, True, 5, 0, anew=anew)


def test_minibatches_read_what_was_stored():
    number = 7
    stored = np.arange(number * 2 * 3, dtype=np.uint8).reshape(number, 2, 3)
    data = SequenceData(
        inputs=torch.from_numpy(stored),
        targets=torch.arange(number),
        loss="cross_entropy",
        loss_steps=(2,),
        splits={"train": (0, 2), "test": (2, 7)},
        scale=0.5,
        offset=-1.0,
        blank_steps=1,
    )
    batches = list(Minibatches(data, "test", 2, lambda: np.array([4, 0, 1, 2, 3])))
    assert [len(targets[0]) for _, targets, _ in batches] == [2, 2, 1]
    inputs, targets, groups = batches[0]
    assert groups is None
    assert targets.tolist() == [[6, 2]]
    assert inputs.shape == (2, 2, 3)
    np.testing.assert_allclose(inputs.numpy(), stored[[6, 2]].swapaxes(0, 1) * 0.5 - 1)


@pytest.mark.parametrize("number", [1, BUNDLE - 1, BUNDLE, BUNDLE + 1, 2 * BUNDLE + 1])
def test_bundles_hold_every_minibatch_once_in_its_order(number):
    class Numbers:
        def __len__(self):
            return number

        def __iter__(self):
            return iter(range(number))

    bundles = InBundles(Numbers())
    assert len(bundles) == -(-number // BUNDLE)
    assert [one for bundle in bundles for one in bundle] == list(range(number))
    ahead = list(bundles)  # fetched before they are used
    assert [one for bundle in ahead for one in bundle] == list(range(number))


def test_training_is_adam_on_every_minibatch_in_the_order_of_the_seed(data, tmp_path):
    """More minibatches than a bundle has, two epochs, against a loop written out."""
    made = plan(seeds=[1], epochs=2, batch_size=4)
    shard = shard_of(made, 1)
    train(shard, data, tmp_path)
    stored = store.read(data, "pt")
    begin, end = stored.splits["train"]
    assert end - begin > 4 * BUNDLE
    bank = Bank.from_variants(shard.variants, shard.seed)
    adam = torch.optim.Adam(bank.parameters(), lr=0.01)
    minibatches = Minibatches(stored, "train", 4)
    for epoch in range(2):
        order = generator(5, "order", 1, epoch).permutation(end - begin)
        for chosen in torch.from_numpy(order + begin).split(4):
            y = bank(minibatches.inputs(chosen), stored.loss_steps, blank_steps=stored.blank_steps)
            adam.zero_grad()
            losses(y, minibatches.targets(chosen), stored.loss).sum().backward()
            adam.step()
    for k, variant in enumerate(shard.variants):
        saved = torch.load(tmp_path / "checkpoints" / f"{variant.key}.pt", weights_only=True)
        for ours, theirs in zip(
            saved["parameters"], (bank.unknowns[k], bank.biases[k]), strict=True
        ):
            torch.testing.assert_close(ours, theirs.detach(), rtol=1e-4, atol=1e-5)
    (log,) = (tmp_path / "logs").rglob("metrics.csv")
    logged = pd.read_csv(log)["step"].dropna().unique().tolist()
    assert logged == [0, -(-(end - begin) // 4), 2 * -(-(end - begin) // 4)]


def test_steps_and_epochs_are_the_same_training(data, tmp_path):
    """21 steps are three epochs of 7 minibatches, whatever the stretches between evaluations."""
    by_epochs = train(shard_of(plan(epochs=3)), data, tmp_path / "epochs")
    by_steps = train(shard_of(plan(steps=21)), data, tmp_path / "steps")
    last = by_epochs["split"].eq("test") & by_epochs["epoch"].eq(3)
    same = by_steps["split"].eq("test") & by_steps["step"].eq(21)
    assert by_steps["epoch"].max() == 21
    np.testing.assert_allclose(by_steps[same]["loss"], by_epochs[last]["loss"], rtol=1e-6)


@pytest.mark.parametrize(
    ("steps", "stretch", "evaluations"), [(1, 1, 1), (25, 1, 25), (26, 2, 13), (52, 3, 18)]
)
def test_stretches_take_every_step_once(data, tmp_path, steps, stretch, evaluations):
    made = plan(steps=steps, seeds=1)
    shard = shard_of(made)
    assert (shard.recipe.pace, shard.recipe.evaluations) == ((steps, stretch), evaluations)
    frame = train(only(shard, 0), data, tmp_path)
    taken = frame[frame["split"] == "test"]["step"].tolist()
    assert taken == [min(epoch * stretch, steps) for epoch in range(evaluations + 1)]


def test_a_recipe_in_steps_goes_on_from_the_middle_of_a_pass(data, tmp_path, monkeypatch):
    shard = shard_of(plan(steps=52))
    whole = train(shard, data, tmp_path / "whole")

    class Interrupt(fitting.Lines):
        def on_train_epoch_end(self, trainer, module):
            if module.epochs == 5:  # after 15 steps of passes of 7
                raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "Lines", Interrupt)
        with pytest.raises(CutError):
            train(shard, data, tmp_path / "cut")
    resumed = train(shard, data, tmp_path / "cut")
    np.testing.assert_allclose(resumed[MEASURED], whole[MEASURED], rtol=1e-5)


def test_a_recipe_in_epochs_has_the_digest_that_it_had():
    """An optional field must not make every shard another one."""
    shard = shard_of(plan())
    old = {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, "shuffle": True}
    assert shard.recipe.model_dump(mode="json", exclude_none=True) == old


def test_targets_that_are_not_given_do_not_count():
    """As after an episode's end: neither in the loss nor in its gradient."""
    y = torch.randn(3, 4, 2, 5, requires_grad=True)
    targets = torch.randn(4, 2, 5)
    targets[2:, 1] = torch.nan
    found = losses(y, targets, "mean_squared_error")
    given = torch.cat([targets[:, 0].flatten(), targets[:2, 1].flatten()])
    answers = [torch.cat([one[:, 0].flatten(), one[:2, 1].flatten()]) for one in y]
    expected = torch.stack([(one - given).square().mean() for one in answers])
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(found.sum(), y)
    assert gradient.isfinite().all()
    assert not gradient[:, 2:, 1].any()
    assert gradient[:, :2].all()


def test_losses_are_each_variants_own():
    y = torch.randn(3, 2, 5, 4)
    targets = torch.randint(0, 4, (2, 5))
    cross_entropy = torch.nn.functional.cross_entropy
    expected = [cross_entropy(one.flatten(0, 1), targets.flatten()) for one in y]
    torch.testing.assert_close(losses(y, targets, "cross_entropy"), torch.stack(expected))
    assert right(y, y[1].argmax(-1), "cross_entropy")[1].tolist() == [1] * 5
    numbers = torch.randn(2, 5, 4)
    expected = [torch.nn.functional.mse_loss(one, numbers) for one in y]
    torch.testing.assert_close(losses(y, numbers, "mean_squared_error"), torch.stack(expected))
    assert right(y, numbers, "mean_squared_error").isnan().all()


def test_a_gpu_that_is_not_there():
    if torch.cuda.is_available():
        assert training.choose_device("auto").type == "cuda"
        return
    assert training.choose_device("auto").type == "cpu"
    with pytest.raises(InputError, match="no GPU"):
        training.choose_device("cuda")


def test_a_logger_that_is_not_installed(tmp_path):
    try:
        import wandb  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(InputError, match=r"-e .\.\[wandb\]"):
            training.make_logger("wandb", tmp_path)
