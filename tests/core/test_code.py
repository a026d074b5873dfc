"""Digests of code: comments do not count, what is imported does."""

from blockmaps.core.code import closure, code_digest, tree_digest


def test_comments_docstrings_and_space_do_not_count():
    one = 'def f(x):\n    """Say so."""\n    return x + 1\n'
    two = "# why\ndef f(x):\n\n    # how\n    return (x   + 1)\n"
    assert tree_digest(one) == tree_digest(two)
    assert tree_digest(one) != tree_digest(one.replace("1", "2"))


def test_the_closure_of_training_holds_what_decides_a_run_and_no_more():
    modules = closure("blockmaps.training.shard")
    assert {
        "blockmaps.maps.bank",
        "blockmaps.designs.patterns",
        "blockmaps.core.seeds",
        "blockmaps.training.module",
        "blockmaps.designs.variants",
    } <= modules
    rooms = {name.split(".")[1] for name in modules}
    assert rooms <= {"core", "designs", "data", "maps", "plan", "training"}
    assert not {"blockmaps.plan.config", "blockmaps.plan.plan", "blockmaps.designs.kinds"} & modules


def test_figures_do_not_share_digests():
    figures = [
        code_digest(f"report.figures.{name}") for name in ("proportion", "structures", "curves")
    ]
    assert len(set(figures)) == 3
