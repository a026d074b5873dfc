"""The typed config: what is asked. An unknown key is an error.

Every error is one line that names the file, the key's path, what was found and what it takes.
"""

import fnmatch
import importlib.util
import sys
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from blockmaps.core.canonical import digest
from blockmaps.core.errors import InputError
from blockmaps.data import KINDS, DataSpec
from blockmaps.data import adroit as adroit  # registers "adroit"
from blockmaps.data import copy_memory as copy_memory  # registers "copy"
from blockmaps.data import files as files  # registers "csv" and "npz"
from blockmaps.data import images as images  # registers "images"
from blockmaps.data import rad as rad  # registers "rad"
from blockmaps.designs.kinds import DESIGNS, AnyDesign
from blockmaps.designs.kinds.design import SeedIndex
from blockmaps.designs.patterns import RNN_BLOCKS, Activation, Frozen
from blockmaps.designs.variants import Initialisation
from blockmaps.plan import tuning, written
from blockmaps.plan.shards import Recipe

Study = Literal["proportion", "continuum", "trainability", "control", "may2023"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
# what a name is made longer by; of numbers too, since YAML reads `5:` as one
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$", coerce_numbers_to_str=True)]


def _data_spec(value: Any) -> Any:
    """Validate a data set by its kind, of those that are registered by now."""
    if isinstance(value, DataSpec):
        return value
    known: Any = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
    return TypeAdapter(known).validate_python(value)


AnyData = Annotated[SerializeAsAny[DataSpec], BeforeValidator(_data_spec)]


MOST_SEEDS = 10_000
TAKEN = ("published", "readme.md")  # in results/, by the workflow and by this repository


def _count(seeds: Any) -> Any:
    if not isinstance(seeds, int) or isinstance(seeds, bool):
        return seeds
    if seeds > MOST_SEEDS:
        raise ValueError(f"takes at most {MOST_SEEDS:,} seed indices")
    return range(seeds)


def _some(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError("takes at least one seed index, each once")
    return seeds


SeedIndices = tuple[SeedIndex, ...]
Seeds = Annotated[
    SeedIndices,
    BeforeValidator(_count, json_schema_input_type=Annotated[int, Field(ge=1)] | SeedIndices),
    AfterValidator(_some),
]


class Experiment(Frozen):
    """A data set × designs × a training recipe × seeds."""

    dataset: str = Field(description="A name under `datasets`.")
    recipe: str = Field(description="A name under `recipes`.")
    seeds: Seeds = Field(description="Seed indices, or how many from 0.")
    initialisation: Initialisation = Initialisation()
    activation: Activation = Field(default="relu", description="σ on h.")
    study: Study = Field(
        default="proportion", description="The tables and figures that its runs belong to."
    )
    dynamics: bool = Field(
        default=False,
        description="Measure gradients, exponents and singular values before and after training.",
    )
    episodes: int = Field(
        default=100,
        ge=1,
        le=100_000,
        description="Episodes that every policy is scored in, where its data set has a task.",
    )
    keep: Literal["weights"] | None = Field(
        default=None,
        description="weights: keep what is trained, for `blockmaps export` and SparseRNN.from_run.",
    )
    designs: tuple[AnyDesign, ...] = Field(min_length=1)

    @field_validator("initialisation")
    @classmethod
    def _blocks(cls, initialisation: Initialisation) -> Initialisation:
        if unknown := set(initialisation.blocks or {}) - set(RNN_BLOCKS):
            raise ValueError(f"unknown blocks {sorted(unknown)}; takes some of {RNN_BLOCKS}")
        return initialisation


class Several(Experiment):
    """An experiment as a config writes it: over one data set and initialisation, or several.

    It stands for an experiment a pair, named `<name>-<data set>-<initialisation>` by the labels; an
    empty label adds nothing.
    """

    dataset: str = Field(default="", description="A name under `datasets`; or give `datasets`.")
    datasets: dict[Label, str] = Field(
        default={}, description="Label → a name under `datasets`: an experiment for each."
    )
    initialisations: dict[Label, Initialisation] = Field(
        default={}, description="Label → an initialisation: an experiment for each."
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> "Several":
        if bool(self.dataset) == bool(self.datasets):
            raise ValueError("takes one of dataset and datasets")
        if self.initialisations and "initialisation" in self.model_fields_set:
            raise ValueError("takes one of initialisation and initialisations")
        return self

    def each(self, name: str) -> dict[str, Experiment]:
        """Return the experiments that it stands for, in order, by their names."""
        datasets = self.datasets or {"": self.dataset}
        starts = self.initialisations or {"": self.initialisation}
        own = {field: getattr(self, field) for field in Experiment.model_fields}
        return {
            "-".join(filter(None, (name, data_label, start_label))): Experiment(
                **own | {"dataset": dataset, "initialisation": start}
            )
            for (data_label, dataset), (start_label, start) in product(
                datasets.items(), starts.items()
            )
        }


Written = dict[Name, Several]


def _expand(value: Any) -> Any:
    """Return the experiments that those of a config stand for."""
    expanded: dict[str, Experiment] = {}
    for name, several in TypeAdapter(Written).validate_python(value).items():
        each = several.each(name)
        if twice := expanded.keys() & each.keys():
            raise ValueError(f"two experiments are named {', '.join(sorted(twice))}")
        expanded |= each
    return expanded


class Protocol(Recipe):
    """A recipe as a config writes it: at one learning rate, or at one that is chosen for each arm.

    What it is chosen by is no part of what a shard is made from.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000)] | None = None
    steps: Annotated[int, Field(ge=1, le=10**9)] | None = Field(
        default=None, description="Optimiser steps, in the place of epochs."
    )
    batch_size: Annotated[int, Field(ge=1, le=10**6)]
    grid: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(), max_length=100, description="Learning rates to choose from, where it is tuned."
    )
    tuning_seeds: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="Seed indices to choose by, from 1000 on."
    )
    tuning_patterns: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=4, description="Patterns of an arm to choose by, at most."
    )

    @model_validator(mode="after")
    def _tuned(self) -> "Protocol":
        if (self.learning_rate == "tuned") != bool(self.grid):
            raise ValueError("takes a grid if learning_rate is tuned, and else none")
        if self.grid and len(set(self.grid)) < max(len(self.grid), 2):
            raise ValueError("takes a grid of at least two rates, each once")
        return self

    @property
    def trained(self) -> Recipe:
        """What a shard is trained by."""
        return Recipe(**{name: getattr(self, name) for name in Recipe.model_fields})


class Compute(Frozen):
    """Where and how to train; none of it changes a result but by rounding."""

    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    logger: Literal["csv", "tensorboard", "wandb"] = "csv"
    precision: Literal["highest", "high", "medium"] = Field(
        default="highest",
        description="Of matrix products in training, in torch's words: highest is float32; high "
        "is TF32 on a GPU; medium is bfloat16, on CPUs with AMX too. The papers' claims are judged "
        "at highest alone.",
    )
    cuda_graphs: bool = Field(
        default=True,
        description="On a GPU, capture a training step's time loop once and replay it: the same "
        "to the bit, and two to four times as fast for up to 16 networks (benchmarks/README.md).",
    )
    jobs_per_gpu: Annotated[int, Field(ge=1, le=16)] = Field(
        default=1,
        description="So many training jobs share a GPU of this machine, each with its part of the "
        "GPU's memory; on a cluster the scheduler shares GPUs.",
    )
    job_minutes: Annotated[float, Field(gt=0)] = Field(
        default=3.0,
        description="A training job takes shards of one data set, one after another, for about so "
        "long by estimate; a shard that takes longer has a job to itself.",
    )


class Tier(Frozen):
    """Experiments that are trained before those of the tiers below."""

    experiments: tuple[str, ...] = Field(
        default=("*",),
        description="Names, or patterns such as sizes-*-normal; all that no tier above has if left "
        "out.",
    )
    seeds: Seeds | None = Field(default=None, description="Of them, if not all.")
    claims: tuple[str, ...] = Field(default=(), description="The claims that it decides.")
    about: str = Field(default="", description="What it is, in a few words.")


class Config(Frozen):
    """A preset: everything under results/<name>/ follows from it."""

    name: Name = Field(description="The preset's name; results go to results/<name>/.")
    seed: int = Field(ge=0, description="The root of all random streams.")
    plugins: tuple[str, ...] = Field(
        default=(), description="Python files that register data sets, relative to where you run."
    )
    compute: Compute = Compute()
    large: bool = Field(
        default=False, description="More than a million variants are meant, and are planned."
    )
    zoo: bool = Field(
        default=False, description="Compare torch's networks with the maps made of them."
    )
    only: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        default=None, description="Names of the experiments to run; all of them if left out."
    )
    tiers: dict[Name, Tier] = Field(
        default={}, description="What is trained first, in order; the rest comes last."
    )
    datasets: dict[Name, AnyData] = Field(min_length=1)
    recipes: dict[Name, Protocol] = Field(min_length=1)
    experiments: Annotated[
        dict[Name, Experiment], BeforeValidator(_expand, json_schema_input_type=Written)
    ] = Field(min_length=1)

    def keeps_weights(self, experiment: str) -> bool:
        """Return whether what an experiment trains is kept: to be scored, or as it is asked for.

        It is no part of a shard's name: to ask for weights later trains nothing again.
        """
        asked = self.experiments[experiment]
        return bool(asked.keep or self.datasets[asked.dataset].environment)


def load_plugins(paths: tuple[str, ...]) -> None:
    """Import the Python files that register data sets.

    Raises
    ------
    InputError
        If a file is not there or fails.
    """
    for text in paths:
        path = Path(text).expanduser().resolve()
        # two files of one name in two folders are two modules
        name = f"blockmaps_plugin_{path.stem}_{digest(str(path))}"
        if name in sys.modules and sys.modules[name].__file__ == str(path):
            continue
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise InputError(f"plugins: found {text!r}; takes a Python file that exists")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as fault:
            del sys.modules[name]
            raise InputError(f"plugins: {text} fails: {type(fault).__name__}: {fault}") from fault


# Where pydantic's location of a fault names the kind that it has taken a mapping for.
KINDS_AT: dict[Any, tuple[int, Any]] = {"datasets": (2, KINDS), "experiments": (4, DESIGNS)}


def _models(annotation: Any) -> list[Any]:
    """Return the models that a field holds, however deep within tuples and mappings."""
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return [Several if annotation is Experiment else annotation]
    return [model for one in get_args(annotation) for model in _models(one)]


def _place(location: tuple[int | str, ...], raw: Any) -> tuple[str, Any]:
    """Return the key's path that a fault is at, and the model that is there."""
    text, model = "", cast(Any, Config)
    at, kinds = KINDS_AT.get(location[0], (0, {})) if location else (0, {})
    for number, part in enumerate(location):
        if number == at and part in kinds:
            model = kinds[part]
            continue
        if isinstance(part, int) and isinstance(raw, list):
            text, raw = f"{text}[{part}]", raw[part] if part < len(raw) else None
        elif isinstance(raw, dict) and (part in raw or part in (*model.model_fields, "[key]")):
            text, raw = f"{text}.{part}", raw.get(part)
        else:
            break  # a member of a union
        # the second key is a name of the config's own
        field = model.model_fields.get(part) if number != 1 else None
        if field is not None and len(inside := _models(field.annotation)) == 1:
            (model,) = inside
    return text.lstrip("."), model


def _one_line(error: ValidationError, raw: Any, file: str) -> str:
    """Say what the first fault of a config is, and how many more there are."""
    faults = error.errors(include_url=False)
    # an unknown key first: it is often the reason for a missing one
    first = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
    key, model = _place(first["loc"], raw)
    here = [fault for fault in faults if _place(fault["loc"], raw)[0] == key]
    if first["type"] == "extra_forbidden":
        text = f"found an unknown key; takes one of: {', '.join(model.model_fields)}"
    elif first["type"] == "missing":
        text = "found nothing; it is needed"
    else:
        found = repr(first["input"])
        found = found if len(found) <= 60 else found[:57] + "..."
        text = f"found {found}; {', or '.join(one['msg'] for one in here)}"
    others = len(faults) - len(here)
    more = f" (and {others} more)" if others else ""
    return " ".join(f"{file}: {key}: {text}{more}".replace("Value error, ", "").split())


def parse(raw: Any, file: str = "config") -> Config:
    """Check a config that has been read.

    Raises
    ------
    InputError
        One line with the file, the key's path, what was found and what it takes.
    """
    if not isinstance(raw, dict):
        raise InputError(f"{file}: found {type(raw).__name__}; takes a mapping of keys")
    written.check(raw, file)
    plugins = raw.get("plugins", ())
    if isinstance(plugins, list | tuple) and all(isinstance(path, str) for path in plugins):
        load_plugins(tuple(plugins))
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise InputError(_one_line(error, raw, file)) from None
    written.booleans(raw, config.model_dump(mode="json"), file)
    if config.name.casefold() in TAKEN:
        raise InputError(
            f"{file}: name: found {config.name!r}; takes another: results/{config.name} is taken"
        )
    for name in config.only or ():
        if name not in config.experiments:
            takes = ", ".join(config.experiments)
            raise InputError(f"{file}: only: found {name!r}; takes some of: {takes}")
    for name, tier in config.tiers.items():
        for pattern in tier.experiments:
            if not fnmatch.filter(config.experiments, pattern):
                takes = ", ".join(config.experiments)
                raise InputError(
                    f"{file}: tiers.{name}.experiments: found {pattern!r}; takes some of: {takes}"
                )
    for name, experiment in config.experiments.items():
        for key in ("dataset", "recipe"):
            known, found = getattr(config, key + "s"), getattr(experiment, key)
            if found not in known:
                raise InputError(
                    f"{file}: experiments.{name}.{key}: found {found!r}; "
                    f"takes one of: {', '.join(known)}"
                )
        seeds = {seed for one in experiment.designs for seed in one.seeds or experiment.seeds}
        if config.recipes[experiment.recipe].grid and max(seeds) >= tuning.FIRST:
            raise InputError(
                f"{file}: experiments.{name}.seeds: found {max(seeds)}; of a tuned recipe takes "
                f"seed indices below {tuning.FIRST}, from which on rates are chosen"
            )
        if config.recipes[experiment.recipe].grid:
            spec = config.datasets[experiment.dataset]
            if spec.environment or not getattr(spec, "validation", 1):
                raise InputError(
                    f"{file}: experiments.{name}.recipe: found a tuned one; takes a data set with "
                    "classes and validation sequences, by which rates are chosen"
                )
        drawn = config.datasets[experiment.dataset].redraw == "epoch"
        if drawn and config.recipes[experiment.recipe].epochs is None:
            raise InputError(
                f"{file}: experiments.{name}.recipe: found a number of steps; a data set that is "
                "drawn anew every epoch takes epochs"
            )
    return config


def read(path: Path) -> Config:
    """Read and check a config file, YAML or JSON.

    Raises
    ------
    InputError
        If the file is not there, is not YAML, or does not fit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise InputError(f"{path}: is not UTF-8 text, at byte {fault.start}") from None
    return parse(written.load(text, str(path)), str(path))


def schema() -> dict[str, Any]:
    """Return the JSON schema of a config, with the data sets that come with the package."""
    from pydantic.json_schema import models_json_schema

    text = Config.model_json_schema()
    own = [spec for spec in KINDS.values() if spec.__module__.startswith("blockmaps.")]
    kinds: list[Any] = [(spec, "validation") for spec in own]
    references, definitions = models_json_schema(kinds, ref_template="#/$defs/{model}")
    text["$defs"].update(definitions.get("$defs", {}))
    text["$defs"].pop("DataSpec", None)
    text["properties"]["datasets"]["additionalProperties"] = {"anyOf": list(references.values())}
    for where in text["properties"]["datasets"].get("patternProperties", {}):
        text["properties"]["datasets"]["patternProperties"][where] = {
            "anyOf": list(references.values())
        }
    return text
