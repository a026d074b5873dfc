"""Differences between arms: three outcomes, two protocols, Holm's correction.

Every one has the interval of `statistics.difference`, Welch's t over the units of each arm: seed
indices of fixed arms (dense, uniform, balanced, cells), patterns of a sample of these (mixed).
Balanced patterns are compared together and by family, with thin and with full output rows.
"""

from typing import Any

import numpy as np
import pandas as pd

from blockmaps.analysis.columns import COMPARISONS, INITIALISATIONS
from blockmaps.analysis.outcomes import OUTCOMES, PROTOCOLS
from blockmaps.analysis.statistics import difference, holm, units, welch
from blockmaps.analysis.summary import PANEL, with_families
from blockmaps.plan.needs import DIFFERENCES, FAMILIES, RECOMMENDED, SAMPLED_ARMS, matched
from blockmaps.results import outcome

JUDGED = {
    outcome.named(name, judged): judged for name in ("accuracy", "area") for judged in outcome.ALL
}
UNITS = {name: judged.unit for name, judged in JUDGED.items()} | {"steps_to_half": "steps"}
SCALES = {name: judged.scale for name, judged in JUDGED.items()} | {"steps_to_half": 1.0}
ENDS = {name: judged.ends for name, judged in JUDGED.items()}


def _pairs(arms: set[str]) -> list[tuple[str, str, str, str]]:
    """Return claim, role, first and second of every comparison that the arms allow."""
    primary = (*DIFFERENCES[:2], *FAMILIES)
    named = [
        *(("A1", "primary", *pair) for pair in primary),
        *(("A1", "secondary", *pair) for pair in DIFFERENCES[2:]),
        *(("A4", "secondary", *pair) for pair in RECOMMENDED),
        *(
            ("E1b", "primary" if first.startswith("uniform~lstm") else "secondary", first, second)
            for first, second in matched(arms)
        ),
    ]
    return [row for row in named if row[2] in arms and row[3] in arms]


def _panels(outcomes: pd.DataFrame):
    """Yield labels and runs with a value, for every panel, outcome and protocol."""
    for labels, panel in outcomes.groupby(PANEL):
        for name in OUTCOMES:
            for protocol in PROTOCOLS:
                values = panel.rename(columns={f"{name}_{protocol}": "value"})
                values = values[np.isfinite(values["value"].to_numpy(float))]
                if len(values):
                    named = dict(zip(PANEL, labels, strict=True))
                    named["initialisation"] = " and ".join(sorted(set(values["initialisation"])))
                    named["outcome"] = outcome.named(name, outcome.of(values))
                    yield named | {"protocol": protocol}, values


def comparisons(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the differences of A1 and E1b, and the recommended pattern's, one row each.

    `p_holm` is corrected over the comparisons of a panel, outcome and protocol. Columns as in
    `COMPARISONS`.
    """
    rows = []
    for labels, values in _panels(outcomes):
        arms = with_families(values.assign(value=SCALES[labels["outcome"]] * values["value"]))
        last = float(values["steps"].max())  # with which a run counts that never gets half way
        for claim, role, first, second in _pairs(set(arms)):
            sides = arms[first], arms[second]
            found = difference(*sides, ends=ENDS.get(labels["outcome"], (-last, last)))
            rows.append(
                labels
                | {"claim": claim, "role": role, "difference": f"{first} - {second}"}
                | {"unit": UNITS[labels["outcome"]], "estimate": found.mean}
                | {name: getattr(found, name) for name in ("low", "high", "p", "degrees", "method")}
                | {"patterns_first": sides[0]["pattern"].nunique()}
                | {"patterns_second": sides[1]["pattern"].nunique()}
                | {"n_first": len(sides[0]), "n_second": len(sides[1]), "units": found.n}
            )
    table = pd.DataFrame(rows, columns=[name for name in COMPARISONS if name != "p_holm"])
    family = table.groupby([*PANEL, "outcome", "protocol"], sort=False)["p"]
    table["p_holm"] = family.transform(holm) if len(table) else pd.Series(dtype=float)
    return table[list(COMPARISONS)]


def initialisations(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return every difference of A1 under two initialisations, and by how much it changes.

    Two experiments are set beside each other where data set, budget and arms agree and the scheme
    of the unknowns' start does not. The change has Welch's interval, of four arms. Columns as in
    `INITIALISATIONS`.
    """
    rows = []
    for labels, values in _by_scheme(outcomes):
        schemes = sorted(values["initialisation"].unique(), key=lambda name: name[0] != "N")
        for other in schemes[1:]:
            sides = [values[values["initialisation"] == name] for name in (schemes[0], other)]
            arms = set(sides[0]["arm"]) & set(sides[1]["arm"])
            for first, second in DIFFERENCES:
                if {first, second} <= arms and first not in SAMPLED_ARMS:
                    named = {"difference": f"{first} - {second}", "first": schemes[0]}
                    rows.append(labels | named | _changed(sides, first, second, other))
    return pd.DataFrame(rows, columns=list(INITIALISATIONS))


def _by_scheme(outcomes: pd.DataFrame):
    """Yield runs of one data set, budget, outcome and protocol, of all experiments together."""
    whole = outcomes[~outcomes["initialisation"].str.contains("by block")]
    for (dataset, budget), panel in whole.groupby(["dataset", "budget"]):
        for column in OUTCOMES:
            name = outcome.named(column, outcome.of(panel))
            for protocol in PROTOCOLS:
                value = SCALES[name] * panel[f"{column}_{protocol}"]
                labels = {"dataset": dataset, "budget": budget, "outcome": name}
                labels |= {"protocol": protocol, "unit": UNITS[name]}
                yield labels, panel.assign(value=value)


def _changed(sides: list[pd.DataFrame], first: str, second: str, other: str) -> dict:
    """Return the difference under each scheme, and the second's less the first's."""
    found: dict[str, Any] = {"second": other}
    samples = []
    for name, side in zip(("first", "second"), sides, strict=True):
        arms = [side[side["arm"] == arm] for arm in (first, second)]
        one = difference(*arms)
        found |= {f"under_{name}": one.mean, f"{name}_low": one.low, f"{name}_high": one.high}
        samples += [units(arm) for arm in arms]
    moved = welch(samples, (-1, 1, 1, -1))
    return found | {"change": moved.mean, "low": moved.low, "high": moved.high, "seeds": moved.n}
