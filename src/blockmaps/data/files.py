"""Data sets from a file of one's own: arrays of an .npz, or the columns of a CSV table.

A table has a row a step; rows of one sequence share its number or name in a column. `blockmaps
init NAME --csv FILE` looks at a file and writes the config.
"""

import struct
import textwrap
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from blockmaps.core.errors import InputError
from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, held_out, register


class FromFile(DataSpec):
    """Sequences from a file: some numbers a step, and a class or some numbers to answer."""

    file: str = Field(description="The file, relative to where you run.")
    steps: int = Field(ge=1, description="Steps of the longest sequence, the blank one left out.")
    classes: tuple[str, ...] | None = Field(
        default=None, description="The classes in their order; left out, numbers are regressed."
    )
    answer: Literal["last", "every"] = Field(
        default="last", description="Ask at the end of a sequence, or after every step."
    )
    standardise: bool = Field(
        default=True,
        description="Bring inputs, and numbers to answer, to mean 0 and deviation 1 in training.",
    )
    test: float = Field(default=0.2, gt=0, lt=1, description="Share of the sequences for test.")
    validation: float = Field(default=0.0, ge=0, lt=1, description="And for validation.")

    # a file that has moved is the same data: its content is what counts
    where: ClassVar[tuple[str, ...]] = ("file",)

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, whose content decides what is made."""
        return (Path(self.file).expanduser(),)

    def sequences(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Read the file: of every sequence its inputs (steps, |x|), and its answers.

        Answers are (k,) texts or class numbers, or (k, |y|) numbers, k being 1 or the steps.
        """
        raise NotImplementedError

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Read the file, bring sequences to one length, and draw which are held out.

        A shorter sequence has steps of zeros in front.
        """
        inputs, answers = self.sequences()
        if not inputs:
            raise InputError(f"{self.file}: holds no sequence; takes some")
        longest = max(map(len, inputs))
        if longest > self.steps:
            raise InputError(
                f"{self.file}: a sequence has {longest} steps; `steps` says {self.steps}"
            )
        short = sum(len(one) < self.steps for one in inputs)
        if short and self.answer == "every":
            raise InputError(
                f"{self.file}: {short} sequences are shorter than {self.steps} steps; "
                "`answer: every` takes sequences of one length"
            )
        splits = held_out(len(inputs), {"validation": self.validation, "test": self.test}, seed)
        targets = self._numbered(answers) if self.classes else np.stack(answers).astype(float)
        about: dict[str, Any] = {"spec": self.model_dump(mode="json", exclude={"file"})}
        if self.standardise:
            mean, std = _moments(np.concatenate([inputs[place] for place in splits["train"]]))
            inputs = [(one - mean) / std for one in inputs]
            about |= {"inputs_mean": mean.tolist(), "inputs_std": std.tolist()}
            if not self.classes:
                mean, std = _moments(targets[splits["train"]].reshape(-1, targets.shape[-1]))
                targets = (targets - mean) / std
                about |= {"targets_mean": mean.tolist(), "targets_std": std.tolist()}
        padded = np.zeros((len(inputs), self.steps, inputs[0].shape[1]), np.float32)
        for one, own in zip(padded, inputs, strict=True):
            one[len(one) - len(own) :] = own
        if short:
            print(f"{self.file}: {short} shorter sequences have steps of zeros in front")
        return SequenceData.from_arrays(padded, targets, splits=splits, about=about)

    def _numbered(self, answers: list[np.ndarray]) -> np.ndarray:
        """Return class numbers, (sequences, k), of the classes' names."""
        numbers = {name: number for number, name in enumerate(self.classes or ())}
        named = np.array([[str(one) for one in each] for each in answers])
        if unknown := sorted(set(named.ravel()) - set(numbers)):
            raise InputError(
                f"{self.file}: found class {str(unknown[0])!r}; `classes` has {', '.join(numbers)}"
            )
        return np.vectorize(numbers.__getitem__, otypes=[np.int64])(named)


def _moments(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of columns; 1 where a column is constant."""
    std = np.nanstd(rows, axis=0)
    return np.nanmean(rows, axis=0), np.where(std > 0, std, 1.0)


@register
class Csv(FromFile):
    """A table with a row a step."""

    kind: Literal["csv"] = "csv"
    inputs: tuple[str, ...] = Field(min_length=1, description="Columns that a model reads.")
    target: tuple[str, ...] = Field(min_length=1, description="Column of the class, or of numbers.")
    sequence: str = Field(description="Column that says which sequence a row belongs to.")

    @model_validator(mode="before")
    @classmethod
    def _one_target(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and isinstance(given.get("target"), str):
            return {**given, "target": (given["target"],)}
        return given

    @property
    def shape(self) -> Shape:
        """|x| is the number of columns read, |y| that of classes or of columns to answer."""
        outputs = len(self.classes) if self.classes else len(self.target)
        return Shape(len(self.inputs), outputs, self.steps + 1)

    def sequences(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Read the table; rows of a sequence in their order, sequences in that of their first."""
        from pandas import to_numeric

        from blockmaps.core import csv  # with pandas, which planning does without

        table = csv.texts(Path(self.file).expanduser())
        wanted = (*self.inputs, *self.target, self.sequence)
        if missing := [name for name in wanted if name not in table]:
            raise InputError(
                f"{self.file}: no column {missing[0]!r}; has "
                + textwrap.shorten(", ".join(map(str, table.columns)), 300, placeholder=" …")
            )
        numbers = [*self.inputs, *(() if self.classes else self.target)]
        for name in numbers:
            column = to_numeric(table[name], errors="coerce")
            if (bad := column.isna()).any():
                row = int(bad.to_numpy().argmax())
                raise InputError(
                    f"{self.file}: column {name}, line {row + 2}: found "
                    f"{table[name].iloc[row]!r}; takes a number ({bad.sum()} are none)"
                )
            table[name] = column.astype(float)
        inputs, answers = [], []
        for key, rows in table.groupby(self.sequence, sort=False):
            inputs.append(rows[list(self.inputs)].to_numpy(float))
            given = rows[list(self.target)].to_numpy()
            if self.classes:
                given = given[:, 0].astype(str)
                if self.answer == "last" and len(set(given)) > 1:
                    raise InputError(
                        f"{self.file}: sequence {key} has several classes; takes one a sequence, "
                        "or `answer: every`"
                    )
            answers.append(given if self.answer == "every" else given[-1:])
        return inputs, answers


@register
class Npz(FromFile):
    """Arrays that numpy saved: sequences whole, or rows and which sequence each belongs to."""

    kind: Literal["npz"] = "npz"
    inputs: str = Field(
        default="inputs", description="Array (sequences, steps, |x|) or (sequences, steps)."
    )
    target: str = Field(default="target", description="Array of classes or numbers, by sequence.")
    sequence: str | None = Field(
        default=None,
        description="Array (rows,) of sequence numbers, where the others have a row a step.",
    )
    sizes: tuple[int, int] = Field(description="|x| and |y|.")

    @property
    def shape(self) -> Shape:
        """The sizes as the config says them: nothing is read for it."""
        return Shape(*self.sizes, self.steps + 1)

    def sequences(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Read the arrays."""
        names = [self.inputs, self.target, *([self.sequence] if self.sequence else [])]
        arrays = read_arrays(Path(self.file).expanduser())
        if missing := [name for name in names if name not in arrays]:
            raise InputError(f"{self.file}: no array {missing[0]!r}; has {', '.join(arrays)}")
        inputs, targets = arrays[self.inputs], arrays[self.target]
        for name, array in (
            (self.inputs, inputs),
            *([] if self.classes else [(self.target, targets)]),
        ):
            if array.dtype.kind not in "buif":
                raise InputError(f"{self.file}: {name} holds {array.dtype.name}; takes numbers")
        if inputs.ndim == 1 + (not self.sequence):
            inputs = inputs[..., None]
        if inputs.ndim != 3 - bool(self.sequence) or len(inputs) != len(targets):
            raise InputError(
                f"{self.file}: {self.inputs} {arrays[self.inputs].shape} and {self.target} "
                f"{targets.shape} are not inputs and targets of as many sequences"
            )
        if self.sequence:
            numbers = arrays[self.sequence]
            _, first, of_row = np.unique(numbers, return_index=True, return_inverse=True)
            rows = [np.flatnonzero(of_row == one) for one in np.argsort(first)]
            pairs = [(inputs[own], targets[own]) for own in rows]
        else:
            pairs = list(zip(inputs, targets, strict=True))
        return [np.asarray(own, float) for own, _ in pairs], [self._answers(*one) for one in pairs]

    def _answers(self, inputs: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Return a sequence's answers, (k,) classes or (k, |y|) numbers."""
        a_row = bool(self.sequence) or self.answer == "every"
        each = np.asarray(given) if a_row else np.asarray(given)[None]
        if a_row and len(np.atleast_1d(each)) != len(inputs):
            raise InputError(
                f"{self.file}: {self.target} has {np.size(each)} answers for {len(inputs)} steps"
            )
        each = each[-1:] if self.answer == "last" else each
        return each if self.classes else each.reshape(len(each), -1)


# what a broken archive is told by, besides errors of reading
DAMAGE: tuple[type[Exception], ...]
DAMAGE = (ValueError, AttributeError, EOFError, KeyError, TypeError, SyntaxError)
DAMAGE += (NotImplementedError, OverflowError, zipfile.BadZipFile, zlib.error, struct.error)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an .npz file.

    Raises
    ------
    InputError
        If the file is not there, or holds something else than arrays of numbers and text.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("it holds one array; takes what numpy.savez writes")
            return {name: file[name] for name in file.files}
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror or fault}") from fault
    except DAMAGE as fault:
        raise InputError(f"{path}: is not an .npz file of arrays: {fault}") from fault
