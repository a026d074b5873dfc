"""How much of performance the hidden proportion explains, and how much its rivals do.

Within a panel, one experiment, data set and budget, and within a design, an outcome is regressed on
what was known before training. In the `even` and `crossed` designs every |h| has a mean of its own,
so that R² is of what varies at a fixed number of unknowns *and* |h| (claim A2); in the others |h|
is a rival. So is n_yh, the unknowns from h to y. `even > 0.15` is the even design off the cliff at
the small proportions. Patterns are the unit throughout (see `regression`).
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from statsmodels.stats.outliers_influence import variance_inflation_factor

from blockmaps.analysis.columns import EXPLAINED, PARTIAL
from blockmaps.analysis.outcomes import PROTOCOLS
from blockmaps.analysis.regression import Fit, adjusted, cross_validated, fit, in_sample
from blockmaps.analysis.splines import spline_basis, spline_knots
from blockmaps.analysis.summary import PANEL
from blockmaps.core.fixed import CLIFF
from blockmaps.plan.needs import FEWEST_PATTERNS
from blockmaps.results import outcome

INSEPARABLE = 10.0  # a variance inflation factor above which two explanations are one
VARIES = 1e-3  # of its size: an explanation that varies less within groups is constant

PROPORTIONS = ("hidden_proportion", "hidden_proportion_hh_hx", "hidden_proportion_hh_all")
YH = "unknowns_yh"
EXPLANATIONS = (
    *PROPORTIONS,
    *(YH, "density", "hidden", "share_yx", "spectral_radius", "state_scale"),
)
FIXED = ("even", "crossed")  # designs of one |h| each
PLATEAU = f"even > {CLIFF}"
FORMS = ("linear", "quadratic", "spline")
OUTCOMES = (
    *(f"{name}_{protocol}" for protocol in PROTOCOLS for name in ("logit", "loss", "area")),
    *("logit_train", "steps_to_half_clean"),
)

# What the proportion is to add to, by any definition; by the primary one alone; and what n_yh is.
GIVEN = {
    "sizes": ("density", "hidden", "share_yx"),
    "scale": ("state_scale",),
    "scale and radius": ("state_scale", "spectral_radius"),
    "all": ("density", "hidden", "share_yx", "state_scale", "spectral_radius"),
}
RIVALS = {"n_yh": (YH,), "radius": ("spectral_radius",), "|h|": ("hidden",)}
ADDED = (
    *((name, given, others) for name in PROPORTIONS for given, others in GIVEN.items()),
    *((PROPORTIONS[0], given, others) for given, others in RIVALS.items()),
    (YH, "proportion", PROPORTIONS[:1]),
)


class Sample(NamedTuple):
    """One panel's runs of one design."""

    labels: dict
    runs: pd.DataFrame
    groups: np.ndarray  # (runs, groups) indicators of what has a mean of its own


def samples(outcomes: pd.DataFrame, plateau: bool = False) -> Iterator[Sample]:
    """Yield every panel's runs by design, and of all designs if there are several.

    Parameters
    ----------
    plateau : those of the even design off the cliff too.
    """
    patterned = outcomes[outcomes["hidden_proportion"].notna()]
    for values, panel in patterned.groupby(PANEL):
        designs = sorted(panel["design"].unique())
        parts = {design: panel[panel["design"] == design] for design in designs}
        if plateau and "even" in parts:
            even = parts["even"]
            means = even.groupby("pattern")["hidden_proportion"].transform("mean")
            parts[PLATEAU] = even[means > CLIFF]
        for design, runs in {**parts, **({"all": panel} if len(designs) > 1 else {})}.items():
            if runs["pattern"].nunique() < FEWEST_PATTERNS:
                continue
            labels = dict(zip(PANEL, values, strict=True))
            labels |= {name: int(runs[name].iloc[0]) for name in ("inputs", "outputs")}
            labels |= {"initialisation": _said(runs["initialisation"]), "design": design}
            own = runs["hidden"] if design in (*FIXED, PLATEAU) else np.zeros(len(runs))
            yield Sample(labels, runs, pd.get_dummies(own).to_numpy(float))


def _said(names: pd.Series) -> str:
    return " and ".join(sorted(names.unique()))


def _within(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return values less their group's mean."""
    return values - groups @ (groups.T @ values / groups.sum(0))


def varies(x: np.ndarray, groups: np.ndarray) -> bool:
    """Return whether an explanation differs between runs of one group, rounding apart."""
    if not np.isfinite(x).all():
        return False
    return bool(_within(x, groups).std() > VARIES * np.abs(x).max())


def columns(x: np.ndarray, form: str, codes: np.ndarray) -> np.ndarray:
    """Return the columns of an explanation in a form, without the constant: (runs, k).

    Knots are quantiles of the patterns' means, of all patterns: they do not depend on the outcome.
    """
    if form == "spline":
        means = np.bincount(codes, x) / np.bincount(codes)
        return spline_basis(x, spline_knots(means))[:, 1:]
    standard = (x - x.mean()) / x.std()
    return np.column_stack([standard**power for power in range(1, 2 + (form == "quadratic"))])


def _valued(sample: Sample, name: str) -> Sample | None:
    """Return the runs that have the outcome; None if these are too few patterns, or all alike."""
    known = np.isfinite(sample.runs[name].to_numpy(float))
    runs = sample.runs[known]
    if runs["pattern"].nunique() < FEWEST_PATTERNS or runs[name].std() == 0:
        return None
    groups = sample.groups[known]
    return Sample(sample.labels, runs, groups[:, groups.sum(0) > 0])


def cases(
    outcomes: pd.DataFrame, names: tuple[str, ...] = OUTCOMES, plateau: bool = False
) -> Iterator[tuple[Sample, dict, np.ndarray, np.ndarray]]:
    """Yield sample, labels, outcome and pattern codes for every panel, design and outcome."""
    for sample in samples(outcomes, plateau):
        for name in names:
            valued = _valued(sample, name)
            if valued is None:
                continue
            codes, patterns = pd.factorize(valued.runs["pattern"], sort=True)
            labels = {**sample.labels, "outcome": outcome.named(name, outcome.of(valued.runs))}
            labels |= {"patterns": len(patterns), "n": len(codes)}
            yield valued, labels, valued.runs[name].to_numpy(float), codes


def _fits(
    sample: Sample, value: np.ndarray, codes: np.ndarray
) -> Callable[[tuple[str, ...], str], Fit]:
    """Return what fits explanations in a form, those that vary, each of them once."""

    @cache
    def made(name: str, form: str) -> np.ndarray:
        x = sample.runs[name].to_numpy(float)
        return columns(x, form, codes) if varies(x, sample.groups) else np.empty((len(x), 0))

    @cache
    def fitted(names: tuple[str, ...], form: str) -> Fit:
        X = np.hstack([sample.groups, *(made(name, form) for name in names)])
        return fit(value, X, codes)

    return fitted


def explained(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return R² of every explanation and form; columns as in `EXPLAINED`.

    An explanation that does not vary in a design (density and |h| in `even`) has no row there.

    Parameters
    ----------
    outcomes : of `outcomes.run_outcomes`.
    """
    rows = []
    for sample, labels, value, codes in cases(outcomes, plateau=True):
        base, fitted = fit(value, sample.groups, codes), _fits(sample, value, codes)
        for name in EXPLANATIONS:
            if not varies(sample.runs[name].to_numpy(float), sample.groups):
                continue
            for form in FORMS:
                model = fitted((name,), form)
                asked = _resampled(sample, form)
                inside, outside = adjusted(model, base), cross_validated(model, base, asked)
                rows.append(
                    {
                        **labels,
                        "explanation": name,
                        "form": form,
                        "r2": in_sample(model, base),
                        "r2_adjusted": inside.value,
                        "r2_low": inside.low,
                        "r2_high": inside.high,
                        "cv_r2": outside.value,
                        "cv_low": outside.low,
                        "cv_high": outside.high,
                        "cv_bootstrap_low": outside.bootstrap_low,
                        "cv_bootstrap_high": outside.bootstrap_high,
                    }
                )
    return pd.DataFrame(rows, columns=list(EXPLAINED))


def _resampled(sample: Sample, form: str) -> bool:
    """Return whether patterns are resampled: of the curve that a claim or an analysis names."""
    return form == "spline" and sample.labels["design"] in (*FIXED, PLATEAU)


def collinearity(sample: Sample, proportion: str, given: tuple[str, ...]) -> tuple[float, float]:
    """Return the proportion's variance inflation factor given others, and the condition number.

    Both of the linear design, group means taken off and standardised.
    """
    named = [name for name in (proportion, *given) if usable(sample, name)]
    within = np.column_stack(
        [_within(sample.runs[name].to_numpy(float), sample.groups) for name in named]
    )
    standard = within / within.std(0)
    if standard.shape[1] == 1:
        return 1.0, 1.0
    inflation = float(variance_inflation_factor(standard, 0))
    return inflation, float(np.linalg.cond(standard))


def usable(sample: Sample, name: str) -> bool:
    """Return whether an explanation varies in a sample."""
    return varies(sample.runs[name].to_numpy(float), sample.groups)


def partial(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return what the hidden proportion adds to other explanations; columns as in `PARTIAL`.

    Explanations that do not vary in a design are given by it: where none of a set varies, the
    partial R² is the R².
    """
    rows = []
    for sample, labels, value, codes in cases(outcomes):
        fitted = _fits(sample, value, codes)
        for name, given, names in ADDED:
            if not usable(sample, name):
                continue
            inflation, condition = collinearity(sample, name, names)
            for form in FORMS:
                small, large = fitted(names, form), fitted((*names, name), form)
                if large.rank >= labels["patterns"]:
                    continue  # as many columns as patterns: nothing is left to judge by
                asked = _resampled(sample, form) and given in RIVALS
                rows.append(
                    {
                        **labels,
                        "explanation": name,
                        "given": given,
                        "form": form,
                        **_partial_shares(large, small, asked),
                        "inflation": inflation,
                        "condition": condition,
                        "separable": inflation <= INSEPARABLE,
                    }
                )
    return pd.DataFrame(rows, columns=list(PARTIAL))


def _partial_shares(large: Fit, small: Fit, bootstrap: bool) -> dict[str, float]:
    inside, outside = adjusted(large, small), cross_validated(large, small, bootstrap)
    return {
        "partial_r2": inside.value,
        "partial_low": inside.low,
        "partial_high": inside.high,
        "cv_partial_r2": outside.value,
        "cv_low": outside.low,
        "cv_high": outside.high,
        "cv_bootstrap_low": outside.bootstrap_low,
        "cv_bootstrap_high": outside.bootstrap_high,
    }
