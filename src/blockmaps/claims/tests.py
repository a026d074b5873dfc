"""The claims of both papers, typed: what each says, and the test fixed before any run."""

from pathlib import Path
from typing import Annotated, Literal

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
    level: Annotated[float, Field(gt=0, lt=1)] | None = None


class Test(Frozen):
    """One version of a claim's test."""

    version: Annotated[int, Field(ge=1)]
    reason: Text | None = None
    outcome: Text
    unit: Text
    test: Text
    statistics: Annotated[tuple[Text, ...], Field(min_length=1)]
    secondary: tuple[Text, ...] = ()
    sesoi: Annotated[float, Field(gt=0)] | None = None
    seeds_at_least: Annotated[int, Field(ge=1)] | None = None
    supported: Threshold
    contradicted: Threshold

    @model_validator(mode="after")
    def _named(self) -> "Test":
        for threshold in (self.supported, self.contradicted):
            if isinstance(threshold.of, tuple) and not set(threshold.of) <= set(self.statistics):
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


class Rules(Frozen):
    """What holds for all tests."""

    level: float
    intervals: Text
    bootstrap_from_patterns: int
    holm: tuple[str, ...]
    holm_scope: Text
    sensitivity: tuple[Text, ...]


class Claims(Frozen):
    """The file: disclosed pilot data, terms, rules, and the claims by their identifier."""

    pilot: Text
    terms: dict[str, Text]
    rules: Rules
    claims: dict[str, Claim]


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
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise InputError(f"{path}: is not YAML: {fault}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: {where}: {first['msg']}") from None
