"""Figures of the analysis: what they say, on what, and the same bytes every time."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from readable import faults, words
from tables import runs_table

from blockmaps.analysis import summary
from blockmaps.analysis.columns import APRIORI, EXPLAINED, REGRET
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.tables import analyse
from blockmaps.analysis.train_test import train_test as described
from blockmaps.plan import catalogue
from blockmaps.report.figures import (
    densities,
    explained,
    metric,
    optimum,
    regret,
    style,
    train_test,
    wording,
)
from blockmaps.results.folder import Folder

ROOT = Path(__file__).parents[3]
OF_RUNS = ("optimum", "densities", "train_test")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return runs_table(budgets=(4000,), epochs=1)


@pytest.fixture(scope="module")
def tables(table) -> dict[str, pd.DataFrame]:
    return analyse(table, "explained") | {
        "partial": Folder(ROOT / "published/fair").table("partial")
    }


def contest(lead: float) -> dict[str, pd.DataFrame]:
    """Return made tables of regret and a priori, for two sizes."""
    rows = []
    for inputs in (64, 784):
        for N in range(1, 31):
            best = 60 + np.log(N)
            value = best - (61 + lead)
            rows.append(
                {"experiment": f"x{inputs}", "dataset": f"x{inputs}", "budget": 3000}
                | {"initialisation": "N", "inputs": inputs, "outputs": 10, "N": N, "best": best}
                | {"recommended": 61 + lead, "regret": value}
                | {"low": value - 0.5, "high": value + 0.5}
                | {"reported": best + 0.1, "chosen": best - 0.2}
                | {"patterns": 30, "seeds": 2, "n": 4}
            )
    over = {"level": "all sizes", "statistic": regret.BEST, "n": 2, "estimate": lead}
    over |= {"low": lead - 1, "high": lead + 1}
    return {
        "regret": pd.DataFrame(rows, columns=list(REGRET)),
        "apriori": pd.DataFrame([over], columns=list(APRIORI)),
    }


def drawn(name: str, table, tables):
    draw = import_module(f"blockmaps.report.figures.{name}").draw
    if name in OF_RUNS:
        return draw(table)
    made = tables | contest(1.0)
    return draw(*(made[one] for one in catalogue.FIGURES[name].reads))


ALL = (*OF_RUNS, "explained", "metric", "regret")


@pytest.mark.parametrize("name", ALL)
def test_the_same_tables_give_the_same_bytes_and_every_text_can_be_read(
    name, table, tables, tmp_path
):
    for place in range(2):
        sheet = drawn(name, table, tables)
        style.save(sheet, [tmp_path / f"{place}.svg"])
    assert (tmp_path / "0.svg").read_bytes() == (tmp_path / "1.svg").read_bytes()
    assert faults(sheet) == []


@pytest.mark.parametrize("name", ALL)
def test_the_caption_has_n_and_scale(name, table, tables):
    page = words(drawn(name, table, tables))
    assert "|x| = " in page or "not the paper's scale" in page
    assert {
        "optimum": "36 runs of 18 patterns",  # the even design's alone
        "densities": "128 runs of 64 patterns",
        "train_test": "Train: the mean over an epoch, while weights move.",
        "explained": "Data set digits (|x| = 256, |y| = 10)",
        "metric": "Data set digits (|x| = 256, |y| = 10)",
        "regret": "30 random patterns a size",
    }[name] in page


def test_an_analysis_without_rows_is_drawn_and_says_so(table):
    nothing = pd.DataFrame(columns=list(EXPLAINED))
    assert "Too few patterns" in words(explained.draw(nothing))
    empty = pd.DataFrame(columns=list(REGRET)), pd.DataFrame(columns=list(APRIORI))
    assert regret.NOTHING in words(regret.draw(*empty))
    few = table[table["structure"].isin(["111111", "000000"])]
    assert "Too few patterns to place an optimum" in words(optimum.draw(few))
    alike = table[table["structure"] == "111111"]
    assert "no design over the densities" in words(densities.draw(alike))
    none = table.assign(accuracy=np.nan)
    assert "holds no run that can be judged" in words(optimum.draw(none))


def test_the_metrics_figure_says_the_tables_numbers_and_what_cannot_be_told_apart():
    kept = Folder(ROOT / "published/fair")
    both = kept.table("explained"), kept.table("partial")
    sheet = metric.draw(*both)
    chosen = both[0][(both[0]["design"] == "even") & (both[0]["form"] == "spline")]
    chosen = chosen[chosen["explanation"] == "hidden_proportion"].set_index(["budget", "outcome"])
    said = {name.replace(wording.NO_BREAK, " "): one for name, one in sheet.words.numbers.items()}
    for budget in (4000, 10000):
        for outcome, name in metric.OUTCOMES.items():
            row = chosen.loc[(budget, outcome)]
            assert f"{name} {row['cv_r2']:.2f} [" in said[f"{budget:,} unknowns"]
    # n_yh and |h| do not vary in this design; the radius nearly is the proportion
    rows = metric.selected(*both)
    assert set(rows["given"]) == {"alone", "given the spectral radius"}
    assert not rows.loc[rows["given"] != "alone", "judged"].any()
    free = both[1].assign(inflation=np.where(both[1]["given"] == "n_yh", 2.0, both[1]["inflation"]))
    rows = metric.selected(both[0], free)
    assert rows.loc[rows["given"] == "given n_yh", "judged"].all()
    assert not faults(sheet)
    nothing = both[0].iloc[:0], both[1].iloc[:0]
    assert metric.TOO_FEW in words(metric.draw(*nothing))


def test_train_and_test_show_the_arms_that_are_compared_and_say_by_how_much():
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=2)
    # what the synthetic runs lack: training sequences are fitted by balanced alone
    fitted = (table["split"] == "train") & (table["arm"] == "balanced")
    table["accuracy"] = table["accuracy"].where(~fitted, 0.9 + 0.01 * table["seed_index"])
    alone = table[table["arm"] == "dense"].assign(experiment="alone")
    sheet = train_test.draw(pd.concat([table, alone]))
    assert "alone" not in words(sheet)
    assert not faults(sheet)
    pair = train_test.pairs_of(summary.final_outcomes(table))[-1]
    found = described(run_outcomes(table)).set_index(["of", "measure", "protocol"])
    (said,) = sheet.words.numbers.values()
    for name, measure, protocol in (("train", "train", ""), ("gap", "gap", "clean")):
        row = found.loc[(" - ".join(pair), measure, protocol)]
        bounds = wording.estimate(row["estimate"], row["low"], row["high"], 1)
        assert f"{name} {bounds}" in said
    assert sheet.words.finding.startswith("Balanced ends clearly above uniform on train")
    assert "Accuracy on training and on test" in train_test.draw(alone).words.finding


def test_explanations_are_found_by_their_numbers(tables):
    panels = explained.shown(tables["explained"])
    assert [name.split(",")[0] for name, _ in panels] == ["even", "factorial"]
    row = tables["explained"]
    row = row[(row["design"] == "even") & (row["outcome"] == "logit_clean")]
    row = row[(row["explanation"] == "hidden_proportion") & (row["form"] == "spline")].iloc[0]
    told = "1 of 1 panel" if row["cv_low"] > 0 else "0 of 1 panel"
    assert told in explained.finding(panels)
    assert f"spline {row['cv_r2']:.2f}" in words(explained.draw(tables["explained"]))


def test_an_optimum_is_held_by_its_interval():
    found = optimum.finding([None])
    assert found.startswith("Too few patterns")
    runs = runs_table(budgets=(4000,), designs=("factorial",), epochs=1)
    fit = optimum.fitted(optimum.fitted_runs(summary.final_outcomes(runs)))
    inside = fit.optimum._replace(low=0.4, high=0.6)
    assert "holds ½ in 1 of 1 panel" in optimum.finding([fit._replace(optimum=inside)])
    outside = fit.optimum._replace(low=0.1, high=0.4)
    assert "holds ½ in 0 of 1 panel" in optimum.finding([fit._replace(optimum=outside)])


@pytest.mark.parametrize(("lead", "better", "worse"), [(4.0, 2, 0), (0.0, 0, 2), (1.3, 0, 0)])
def test_better_and_worse_are_counted_by_intervals(lead, better, worse):
    made = contest(lead)
    found = regret.finding(made["regret"])
    assert f"patterns at {better} of 2 sizes, loses at {worse}" in found
    assert f"{lead:+.1f} [" in words(regret.draw(made["regret"], made["apriori"]))


def test_densities_keep_their_levels_or_are_put_into_ranges():
    few = densities.levels(pd.Series([0.2, 1.0, 0.2]))
    assert few.tolist() == ["0.2", "1", "0.2"]
    many = densities.levels(pd.Series([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.0]))
    assert many.tolist()[:4] == ["0–0.1", "0–0.1", "0–0.1", "0.1–0.2"]
    assert many.tolist()[-1] == "0.7–1"


def test_a_repeat_with_fan_in_leaves_the_other_figures_as_they_are(tmp_path):
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=1)
    again = table.assign(experiment="again", initialisation="fan-in, gain 1.414")
    both = pd.concat([table, again])
    pd.testing.assert_frame_equal(summary.without_repeats(both), table)
    # alone it is not a repeat
    pd.testing.assert_frame_equal(summary.without_repeats(again), again)
    elsewhere = again.assign(dataset="other")
    assert len(summary.without_repeats(pd.concat([table, elsewhere]))) == 2 * len(table)
    for name in ("proportion", "structures", "curves"):
        draw = import_module(f"blockmaps.report.figures.{name}").draw
        for place, runs in enumerate((table, both)):
            style.save(draw(runs), [tmp_path / f"{name}-{place}.svg"])
        one, two = (tmp_path / f"{name}-{place}.svg" for place in (0, 1))
        assert one.read_bytes() == two.read_bytes(), name
