"""What a plan keeps."""

import yaml

from blockmaps.plan import config as configs
from blockmaps.plan.plan import Plan


def test_weights_are_kept_on_request_and_the_request_is_no_part_of_a_shards_name(root):
    raw = yaml.safe_load((root / "tests/workflow/tiny.yaml").read_text(encoding="utf-8"))
    kept = Plan(configs.parse(raw))
    assert kept.kept_shards == list(kept.shards)
    assert kept.policy_shards == []
    del raw["experiments"]["structures"]["keep"]
    plain = Plan(configs.parse(raw))
    assert plain.kept_shards == []
    assert list(plain.shards) == list(kept.shards)
    assert "keep" not in configs.parse(raw).model_dump(mode="json", exclude_none=True)
