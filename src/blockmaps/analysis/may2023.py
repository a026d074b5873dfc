"""Our runs beside the one table of numbers that the authors have published (2404.00880).

qbhershey/iterativenn, notebooks/paper/project.csv, May 2023: test loss after 100 epochs, mean ±
sample standard deviation over 5 seeds, of four models on three data sets with the loss at every
step or at the last. Whether it entered the paper is unknown.
"""

from typing import NamedTuple

import pandas as pd
from scipy import stats

from blockmaps.core.fixed import LEVEL

STUDY = "may2023"
THEIR_SEEDS = 5


class Theirs(NamedTuple):
    """The authors' test loss: mean and sample standard deviation."""

    mean: float
    sd: float


MODELS = ("rnn-h370", "mlp", "dense", "sparse")
# experiment → their loss of each of MODELS
AUTHORS: dict[str, tuple[Theirs, ...]] = {
    "medium-every": (
        Theirs(1.902, 0.291),
        Theirs(2.436, 0.386),
        Theirs(3.112, 0.844),
        Theirs(1.889, 0.169),
    ),
    "medium-last": (
        Theirs(1.902, 0.291),
        Theirs(2.436, 0.386),
        Theirs(3.112, 0.844),
        Theirs(1.922, 0.163),
    ),
    "uniform-every": (
        Theirs(2.094, 0.086),
        Theirs(2.302, 0.002),
        Theirs(7.679, 1.148),
        Theirs(2.239, 0.007),
    ),
    "uniform-last": (
        Theirs(2.094, 0.086),
        Theirs(2.302, 0.002),
        Theirs(7.679, 1.148),
        Theirs(2.205, 0.022),
    ),
    "random-every": (
        Theirs(2.069, 0.061),
        Theirs(2.304, 0.006),
        Theirs(6.990, 0.642),
        Theirs(2.229, 0.027),
    ),
    "random-last": (
        Theirs(2.038, 0.164),
        Theirs(2.304, 0.006),
        Theirs(7.476, 1.938),
        Theirs(2.227, 0.022),
    ),
}

COLUMNS = {
    "may2023": {
        "experiment": "name under `experiments` in the config: data set and loss mode",
        "model": "rnn-h370, mlp, dense, sparse",
        "learning_rate": "Adam's; theirs is not known, their code's default is 0.02",
        "unknowns": "ours, mean over the runs",
        "loss": "our test loss after the last epoch, mean",
        "sd": "sample standard deviation between our seeds",
        "n": "our runs whose loss is finite",
        "diverged": "our runs whose loss is not finite: left out of the mean",
        "authors_loss": "the authors' mean",
        "authors_sd": "the authors' sample standard deviation",
        "authors_n": "the authors' seeds",
        "ours_less_theirs": "difference of the means",
        "low": "lower bound, 95 %, Welch; empty with fewer than two runs",
        "high": "upper bound",
        "accuracy": "our test accuracy after the last epoch, mean; theirs is not known",
    }
}


def beside_authors(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row an experiment, model and learning rate: our loss, theirs and the difference.

    Parameters
    ----------
    runs : the runs table; other studies' runs are left out.

    Returns
    -------
    Columns as in `COLUMNS`. An experiment is matched with the authors' by the start of its name.
    """
    own = runs[(runs["study"] == STUDY) & (runs["split"] == "test")]
    own = own[own["epoch"] == own.groupby(["experiment", "key"])["epoch"].transform("max")]
    rows = []
    for (experiment, rate, model), several in own.groupby(["experiment", "learning_rate", "arm"]):
        names = [name for name in AUTHORS if experiment.startswith(name)]
        if not names or model not in MODELS:
            continue
        theirs = AUTHORS[max(names, key=len)][MODELS.index(model)]
        finite = several[several["loss"].abs() < float("inf")]
        mean, sd, n = finite["loss"].mean(), finite["loss"].std(), len(finite)
        low = high = float("nan")
        if n > 1:
            low, high = welch(mean, sd, n, *theirs, THEIR_SEEDS)
        rows.append(
            {
                "experiment": experiment,
                "model": model,
                "learning_rate": rate,
                "unknowns": several["unknowns"].mean(),
                "loss": mean,
                "sd": sd,
                "n": n,
                "diverged": len(several) - n,
                "authors_loss": theirs.mean,
                "authors_sd": theirs.sd,
                "authors_n": THEIR_SEEDS,
                "ours_less_theirs": mean - theirs.mean,
                "low": low,
                "high": high,
                "accuracy": finite["accuracy"].mean(),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS["may2023"]))


NAMES = {
    "medium-every": "plain / every step",
    "medium-last": "plain / last step",
    "uniform-every": "perturbed / every step",
    "uniform-last": "perturbed / last step",
    "random-every": "other images / every step",
    "random-last": "other images / last step",
}


FEW = "with fewer than two of our runs that ended with a finite loss"


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with `name`, the authors' of the experiment, and `apart`.

    `apart` says whether the difference's interval is above 0, below or holds it; it is "unknown"
    where too few of our runs ended with a finite loss.
    """
    name = table["experiment"].map(
        lambda one: max((known for known in AUTHORS if one.startswith(known)), key=len)
    )
    apart = pd.Series("unknown", table.index)
    apart[table["low"] <= 0] = "holds"
    apart[table["low"] > 0] = "above"
    apart[table["high"] < 0] = "below"
    return table.assign(name=name, apart=apart)


def in_words(table: pd.DataFrame) -> str:
    """Return the table as Markdown, after a paragraph a learning rate that says where it differs.

    Parameters
    ----------
    table : of `beside_authors`.
    """
    known = cells(table)
    lines = []
    for rate, rows in sorted(known.groupby("learning_rate"), reverse=True):
        parts = [f"At a learning rate of {rate:g} there are {len(rows)} cells."]
        for apart, words in (
            ("holds", "of {n} the difference's interval holds 0"),
            ("below", "our loss is lower in {n}: {which}"),
            ("above", "our loss is higher in {n}: {which}"),
            ("unknown", f"{{n}} cannot be compared, {FEW}: {{which}}"),
        ):
            own = rows[rows["apart"] == apart]
            which = "; ".join(
                f"{model} ({', '.join(NAMES[name] for name in several['name'])})"
                for model, several in own.groupby("model")
            )
            if len(own):
                said = words.format(n=len(own), which=which)
                parts.append(said[:1].upper() + said[1:] + ".")
        lines += [" ".join(parts), ""]
    lines += [
        "| data, loss | model | rate | ours (n) | theirs (5) | difference | our accuracy |",
        "|---|---|---|---|---|---|---|",
    ]
    order = known.assign(
        place=known["name"].map(list(AUTHORS).index), column=known["model"].map(MODELS.index)
    ).sort_values(["place", "column", "learning_rate"], ascending=[True, True, False])
    for row in order.itertuples():
        bounds = f" [{row.low:.3f}, {row.high:.3f}]" if pd.notna(row.low) else ""
        lost = f", {row.diverged} diverged" if row.diverged else ""
        numbers = [
            f"{row.loss:.3f} ± {row.sd:.3f} ({row.n}{lost})",
            f"{row.authors_loss:.3f} ± {row.authors_sd:.3f}",
            f"{row.ours_less_theirs:+.3f}{bounds}".replace("-", "−"),
            f"{100 * row.accuracy:.0f} %",
        ]
        line = [NAMES[row.name], row.model, f"{row.learning_rate:g}"]
        line += [one.replace("nan", "–") for one in numbers]
        lines.append(f"| {' | '.join(line)} |")
    return "\n".join(lines) + "\n"


def welch(
    mean: float, sd: float, n: int, other: float, other_sd: float, other_n: int
) -> tuple[float, float]:
    """Return the bounds of a difference of two means from what is known of each (Welch, 1947)."""
    one, two = sd**2 / n, other_sd**2 / other_n
    if one + two == 0:
        return mean - other, mean - other
    freedom = (one + two) ** 2 / (one**2 / (n - 1) + two**2 / (other_n - 1))
    half = stats.t.ppf(0.5 + LEVEL / 2, freedom) * (one + two) ** 0.5
    return mean - other - half, mean - other + half
