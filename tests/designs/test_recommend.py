"""The rule: halves that are equal, a budget that is met, and requests that cannot be met."""

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blockmaps.analysis.outcomes import run_outcomes
from blockmaps.analysis.response import curve, response
from blockmaps.core.errors import InputError
from blockmaps.designs import recommend
from blockmaps.designs.kinds import Sizes, named_rows
from blockmaps.designs.kinds.structured import Explicit
from blockmaps.designs.patterns import RNN_BLOCKS
from blockmaps.plan import config as configs
from blockmaps.results import runs


@given(inputs=st.integers(1, 3000), outputs=st.integers(1, 100), unknowns=st.integers(1, 10**6))
def test_the_budget_is_met_and_the_halves_are_equal(inputs, outputs, unknowns):
    try:
        found = recommend.recommendation(inputs, outputs, unknowns)
    except InputError:
        assume(False)
    assert list(found.densities) == list(RNN_BLOCKS)
    assert all(0 < density <= 1 for density in found.densities.values())
    assert sum(found.unknowns.values()) == pytest.approx(unknowns, rel=1e-9)
    # |h| is a whole number: one more or less moves this share of the hidden rows' unknowns
    n = found.unknowns
    rows = n["hx"] + n["hh"] + n["hy"]
    one = (2 * inputs + 3 * outputs + 2 * found.hidden) / rows
    assert abs(found.hidden_proportion - 0.5) <= one
    thin = found.densities["hx"] < 1
    assert found.densities["hh"] == 0.3 if thin else found.densities["hh"] == found.densities["hy"]
    assert [found.densities[name] for name in RNN_BLOCKS[3:]] == [0.1, 1.0, 1.0]


def test_known_cases():
    hidden, densities = recommend.recommend(2500, 10, 100_000)
    # 0.6 h² + 30 h + 2600 = 100,000
    assert hidden == round((-30 + np.sqrt(900 + 2.4 * 97_400)) / 1.2)
    assert densities["hx"] == pytest.approx(
        (97_400 - 20 * hidden - 0.3 * hidden**2) / 2500 / hidden
    )
    # Adroit at 400 K: the input block is filled, and the state blocks are thin
    hidden, densities = recommend.recommend(46, 26, 400_000)
    assert densities["hx"] == 1
    assert densities["hh"] == densities["hy"] < 0.02


@pytest.mark.parametrize(
    "sizes", [(0, 10, 100), (10, 0, 100), (10, 10, 0), (2500, 10, 2500), (2500, 10, -5)]
)
def test_what_is_impossible_is_refused(sizes):
    with pytest.raises(InputError, match="takes at least"):
        recommend.recommend(*sizes)


@given(inputs=st.integers(1, 3000), outputs=st.integers(1, 100))
def test_the_least_that_is_named_is_the_least(inputs, outputs):
    with pytest.raises(InputError) as fault:
        recommend.recommend(inputs, outputs, 1)
    least = int(str(fault.value).split("at least ")[1].split()[0].replace(",", ""))
    with pytest.raises(InputError, match="takes at least"):
        recommend.recommend(inputs, outputs, least - 1)
    met = 0
    for more in range(least, least + 20):  # a tiny network's |h| may lie between whole numbers
        try:
            met += bool(recommend.recommend(inputs, outputs, more))
        except InputError:
            continue
    assert met


def test_the_rule_is_what_the_kept_runs_say(root):
    """The rule was frozen from these runs: it lies in the response's interval, and near its top."""
    outcomes = run_outcomes(runs.read(root / "published/rule/runs.parquet"))
    sizes = set(map(tuple, outcomes[["inputs", "outputs"]].drop_duplicates().to_numpy()))
    assert sizes == {(100, 4), (100, 12), (400, 4), (400, 12)}
    table = response(outcomes)
    (top,) = table[table["highest"]].to_dict("records")
    low, high = top["hidden_proportion_low"], top["hidden_proportion_high"]
    assert low <= recommend.HIDDEN_PROPORTION <= high
    assert top["density_hh"] == recommend.STATE_DENSITY
    assert top["full"]
    assert top["share_full"] > 0.9
    at = table[
        np.isclose(table["hidden_proportion"], 0.5) & (table["density_hh"] == 0.3) & table["full"]
    ]
    assert at["logit"].item() > -0.01
    knots = curve(outcomes).set_index("hidden_proportion")["logit"]
    np.testing.assert_allclose(list(recommend.CURVE), knots.index)
    np.testing.assert_allclose(list(recommend.CURVE.values()), knots, atol=0.0051)


def test_sizes_of_the_test_took_no_part_in_the_rule(root):
    shapes = {}
    for name in ("rule", "apriori"):
        preset = configs.read(root / f"config/{name}.yaml")
        shapes[name] = {spec.shape[:2] for spec in preset.datasets.values()}
    assert not shapes["rule"] & shapes["apriori"]
    assert len(shapes["apriori"]) == 5


def test_predictions_rank_the_cliff_below_the_middle():
    found = recommend.predicted([0.0, 0.03, 0.12, 0.5, 0.9])
    assert (np.diff(found[:4]) > 0).all()
    assert found[3] == 0 > found[4]


def test_the_command_line(blockmaps):
    asked = ("recommend", "--inputs", 2500, "--outputs", 10, "--unknowns", 100_000)
    text = blockmaps(*asked).stdout
    assert "|h| = 379, hidden proportion 0.501" in text
    assert "hx      0.0493           46,727.7" in text
    printed = json.loads(blockmaps(*asked, "--json").stdout)
    expected = recommend.recommendation(2500, 10, 100_000)
    for name in ("densities", "hidden", "unknowns", "hidden_proportion"):
        assert printed[name] == getattr(expected, name)
    # what is printed can be pasted
    (row,) = named_rows(Explicit.model_validate(printed["design"]), Sizes(2500, 10))
    assert row.model.sizes["h"] == expected.hidden
    assert sum(row.model.expected().values()) == pytest.approx(100_000, rel=1e-4)
    for impossible in (("--unknowns", 100), ("--outputs", 0)):
        done = blockmaps(*asked, *impossible, "--json", check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.strip().splitlines()) == 1
