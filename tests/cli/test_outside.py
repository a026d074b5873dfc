"""Outside a checkout: the package's own presets, and one line where a clone is needed."""

from pathlib import Path

from blockmaps.cli import options
from blockmaps.plan import catalogue


def test_a_preset_that_is_not_there_is_the_packages_own(run, root, monkeypatch):
    assert run("plan").returncode == 2
    monkeypatch.setattr(options, "SHIPPED", root / "config")
    assert " shards" in run("plan").stdout
    assert '"rule"' in run("config", "config/rule.yaml").stdout
    assert run("plan", "--config", "config/none.yaml").returncode == 2
    assert run("plan", "--config", "paper.yaml").returncode == 2


def test_a_preset_of_ones_own_comes_first(root, tmp_path, monkeypatch):
    monkeypatch.setattr(options, "SHIPPED", root / "config")
    monkeypatch.chdir(tmp_path)
    assert options.preset(options.DEFAULT) == root / "config/config.yaml"
    own = tmp_path / options.DEFAULT
    own.parent.mkdir()
    own.write_text("name: own", encoding="utf-8")
    assert options.preset(options.DEFAULT) == options.DEFAULT


def test_the_wheel_has_the_presets_and_the_claims(root):
    from tomllib import loads

    build = loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    within = build["targets"]["wheel"]["force-include"]
    assert within["config"] == f"blockmaps/{options.SHIPPED.name}"
    assert options.SHIPPED.parent == Path(catalogue.__file__).parents[1]
    assert within["config/claims.yaml"] == "blockmaps/claims.yaml"


def test_where_a_clone_is_needed_that_is_said(run, blockmaps, tmp_path):
    words = "in a clone of the repository"
    assert words in run("init", "mine").stdout
    done = blockmaps("check", "published/default", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert words in done.stderr
    assert words not in blockmaps("check", "published/no", check=False).stderr
