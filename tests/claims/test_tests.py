"""The claims' file: every claim names an outcome, a test, thresholds and its source."""

import pytest
import yaml

from blockmaps.claims import tests
from blockmaps.core.canonical import digest
from blockmaps.core.errors import InputError

# Of every version of a test as it was first committed: a test is never edited.
FIXED = {
    ("A1", 1): "5d8848320444c9ab",
    ("A1", 2): "e9873f696bca84ff",
    ("A2", 1): "3ee87b7171214f92",
    ("A2", 2): "951d485cef3d4b21",
    ("A3", 1): "e266114e3c902f95",
    ("A4", 1): "86eddc6963cca031",
    ("A4", 2): "31ee4a348d50625d",
    ("A5", 1): "91ee42877c86ac8f",
    ("A5", 2): "1b3095da8716e037",
    ("E1a", 1): "51093d449a707447",
    ("E1b", 1): "1478c5a14cb55113",
    ("E1b", 2): "2ab8e494bbb510dd",
    ("B1", 1): "9b67bf0a8451f035",
    ("B2", 1): "f549130b6b474b1c",
    ("B2", 2): "a8b4f5d7e848c3a2",
    ("B2", 3): "a6f957a5f36f0ef3",
    ("B2", 4): "7c36d6a57f20dfc7",
    ("B3", 1): "72e83787ac1d07c1",
    ("B4", 1): "badb04f7926f1078",
    ("B4", 2): "2a3b5a3672a9e43e",
}

ANALYSES = {
    "what the proportion explains": "efe0bb36194ebf4d",
    "what n_yh explains": "358e6d199fc2c55f",
    "proportion and n_yh crossed": "9a14c56f6926a765",
}


@pytest.fixture
def ledger(root):
    return tests.read(root / "config/claims.yaml")


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


def test_no_test_has_been_edited(root):
    asked = yaml.safe_load((root / "config/claims.yaml").read_text())["claims"]
    found = {
        (name, test["version"]): digest(test)
        for name, claim in asked.items()
        for test in claim["versions"]
    }
    assert found == FIXED


def test_no_analysis_has_been_edited(root):
    """What the proportion and n_yh explain was fixed before the runs at the papers' scale."""
    asked = yaml.safe_load((root / "config/claims.yaml").read_text(encoding="utf-8"))["analyses"]
    assert {name: digest(analysis) for name, analysis in asked.items()} == ANALYSES


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
        tests.read(broken)
