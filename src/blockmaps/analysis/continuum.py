"""Tables of the continuum: accuracy by arm, differences from the MLP, singular values of W.

Descriptive at its scale; verdicts come from the claims ledger alone. The unit is the seed: of mask,
weights and data order together (and of mask and weights, where a seed index has replicates).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from blockmaps.analysis import divergence
from blockmaps.analysis.statistics import arm_interval, difference
from blockmaps.analysis.summary import POINTS, SHARE
from blockmaps.core.fixed import EQUIVALENCE_LEVEL, LEVEL

STUDY = "continuum"

# What arms are called in the claims' words.
WORDS = {"random-places": "random", "mlp": "MLP"}

_PANEL = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "budget": "unknowns of every arm, exactly",
    "initialisation": "how unknowns start, and whether there are biases",
}
ARM_COLUMNS = {
    **_PANEL,
    "arm": "control (torch's layers), mlp, path-ρ, random-places (ρ = 1), dense",
    "iterations": "K, iterations of the map; the control has none, and one pass",
    "moved": "ρ, share of the MLP's unknowns moved to any place; empty for dense and control",
    "unknowns": "realised unknowns, the same in every seed",
    "hidden": "units of all hidden slots",
    "accuracy": "mean test accuracy after the last epoch",
    "low": "lower bound, 95 %, t over seeds; empty with fewer than three",
    "high": "upper bound",
    "sd": "standard deviation between seeds",
    "n": "runs",
    "diverged": "runs whose last loss is above 100 times guessing's, or not finite",
    "flops_per_sample": "forward pass on unknowns alone, all iterations; what reads x counts once",
    "test_images": "images that accuracy is measured on",
    "epochs": "epochs trained",
    "steps": "optimiser steps taken",
}
DIFFERENCE_COLUMNS = {
    **_PANEL,
    "difference": "what is compared, in the claims' words: random - MLP, path-0.5 - MLP …",
    "iterations": "K of the first of the two; of the MLP its number of layers",
    "unit": "percentage points of test accuracy",
    "mean": "difference of means",
    "low_90": "lower bound, 90 %: inside ± 1 with its upper bound is claim B3's equivalence",
    "high_90": "upper bound, 90 %",
    "low_95": "lower bound, 95 %, Welch's t",
    "high_95": "upper bound, 95 %",
    "degrees": "its degrees of freedom",
    "n": "seeds of the smaller arm",
    "curve_deviation": "of whole learning curves: largest |difference| of losses / largest loss",
    "epochs": "epochs trained",
    "steps": "optimiser steps taken",
}
SPECTRUM_COLUMNS = {
    "experiment": "name under `experiments` in the config",
    "dataset": "name under `datasets`",
    "budget": "unknowns of every arm, exactly",
    "arm": "control has none: its matrices are the mlp's",
    "structure": "the arm, with K where it is not the number of layers",
    "trained": "before or after training",
    "rank": "1 is the largest; ranks are spread evenly on a log scale",
    "value": "singular value of the state's rows of W, mean over seeds",
    "low": "smallest of the seeds",
    "high": "largest of the seeds",
    "n": "runs",
}


def finals(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the continuum's runs after their last epoch, with their test accuracy as `value`.

    `pattern` is the structure, and `seed_index` counts replicates too.
    """
    runs = runs[runs["study"] == STUDY]
    runs = divergence.valued(runs.assign(diverged=divergence.diverged(runs)))
    last = runs.groupby(["experiment", "key"])["epoch"].transform("max")
    final = runs[(runs["epoch"] == last) & (runs["split"] == "test")]
    seed = final["seed_index"] * (1 + final["replicate"].max()) + final["replicate"]
    found = final.assign(
        value=final["accuracy"], pattern=final["structure"], seed_index=seed.astype(int)
    )
    order = [*_PANEL, "iterations", "moved", "structure", "seed_index"]
    return found.sort_values(order, ignore_index=True)


def panels(final: pd.DataFrame) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield labels and runs of every experiment, number of unknowns and initialisation."""
    for labels, panel in final.groupby(list(_PANEL), sort=True):
        yield dict(zip(_PANEL, labels, strict=True)), panel


def by_arm(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row an arm and number of iterations; columns as in `ARM_COLUMNS`."""
    rows = []
    for labels, panel in panels(finals(runs)):
        for (arm, iterations), group in panel.groupby(["arm", "iterations"]):
            interval = arm_interval(group, ends=SHARE)
            first = group.iloc[0]
            rows.append(
                {
                    **labels,
                    "arm": arm,
                    "iterations": iterations,
                    "moved": np.nan if arm in ("control", "dense") else first["moved"],
                    "unknowns": first["unknowns"],
                    "hidden": first["hidden"],
                    "accuracy": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                    "sd": group["value"].std(),
                    "n": interval.n,
                    "diverged": int(group["diverged"].sum()),
                    "flops_per_sample": first["flops_per_sequence"],
                    "test_images": first["sequences"],
                    "epochs": first["epoch"],
                    "steps": first["step"],
                }
            )
    order = [*_PANEL, "moved", "arm", "iterations"]
    return pd.DataFrame(rows, columns=list(ARM_COLUMNS)).sort_values(order, ignore_index=True)


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return every arm less the MLP, and the MLP less its control; `DIFFERENCE_COLUMNS`.

    The MLP as a map is the same for any number of iterations from its layers' on, so it is what
    arms are compared with at every K.
    """
    rows = []
    for labels, panel in panels(finals(runs)):
        arms = dict(tuple(panel.groupby(["arm", "iterations"])))
        mlps = [group for (arm, _), group in arms.items() if arm == "mlp"]
        controls = [group for (arm, _), group in arms.items() if arm == "control"]
        if not mlps:
            continue
        curves = runs[runs["experiment"] == labels["experiment"]]
        pairs = [
            (group, mlps[0]) for (arm, _), group in arms.items() if arm not in ("mlp", "control")
        ]
        pairs += [(mlps[0], control) for control in controls]
        for first, second in pairs:
            names = [group["arm"].iloc[0] for group in (first, second)]
            own, other = (side.assign(value=100 * side["value"]) for side in (first, second))
            levels = (EQUIVALENCE_LEVEL, LEVEL)
            narrow, wide = (difference(own, other, level, POINTS) for level in levels)
            rows.append(
                {
                    **labels,
                    "difference": " - ".join(WORDS.get(name, name) for name in names),
                    "iterations": first["iterations"].iloc[0],
                    "unit": "percentage points",
                    "mean": wide.mean,
                    "low_90": narrow.low,
                    "high_90": narrow.high,
                    "low_95": wide.low,
                    "high_95": wide.high,
                    "degrees": wide.degrees,
                    "n": wide.n,
                    "curve_deviation": curve_deviation(curves, first, second),
                    "epochs": first["epoch"].iloc[0],
                    "steps": first["step"].iloc[0],
                }
            )
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))


def curve_deviation(runs: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Return how far the learning curves of two arms are apart: max|difference| / max|second|.

    Over all losses of all seeds, after every epoch and on every split. NaN where a loss is not
    finite or the arms share no seed.
    """
    curves = []
    for arm in (first, second):
        pairs = arm[["key", "seed_index"]].rename(columns={"seed_index": "pair"})
        named = runs.merge(pairs, on="key")
        curves.append(named.set_index(["pair", "epoch", "split"])["loss"])
    both = pd.concat(curves, axis=1, join="inner", keys=["first", "second"])
    if both.empty or not np.isfinite(both.to_numpy()).all():
        return np.nan
    return float((both["first"] - both["second"]).abs().max() / both["second"].abs().max())


def spectra(dynamics: pd.DataFrame) -> pd.DataFrame:
    """Return singular values of W by arm, before and after training; `SPECTRUM_COLUMNS`."""
    values = dynamics[(dynamics["study"] == STUDY) & (dynamics["quantity"] == "singular_value")]
    values = values.assign(
        trained=np.where(values["epoch"] == 0, "before", "after"), rank=values["place"]
    )
    keys = list(SPECTRUM_COLUMNS)[:7]
    found = values.groupby(keys, sort=True)["value"].agg(["mean", "min", "max", "count"])
    names = {"mean": "value", "min": "low", "max": "high", "count": "n"}
    return found.rename(columns=names).reset_index()[list(SPECTRUM_COLUMNS)]


COLUMNS = {
    "continuum": ARM_COLUMNS,
    "continuum_differences": DIFFERENCE_COLUMNS,
    "spectra": SPECTRUM_COLUMNS,
}
