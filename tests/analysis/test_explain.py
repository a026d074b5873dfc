"""Explanations, partial R², optimum and response on made tables whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from tables import OPTIMUM as TRUE_OPTIMUM
from tables import runs_table

from blockmaps.analysis import columns, explain, optimum, response
from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.splines import fit_spline
from blockmaps.analysis.tables import analyse
from blockmaps.plan import catalogue


def outcomes(
    seed: int = 0, patterns: int = 40, effect: float = 2.0, scale: float = 0.0, design: str = "even"
) -> pd.DataFrame:
    """Return a row a run, two seeds a pattern, half of the patterns at each of two |h|.

    The logit of accuracy is −effect × (p − ½)² × 4 + scale × state_scale + noise, p the hidden
    proportion; the state's scale is independent of it.
    """
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(patterns), 2)
    p = ((np.arange(patterns) // 2 + 0.5) / (patterns / 2))[codes]
    hidden = np.where(np.arange(patterns) % 2, 72, 56)[codes]
    state = rng.uniform(0, 1, patterns)[codes]
    logit = 0.3 * (hidden > 60) - 4 * effect * (p - 0.5) ** 2 + scale * state
    logit = logit + rng.normal(0, 0.1, patterns)[codes] + rng.normal(0, 0.1, len(codes))
    table = pd.DataFrame(
        {
            "experiment": "e",
            "dataset": "d",
            "budget": 4000,
            "inputs": 256,
            "outputs": 10,
            "initialisation": "N(0, 0.05²)",
            "design": design,
            "arm": design,
            "pattern": np.array([f"p{i:02d}" for i in range(patterns)])[codes],
            "seed_index": np.tile([0, 1], patterns),
            "hidden": hidden,
            "hidden_proportion": p,
            "hidden_proportion_hh_hx": p**1.1,
            "hidden_proportion_hh_all": 0.9 * p,
            "density": 0.2,
            "share_yx": 0.05,
            "state_scale": state,
            "spectral_radius": 2 * p + rng.normal(0, 0.01, len(codes)),
        }
    )
    for protocol in ("clean", "leaking"):
        table[f"logit_{protocol}"] = logit
        table[f"loss_{protocol}"] = -logit
        table[f"area_{protocol}"] = 1 / (1 + np.exp(-logit))
    table["logit_train"] = 1.5 * logit
    table["steps_to_half_clean"] = 500 - 50 * logit
    table["unknowns_yh"] = 300
    return table


def row(table: pd.DataFrame, **labels) -> pd.Series:
    for name, value in labels.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_curve_that_is_there_is_found_by_its_own_form():
    table = explain.explained(outcomes())
    assert list(table.columns) == list(columns.EXPLAINED)
    chosen = {"outcome": "logit_clean", "explanation": "hidden_proportion", "design": "even"}
    linear, quadratic, spline = (row(table, form=form, **chosen) for form in explain.FORMS)
    # variance of the parabola over that of the noise
    curve = 8 * (np.arange(0.025, 1, 0.05) - 0.5) ** 2
    truth = curve.var() / (curve.var() + 0.02)
    for found in (quadratic, spline):
        assert found["r2_low"] < truth < found["r2_high"]
        assert found["cv_low"] < truth < found["cv_high"]
        assert found["r2"] > found["r2_adjusted"] > found["cv_r2"]
    assert linear["cv_r2"] < 0.1
    assert (quadratic["patterns"], quadratic["n"]) == (40, 80)
    # what does not vary at one |h| has no row in the even design
    assert not {"density", "share_yx", "hidden", "unknowns_yh"} & set(table["explanation"])
    nothing = table[table["explanation"] == "state_scale"]
    assert (nothing["cv_low"] < 0.05).all()


def test_h_is_a_rival_outside_the_even_design():
    table = explain.explained(outcomes(design="factorial"))
    assert "hidden" in set(table["explanation"])
    found = row(table, outcome="logit_clean", explanation="hidden", form="linear")
    assert found["r2"] > 0


def test_what_the_proportion_adds_and_where_it_cannot_be_told_apart():
    table = explain.partial(outcomes(effect=1.0, scale=2.0))
    assert list(table.columns) == list(columns.PARTIAL)
    chosen = {"outcome": "logit_clean", "explanation": "hidden_proportion", "form": "quadratic"}
    sizes, scale, both = (row(table, given=g, **chosen) for g in ("sizes", "scale", "all"))
    assert sizes["inflation"] == 1
    assert scale["separable"]
    assert scale["cv_low"] > 0.5  # with the scale known, the proportion explains most of the rest
    assert sizes["cv_partial_r2"] < scale["cv_partial_r2"]
    assert not both["separable"]  # the spectral radius is the proportion
    assert both["inflation"] > explain.INSEPARABLE
    nothing = explain.partial(outcomes(effect=0.0, scale=2.0))
    assert row(nothing, given="scale", **chosen)["cv_low"] < 0


def test_inflation_is_one_over_one_minus_r2():
    made = outcomes()
    (sample,) = explain.samples(made)
    found, condition = explain.collinearity(sample, "hidden_proportion", ("spectral_radius",))
    named = made[["hidden_proportion", "spectral_radius"]]
    within = named - named.groupby(made["hidden"]).transform("mean")
    r = np.corrcoef(within.T)[0, 1]
    assert found == pytest.approx(1 / (1 - r**2))
    assert condition == pytest.approx(np.sqrt((1 + r) / (1 - r)))


def test_the_optimum_is_found_and_a_flat_curve_has_none_inside():
    table = optimum.optima(outcomes())
    assert list(table.columns) == list(columns.OPTIMUM)
    for curve in ("spline", "local mean"):
        for outcome in ("logit_clean", "loss_clean"):  # a loss is lowest where accuracy is highest
            found = row(table, curve=curve, outcome=outcome, explanation="hidden_proportion")
            assert found["low"] <= 0.5 <= found["high"]
            assert found["interior"]
            sign = 1 if outcome == "logit_clean" else -1
            assert sign * found["best"] >= sign * found["at_half"]
    flat = optimum.optima(outcomes(effect=0.0))
    found = row(flat, curve="spline", outcome="logit_clean", explanation="hidden_proportion")
    assert found["high"] - found["low"] > 0.5


def test_the_optimums_interval_covers_at_the_presets_numbers():
    """Twenty patterns of the even design, two seeds each; a parabola is a natural spline's work."""
    simulations, hits = 200, 0
    for number in range(simulations):
        made = outcomes(1000 + number, patterns=20, effect=0.5)
        made = made.assign(value=made["logit_clean"] - 0.3 * (made["hidden"] > 60))
        found = fit_spline(made, "hidden_proportion", resamples=299).optimum
        hits += found.low <= 0.5 <= found.high
    monte_carlo = 3 * np.sqrt(0.95 * 0.05 / simulations)
    assert hits / simulations == pytest.approx(0.95, abs=monte_carlo)


def test_too_few_patterns_are_left_out():
    few = outcomes(patterns=8)
    for make in (explain.explained, explain.partial, optimum.optima):
        assert make(few).empty


def grid(seed: int = 0) -> pd.DataFrame:
    """Return a grid design in three panels, with a cliff, and a top at p = ½ and full blocks."""
    rng, rows = np.random.default_rng(seed), []
    for panel in range(3):
        for number in range(60):
            p, state = rng.uniform(0, 1), np.exp(rng.uniform(np.log(0.05), 0))
            full = number % 2
            logit = panel - 3 * (p - 0.5) ** 2 + 0.2 * full - 2 * (p < 0.08) + 0.05 * rng.normal()
            known = {"hidden_proportion": p, "density_hh": state, "density_yh": 0.1 + 0.9 * full}
            rows.append(
                known
                | {"experiment": f"e{panel}", "dataset": "d", "budget": 1000, "design": "grid"}
                | {"pattern": f"p{number}", "logit_clean": logit}
            )
    return pd.DataFrame(rows)


def test_the_response_finds_the_top_and_the_curve_the_cliff():
    table = response.response(grid())
    assert list(table.columns) == list(columns.RESPONSE)
    (top,) = table[table["highest"]].to_dict("records")
    assert top["hidden_proportion_low"] <= 0.5 <= top["hidden_proportion_high"]
    assert top["hidden_proportion"] == pytest.approx(0.5, abs=0.06)
    assert top["full"]
    assert top["share_full"] == 1
    # the density of hh does nothing: its interval is wide
    assert top["density_hh_high"] / top["density_hh_low"] > 3
    curve = response.curve(grid()).set_index("hidden_proportion")["logit"]
    assert curve.idxmax() == 0.5
    assert curve[0.02] < -2
    assert curve[0.25] == pytest.approx(-3 / 16, abs=0.1)
    assert response.response(grid().assign(density_yh=1.0)).empty
    assert response.curve(outcomes()).empty


def small() -> pd.DataFrame:
    return runs_table(budgets=(4000,), designs=("balanced", "even"), epochs=1)


@pytest.fixture(scope="module")
def made() -> dict[str, pd.DataFrame]:
    return analyse(small())


def test_every_table_has_its_documented_columns(made):
    assert list(made) == list(catalogue.ANALYSIS)
    for name, table in made.items():
        assert list(table.columns) == list(catalogue.columns_of(name)), name
    for name in ("explained", "partial", "optimum", "robust", "profiles", "steps"):
        assert len(made[name]), name
    for name in ("comparisons", "regret", "response", "curve", "uniform", "initialisations"):
        assert made[name].empty, name


def test_the_whole_finds_the_optimum_of_the_synthetic_world(made):
    found = row(
        made["optimum"],
        design="even",
        outcome="logit_clean",
        curve="spline",
        explanation="hidden_proportion",
    )
    assert found["optimum"] == pytest.approx(TRUE_OPTIMUM, abs=0.12)


def test_the_order_of_the_runs_does_not_matter(made):
    again = analyse(small().sample(frac=1, random_state=0), "explained")
    pd.testing.assert_frame_equal(made["explained"], again["explained"])
    assert run_outcomes(small())["density"].notna().all()


def test_the_plateau_is_the_even_design_off_the_cliff():
    table = explain.explained(outcomes())
    chosen = {"outcome": "logit_clean", "explanation": "hidden_proportion", "form": "spline"}
    whole, plateau = (row(table, design=name, **chosen) for name in ("even", explain.PLATEAU))
    assert (whole["patterns"], plateau["patterns"]) == (40, 34)
    # resampled where a claim asks for it, and not elsewhere
    assert plateau["cv_bootstrap_low"] < plateau["cv_r2"] < plateau["cv_bootstrap_high"]
    linear = table[(table["form"] == "linear")]
    assert linear["cv_bootstrap_low"].isna().all()
    assert explain.PLATEAU not in set(explain.explained(outcomes(design="grid"))["design"])


def test_n_yh_is_a_rival_and_what_each_adds_to_the_other_is_told():
    rng = np.random.default_rng(1)
    made = outcomes(design="crossed")
    yh = 70 + 210 * rng.integers(0, 3, 40)[pd.factorize(made["pattern"])[0]]
    logit = 0.004 * yh + rng.normal(0, 0.1, len(made))
    made = made.assign(unknowns_yh=yh, logit_clean=logit)
    table = explain.explained(made)
    chosen = {"outcome": "logit_clean", "form": "linear", "design": "crossed"}
    assert row(table, explanation="unknowns_yh", **chosen)["cv_r2"] > 0.9
    assert row(table, explanation="hidden_proportion", **chosen)["cv_r2"] < 0.1
    added = explain.partial(made)
    own = row(added, explanation="unknowns_yh", given="proportion", **chosen)
    other = row(added, explanation="hidden_proportion", given="n_yh", **chosen)
    assert own["cv_low"] > 0.8
    assert other["cv_low"] < 0
