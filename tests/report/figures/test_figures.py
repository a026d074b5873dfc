"""Figures draw whatever table there is, say what is in it, and are the same every time."""

from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import _pylab_helpers
from readable import apart, faults, words
from tables import runs_table

from blockmaps.analysis.splines import SplineFit
from blockmaps.analysis.statistics import Interval, difference
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.plan import catalogue
from blockmaps.report import redraw
from blockmaps.report.figures import proportion, structures, style, wording

FIGURES = ("proportion", "structures", "curves")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return runs_table()


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=2)


def draw(name: str, runs: pd.DataFrame):
    return import_module(f"blockmaps.report.figures.{name}").draw(runs)


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_table_gives_the_same_bytes(name, table, tmp_path):
    for place, runs in enumerate((table, table.sample(frac=1, random_state=0))):
        paths = [tmp_path / f"{place}" / f"{name}.{kind}" for kind in ("svg", "png")]
        style.save(draw(name, runs), paths)
    for kind in ("svg", "png"):
        one, two = ((tmp_path / f"{place}" / f"{name}.{kind}").read_bytes() for place in (0, 1))
        assert one == two
    svg = (tmp_path / "0" / f"{name}.svg").read_text()
    assert "dc:date" not in svg
    assert "dc:creator" not in svg
    assert sorted(path.name for path in (tmp_path / "0").iterdir()) == [
        f"{name}.png",
        f"{name}.svg",
        f"{name}.words.json",
    ]


def nothing_but_dense(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[runs["arm"] == "dense"]


def one_seed(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[runs["seed_index"] == 0]


def some_missing(runs: pd.DataFrame) -> pd.DataFrame:
    missing = (runs["arm"] == "dense") & (runs["split"] != "train")
    return runs.assign(accuracy=runs["accuracy"].mask(missing), loss=runs["loss"].mask(missing))


def all_missing(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.assign(accuracy=np.nan)


def one_run(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[runs["key"] == runs["key"].iloc[0]]


def two_experiments(runs: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([runs, runs.assign(experiment="other")])


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize(
    "change",
    [nothing_but_dense, one_seed, some_missing, all_missing, one_run, two_experiments],
)
def test_every_figure_draws_on_a_tiny_table(name, change, small, tmp_path):
    path = tmp_path / "figure.svg"
    style.save(draw(name, change(small)), [path])
    assert path.stat().st_size > 0


@pytest.mark.parametrize("name", FIGURES)
def test_the_page_states_a_finding_and_its_facts(name, table):
    page = words(draw(name, table))
    assert "4,000 unknowns" in page
    assert "after 4 epochs (1,128 optimiser steps)" in page
    assert "Data set digits 16×16, |x| = 256, |y| = 10: not the paper's scale" in page
    runs = 256 if name == "structures" else 312
    assert f"{runs} runs of" in page


@pytest.mark.parametrize("name", FIGURES)
def test_the_page_says_what_there_is_not(name, small):
    sheet = draw(name, all_missing(small))
    assert sheet.words.finding == "The table holds no run that can be judged"
    page = words(draw(name, one_seed(small)))
    assert {
        "proportion": "No curve, with fewer than 10 patterns",
        "structures": "none with one seed a pattern",
        "curves": "none with one seed",
    }[name] in page


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_can_be_read(name):
    runs = runs_table(budgets=(4000, 10000, 25000), designs=("factorial", "uniform"))
    assert faults(draw(name, runs)) == []


@pytest.mark.parametrize("name", FIGURES)
def test_drawing_leaves_no_state_behind(name, small):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    draw(name, small)
    assert dict(mpl.rcParams) == before
    assert not _pylab_helpers.Gcf.figs


def test_the_scale_is_said_to_be_the_papers_only_where_it_is(small):
    from blockmaps.analysis.summary import final_outcomes

    outcomes = final_outcomes(small)
    assert "not the paper's scale (50×50)" in wording.facts(outcomes, "")
    assert "not the paper" not in wording.facts(outcomes.assign(inputs=2500), "")
    assert "(|x| = 2,500)" in wording.facts(outcomes.assign(inputs=46), "")
    assert "(3 diverged" in wording.facts(outcomes.assign(diverged=outcomes.index < 3), "")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.3, 0.5, "is highest at"),
        (0.3, 1.0, "at least"),
        (0.0, 0.5, "at most"),
        (0.0, 1.0, "no clear optimum"),
        (np.nan, np.nan, "too few patterns"),
    ],
)
def test_an_optimum_is_claimed_only_as_far_as_its_interval_goes(low, high, said):
    x = np.linspace(0, 1, 201)
    fit = SplineFit(x, x, x, x, Interval(0.4, low, high, 60, 30, 2, ""))
    assert said in proportion.finding(fit)[0]


@pytest.mark.parametrize(
    ("curve", "said"),
    [
        (lambda x: 0.6 - 0.5 * (x < 0.25), "falls off below a hidden proportion of 0.25"),
        (lambda x: 0.6 - (x - 0.5) ** 2, "falls off on both sides of a best"),
        (lambda x: 0.6 - 0.001 * x, "hardly varies with"),
    ],
)
def test_a_plateau_is_not_called_an_optimum(curve, said):
    x = np.linspace(0, 1, 201)
    y = curve(x)
    best = Interval(float(x[y.argmax()]), 0.3, 0.5, 60, 30, 2, "")
    assert said in proportion.title([SplineFit(x, y, y, y, best)] * 2, 0.1, "Test accuracy")


@pytest.mark.parametrize(
    ("shift", "noise", "said"),
    [(0.1, 0.001, "clearly above"), (-0.1, 0.001, "clearly below"), (0.0, 0.1, "not clearly")],
)
def test_a_difference_is_claimed_only_if_its_interval_excludes_zero(shift, noise, said):
    generator = np.random.default_rng(0)
    rows = [
        (arm, arm, seed, 0.6 + (arm == "balanced") * shift + generator.normal(0, noise))
        for arm in ("balanced", "dense")
        for seed in range(5)
    ]
    outcomes = pd.DataFrame(rows, columns=["arm", "pattern", "seed_index", "value"])
    balanced, dense = (outcomes[outcomes["arm"] == arm] for arm in ("balanced", "dense"))
    found = difference(balanced, dense)
    assert said in wording.told("balanced ends", "dense", found[:3], 1)[0]
    few = difference(balanced.head(1), dense.head(1))
    assert (
        "too few seeds to tell balanced from dense"
        in wording.told("balanced ends", "dense", few[:3], 1)[0]
    )


def test_structures_are_clear_only_if_intervals_do_not_overlap():
    means = pd.DataFrame(
        {
            "arm": ["dense", "mixed", "mixed", "mixed"],
            "mean": [0.5, 0.6, 0.52, 0.3],
            "low": [0.48, 0.58, 0.50, 0.28],
            "high": [0.52, 0.62, 0.54, 0.32],
        }
    )
    assert structures.finding(means) == (
        "of 3 mixed structures, clear of dense:",
        "1 above and 1 below",
    )
    assert structures.title([means, means]) == (
        "Clearly above dense: 2 of 6 mixed structures; clearly below: 2"
    )
    assert structures.finding(means.iloc[[0, 2]])[1] == "0 above and 0 below"
    bare = means.assign(low=np.nan, high=np.nan)
    assert "too few seeds" in structures.title([bare])
    assert "ranges from" in structures.finding(bare)[0]
    assert "ranges from" in structures.finding(means.iloc[1:])[0]


def test_blocks_that_the_best_structures_share_are_the_title_if_every_panel_agrees():
    names = ["".join(bits) for bits in product("01", repeat=6)]
    full = pd.DataFrame([[bit == "1" for bit in name] for name in names], names, RNN_BLOCKS)
    noise = np.random.default_rng(0).uniform(0, 0.05, len(names))
    hx, hh, yh = (full[name].to_numpy(float) for name in ("hx", "hh", "yh"))
    one, two, three = (
        pd.DataFrame({"structure": names, "mean": mean + noise, "seeds": 2, "low": np.nan})
        for mean in (0.5 - 0.1 * hx, 0.5 + 0.1 * (1 - hx) * hh, 0.5 - 0.1 * hx + 0.1 * hh * yh)
    )
    said = "Best by their means: the {} of 64 structures with {}"
    assert structures.title([one, one], full) == said.format(32, "a sparse hx")
    assert structures.title([two], full) == said.format(16, "a sparse hx and a full hh")
    assert structures.best([one, two], full) is None
    assert structures.best([three], full) is None
    moved = two["mean"].where(two["structure"] != "010000", 0.5)  # one of the 16 is not among them
    assert structures.best([two.assign(mean=moved)], full) is None
    assert structures.best([two.assign(seeds=1)], full) is None


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("paper", "Best by their means: the 16 of 64 structures with a sparse hx and a full hh"),
        ("laptop/rad", "Best by their means: the 32 of 64 structures with a sparse hx"),
    ],
)
def test_what_the_best_structures_share_is_the_title_of_what_is_kept(root, folder, said):
    kept = pd.read_parquet(root / "published" / folder / "runs.parquet")
    kept = kept[kept["design"] == "factorial"]
    assert structures.draw(kept).words.finding == said


def test_what_panels_have_in_common_is_said_once():
    assert wording.sentence([("a", "it is", "1"), ("b", "it is", "2"), ("c", "no", "")]) == (
        "It is 1 (a), 2 (b); no (c)"
    )
    assert wording.sentence([("a", "no", ""), ("b", "no", "")]) == "No (a, b)"


def test_marks_of_arms_differ_in_colour_and_in_shape_or_line():
    arms = ["dense", "uniform", "mixed", "balanced", "even", "uniform-0.1", "uniform-0.5", "lstm"]
    marks = style.marks(arms)
    assert list(marks)[:5] == arms[:5]
    assert len({mark.color for mark in marks.values()}) == len(arms)
    assert len({(mark.marker, str(mark.line)) for mark in marks.values()}) >= len(arms) - 1
    assert style.marks(["dense"])["dense"] == marks["dense"]


NUMBERED = [f"uniform-{number}" for number in (0.02, 0.05, 0.1, 0.2, 0.5)]
OTHERS = ["crossed", "grid", "gru", "lstm", "random", "recommended", "rnn"]


@pytest.mark.parametrize("arms", [[*style.CLAIMED, *OTHERS], [*style.CLAIMED, *NUMBERED]])
def test_colours_of_arms_are_told_apart_whatever_the_eye(arms):
    colors = [mark.color for mark in style.marks(arms).values()]
    assert len(colors) == len(arms)
    distance, seen_as, pair = apart(colors)
    assert distance > 10, f"{pair} as seen with {seen_as}"


def test_a_dollar_in_a_name_is_a_dollar(small):
    runs = small.assign(experiment="a$b$")
    both = pd.concat([runs, runs.assign(experiment="c$")])
    sheet = draw("proportion", both)
    assert faults(sheet) == []
    assert "a$b$" in words(sheet)


ROOT = Path(__file__).parents[3] / "published"
KEPT = sorted(path.parent for path in ROOT.rglob("runs.parquet"))


@pytest.mark.nightly
@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_every_figure_of_what_is_kept_can_be_read(folder):
    for name in redraw.figures_of(folder):
        sources = catalogue.FIGURES[name].sources
        given = [part for source in sources for part in redraw.read(folder / source)]
        sheet = import_module(f"blockmaps.report.figures.{name}").draw(
            *given, caption=catalogue.FIGURES[name].caption
        )
        assert faults(sheet) == [], f"{name} of {folder}"
