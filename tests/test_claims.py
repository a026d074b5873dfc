"""The claims' file: every claim names an outcome, a test, thresholds and its source."""

import pytest

from blockmaps import claims
from blockmaps.errors import InputError


@pytest.fixture
def ledger(root):
    return claims.read(root / "config/claims.yaml")


def test_every_claim_is_there_with_all_it_needs(ledger):
    assert set(ledger.claims) == {
        "A1", "A2", "A3", "A4", "A5", "E1a", "E1b", "B1", "B2", "B3", "B4",
    }  # fmt: skip
    for claim in ledger.claims.values():
        assert claim.source
        assert claim.statement
        for test in claim.versions:
            assert test.outcome
            assert test.test
            assert test.supported != test.contradicted
            assert test.supported.value is not None
            assert test.contradicted.value is not None


def test_the_thresholds_are_those_that_were_fixed(ledger):
    def both(name):
        test = ledger.claims[name].versions[0]
        return [
            (threshold.bound, threshold.relation, threshold.value)
            for threshold in (test.supported, test.contradicted)
        ]

    assert both("A1") == [("lower", "above", 1.0), ("upper", "below", 0.0)]
    assert both("A2") == [("lower", "above", 0.25), ("upper", "below", 0.10)]
    assert both("A3") == [("lower", "above", 0.05), ("upper", "below", 0.0)]
    assert both("A4") == [("lower", "above", -1.0), ("upper", "below", 0.0)]
    assert both("E1b") == [("lower", "above", 1.0), ("upper", "below", -1.0)]
    assert ledger.claims["B3"].test.supported.level == 0.9


def test_a_claim_without_a_threshold_is_refused(root, tmp_path):
    text = (root / "config/claims.yaml").read_text()
    broken = tmp_path / "claims.yaml"
    threshold = "supported: {bound: lower, relation: above, value: 1.0, of: all}"
    assert threshold in text
    broken.write_text(text.replace(threshold, "", 1))
    with pytest.raises(InputError, match=r"claims\.A1"):
        claims.read(broken)
