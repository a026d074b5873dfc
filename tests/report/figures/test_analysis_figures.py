"""Figures of the analysis: what they say, on what, and the same bytes every time."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from readable import faults, words
from tables import runs_table

from blockmaps.analysis import summary
from blockmaps.analysis.columns import APRIORI, REGRET
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.tables import analyse
from blockmaps.analysis.train_test import train_test as described
from blockmaps.plan import catalogue
from blockmaps.report.figures import curves, densities, metric, proportion, regret, style, wording
from blockmaps.results.folder import Folder

ROOT = Path(__file__).parents[3]
OF_RUNS = ("proportion", "densities", "curves")


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


ALL = (*OF_RUNS, "metric", "regret")


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
        "proportion": "with 20 patterns, else of all",
        "densities": "128 runs of 64 patterns",
        "curves": "Train: the mean over an epoch, while weights move.",
        "metric": "Data set digits 16×16, |x| = 256, |y| = 10",
        "regret": "30 random patterns a size",
    }[name] in page


def test_an_analysis_without_rows_is_drawn_and_says_so(table):
    empty = pd.DataFrame(columns=list(REGRET)), pd.DataFrame(columns=list(APRIORI))
    assert regret.NOTHING in words(regret.draw(*empty))
    few = table[table["structure"].isin(["111111", "000000"])]
    assert "Too few patterns to place an optimum" in words(proportion.draw(few))
    alike = table[table["structure"] == "111111"]
    assert "no design over the densities" in words(densities.draw(alike))
    none = table.assign(accuracy=np.nan)
    assert "holds no run that can be judged" in words(proportion.draw(none))


def test_the_metrics_figure_says_the_tables_numbers_and_what_cannot_be_told_apart():
    kept = Folder(ROOT / "published/fair")
    both = kept.table("explained"), kept.table("partial")
    sheet = metric.draw(*both)
    chosen = both[0][(both[0]["design"] == "even") & (both[0]["form"] == "spline")]
    chosen = chosen[chosen["explanation"] == "hidden_proportion"].set_index(["budget", "outcome"])
    told = "R² of the hidden proportion's spline for (even: even, {:,}\xa0unknowns)"
    for budget in (4000, 10000):
        for outcome, name in metric.OUTCOMES.items():
            row = chosen.loc[(budget, outcome)]
            bounds = wording.interval(row["cv_bootstrap_low"], row["cv_bootstrap_high"], 2)
            said = f"{name} {row['cv_r2']:.2f}{wording.NO_BREAK}{bounds}"
            assert said in sheet.words.numbers[told.format(budget)]
    # n_yh and |h| do not vary in this design; the radius nearly is the proportion
    rows = pd.concat(metric.selected(*both).values())
    given = rows["arm"].str.contains("given")
    assert set(rows.loc[given, "arm"]) == {"spline, given the spectral radius"}
    assert not rows.loc[given, "judged"].any()
    free = both[1].assign(inflation=np.where(both[1]["given"] == "n_yh", 2.0, both[1]["inflation"]))
    rows = pd.concat(metric.selected(both[0], free).values())
    assert rows.loc[rows["arm"] == "spline, given n_yh", "judged"].all()
    assert not faults(sheet)
    nothing = both[0].iloc[:0], both[1].iloc[:0]
    assert metric.TOO_FEW in words(metric.draw(*nothing))


def test_of_many_panels_the_curves_say_test_accuracy_alone():
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=2)
    every = [
        table.assign(experiment=f"e{one}", key=f"{one}" + table["key"])
        for one in range(curves.MOST_TOLD + 1)
    ]
    for number in (curves.MOST_TOLD, len(every)):
        facts = curves.draw(pd.concat(every[:number])).words.facts
        alone = {*re.findall(r"less \w+, ([a-z ]+):", facts)} == {"test"}
        assert alone == (curves.IN_TABLE in facts) == (number > curves.MOST_TOLD)


def test_train_and_test_show_the_arms_that_are_compared_and_say_by_how_much():
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=2)
    # what the synthetic runs lack: training sequences are fitted by balanced alone
    fitted = (table["split"] == "train") & (table["arm"] == "balanced")
    table["accuracy"] = table["accuracy"].where(~fitted, 0.9 + 0.01 * table["seed_index"])
    alone = table[table["arm"] == "dense"].assign(experiment="alone")
    sheet = curves.draw(pd.concat([table, alone]))
    assert "alone: train" not in words(sheet)  # nothing is compared there
    assert not faults(sheet)
    pair = curves.pairs_of(set(table["arm"]))[-1]
    found = described(run_outcomes(table)).set_index(["of", "measure", "protocol"])
    name = f"{table['experiment'].iloc[0]}, 4,000{wording.NO_BREAK}unknowns"
    for measure, protocol in (("train", ""), ("gap", "clean")):
        row = found.loc[(" - ".join(pair), measure, protocol)]
        bounds = wording.estimate(row[["estimate", "low", "high"]], 1)
        assert sheet.words.numbers[f"{' less '.join(pair)}, {measure}: ({name})"] == bounds
    assert sheet.words.finding.startswith("Balanced ends clearly above uniform on train")
    assert "Accuracy while training" in curves.draw(alone).words.finding


def test_explanations_are_found_by_their_numbers(tables):
    panels = metric.selected(tables["explained"], tables["partial"].iloc[:0])
    assert [name.split(": ")[1] for name in panels] == ["even", "factorial"]
    row = tables["explained"]
    row = row[(row["design"] == "even") & (row["outcome"] == "logit_clean")]
    row = row[(row["explanation"] == "hidden_proportion") & (row["form"] == "spline")].iloc[0]
    low = row["cv_low"] if np.isnan(row["cv_bootstrap_low"]) else row["cv_bootstrap_low"]
    assert metric.title(panels) == "The hidden proportion " + (
        "predicts patterns left out where |h| is fixed"
        if low > 0
        else "is not shown to predict patterns left out"
    )
    assert (
        f"final test accuracy {row['cv_r2']:.2f}" in metric.finding(next(iter(panels.values())))[1]
    )


def test_the_titles_panels_are_those_that_hold_the_number_of_hidden_units(tables):
    """Of a factorial design the curve is |h|'s as well; without an even one it is all there is."""
    one = runs_table((4000,), designs=("factorial",), epochs=1)
    named = [one.assign(experiment=name, design=name) for name in ("even", "factorial")]
    runs = pd.concat(named, ignore_index=True)
    found = wording.panels(summary.final_outcomes(runs))
    fits = {name: proportion.fitted(proportion.curve_runs(one)) for name, one in found.items()}
    even = [name for name, one in found.items() if set(one["design"]) == {"even"}]
    assert len(even) == 1 < len(found)
    assert proportion.fixed(found, fits) == [fits[even[0]]]
    others = {name: one for name, one in found.items() if name not in even}
    assert proportion.fixed(others, fits) == list(fits.values())


def test_an_optimum_is_held_by_its_interval_and_marked_where_it_is():
    assert proportion.half([None]) == ""
    runs = runs_table(budgets=(4000,), designs=("factorial",), epochs=1)
    fit = proportion.fitted(proportion.curve_runs(summary.final_outcomes(runs)))
    inside = fit._replace(optimum=fit.optimum._replace(low=0.4, high=0.6))
    outside = fit._replace(optimum=fit.optimum._replace(low=0.1, high=0.4))
    assert "holds ½ in 1 of 2 panels" in proportion.half([inside, outside])
    sheet = proportion.draw(runs)
    marked = [points.get_offsets() for points in sheet.figure.axes[0].collections]
    marked = [places for places in marked if len(places) == 1]
    np.testing.assert_allclose(marked[-1][0], [fit.optimum.mean, fit.mean.max()])


def test_few_patterns_have_a_panel_only_where_no_other_has_more():
    runs = runs_table(budgets=(4000,), designs=("factorial",), epochs=1)
    few = runs[runs["arm"] == "dense"].assign(experiment="few")
    sheet = proportion.draw(pd.concat([runs, few]))
    assert len(sheet.figure.axes) == 1
    assert "With fewer than 10, and not drawn: few" in words(sheet)
    assert len(proportion.draw(few).figure.axes) == 1


@pytest.mark.parametrize(("lead", "better", "worse"), [(4.0, 2, 0), (0.0, 0, 2), (1.3, 0, 0)])
def test_better_and_worse_are_counted_by_intervals(lead, better, worse):
    made = contest(lead)
    found = regret.finding(made["regret"])
    if better or worse:
        assert f"patterns at {better} of 2 sizes, loses at {worse}" in found
    else:
        assert found == "Recommended is not clearly apart from the best of 10 random patterns"
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
    for name in ("structures", "curves"):
        draw = import_module(f"blockmaps.report.figures.{name}").draw
        for place, runs in enumerate((table, both)):
            style.save(draw(runs), [tmp_path / f"{name}-{place}.svg"])
        one, two = (tmp_path / f"{name}-{place}.svg" for place in (0, 1))
        assert one.read_bytes() == two.read_bytes(), name
