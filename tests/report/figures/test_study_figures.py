"""The figures of the continuum and of trainability: what they say, and that they always draw."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from readable import faults, words
from studies import continuum as continuum_runs
from studies import dynamics, may2023, spectra
from studies import trainability as trainability_runs

from blockmaps.analysis import continuum, trainability
from blockmaps.analysis.may2023 import beside_authors
from blockmaps.plan import catalogue
from blockmaps.report.figures import gradients, style, wording

STUDIES = ("continuum", "trainability", "may2023")
FIGURES = [name for name, one in catalogue.FIGURES.items() if one.study in STUDIES]
FATES = {"dense": (2, 17, 1), "balanced": (18, 2, 0), "uniform": (20, 0, 0)}


def tables_of(runs, other):
    return {
        "continuum": continuum.by_arm(runs),
        "continuum_differences": continuum.differences(runs),
        "spectra": continuum.spectra(spectra(runs)),
        "trainability": trainability.by_arm(other, dynamics(other)),
        "gradients": trainability.gradients(other, dynamics(other)),
        "may2023": beside_authors(may2023()),
    }


@pytest.fixture(scope="module")
def made() -> dict[str, pd.DataFrame]:
    runs = pd.concat([continuum_runs(), continuum_runs(experiment="hard", seed=1, gain=-0.05)])
    other = pd.concat(
        [trainability_runs(FATES), trainability_runs(FATES, (3, 12), experiment="depth")]
    )
    return tables_of(runs, other)


def draw(name, made):
    module = import_module(f"blockmaps.report.figures.{name}")
    return module.draw(*(made[table] for table in catalogue.FIGURES[name].reads))


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_tables_give_the_same_bytes(name, made, tmp_path):
    for place in "ab":
        style.save(draw(name, made), [tmp_path / f"{place}.svg"])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_can_be_read(name, made):
    assert faults(draw(name, made)) == []


@pytest.mark.parametrize("name", FIGURES)
def test_an_empty_table_and_one_seed_are_drawn(name, made, tmp_path):
    empty = {table: frame.iloc[:0] for table, frame in made.items()}
    sheet = draw(name, empty)
    assert words(sheet).startswith("The table holds no")
    assert not sheet.figure.axes
    few = tables_of(continuum_runs(seeds=1), trainability_runs({"dense": (0, 0, 1)}))
    style.save(draw(name, few), [tmp_path / "few.png"])


def test_the_path_says_what_its_paired_interval_says(made):
    said = words(draw("path", made))
    rows = made["continuum_differences"].set_index(["experiment", "difference", "iterations"])
    better, worse = (rows.loc[(name, "random - MLP", 3)] for name in ("path", "hard"))
    assert better["low_95"] > 0
    assert worse["high_95"] < 0
    assert f"clearly above the MLP: +{better['mean']:.1f} [{better['low_95']:.1f}" in said
    assert f"clearly below the MLP: −{-worse['mean']:.1f} [−" in said
    assert "3,000 unknowns" in said
    assert "400 test images" in said
    none = rows.assign(low_95=-1.0, high_95=1.0).reset_index()
    sheet = draw("path", made | {"continuum_differences": none})
    assert sheet.words.finding.startswith("Random places end not clearly apart from the MLP")
    bounds = [(1.0, 2.0), (1.0, 2.0), (np.nan, np.nan)]
    assert wording.compared("random places end", "the MLP", bounds) == (
        "Random places end clearly above the MLP in 2 of 2 panels"
    )


def test_iterations_are_compared_only_if_intervals_do_not_overlap(made):
    said = words(draw("path", made))
    assert "more iterations make no clear difference to random places" in said
    table = made["continuum"].copy()
    more = (table["arm"] == "random-places") & (table["iterations"] == 6)
    table.loc[more, ["accuracy", "low", "high"]] = 0.99, 0.98, 1.0
    assert "ith more iterations random places do better" in words(
        draw("path", made | {"continuum": table})
    )


def test_gradients_and_shares_are_said_in_numbers(made):
    said = words(draw("gradients", made))
    assert "49 steps back there is left" in said
    assert "dense 10⁻¹⁵" in said  # 0.5⁴⁹
    assert "At 50 steps there fail balanced 10 %, dense 90 %, uniform 0 %" in words(
        draw("trainability", made)
    )
    assert [gradients.magnitude(x) for x in (0.5, 1e-7, 0.0, np.nan)] == [
        "0.5",
        "10⁻⁷",
        "nothing",
        "nothing",
    ]


def test_data_sets_that_differ_in_their_steps_are_one_task():
    assert [gradients.task_of(name) for name in ("copy-5", "copy-100", "digits", "rad4-25")] == [
        "copy",
        "copy",
        "digits",
        "rad4",
    ]
