"""The ledger on folders of tables: whose numbers, at which scale, and what is not tested."""

import json
import shutil

import pandas as pd
import pytest
import studies
from tables import runs_table

from blockmaps.analysis.continuum import differences
from blockmaps.analysis.pairs import INSEPARABLE
from blockmaps.analysis.tables import analyse
from blockmaps.analysis.trainability import differences as fates
from blockmaps.claims import judging, tests, writing
from blockmaps.claims.findings import Alternative, Statistic
from blockmaps.claims.folders import Tables
from blockmaps.claims.judging import FINDERS
from blockmaps.claims.thresholds import (
    CONTRADICTED,
    INCONCLUSIVE,
    NOT_TESTED,
    SUPPORTED,
    UNLEARNT,
)
from blockmaps.core import csv
from blockmaps.core.csv import as_written
from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue
from blockmaps.results import runs
from blockmaps.results.folder import find

ASKED = {
    *("id", "verdict", "statistic", "estimate", "low", "high", "n", "scale"),
    *("test_version", "sensitivity"),
}


@pytest.fixture(scope="module")
def ledger(root):
    return tests.read(root / "config/claims.yaml")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder with runs of the main study, their analysis, and answers by pair of transforms."""
    folder = tmp_path_factory.mktemp("main") / "small"
    folder.mkdir()
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced", "even"), epochs=2, seeds=3)
    runs.write(table, folder / "runs.parquet", runs.COLUMNS)
    for name, made in analyse(table, "comparisons", "explained", "partial", "uniform").items():
        csv.write(made, folder / f"analysis/{name}.csv")
    last = table[(table["epoch"] == 2) & table["split"].isin(["test", "test_leaking"])]
    pieces = []
    for group in (INSEPARABLE[0], "blur|none"):
        # half of the sequences cannot be told apart: one in ten is right there by luck
        right = 20 if group in INSEPARABLE else (200 * last["accuracy"]).round()
        pieces.append(last.assign(group=group, right=right, sequences=200))
    answers = pd.concat(pieces)[list(runs.GROUP_COLUMNS)]
    runs.write(answers, folder / "groups.parquet", runs.GROUP_COLUMNS)
    return folder


@pytest.fixture(scope="module")
def judged(ledger, results):
    return judging.verdicts(ledger, [results])


def of(rows, name, version=1):
    own = [row for row in rows if row["id"] == name and row["folder"] is not None]
    return [row for row in own if row["test_version"] == version]


def made(tmp_path, **files):
    """A folder with these tables, `tables__name` or `analysis__name`."""
    for name, rows in files.items():
        path = tmp_path / f"{name.replace('__', '/')}.csv"
        table = pd.DataFrame(rows)
        if catalogue.TABLES[path.stem].columns != "":  # the columns that no claim asks for, empty
            columns = catalogue.columns_of(path.stem)
            table = table.reindex(columns=dict.fromkeys([*table.columns, *columns]))
        csv.write(table, path)
    return tmp_path


def test_every_claim_has_a_finder_and_a_row_of_the_papers_scale(ledger, judged):
    assert set(FINDERS) == set(ledger.claims)
    papers = [row for row in judged if row["paper_scale"]]
    assert [row["id"] for row in papers] == list(ledger.claims)
    for row in papers:
        assert row["verdict"] == NOT_TESTED
        assert row["folder"] is None
        assert row["reason"]
    for row in judged:
        assert set(row) >= ASKED
        assert row["sentence"]
        assert row["in_force"] == (row["test_version"] == len(ledger.claims[row["id"]].versions))


def test_the_numbers_are_those_of_the_tables(judged, results):
    (row,) = of(judged, "A1")
    table = csv.read(results / "analysis/comparisons.csv")
    for one in row["statistics"]:
        (own,) = _rows(table, one["row"])
        found = [one[name] for name in ("estimate", "low", "high", "n")]
        assert found == [own[name] for name in ("estimate", "low", "high", "units")]
    (row,) = of(judged, "A2")
    (one,) = row["statistics"]
    (own,) = _rows(csv.read(results / "analysis/explained.csv"), one["row"])
    assert [one["estimate"], one["low"], one["n"]] == [own["cv_r2"], own["cv_low"], 18]
    assert (own["explanation"], own["form"]) == ("hidden_proportion", "spline")
    (row,) = of(judged, "E1a")
    (own,) = _rows(csv.read(results / "analysis/uniform.csv"), row["statistics"][0]["row"])
    assert [row["estimate"], row["low"], row["n"]] == [own["optimum"], own["low"], own["n"]]


def _rows(table, values):
    for name, value in values.items():
        table = table[table[name] == value]
    return table.to_dict("records")


def test_a_later_version_of_a_test_says_why(judged):
    for row in judged:
        assert (row["test_reason"] is None) == (row["test_version"] == 1)
    later = {row["id"] for row in judged if row["in_force"] and row["test_version"] > 1}
    assert later == {"A1", "A2", "A4", "A5", "E1b", "B2", "B4"}


def test_too_few_runs_give_no_verdict_under_another_analysis_either(ledger):
    test = ledger.claims["A1"].test
    few, many = (
        [Statistic(name, -5.0, n, {0.95: (-6.0, -4.0)}, 3.0) for name in test.statistics]
        for n in (2, 3)
    )
    for statistics, would_be in ((few, None), (many, CONTRADICTED)):
        other = Alternative("other", tuple(statistics))
        found = list(judging._sensitivity(other, test, 0.95))
        assert {one["would_be"] for one in found} == {would_be}


def test_sensitivity_lists_everything_asked_for_or_says_why_not(judged, ledger):
    for row in judged:
        if row["folder"] is None:
            continue
        for what in ledger.rules.sensitivity:
            entries = [one for one in row["sensitivity"] if one["what"].startswith(what)]
            assert entries or row["id"] == "A5", (row["id"], what)
            for one in entries:
                assert (one["statistic"] is None) == bool(one["absent"])
                assert one["would_be"] is None or not one["absent"]


def test_the_inseparable_pairs_are_left_out(judged):
    (row,) = of(judged, "A1")
    (whole, _) = row["statistics"]
    (one, _) = (entry for entry in row["sensitivity"] if entry["what"].startswith("without the"))
    # right answers are whole numbers of 200 there
    assert one["estimate"] == pytest.approx(whole["estimate"], abs=0.5)
    (row,) = of(judged, "A2")
    (one,) = (entry for entry in row["sensitivity"] if entry["what"].startswith("without the"))
    assert one["estimate"] == pytest.approx(row["estimate"], abs=0.05)


def test_a_folder_without_tables_gives_the_same_verdicts(ledger, judged, results, tmp_path):
    alone = tmp_path / "small"
    alone.mkdir()
    for name in ("runs.parquet", "groups.parquet"):
        shutil.copy(results / name, alone)
    again = judging.verdicts(ledger, [alone])
    assert writing.to_json(again) == writing.to_json(judged)
    # what is written is preferred: a number in it is a number in the verdict
    (alone / "analysis").mkdir()
    shutil.copy(results / "analysis/comparisons.csv", alone / "analysis")
    path = alone / "analysis/comparisons.csv"
    table = csv.read(path)
    table["low"], table["high"] = 2.0, 9.0
    csv.write(table, path)
    (row,) = of(judging.verdicts(ledger, [alone]), "A1")
    assert (row["verdict"], row["low"]) == (SUPPORTED, 2.0)


def test_too_few_seeds_are_not_tested(ledger, tmp_path):
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=1, seeds=2)
    runs.write(table, tmp_path / "runs.parquet", runs.COLUMNS)
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "A1")
    assert row["verdict"] == NOT_TESTED
    assert row["reason"].startswith("too few runs for an interval of balanced - dense")
    assert row["estimate"] is not None
    for row in of(judging.verdicts(ledger, [tmp_path]), "A1", 2):
        assert (row["verdict"], row["reason"]) == (NOT_TESTED, "2 seed indices; it takes 3")


def test_a_scale_with_the_papers_sizes_is_the_papers(ledger, tmp_path):
    table = runs_table(budgets=(4000,), designs=("uniform", "balanced"), epochs=1, seeds=3)
    table = table.assign(inputs=2500, budget=100_000)
    rows = table.assign(design=table["design"].replace("balanced", "explicit"))
    runs.write(rows, tmp_path / "runs.parquet", runs.COLUMNS)
    rows = [row for row in judging.verdicts(ledger, [tmp_path]) if row["id"] == "A1"]
    assert all(row["paper_scale"] for row in rows)
    assert all(row["verdict"] != NOT_TESTED for row in rows)
    outcomes = ["final accuracy", "area under the test curve"]
    assert [row["part"] for row in rows if row["in_force"]] == [
        f"paper's rows, {one}" for one in outcomes
    ]
    # patterns that are solved for a proportion of ½ are not its rows, whatever the sizes
    runs.write(table, tmp_path / "runs.parquet", runs.COLUMNS)
    rows = [row for row in judging.verdicts(ledger, [tmp_path]) if row["id"] == "A1"]
    mine = [row for row in rows if row["folder"]]
    assert not any(row["paper_scale"] for row in mine)
    assert {row["part"].split(", ")[0] for row in mine if row["in_force"]} == {
        "balanced-thin",
        "balanced-full",
    }


def test_holm_makes_a_claim_of_several_inconclusive(ledger):
    def row(name, p, budget=4000, version=None):
        latest = ledger.claims[name].test.version
        sizes = {"dataset": "rad", "inputs": 9, "outputs": 4, "budget": budget}
        sizes |= {"experiment": "e", "scale": "s", "sentence": "it is", "steps": 9}
        sizes |= {"test_version": version or latest, "in_force": version in (None, latest)}
        return {"id": name, "verdict": SUPPORTED, "p": p, "p_holm": None, "reason": "it is"} | sizes

    rows = judging._corrected([row("A1", 0.03), row("A2", 0.04), row("A1", 0.04, 9000)], ledger)
    assert [one["verdict"] for one in rows] == [INCONCLUSIVE, INCONCLUSIVE, SUPPORTED]
    assert [one["p_holm"] for one in rows] == [0.06, 0.06, 0.04]
    assert (
        "supported by itself (it is), but not after Holm's correction over 2" in rows[0]["reason"]
    )
    rows = judging._corrected([row("A1", 0.02), row("E1b", 0.04), row("A2", 0.04)], ledger)
    assert [one["p_holm"] for one in rows] == [0.04, 0.04, 0.04]
    # a test's parts are corrected together, an earlier version among those of its time
    rows = [row("A1", 0.02), row("A1", 0.03), row("A1", 0.04, version=1), row("A2", 0.5)]
    assert [one["p_holm"] for one in judging._corrected(rows, ledger)] == [0.06, 0.06, 0.04, 0.5]


PATH = {
    "experiment": "path",
    "dataset": "images",
    "budget": 3000,
    "initialisation": "N(0, 0.01²), no bias",
    "iterations": 3,
    "unit": "percentage points",
    "curve_deviation": 1e-7,
    "epochs": 3,
    "steps": 100,
}
BOUNDS = ("mean", "low_90", "high_90", "low_95", "high_95")


def path_rows(*bounds, n=5, deviation=1e-7):
    numbers = dict(zip(BOUNDS, bounds, strict=True))
    control = {**PATH, "difference": "MLP - control", "n": n, "curve_deviation": deviation}
    return [
        {**PATH, "difference": "random - MLP", "n": n, **numbers},
        {**control, **dict.fromkeys(BOUNDS, 0.0)},
    ]


@pytest.mark.parametrize(
    ("spec", "bounds", "verdict"),
    [
        ({"source": "mnist", "perturbed": False}, (0.1, -0.8, 0.9, -1.1, 1.2), SUPPORTED),
        ({"source": "mnist", "perturbed": False}, (2.1, 1.3, 2.9, 1.1, 3.2), CONTRADICTED),
        ({"source": "mnist", "perturbed": False}, (0.9, 0.3, 1.9, 0.1, 2.2), INCONCLUSIVE),
        ({"source": "mnist", "perturbed": True}, (0.1, -0.8, 0.9, -1.1, 1.2), NOT_TESTED),
        ({"source": "digits", "perturbed": False}, (0.1, -0.8, 0.9, -1.1, 1.2), NOT_TESTED),
    ],
)
def test_random_places_are_tested_on_plain_mnist(ledger, tmp_path, spec, bounds, verdict):
    made(tmp_path, tables__continuum_differences=path_rows(*bounds))
    (tmp_path / "config.json").write_text(json.dumps({"datasets": {"images": spec}}))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B3")
    assert row["verdict"] == verdict
    levels = {one["level"]: [one["low"], one["high"]] for one in row["statistics"]}
    assert levels == {0.9: list(bounds[1:3]), 0.95: list(bounds[3:])}


def test_both_ends_of_the_path_are_needed(ledger, tmp_path):
    made(tmp_path, tables__continuum_differences=path_rows(0, 0, 0, 0, 0))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B2", 3)
    assert row["verdict"] == NOT_TESTED
    assert row["reason"] == "one of two ends: no learning curves of forced map - nn.RNN here"
    learning = [
        {"model": "rnn", "dtype": dtype, "draw": draw, "curve_deviation": value * unit}
        for dtype, unit in (("float32", 1e-7), ("float64", 1e-16))
        for draw, value in enumerate((1, 3))
    ]
    made(tmp_path, tables__learning=learning)
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B2", 3)
    assert row["verdict"] == SUPPORTED
    assert [one["estimate"] for one in row["statistics"]] == pytest.approx([1e-7, 3e-7])
    # version 2 allowed up to half of float32's digits, 3 calls the stretch between undecided
    made(tmp_path, tables__continuum_differences=path_rows(0, 0, 0, 0, 0, deviation=1e-4))
    rows = judging.verdicts(ledger, [tmp_path])
    found = [of(rows, "B2", version)[0]["verdict"] for version in (2, 3)]
    assert found == [SUPPORTED, INCONCLUSIVE]
    made(tmp_path, tables__continuum_differences=path_rows(0, 0, 0, 0, 0, deviation=1e-3))
    rows = judging.verdicts(ledger, [tmp_path])
    assert {of(rows, "B2", version)[0]["verdict"] for version in (2, 3)} == {CONTRADICTED}
    # version 4 is of float64, where both ends are the zoo's
    (row,) = of(rows, "B2", 4)
    assert (row["verdict"], row["reason"]) == (NOT_TESTED, "no rho 0 - MLP here")
    ours = [one | {"model": "mlp"} for one in learning]
    made(tmp_path, tables__learning=[*learning, *ours])
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B2", 4)
    assert row["verdict"] == SUPPORTED
    assert row["sentence"].startswith("rho 0 and MLP differ by at most 1.0e-09")


def test_one_network_that_differs_contradicts_that_all_are_maps(ledger, tmp_path):
    rows = [
        {"model": name, "dtype": dtype, "unknowns": 9, "output_deviation": 1e-16}
        | {"gradient_deviation": 1e-16}
        for name in ("mlp", "rnn")
        for dtype in ("float64", "float32")
    ]
    made(tmp_path, tables__equivalence=rows)
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B1")
    assert (row["verdict"], row["n"]) == (SUPPORTED, 2)
    rows[2]["gradient_deviation"] = 1e-11
    made(tmp_path, tables__equivalence=rows)
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B1")
    assert (row["verdict"], row["estimate"]) == (CONTRADICTED, 1e-11)
    rows[2]["gradient_deviation"] = float("nan")
    made(tmp_path, tables__equivalence=rows)
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B1")
    assert row["verdict"] == NOT_TESTED


def test_training_over_many_steps_is_tested_at_50(ledger, tmp_path):
    def table(runs_of_each):
        learns, does_not = (runs_of_each, 0, 0), (0, runs_of_each, 0)
        arms = {"dense": does_not, "balanced": learns, "uniform": learns}
        return fates(studies.trainability(arms))

    made(tmp_path, tables__trainability_differences=table(20))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B4")
    assert (row["verdict"], row["n"], row["estimate"]) == (SUPPORTED, 20, 1.0)
    assert "T = 5" in [one["what"] for one in row["sensitivity"]]
    made(tmp_path, tables__trainability_differences=table(19))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B4")
    assert (row["verdict"], row["reason"]) == (NOT_TESTED, "19 runs an arm; it takes 20")


def test_replicates_of_one_data_set_are_not_seeds(ledger, tmp_path):
    """Version 2 of B4 takes five seed indices, however many runs there are of one."""

    def rows(seeds):
        fate = {"dense": (1, 3, 0), "balanced": (4, 0, 0), "uniform": (4, 0, 0)}
        parts = [studies.trainability(fate) for _ in range(seeds)]
        for seed, part in enumerate(parts):
            part["seed_index"], part["key"] = seed, part["key"] + f"-{seed}"
        return fates(pd.concat(parts))

    made(tmp_path, tables__trainability_differences=rows(5))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B4", 2)
    assert (row["verdict"], row["n"]) == (SUPPORTED, 20)
    many = studies.trainability(
        {"dense": (5, 15, 0), "balanced": (20, 0, 0), "uniform": (20, 0, 0)}
    )
    made(tmp_path, tables__trainability_differences=fates(many))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "B4", 2)
    assert (row["verdict"], row["reason"]) == (NOT_TESTED, "1 seed indices; it takes 5")


def test_an_arm_that_did_not_learn_is_neither_for_nor_against(ledger, results, tmp_path):
    shutil.copytree(results, tmp_path / "dead")
    table = runs.read(tmp_path / "dead/runs.parquet")
    dense = (table["arm"] == "dense") & (table["split"] == "test")
    table.loc[dense, "accuracy"] = 0.1 + 0.01 * (table.loc[dense, "seed_index"] % 2)
    runs.write(table, tmp_path / "dead/runs.parquet", runs.COLUMNS)
    shutil.rmtree(tmp_path / "dead/analysis")
    rows = judging.verdicts(ledger, [tmp_path / "dead"])
    for row in (*of(rows, "A1"), *of(rows, "A1", 2)):
        assert row["verdict"] == UNLEARNT
        assert row["reason"].startswith("dense: 10.")
        assert row["reason"].endswith("chance is 10 %")
        assert (row["p"], row["p_holm"]) == (None, None)
    assert {"A1", "A5", "E1b", "B3"} == set(ledger.rules.did_not_learn.claims)


def test_families_and_outcomes_have_verdicts_of_their_own(judged, results):
    rows = of(judged, "A1", 2)
    assert [row["part"] for row in rows] == [
        f"{family}, {outcome}"
        for family in ("balanced-thin", "balanced-full")
        for outcome in ("final accuracy", "area under the test curve")
    ]
    table = csv.read(results / "analysis/comparisons.csv")
    for row in rows:
        for one in row["statistics"]:
            assert one["statistic"] in ("balanced - dense", "balanced - uniform")
            assert one["row"]["difference"] == one["statistic"].replace(
                "balanced", row["part"].partition(",")[0]
            )
            (own,) = _rows(table, one["row"])
            assert [one["estimate"], one["low"]] == [own["estimate"], own["low"]]
        assert all(
            one["absent"] is None for one in row["sensitivity"] if "secondary" in one["what"]
        )


def test_an_lstm_is_named_as_what_it_is_and_each_arm_has_its_own_rate(ledger, tmp_path):
    def folder(hidden, rates=(1e-3, 1e-3)):
        table = runs_table(budgets=(4000,), designs=("uniform",), epochs=1, seeds=3)
        names = {"uniform": "uniform~lstm", "dense": "lstm"}
        table = table[table["arm"].isin(names)]
        cell = table["arm"] == "dense"
        sizes = {"hidden": hidden, "biases": 30, "unknowns": 4000}
        table = table.assign(arm=table["arm"].map(names), biases=30, unknowns=4000)
        table.loc[cell, list(sizes)] = list(sizes.values())
        table["learning_rate"] = table["arm"].map(dict(zip(names.values(), rates, strict=True)))
        runs.write(table, tmp_path / "runs.parquet", runs.COLUMNS)
        return judging.verdicts(ledger, [tmp_path])

    (row,) = of(folder(9), "E1b")
    assert row["part"] == "LSTM of |h| 9 with a linear read-out"
    (row,) = of(folder(9), "E1b", 2)
    assert (row["verdict"], "projects" in row["reason"]) == (NOT_TESTED, True)
    (row,) = of(folder(11), "E1b", 2)
    assert row["part"] == "LSTM of |h| 11 projecting"
    assert row["reason"] == "all arms are trained at 0.001; the test asks for each arm's own rate"
    (row,) = of(folder(11, (1e-3, 4e-3)), "E1b", 2)
    assert row["verdict"] != NOT_TESTED


def test_the_same_file_in_two_folders_is_one_row(ledger, tmp_path):
    rows = [
        {"model": "mlp", "dtype": dtype, "unknowns": 9, "output_deviation": 1e-16}
        | {"gradient_deviation": 1e-16}
        for dtype in ("float64", "float32")
    ]
    places = [made(tmp_path / name, tables__equivalence=rows) for name in ("one", "other")]
    (row,) = of(judging.verdicts(ledger, places), "B1")
    assert row["folder"] == "one"
    rows[0]["output_deviation"] = 2e-16
    made(tmp_path / "other", tables__equivalence=rows)
    assert len(of(judging.verdicts(ledger, places), "B1")) == 2


def apriori_rows(sizes, bounds, dead=()):
    labels = {"initialisation": "N(0, 0.05²)", "unit": "percentage points", "steps": 564}
    labels["experiment"] = "sizes"
    numbers = dict(zip(("estimate", "low", "high"), bounds, strict=True))
    names = ("recommended - expected best of 10 random", "recommended - median random")
    each = [
        {**labels, "level": "one size", "inputs": x, "outputs": y, "statistic": name, "n": 50}
        | dict.fromkeys(("estimate", "low", "high"), 0.0)
        | {"learnt": (x, y) not in dead}
        for x, y in sizes
        for name in (*names, "balanced - dense")
    ]
    slope = "slope of balanced - dense on log(|x|/|y|)"
    over = [
        {**labels, "level": "all sizes", "statistic": name, "n": len(sizes), **numbers}
        | {"degrees": len(sizes) - (2 if name == slope else 1)}
        for name in (*names, slope)
    ]
    return [*each, *(over if len(sizes) > 2 else [])]


def test_what_is_known_before_training_is_tested_over_other_sizes(ledger, tmp_path):
    sizes = [(64, 20), (144, 16), (784, 10)]
    made(tmp_path, analysis__apriori=apriori_rows(sizes, (0.5, -0.5, 1.5)))
    rows = judging.verdicts(ledger, [tmp_path])
    ((a4,), (a5,)) = (of(rows, name) for name in ("A4", "A5"))
    assert (a4["verdict"], a4["n"]) == (SUPPORTED, 3)
    assert a4["p_holm"] == pytest.approx(2 * a4["p"], rel=1e-5)  # A5 is tested on them too
    assert (a5["verdict"], a5["statistic"]) == (INCONCLUSIVE, "slope")
    made(tmp_path, analysis__apriori=apriori_rows(sizes, (0.5, -0.9, 1.9)))
    (a4,) = of(judging.verdicts(ledger, [tmp_path]), "A4")
    assert a4["verdict"] == INCONCLUSIVE
    assert "supported by itself" in a4["reason"]
    made(tmp_path, analysis__apriori=apriori_rows([*sizes, (100, 4)], (0.5, -0.5, 1.5)))
    (a4,) = of(judging.verdicts(ledger, [tmp_path]), "A4")
    assert a4["verdict"] == NOT_TESTED
    assert "made from" in a4["reason"]
    made(tmp_path, analysis__apriori=apriori_rows(sizes[:2], (0.5, -0.5, 1.5)))
    (a5,) = of(judging.verdicts(ledger, [tmp_path]), "A5")
    assert a5["verdict"] == NOT_TESTED
    four = [*sizes, (196, 8)]
    made(tmp_path, analysis__apriori=apriori_rows(four, (0.5, -0.5, 1.5), dead=[(784, 10)]))
    (a5,) = of(judging.verdicts(ledger, [tmp_path]), "A5")
    assert a5["scale"].startswith("3 sizes |x|/|y|: 64/20, 144/16, 196/8; without 784/10")


def returns(low, high, n=5, budgets=(10_000, 400_000)):
    labels = {"experiment": "hammer", "dataset": "hammer", "difference": "dense - uniform"}
    return [
        {**labels, "budget": budget, "outcome": outcome, "n": n}
        | {"mean": (low + high) / 2 * unit, "low": low * unit, "high": high * unit}
        for budget in budgets
        for outcome, unit in (("return", 10_000.0), ("share", 1.0))
    ]


def test_returns_are_shares_of_the_experts_at_both_budgets(ledger, tmp_path):
    start = {"experiment": "hammer", "study": "control", "arm": "dense"}
    table = runs_table().head(1).assign(**start, initialisation="N(0, 0.05²)")
    runs.write(table, tmp_path / "runs.parquet", runs.COLUMNS)
    made(tmp_path, tables__return_differences=returns(0.06, 0.16))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "A3")
    assert (row["verdict"], row["low"], row["high"]) == (SUPPORTED, 0.06, 0.16)
    made(tmp_path, tables__return_differences=returns(0.04, 0.16))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "A3")
    assert row["verdict"] == INCONCLUSIVE
    made(tmp_path, tables__return_differences=returns(0.06, 0.16, budgets=(10_000,)))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "A3")
    assert (row["verdict"], row["reason"]) == (NOT_TESTED, "no runs at 400,000 unknowns")
    made(tmp_path, tables__return_differences=returns(float("nan"), 0.16, n=2))
    (row,) = of(judging.verdicts(ledger, [tmp_path]), "A3")
    assert row["verdict"] == NOT_TESTED
    assert row["reason"].startswith("too few runs for an interval of dense - uniform")


def test_folders_are_found_below_and_once(results, tmp_path):
    (tmp_path / "kept").mkdir()
    shutil.copytree(results, tmp_path / "kept/deep/small")
    (tmp_path / "README.md").write_text("words")
    given = [tmp_path / "README.md", tmp_path / "kept", tmp_path / "kept/deep/small"]
    assert find(given) == [tmp_path / "kept/deep/small"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no results"):
        find([tmp_path / "empty"])
    with pytest.raises(InputError, match="no such folder"):
        find([tmp_path / "nowhere"])
    with pytest.raises(InputError, match="no folder"):
        find([tmp_path / "README.md"])


def test_the_continuums_runs_are_enough(tmp_path):
    table = studies.continuum()
    folder = Tables(tmp_path)
    folder.__dict__["runs"] = table
    found = folder.table("continuum_differences")
    pd.testing.assert_frame_equal(found, as_written(differences(table)))
    assert folder.table("trainability_differences") is None


@pytest.mark.parametrize(
    ("recipe", "rates", "own"),
    [
        ("tuned", {"dense": [1e-3], "uniform": [1e-3]}, True),
        (1e-3, {"dense": [1e-3], "uniform": [1e-3]}, False),
        (1e-3, {"dense": [1e-3], "uniform": [2e-3]}, True),
        (1e-3, {"dense": [1e-3, 2e-3], "uniform": [1e-3, 2e-3]}, False),  # a sweep
    ],
)
def test_arms_have_rates_of_their_own_where_each_has_one(tmp_path, recipe, rates, own):
    config = {"experiments": {"a": {"recipe": "b"}}, "recipes": {"b": {"learning_rate": recipe}}}
    rows = [
        {"budget": 100, "arm": arm, "learning_rate": rate}
        for arm, several in rates.items()
        for rate in several
    ]
    assert Tables(tmp_path, config).own_rates("a", pd.DataFrame(rows)) is own


def test_the_sizes_of_the_fair_preset_were_trained_at_own_rates(root):
    rows = json.loads((root / "published/fair/claims.json").read_text(encoding="utf-8"))
    own = [row for row in rows if row["id"] == "A5" and row["in_force"] and row["folder"]]
    (crossed,) = [row for row in own if row["verdict"] != NOT_TESTED]
    assert crossed["own_rates"]
    assert crossed["scale"].endswith("each arm at its own rate")


def test_claims_are_judged_of_the_papers_tasks_alone(ledger, results, tmp_path):
    """Beside a task of one's own, in which other arms win, every verdict is what it was."""
    papers = runs.read(results / "runs.parquet")
    mine = papers.assign(
        experiment="mine", dataset="mine", task="own", accuracy=1 - papers["accuracy"]
    )
    folder = tmp_path / "small"
    folder.mkdir()
    both = pd.concat([papers, mine])
    runs.write(both, folder / "runs.parquet", runs.COLUMNS)
    for name, table in analyse(both, "comparisons", "uniform").items():
        csv.write(table, folder / f"analysis/{name}.csv")
    shutil.copy(results / "groups.parquet", folder)

    def said(rows):
        return [{name: value for name, value in row.items() if name != "folder"} for row in rows]

    found = judging.verdicts(ledger, [folder])
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("runs.parquet", "groups.parquet"):
        shutil.copy(results / name, alone)
    assert said(found) == said(judging.verdicts(ledger, [alone]))
    assert {row["experiment"] for row in found if row["folder"]} - {None} == {"small"}
    runs.write(mine, folder / "runs.parquet", runs.COLUMNS)
    own = [row for row in judging.verdicts(ledger, [folder]) if row["folder"]]
    assert {row["verdict"] for row in own} <= {NOT_TESTED}


def test_runs_of_lower_precision_give_no_verdict(ledger, results, tmp_path):
    folder = tmp_path / "lower"
    shutil.copytree(results, folder)
    config = {"compute": {"precision": "medium"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    own = [one for one in judging.verdicts(ledger, [folder]) if one["folder"]]
    assert {one["verdict"] for one in own} == {NOT_TESTED}
    assert any(one["reason"] == "trained at precision medium; takes runs at highest" for one in own)
    full = [one for one in judging.verdicts(ledger, [results]) if one["folder"]]
    assert {one["verdict"] for one in full} > {NOT_TESTED}


def test_data_that_is_drawn_anew_every_epoch_is_not_the_papers(root):
    """It has the paper's sizes, but no arm can overfit: not what the paper did.

    That the verdicts are those that are computed anew: tests/report/test_publish.py.
    """
    folder = root / "published/paper"
    config = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["config"]
    assert config["datasets"]["rad-anew"]["redraw"] == "epoch"
    rows = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    own = [one for one in rows if one["id"] == "A1" and one["folder"]]
    papers = {one["dataset"]: one["paper_scale"] for one in own}
    assert papers["rad"]
    assert not papers["rad-anew"]
    assert not papers["rad-10-5"]
