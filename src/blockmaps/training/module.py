"""A bank as a Lightning module: losses, the optimiser, and what is measured every epoch."""

import time
from collections.abc import Iterator
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import functional

from blockmaps.data import Loss
from blockmaps.designs.variants import AnyVariant
from blockmaps.maps.bank import Bank
from blockmaps.maps.torch_models import CellBank, LayersBank
from blockmaps.training.minibatches import Minibatch


def losses(y: Tensor, targets: Tensor, loss: Loss) -> Tensor:
    """Return every variant's mean loss.

    Parameters
    ----------
    y : (variants, steps, batch, |y|).
    targets : (steps, batch) class numbers, or (steps, batch, |y|) numbers; steps whose target is
        NaN, such as those after an episode's end, are left out of a squared error's mean.
    loss : which one.

    Returns
    -------
    (variants,)
    """
    if loss == "cross_entropy":
        every = functional.cross_entropy(
            y.flatten(0, 2), targets.expand(y.shape[:-1]).flatten().long(), reduction="none"
        )
    else:
        given = ~targets.isnan()
        if not given.all():
            error = torch.where(given, y - targets, 0).square()
            return error.flatten(1).sum(1) / given.sum()
        every = (y - targets).square().flatten(0, 2).mean(1)
    return every.view(len(y), -1).mean(1)


def right(y: Tensor, targets: Tensor, loss: Loss) -> Tensor:
    """Return every sequence's share of right answers, (variants, batch); NaN without classes."""
    if loss != "cross_entropy":
        return y.new_full((len(y), y.shape[2]), torch.nan)
    return (y.argmax(-1) == targets).float().mean(1)


class Sums:
    """Sums over a pass through a split, from which its means are taken."""

    def __init__(self) -> None:
        self.loss = self.right = torch.zeros((), dtype=torch.float64)
        self.sequences = 0

    def add(self, loss: Tensor, right: Tensor, sequences: int) -> None:
        """Add a minibatch's means, weighted with its sequences."""
        # not in place: the first sum has the variants' shape and device
        self.loss = self.loss + loss.double() * sequences
        self.right = self.right + right.double() * sequences
        self.sequences += sequences

    def means(self) -> tuple[list[float], list[float]]:
        """Return mean loss and accuracy of every variant."""
        return (self.loss / self.sequences).tolist(), (self.right / self.sequences).tolist()


class BankTraining(lightning.LightningModule):
    """Trains the variants of a bank, each by its own loss, on shared minibatches.

    The losses are added up: no variant's unknowns appear in another's loss, so each gets its own
    gradient, and Adam treats every unknown by itself.

    Parameters
    ----------
    bank : the variants, all with the same number of iterations a token.
    loss, loss_steps : the data set's.
    blank_steps : the data set's.
    evaluated : names of the splits of the validation loaders.
    first_epoch, first_step, first_seconds : trained before.
    moments : Adam's state of each parameter of the bank, to go on from.
    groups : how many groups the sequences have.

    Attributes
    ----------
    rows : for each variant, what was measured after each epoch and on each split.
    by_group : evaluated split → (variants, groups) right answers and (groups,) sequences, at the
        last evaluation.
    """

    def __init__(
        self,
        bank: Bank | CellBank | LayersBank,
        loss: Loss,
        loss_steps: tuple[int, ...],
        blank_steps: int,
        evaluated: list[str],
        first_epoch: int = 0,
        first_step: int = 0,
        first_seconds: float = 0.0,
        moments: list[dict[str, Tensor]] | None = None,
        groups: int = 0,
    ) -> None:
        super().__init__()
        # a bundle of minibatches is several steps; there are no gradients to scale or to clip
        self.automatic_optimization = False
        self.bank = bank
        self.variants: tuple[AnyVariant, ...] = bank.variants
        self.loss, self.evaluated = loss, evaluated
        self.loss_steps, self.blank_steps = loss_steps, blank_steps
        self.iterations = bank.variants[0].repeats
        self.epochs, self.steps, self.seconds = first_epoch, first_step, first_seconds
        self.moments, self.groups = moments, groups
        self.rows: list[list[dict[str, Any]]] = [[] for _ in bank.variants]
        self.sums: dict[str, Sums] = {}
        self.by_group: dict[str, tuple[Tensor, Tensor]] = {}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam over unknowns and biases, a group for each learning rate."""
        rates: dict[float, list[Tensor]] = {}
        for k, variant in enumerate(self.variants):
            parameters = [self.bank.unknowns[k], self.bank.biases[k]]
            rates.setdefault(variant.learning_rate, []).extend(parameters)
        adam = torch.optim.Adam(
            [{"params": parameters, "lr": rate} for rate, parameters in rates.items()], fused=True
        )
        for parameter, state in zip(self.bank.parameters(), self.moments or [], strict=False):
            adam.state[parameter] = {
                name: value.to(parameter.device) for name, value in state.items()
            }
        return adam

    @property
    def adam(self) -> torch.optim.Optimizer:
        """The one optimiser."""
        optimizer = self.optimizers(use_pl_optimizer=False)
        if isinstance(optimizer, list):
            raise RuntimeError(f"a bank has one optimiser; found {len(optimizer)}")
        return optimizer

    def _measure(self, batch: Minibatch, split: str) -> Tensor:
        inputs, targets, groups = batch
        y = self.bank(inputs, self.loss_steps, self.iterations, self.blank_steps)
        every = losses(y, targets, self.loss)
        with torch.no_grad():
            answers = right(y, targets, self.loss)
            self.sums.setdefault(split, Sums()).add(every.detach(), answers.mean(1), len(answers.T))
            if groups is not None and self.loss == "cross_entropy":
                self._add_groups(answers, groups.long(), split)
        return every

    def _add_groups(self, answers: Tensor, groups: Tensor, split: str) -> None:
        """Add a minibatch's right answers to their groups'."""
        if split not in self.by_group:
            zeros = answers.new_zeros(len(answers), self.groups, dtype=torch.float64)
            self.by_group[split] = zeros, torch.zeros_like(zeros[0])
        sums, sequences = self.by_group[split]
        sums.index_add_(1, groups, answers.double())
        sequences.index_add_(0, groups, torch.ones_like(answers[0], dtype=torch.float64))

    def on_train_epoch_start(self) -> None:
        """Start anew to sum up."""
        self.sums = {}

    def training_step(self, bundle: Iterator[Minibatch], batch_idx: int) -> None:
        """Take a step on the sum of the variants' losses for each minibatch of a bundle."""
        if batch_idx == 0:
            self._began = time.perf_counter()  # drawing an epoch's sequences is not training
        optimizer = self.adam
        for batch in bundle:
            optimizer.zero_grad()
            self._measure(batch, "train").sum().backward()
            optimizer.step()
            self.steps += 1

    def on_validation_epoch_start(self) -> None:
        """Stop the clock: evaluation is not training."""
        self.by_group = {}
        if self.trainer.state.fn == "fit":
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            self.seconds += (time.perf_counter() - self._began) / len(self.rows)
            self.epochs += 1

    def validation_step(self, batch: Minibatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Add a minibatch of an evaluated split."""
        self._measure(batch, self.evaluated[dataloader_idx])

    def on_validation_epoch_end(self) -> None:
        """Turn the sums into rows, and log their means over the bank."""
        cuda = self.device.type == "cuda"
        device = torch.cuda.get_device_name(self.device) if cuda else "cpu"
        for split, sums in self.sums.items():
            loss, accuracy = sums.means()
            for rows, one_loss, one_accuracy in zip(self.rows, loss, accuracy, strict=True):
                rows.append(
                    {
                        "epoch": self.epochs,
                        "step": self.steps,
                        "split": split,
                        "loss": one_loss,
                        "accuracy": one_accuracy,
                        "sequences": sums.sequences,
                        "seconds": self.seconds,
                        "device": device,
                    }
                )
            mean = sum(loss) / len(loss), sum(accuracy) / len(accuracy)
            self.log("step", float(self.steps))  # Lightning would count bundles
            classes = self.loss == "cross_entropy"
            self.log(f"{split}/loss", mean[0], batch_size=1, prog_bar=not classes)
            if classes:
                self.log(f"{split}/accuracy", mean[1], batch_size=1, prog_bar=split != "train")
        self.sums = {}
