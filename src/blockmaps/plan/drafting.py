"""A first preset for a data set of one's own, with designs that fit its sizes; and its class."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import yaml

from blockmaps.core.errors import InputError
from blockmaps.data import Shape
from blockmaps.designs.kinds import DESIGNS, Sizes, named_rows
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.designs.proportion import expected_unknowns, solve_hidden

# Numbers of unknowns that are tried, the smallest first.
BUDGETS = (1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000)
LEAST_HIDDEN = 16  # |h| of the dense arm, so that it is a network at all
POINTS = 10  # hidden proportions of the sweep

CLASS = '''\
"""A data set of one's own: {name}. Put your data into `make`, its sizes into `shape`."""

from typing import Literal

import numpy as np

from blockmaps.data import ALONE, DataSpec, Means, SequenceData, Shape, register


@register
class {title}(DataSpec):
    """Which of two frequencies is it? An example that runs: replace it by what you have.

    Fields can be set in the preset, under `datasets`.
    """

    kind: Literal["{name}"] = "{name}"
    sequences: int = 2000
    noise: float = 0.5

    @property
    def shape(self) -> Shape:
        """Sizes, known before anything is made: |x|, |y|, and steps with the blank one."""
        return Shape(inputs=8, outputs=2, steps=20 + 1)

    def make(self, seed: np.random.SeedSequence, means: Means = ALONE) -> SequenceData:
        """Return inputs (sequences, steps, |x|) and targets; the same seed gives the same ones."""
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, 2, self.sequences)
        frequency = np.where(classes, 0.9, 0.7)[:, None, None]
        phase = rng.uniform(0, 2 * np.pi, (self.sequences, 1, 8))
        waves = np.sin(frequency * np.arange(20)[:, None] + phase)
        inputs = waves + self.noise * rng.standard_normal(waves.shape)
        # whole numbers are classes; for numbers to be regressed give floats, (sequences, |y|)
        return SequenceData.from_arrays(inputs, classes, test=0.25, seed=seed)
'''


class Draft(NamedTuple):
    """A preset, as text, and what is to be said of it.

    Attributes
    ----------
    text : YAML.
    budget : unknowns of every arm.
    arms : names of the designs.
    left_out : design → why it is not there.
    """

    text: str
    budget: int
    arms: list[str]
    left_out: dict[str, str]


def draft(
    name: str, spec: dict[str, Any], shape: Shape, plugin: str | None, unknowns: int | None = None
) -> Draft:
    """Write a preset for a data set.

    Parameters
    ----------
    name : of preset, data set and experiment.
    spec : the data set's config.
    shape : its sizes.
    plugin : the file that registers its class, if it is not one of the package's.
    unknowns : of every arm; else the smallest number at which most designs fit.

    Raises
    ------
    InputError
        If no design fits.
    """
    tried: list[tuple[int, dict, dict]] = []
    for one in [unknowns] if unknowns else BUDGETS:
        tried.append((one, *_fitting(shape, one)))
        if not tried[-1][2]:
            break
    budget, designs, left_out = max(tried, key=lambda one: len(one[1]))  # the first of several
    if not designs:
        why = "; ".join(left_out.values())
        raise InputError(f"|x| = {shape.inputs}, |y| = {shape.outputs}: no design fits: {why}")
    lines = [
        "# Written by `blockmaps init`: change what you like; docs/config.md explains the keys.",
        f"name: {name}",
        "seed: 1",
        *([f"plugins: [{plugin}]"] if plugin else []),
        "",
        "datasets:",
        f"  {name}: {_flow(spec)}",
        "",
        "recipes:",
        "  short: {steps: 1000, batch_size: 32, learning_rate: 2.0e-3}",
        "",
        "experiments:",
        f"  {name}:",
        f"    dataset: {name}",
        "    recipe: short",
        "    seeds: 5 # arms are compared over these; more make the intervals narrower",
        "    initialisation: {scheme: fan_in}",
        "    designs:",
    ]
    for kind, (design, about) in designs.items():
        lines.append(f"      # {about}")
        lines.append(f"      - {_flow({'kind': kind.partition(' ')[0], **design})}")
    lines += [f"      # {kind} does not fit: {why}" for kind, why in left_out.items()]
    return Draft("\n".join(lines) + "\n", budget, list(designs), left_out)


def _flow(value: dict[str, Any]) -> str:
    """Write a mapping as YAML on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    )
    return text.strip()


def _asked(shape: Shape, budget: int) -> Iterable[tuple[str, dict[str, Any], str]]:
    """Yield the designs of a first preset: name, fields, and a word about it."""
    at = {"budgets": [budget]}
    yield "uniform", at | {"densities": [0.2, 1.0]}, "dense (density 1), and uniform at 0.2"
    outputs = [[0.1, 1.0, 1.0]]
    balanced = at | {"outputs": outputs}
    yield "balanced", balanced, "half of the hidden rows' unknowns read the state"
    yield "recommended", at, "what `blockmaps recommend` says for the sizes"
    even = {"sizes": {budget: "auto"}, "points": POINTS, "seeds": [0, 1, 2]}
    yield (
        "even",
        even,
        "unknowns and |h| fixed, the hidden proportion from low to high: the plateau",
    )


def _fitting(
    shape: Shape, budget: int
) -> tuple[dict[str, tuple[dict[str, Any], str]], dict[str, str]]:
    """Return the designs that fit a budget, and why the others do not."""
    sizes = Sizes(shape.inputs, shape.outputs)
    designs, left_out = {}, {}
    for kind, fields, about in _asked(shape, budget):
        try:
            if kind == "uniform":
                hidden = solve_hidden(
                    budget, dict.fromkeys(RNN_BLOCKS, 1.0), shape.inputs, shape.outputs
                )
                if hidden < LEAST_HIDDEN:
                    given = (shape.inputs, LEAST_HIDDEN, shape.outputs)
                    least = expected_unknowns(dict.fromkeys(RNN_BLOCKS, 1.0), *given)
                    raise InputError(
                        f"dense has |h| = {hidden} at {budget:,} unknowns; takes "
                        f"{sum(least.values()):,.0f} or more for {LEAST_HIDDEN}"
                    )
            named_rows(DESIGNS[kind].model_validate({"kind": kind, **fields}), sizes)
        except (InputError, ValueError) as fault:
            left_out[kind] = " ".join(str(fault).split())
            continue
        designs[kind] = (fields, about)
    return designs, left_out
