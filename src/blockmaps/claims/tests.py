"""The claims of both papers, typed: what each says, and the test fixed before any run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from blockmaps.core.errors import InputError
from blockmaps.designs.patterns import Frozen

Text = Annotated[str, Field(min_length=1)]


class Threshold(Frozen):
    """A condition on statistics: their bound stands in a relation to a value, for all or any."""

    bound: Literal["lower", "upper", "interval", "estimate"]
    relation: Literal["above", "below", "at most", "inside", "outside", "contains only"]
    value: (
        float | tuple[float, float] | dict[str, float] | Literal["rounding", "range of densities"]
    )
    of: Literal["all", "any"] | tuple[Text, ...]
    among: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    level: Annotated[float, Field(gt=0, lt=1)] | None = None

    def about(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names, of those of a test's statistics, that the condition is about."""
        chosen = self.among or (self.of if isinstance(self.of, tuple) else names)
        return tuple(name for name in names if name in chosen)

    def limit(self, name: str) -> Any:
        """Return what a statistic is held against; None if it is not named."""
        return self.value.get(name) if isinstance(self.value, dict) else self.value


class Test(Frozen):
    """One version of a claim's test.

    Attributes
    ----------
    families, outcomes : each gets a verdict of its own; all of them are corrected together.
    own_rates : every arm is to be trained at a learning rate chosen for it.
    seeds_at_least : runs an arm; and the same of seed indices, patterns, sizes.
    """

    version: Annotated[int, Field(ge=1)]
    reason: Text | None = None
    outcome: Text
    unit: Text
    test: Text
    statistics: Annotated[tuple[Text, ...], Field(min_length=1)]
    secondary: tuple[Text, ...] = ()
    sesoi: Annotated[float, Field(gt=0)] | None = None
    families: tuple[Text, ...] = ()
    outcomes: tuple[Text, ...] = ()
    own_rates: bool = False
    seeds_at_least: Annotated[int, Field(ge=1)] | None = None
    seed_indices_at_least: Annotated[int, Field(ge=1)] | None = None
    patterns_at_least: Annotated[int, Field(ge=1)] | None = None
    sizes_at_least: Annotated[int, Field(ge=1)] | None = None
    supported: Threshold
    contradicted: Threshold

    @model_validator(mode="after")
    def _named(self) -> "Test":
        for threshold in (self.supported, self.contradicted):
            named = {*(threshold.of if isinstance(threshold.of, tuple) else ())}
            named |= {*(threshold.among or ())}
            if not named <= set(self.statistics):
                raise ValueError("a threshold is on a statistic that the test does not name")
        return self


class Claim(Frozen):
    """A claim, its source, the table that it is tested on, and its tests, oldest first."""

    paper: Text
    statement: Text
    source: Text
    table: Literal["runs", "equivalence", "gradients", "analysis"]
    versions: Annotated[tuple[Test, ...], Field(min_length=1)]

    @field_validator("versions")
    @classmethod
    def _numbered(cls, versions: tuple[Test, ...]) -> tuple[Test, ...]:
        if [test.version for test in versions] != list(range(1, len(versions) + 1)):
            raise ValueError("versions are numbered from 1, oldest first")
        if any(test.reason is None for test in versions[1:]):
            raise ValueError("a later version gives its reason")
        return versions

    @property
    def test(self) -> Test:
        """The test in force: the latest version."""
        return self.versions[-1]


class Amendment(Frozen):
    """A rule as it is now, and why."""

    rule: Text
    now: Text
    reason: Text


class DidNotLearn(Frozen):
    """When an arm's accuracy is too near to chance for a comparison with it to say anything."""

    margin: Annotated[float, Field(gt=0, lt=1)]
    rule: Text
    claims: tuple[str, ...]


class Analysis(Frozen):
    """An analysis that is no claim's test, but was fixed before its runs as tests are."""

    reason: Text
    design: Text
    method: Text
    outcomes: tuple[Text, ...]
    explanation: Text
    given: tuple[Text, ...]


class Rules(Frozen):
    """What holds for all tests."""

    level: float
    intervals: Text
    bootstrap_from_patterns: int
    amended: tuple[Amendment, ...] = ()
    did_not_learn: DidNotLearn
    holm: tuple[str, ...]
    holm_scope: Text
    sensitivity: tuple[Text, ...]


class Claims(Frozen):
    """The file: disclosed data, terms, rules, the claims by identifier, other analyses by name."""

    pilot: Text
    disclosed: Text
    terms: dict[str, Text]
    rules: Rules
    claims: dict[str, Claim]
    analyses: dict[str, Analysis]


def read(path: Path) -> Claims:
    """Read the claims.

    Raises
    ------
    InputError
        If the file is not there or does not fit.
    """
    try:
        return Claims.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as fault:
        raise InputError(f"{path}: cannot be read: {fault.strerror}") from fault
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as fault:
        raise InputError(f"{path}: is not YAML: {fault}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: {where}: {first['msg']}") from None
