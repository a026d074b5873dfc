"""The pipeline's plan: from a config to data files, variants, shards and their digests.

This is what the workflow and the command line share. It imports no torch: thousands of variants
are planned in seconds.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from blockmaps.core.canonical import digest
from blockmaps.core.code import code_digest, tree_digest
from blockmaps.core.errors import InputError
from blockmaps.core.files import checksum
from blockmaps.data import DataSpec, Shape
from blockmaps.data.sources import IMAGES, OWN_TEST, FromImages
from blockmaps.designs.cells import Cell
from blockmaps.designs.kinds import AnyDesign, Row, Sizes, named_rows
from blockmaps.designs.variants import AnyVariant, CellVariant, LayersVariant, Variant
from blockmaps.plan import catalogue, tuning
from blockmaps.plan.config import Config, Experiment
from blockmaps.plan.needs import Asked
from blockmaps.plan.shards import EMPTY, OWN, Ledger, Member, Shard, group

# The table of the learning rates that have been chosen, where some are.
RATES = Path(catalogue.TABLES["rates"].path)


MOST = 1_000_000  # variants, unless the config has `large`: some minutes and gigabytes to plan
# Numbers that a job can hold, of which it makes several copies: about ten times what the papers'
# largest models and data sets take. Masks are drawn, and W is multiplied, with all its places.
MOST_PLACES = 200_000_000
MOST_STATES = 250_000_000  # of the states of one minibatch, all steps and iterations of them
MOST_DATA = 10_000_000_000
# Fields of a data set that say how many sequences it has; its files say it where there are any.
COUNTS = ("train", "validation", "test", "test_leaking", "validation_leaking", "episodes")


class Plan:
    """Everything that a config asks for.

    Parameters
    ----------
    config : the config.
    ledger : shards of earlier plans (see `shards`).
    choices : learning rates that have been chosen (see `tuning`).

    Attributes
    ----------
    members : the variants that are compared, in their experiments.
    shards : what is trained to be compared, by name.
    notes : what is solved otherwise than asked for, a line each with its key.
    tuning : what is trained to choose learning rates; `tuned`: its variants.
    provisional : shards that wait for rates; theirs, and so their names, are not yet known.

    Raises
    ------
    InputError
        If a design cannot be made for its data set's sizes, naming the experiment.
    """

    def __init__(
        self,
        config: Config,
        ledger: Ledger = EMPTY,
        choices: tuning.ChosenRates = MappingProxyType({}),
    ) -> None:
        self.config, self.choices = config, choices
        self.members: list[Member] = []
        self._asked: list[Asked] = []
        self.notes: list[str] = []
        self.shards: dict[str, Shard] = {}
        self.tuned: list[tuning.Tuned] = []
        self.tuning: dict[str, Shard] = {}
        self.provisional: dict[str, Shard] = {}
        self._ledgers = ledger.by_context()
        self._files: dict[str, tuple[str, int | None]] = {}
        self._number = 0
        for name, experiment in config.experiments.items():
            if config.only is not None and name not in config.only:
                continue
            self._experiment(name, experiment)

    def _count(self, name: str, number: int) -> None:
        """Add to the variants that are asked for.

        Raises
        ------
        InputError
            If they are very many, and the config does not say that they are meant.
        """
        self._number += number
        if self._number > MOST and not self.config.large:
            raise InputError(
                f"experiments.{name}: found {self._number:,} variants up to here, minutes and "
                f"gigabytes of planning; takes at most {MOST:,}, or any number with `large: true`"
            )

    def _experiment(self, name: str, experiment: Experiment) -> None:
        """Add what an experiment asks for."""
        spec = self.config.datasets[experiment.dataset]
        try:
            spec.check_installed()
        except InputError as fault:
            raise InputError(f"experiments.{name}: {fault}") from None
        sequences = _sequences(spec, experiment.dataset)
        inputs, outputs, _ = spec.shape
        sizes = Sizes(inputs, outputs, experiment.activation)
        recipe = self.config.recipes[experiment.recipe]
        designs: list[tuple[AnyDesign, list[Row]]] = []
        named: dict[tuple, Row] = {}
        for position, design in enumerate(experiment.designs):
            try:
                rows = named_rows(design, sizes)
                notes = dict.fromkeys(row.note for row in rows if row.note)
                self.notes += [f"experiments.{name}.designs[{position}].{one}" for one in notes]
                _check_names(design, rows, named)
                _check_sizes(rows, spec.shape, min(recipe.batch_size, sequences))
                designs.append((design, rows))
            except InputError as fault:
                raise InputError(f"experiments.{name}.designs[{position}]: {fault}") from None
            self._count(name, len(design.seeds or experiment.seeds) * len(rows) * design.replicates)
        where = self.shards
        rates: dict[tuple[str, int], float] = {}
        if recipe.grid:
            every = [row for _, rows in designs for row in rows]
            tuned, sets = self._tuned(name, experiment, every)
            self.tuned += tuned
            unmeasured = experiment.model_copy(update={"dynamics": False})
            self.tuning |= self._sharded(name, unmeasured, sets)
            found = tuning.decided(self.choices, tuned)
            rates = {(arm, budget): rate for (_, arm, budget), rate in found.items()}
            if found.keys() < tuning.by_arm(tuned).keys():
                where = self.provisional
        sets = self._compared(name, experiment, designs, rates)
        where |= self._sharded(name, experiment, sets)

    def _tuned(
        self, name: str, experiment: Experiment, rows: list[Row]
    ) -> tuple[list[tuning.Tuned], dict[int, list[list[AnyVariant]]]]:
        """Return the variants that an experiment's rates are chosen by, by seed index in sets."""
        recipe = self.config.recipes[experiment.recipe]
        tuned, sets = [], {}
        arms = tuning.arms_of(rows, recipe.tuning_patterns)
        each = recipe.tuning_seeds * len(recipe.grid)
        self._count(name, each * sum(map(len, arms.values())))
        for seed_index in range(tuning.FIRST, tuning.FIRST + recipe.tuning_seeds):
            variants = []
            for (arm, budget), several in arms.items():
                for row, rate in product(several, recipe.grid):
                    variants.append(_variant(row, experiment, Training(rate, seed_index, 0)))
                    label = (name, experiment.dataset, arm, budget, rate, variants[-1].key)
                    tuned.append(tuning.Tuned(*label))
            sets[seed_index] = [variants]
        return tuned, sets

    def _compared(
        self,
        name: str,
        experiment: Experiment,
        designs: list[tuple[AnyDesign, list[Row]]],
        rates: Mapping[tuple[str, int], float],
    ) -> dict[int, list[list[AnyVariant]]]:
        """Add the members of an experiment; return their variants, by seed index in sets."""
        recipe = self.config.recipes[experiment.recipe]
        spec = self.config.datasets[experiment.dataset]
        other = recipe.grid[0] if recipe.learning_rate == "tuned" else recipe.learning_rate
        sets: dict[int, list[list[AnyVariant]]] = {}
        seen = set()
        for design, rows in designs:
            for seed_index in design.seeds if design.seeds is not None else experiment.seeds:
                variants = []
                for row, replicate in product(rows, range(design.replicates)):
                    rate = rates.get((row.arm, row.budget), other)
                    training = Training(rate, seed_index, replicate)
                    variant = _variant(row, experiment, training)
                    if variant.key in seen:
                        continue  # the first design that yields a variant names it
                    seen.add(variant.key)
                    variants.append(variant)
                    member = Member(
                        name,
                        experiment.dataset,
                        design.kind,
                        row.arm,
                        row.structure,
                        row.budget,
                        variant.key,
                        seed_index,
                        experiment.study,
                        spec.kind if spec.papers else OWN,
                    )
                    self.members.append(member)
                    self._asked.append(Asked(member, variant, experiment.dynamics))
                sets.setdefault(seed_index, []).append(variants)
        return sets

    def _sharded(
        self,
        name: str,
        experiment: Experiment,
        sets: dict[int, list[list[AnyVariant]]],
    ) -> dict[str, Shard]:
        """Return the shards of an experiment's variants, by their names."""
        shards = []
        for seed_index, groups in sets.items():
            groups = [variants for variants in groups if variants]
            if groups:
                base = Shard(
                    experiment=name,
                    dataset=self.data_name(experiment.dataset, seed_index),
                    data_digest=self.data_digest(experiment.dataset, seed_index),
                    recipe=self.config.recipes[experiment.recipe].trained,
                    seed=self.config.seed,
                    seed_index=seed_index,
                    dynamics=experiment.dynamics or None,
                    variants=tuple(groups[0][:1]),
                )
                shards += group(base, groups, self._ledgers.get(base.context, EMPTY))
        return {shard.id: shard for shard in shards}

    def data_name(self, dataset: str, seed_index: int) -> str:
        """Return the name of the file of a data set: one for all seeds, unless it is redrawn.

        Raises
        ------
        InputError
            If another data set of the plan has that file, also where capitals are not told apart.
        """
        redraw = self.config.datasets[dataset].redraw is True
        name = f"{dataset}.seed-{seed_index}" if redraw else dataset
        own = dataset, seed_index if redraw else None
        if (other := self._files.setdefault(name.casefold(), own)) != own:
            raise InputError(
                f"datasets.{dataset}: its file {name!r} would also be that of {other[0]!r}; "
                "rename one of them"
            )
        return name

    def data_digest(self, dataset: str, seed_index: int) -> str:
        """Return the hash of what a data set's file is made from."""
        return data_digest(self.config, dataset, seed_index)

    @cached_property
    def studies(self) -> set[str]:
        """The studies that there are runs of; zoo if it is asked for, control if there is any."""
        found = {member.study for member in self.members}
        zoo = {"zoo"} if self.config.zoo else set()
        return (found - {"control"}) | zoo | ({"control"} if self.policy_shards else set())

    @cached_property
    def _made(self) -> list[str]:
        runs: dict[str, list[Asked]] = {study: [] for study in self.studies}
        for one in self._asked:
            scored = self.config.datasets[one.member.dataset].environment
            for study in {one.member.study, "control" if scored else one.member.study}:
                runs.get(study, []).append(one)
        return catalogue.tables_of(runs)

    @property
    def tables(self) -> list[str]:
        """The tables that there are runs for, those of the zoo if it is asked for."""
        return [name for name in self._made if name not in catalogue.ANALYSIS]

    @property
    def analysis(self) -> list[str]:
        """The tables of `analysis/` that there are runs for."""
        return [name for name in self._made if name in catalogue.ANALYSIS]

    @property
    def claimed(self) -> bool:
        """Whether there are runs of a task that the papers' claims are about, or the zoo's."""
        return self.config.zoo or any(member.task != OWN for member in self.members)

    @property
    def analysed(self) -> bool:
        """Whether there are runs of the main study, which the analysis is made from."""
        return catalogue.MAIN_STUDY in self.studies

    @cached_property
    def figures(self) -> list[str]:
        """The figures that there are runs and tables for."""
        there = {catalogue.TABLES[name].path for name in self._made}
        there |= {catalogue.RUNS} if self.analysed else set()
        there |= {catalogue.FRAMES} if self.policy_shards else set()
        main = [one for one in self.members if one.study == catalogue.MAIN_STUDY]
        return catalogue.figures_of(there, {member.arm for member in main})

    def labels(self, study: str) -> dict[str, str]:
        """Return what Snakemake's report says beside a file's name: n, and the data's scale."""
        runs = {
            (member.experiment, member.key): member.dataset
            for member in self.members
            if member.study == study
        }
        shapes = {name: self.config.datasets[name].shape for name in sorted(set(runs.values()))}
        scale = ", ".join(
            f"{name}: |x| {one.inputs:,}, |y| {one.outputs:,}" for name, one in shapes.items()
        )
        return {"runs": f"{len(runs):,}" if runs else "none", "scale": scale or "no data"}

    @cached_property
    def data_files(self) -> dict[str, tuple[str, int]]:
        """The data files that the shards need: name → data set and seed index."""
        return {
            shard.dataset: (self.config.experiments[shard.experiment].dataset, shard.seed_index)
            for shard in sorted(self.all.values(), key=lambda one: one.seed_index, reverse=True)
        }

    @cached_property
    def policy_shards(self) -> list[str]:
        """Shards of data sets with an environment: what they train is kept, to be scored."""
        experiments, datasets = self.config.experiments, self.config.datasets
        return [
            name
            for name, shard in self.shards.items()
            if datasets[experiments[shard.experiment].dataset].environment
        ]

    @property
    def all(self) -> dict[str, Shard]:
        """Everything that is trained by this plan, those that wait for rates among it."""
        return self.tuning | self.shards | self.provisional

    @property
    def kept_shards(self) -> list[str]:
        """Shards whose trained weights are kept."""
        return [
            name
            for name, shard in self.shards.items()
            if self.config.keeps_weights(shard.experiment)
        ]


def _counted(spec: DataSpec) -> int:
    number = sum(found for key in COUNTS if isinstance(found := getattr(spec, key, None), int))
    return max(number, 1)


def numbers(spec: DataSpec) -> int:
    """Return about how many numbers making a data set holds."""
    held = _counted(spec) * spec.shape.steps
    if isinstance(spec, FromImages):  # made of all images, each at its size
        held = max(held, IMAGES[spec.source] + OWN_TEST.get(spec.source, 0))
    return held * spec.shape.inputs


def _sequences(spec: DataSpec, name: str) -> int:
    """Return about how many sequences a data set has, at least 1.

    Raises
    ------
    InputError
        If it is larger than a job can hold.
    """
    if min(spec.shape) < 1:
        inputs, outputs, steps = spec.shape
        raise InputError(
            f"datasets.{name}: found |x| {inputs}, |y| {outputs}, {steps} steps; takes 1 of each "
            "or more"
        )
    number, held = _counted(spec), numbers(spec)
    if held > MOST_DATA:
        raise InputError(
            f"datasets.{name}: found {number:,} sequences of {spec.shape.steps:,} steps, |x| "
            f"{spec.shape.inputs:,}: about 10^{math.log10(held):.0f} numbers, more than a job can "
            f"hold; takes at most 10^{math.log10(MOST_DATA):.0f}"
        )
    return number


def _check_sizes(rows: list[Row], shape: Shape, batch: int) -> None:
    """Check that a job can hold each of a design's models.

    Parameters
    ----------
    shape : the data set's.
    batch : sequences of a minibatch.
    """
    for row in rows:
        model = row.model
        units = model.hidden if isinstance(model, Cell) else model.state_size
        for what, found, most in (
            ("places in W", units * (shape.inputs + units), MOST_PLACES),
            ("states a minibatch", units * shape.steps * row.iterations * batch, MOST_STATES),
        ):
            if found > most:
                raise InputError(
                    f"pattern {row.structure}: found about 10^{math.log10(found):.1f} {what}, at "
                    f"10^{math.log10(units):.1f} units, more than a job can hold; takes at most "
                    f"{most:,}"
                )


def _check_names(design: AnyDesign, rows: list[Row], named: dict[tuple, Row]) -> None:
    """Check that designs of one kind in an experiment do not name different models alike.

    Tables tell models apart by design, name and budget.

    Parameters
    ----------
    named : rows of the experiment's earlier designs, to which these are added.
    """
    for row in rows:
        own = row._replace(arm="")
        if named.setdefault((design.kind, row.structure, row.budget), own) != own:
            raise InputError(
                f"names a pattern {row.structure!r} at budget {row.budget}, as another design of "
                f"the kind {design.kind!r} names another one; put them into two experiments"
            )


class Training(NamedTuple):
    """What a variant is trained with, where its row does not say it."""

    learning_rate: float
    seed_index: int
    replicate: int


def _variant(row: Row, experiment: Experiment, training: Training) -> AnyVariant:
    """Return the variant of a row: what the row does not say, the experiment does."""
    rate = row.learning_rate or training.learning_rate
    if isinstance(row.model, Cell):
        return CellVariant(cell=row.model, learning_rate=rate, seed_index=training.seed_index)
    variant = Variant(
        pattern=row.model,
        initialisation=row.initialisation or experiment.initialisation,
        learning_rate=rate,
        seed_index=training.seed_index,
        replicate=training.replicate or None,
        iterations=row.iterations if row.iterations > 1 else None,
    )
    return LayersVariant(layers_of=variant) if row.layers else variant


def _content(path: Path) -> str:
    """Return the checksum of a file of the user's own.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return checksum(path)
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from fault


def data_digest(config: Config, dataset: str, seed_index: int) -> str:
    """Return the hash of what a data set's file is made from."""
    spec = config.datasets[dataset]
    content = spec.model_dump(mode="json", exclude_none=True, exclude=set(spec.where))
    parts = [content, config.seed, seed_index if spec.redraw is True else None]
    return digest([*parts, *map(_content, spec.files)])


def data_code(spec: DataSpec) -> str:
    """Return the digest of the code that makes a data set."""
    module = type(spec).__module__
    if module.startswith("blockmaps."):
        own = code_digest(module.removeprefix("blockmaps."), *spec.made_by)
        return digest([own, code_digest("data.making")])
    import sys

    source = tree_digest(Path(sys.modules[module].__file__ or "").read_text(encoding="utf-8"))
    return digest([source, code_digest("data.making", *spec.made_by)])
