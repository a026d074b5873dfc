"""The columns of the tables of the analysis, and what each holds (docs/tables.md has them)."""

PANEL_COLUMNS = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "budget": "unknowns that the patterns were made for",
    "inputs": "|x|",
    "outputs": "|y|",
    "initialisation": "scheme of the unknowns' start",
    "design": "its patterns alone; even > 0.15: those proportions; all: every design, no cells",
    "outcome": "logit of accuracy, loss, area under its curve, steps to half; by protocol; train",
}
_NUMBERS = {"patterns": "patterns, the unit", "n": "runs"}

EXPLAINED = {
    **PANEL_COLUMNS,
    "explanation": "what is regressed on: a column of the runs table, density, share_yx = n_yx/N",
    "form": "linear; quadratic; natural cubic spline, 4 degrees of freedom",
    "r2": "R² in sample",
    "r2_adjusted": "R² in sample, adjusted for degrees of freedom",
    "r2_low": "its lower bound, 95 %, jackknife over patterns",
    "r2_high": "its upper bound",
    "cv_r2": "R² of patterns predicted from the others",
    "cv_low": "its lower bound, 95 %, jackknife over patterns",
    "cv_high": "its upper bound",
    "cv_bootstrap_low": "the same, bootstrap over patterns that fits again, of splines in even and "
    "crossed; empty with fewer than 20",
    "cv_bootstrap_high": "its upper bound",
    **_NUMBERS,
}
PARTIAL = {
    **PANEL_COLUMNS,
    "explanation": "the hidden proportion, by its definition; or n_yh, given the proportion",
    "given": "sizes: density, |h|, n_yx/N; scale: state_scale; radius: spectral_radius; n_yh; all",
    "form": "of the proportion and of what is given alike",
    "partial_r2": "partial R² in sample, adjusted for degrees of freedom",
    "partial_low": "its lower bound, 95 %, jackknife over patterns",
    "partial_high": "its upper bound",
    "cv_partial_r2": "partial R² of patterns predicted from the others",
    "cv_low": "its lower bound, 95 %, jackknife over patterns",
    "cv_high": "its upper bound",
    "cv_bootstrap_low": "the same, bootstrap that fits again, given n_yh or the radius, as above",
    "cv_bootstrap_high": "its upper bound",
    "inflation": "variance inflation factor of the proportion, given the others, linear",
    "condition": "condition number of the standardised linear design",
    "separable": "whether the inflation is at most 10: otherwise the two are one explanation",
    **_NUMBERS,
}
OPTIMUM = {
    **PANEL_COLUMNS,
    "explanation": "the hidden proportion, by its definition",
    "curve": "natural cubic spline, 4 degrees of freedom; or local mean",
    "first": "smallest proportion of the data",
    "last": "largest",
    "optimum": "where the curve is highest (of a loss: lowest) within them",
    "low": "its lower bound, 95 %, bootstrap over patterns; empty with fewer than 20",
    "high": "its upper bound",
    "interior": "whether the interval ends before both ends of the data",
    "best": "the curve's value at the optimum, in the outcome's unit",
    "at_half": "the curve's value at a proportion of ½; empty if that is outside the data",
    **_NUMBERS,
}

CURVE = {
    "hidden_proportion": "a knot of the piecewise linear curve",
    "logit": "fitted logit of test accuracy, less the highest",
    "n": "runs nearest to the knot",
    "panels": "experiments × budgets, each with a mean of its own",
}
RESPONSE = {
    "hidden_proportion": "of the pattern",
    "density_hh": "density of hh",
    "full": "whether hy, yh, yy are full; else 0.1",
    "logit": "fitted logit of test accuracy, less the highest",
    "highest": "whether this is the highest place",
    "hidden_proportion_low": "lower bound of the highest place, 95 %, bootstrap over patterns",
    "hidden_proportion_high": "upper bound",
    "density_hh_low": "the same of the density of hh",
    "density_hh_high": "upper bound",
    "share_full": "share of the resamples whose highest place has full output blocks",
    "patterns": "patterns, the unit",
    "n": "runs",
    "panels": "experiments × budgets, each with a mean of its own",
}

_ARM = {
    "experiment": PANEL_COLUMNS["experiment"],
    "dataset": PANEL_COLUMNS["dataset"],
    "budget": PANEL_COLUMNS["budget"],
}
_PROTOCOL = "clean: test images not trained on; leaking: trained on, as in the paper"
COMPARISONS = {
    **_ARM,
    "initialisation": PANEL_COLUMNS["initialisation"],
    "claim": "the claim whose comparison it is",
    "role": "primary or secondary, as config/claims.yaml has it",
    "difference": "first arm - second arm",
    "outcome": "accuracy; area under its curve; steps to half way from chance to 100 %",
    "protocol": _PROTOCOL,
    "unit": "percentage points, or optimiser steps (fewer are better)",
    "estimate": "difference of the arms' means",
    "low": "lower bound, 95 %, Welch's t; empty with fewer than three units of an arm",
    "high": "upper bound",
    "p": "two-sided p value of no difference",
    "p_holm": "corrected after Holm over the panel's comparisons of this outcome and protocol",
    "degrees": "degrees of freedom",
    "method": "Welch's t, or why there is none",
    "patterns_first": "patterns of the first arm",
    "patterns_second": "of the second",
    "n_first": "runs of the first arm",
    "n_second": "of the second",
    "units": "units of the smaller arm: seed indices, of a sample of patterns these",
}
INITIALISATIONS = {
    "dataset": PANEL_COLUMNS["dataset"],
    "budget": PANEL_COLUMNS["budget"],
    "difference": "first arm - second arm",
    "outcome": COMPARISONS["outcome"],
    "protocol": _PROTOCOL,
    "unit": COMPARISONS["unit"],
    "first": "one initialisation",
    "second": "the other",
    "under_first": "the difference under the first",
    "first_low": "its lower bound, 95 %, Welch's t over seed indices",
    "first_high": "its upper bound",
    "under_second": "the difference under the second",
    "second_low": "its lower bound",
    "second_high": "its upper bound",
    "change": "the second's less the first's",
    "low": "its lower bound, 95 %, Welch's t of four arms; empty with fewer than three seeds",
    "high": "its upper bound",
    "seeds": "seed indices of the smallest arm",
}
_RUNS = {"patterns": "patterns", "n": "runs"}
ROBUST = {
    **_ARM,
    "arm": "group that is compared",
    "protocol": _PROTOCOL,
    "interquartile_mean": "mean accuracy of the middle half of runs (of a sample: of patterns)",
    "low": "lower bound, 95 %, bootstrap over patterns; empty of fixed arms",
    "high": "upper bound",
    "mean": "mean accuracy over runs",
    **_RUNS,
}
PROFILES = {
    **_ARM,
    "arm": "group that is compared",
    "protocol": _PROTOCOL,
    "threshold": "an accuracy",
    "share": "share of runs above it; of a sample, mean over patterns of their shares",
    "low": "lower bound, 95 %, Clopper and Pearson, as of so many trials",
    "high": "upper bound",
    "trials": "patterns of a sample, seed indices of a fixed arm",
    **_RUNS,
}
STEPS = {
    **_ARM,
    "arm": "group that is compared",
    "protocol": _PROTOCOL,
    "threshold": "the accuracy half way from chance to 100 %",
    "horizon": "steps of the recipe, at which runs are censored",
    "restricted_mean": "mean of steps to the threshold, at most the horizon (Kaplan, Meier)",
    "error": "its standard error (Greenwood), runs taken as independent",
    "reached": "runs that reach the threshold",
    **_RUNS,
}
_SIZES = {
    **_ARM,
    "initialisation": PANEL_COLUMNS["initialisation"],
    "inputs": "|x|",
    "outputs": "|y|",
}
_TRAINED = {"steps": "optimiser steps taken; sizes of as many are put together"}
REGRET = {
    **_SIZES,
    **_TRAINED,
    "N": "random patterns that a search tries",
    "best": "expected best of N, in percent: of the patterns' means over seeds",
    "recommended": "mean of the recommended pattern, in percent",
    "regret": "best - recommended, percentage points: above zero the search is better",
    "low": "its lower bound, 95 %; empty for N above two fifths of the patterns",
    "high": "its upper bound",
    "reported": "expected best of N single runs, as a search reports it",
    "chosen": "what the pattern so chosen reaches with another seed",
    "patterns": "random patterns, the unit",
    "seeds": "seed indices of each",
    "n": "runs of the recommended pattern",
}
APRIORI = {
    **_SIZES,
    **_TRAINED,
    "level": "one size; or all sizes, then the panel is empty and the size is the unit",
    "statistic": "what is estimated",
    "unit": "of the estimate",
    "estimate": "its value; of patterns that match, empty for more than there are",
    "low": "lower bound, 95 %",
    "high": "upper bound; of patterns that match, empty for more than can be told",
    "n": "random patterns; of a difference of arms, seed indices; over all sizes, sizes",
    "degrees": "degrees of freedom over sizes; empty of one size",
    "learnt": "of one size: whether both arms left chance; else it is no part of a slope",
}
UNIFORM = {
    **_ARM,
    "initialisation": PANEL_COLUMNS["initialisation"],
    "outcome": COMPARISONS["outcome"],
    "protocol": _PROTOCOL,
    "first": "smallest density",
    "last": "largest",
    "optimum": "density at which the parabola in log density is highest (of steps: lowest)",
    "low": "lower bound, 95 %, Fieller",
    "high": "upper bound",
    "interior": "whether the interval ends before both ends of the densities",
    "curvature_p": "two-sided p value of no curvature",
    "densities": "uniform patterns",
    "seeds": "seed indices",
    "n": "runs",
}

CROSSED = {
    **_SIZES,
    "hidden": "|h|, fixed in the design",
    "outcome": "accuracy; area under its curve; clean",
    "effect": "proportion: all but the lowest less the lowest; yh: its largest density less its "
    "smallest; interaction: the effect of yh from ½ on less that at the lowest proportion",
    "unit": COMPARISONS["unit"],
    "estimate": "the contrast of the cells' means",
    "low": "its lower bound, 95 %, Welch's t over seed indices",
    "high": "upper bound",
    "p": "two-sided p value of none",
    "degrees": "degrees of freedom",
    "method": "Welch's t, or why there is none",
    "cells": "proportions × densities of yh",
    "seeds": "seed indices of the smallest cell",
    "n": "runs",
}

TRAIN_TEST = {
    **{name: PANEL_COLUMNS[name] for name in ("experiment", "dataset", "budget")},
    "of": "an arm, a family of one, or a difference of claim A1",
    "measure": "accuracy (or r2) at the end; train: on the training sequences in the last epoch; "
    "gap: train less test; area under the test curve; steps_to_half: to half way from chance",
    "protocol": "clean or leaking; empty of train",
    "unit": "percentage points, R² or steps",
    "estimate": "mean over runs, a run that never gets half way with its last step",
    "low": "lower bound, 95 %: an arm's own t, Welch's of a difference",
    "high": "upper bound",
    "reached": "runs that get half way; of train all",
    "seeds": "seed indices, of a difference those of the smaller arm",
    "n": "runs",
    "method": "how the bounds were found, or why there are none",
}

COLUMNS = {
    "explained": EXPLAINED,
    "partial": PARTIAL,
    "optimum": OPTIMUM,
    "uniform": UNIFORM,
    "comparisons": COMPARISONS,
    "initialisations": INITIALISATIONS,
    "robust": ROBUST,
    "profiles": PROFILES,
    "steps": STEPS,
    "curve": CURVE,
    "response": RESPONSE,
    "regret": REGRET,
    "apriori": APRIORI,
    "crossed": CROSSED,
    "train_test": TRAIN_TEST,
}
