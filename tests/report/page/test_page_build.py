"""What the page is made of: the parts of folders, in the figures' own words, byte for byte."""

import html
import itertools
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote

import numpy as np
import pytest
import vl_convert
import yaml
from hypothesis import given
from hypothesis import strategies as st

from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue
from blockmaps.report.page import (
    assets,
    build,
    exhibits,
    forest,
    numbers,
    provenance,
    scatter,
    shapes,
)
from blockmaps.report.page.runs_table import SHOWN
from blockmaps.results import runs as table_of_runs
from blockmaps.results.folder import Folders


@pytest.fixture
def folder(results, tmp_path):
    """A copy to change."""
    return shutil.copytree(results, tmp_path / "small")


@pytest.fixture(scope="module")
def page(results):
    return build.render([results])


def test_the_same_parts_give_the_same_bytes(results, page, tmp_path, blockmaps):
    file = tmp_path / "report.html"
    said = blockmaps("page", results, "--output", file).stdout
    assert said.startswith(f"{file}: ")
    assert file.read_text() == page
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    "content", [lambda own: own[:-9], lambda _: b"", lambda own: own + b"\xe9"]
)
def test_a_picture_that_is_not_whole_is_one_line(folder, content):
    """A browser would show the part that is there, and nobody would see what is missing."""
    picture = folder / "figures/path.svg"
    picture.write_bytes(content(picture.read_bytes()))
    with pytest.raises(InputError, match=r"path\.svg: is no whole picture"):
        build.render([folder])


def test_it_holds_what_it_needs(page):
    own = re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1", page)
    assert own.count("<script") == page.count("</script>") == 4
    needed = re.findall(r"<(?:script|link|img|iframe)[^>]*? (?:src|href)=\"([^\"]{0,40})", own)
    assert len(needed) == 2
    assert all(address.startswith("data:image/svg+xml,") for address in needed)
    assert not re.findall(r"@import|url\((?!%23)", own)
    assert len(page.encode()) < 5e6


PARTS = {
    "claims.json": 'id="verdicts"',
    "runs.parquet": 'id="runs"',
    "tables/equivalence.csv": 'id="equivalence"',
    "figures/proportion.svg": 'id="figure-proportion"',
    "figures/path.svg": 'id="figure-path"',
}


@pytest.mark.parametrize("part", PARTS)
def test_what_is_missing_is_left_out(folder, page, part):
    assert PARTS[part] in page
    (folder / part).unlink()
    without = build.render([folder])
    assert PARTS[part] not in without
    assert all(mark in without for name, mark in PARTS.items() if name != part)


def test_runs_without_figures_have_their_plot(folder):
    shutil.rmtree(folder / "figures")
    made = build.render([folder])
    assert "<figure" in made
    assert 'id="figure-every-run"' in made
    assert "<img" not in made.split("<script")[0]


def test_a_folder_of_nothing_is_one_line_and_exit_2(tmp_path, blockmaps):
    done = blockmaps("page", tmp_path, "--output", tmp_path / "report.html", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "takes a results or published folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="no such folder; takes results"):
        build.render([tmp_path / "nowhere"])


def test_each_part_is_the_first_folders_that_has_it(folder, tmp_path):
    drawn = tmp_path / "drawn"
    (drawn / "figures").mkdir(parents=True)
    shutil.move(folder / "figures/path.svg", drawn / "figures/path.svg")
    (drawn / "manifest.json").write_text('{"name": "other"}')
    made = build.render([drawn, folder])
    assert "<title>other · blockmaps</title>" in made
    assert f"<code>blockmaps page {drawn} {folder}</code>" in made
    assert all(mark in made for mark in PARTS.values())


@pytest.mark.parametrize(
    "rows", ["{", "{}", "[3]", '[{"id": "A1"}]', '[{"id": "A1", "statement": "", "verdict": "so"}]']
)
def test_claims_at_fault_are_one_line(folder, rows):
    (folder / "claims.json").write_text(rows)
    with pytest.raises(InputError) as fault:
        build.render([folder])
    assert str(folder / "claims.json") in str(fault.value)
    assert "\n" not in str(fault.value)


def test_what_tables_say_is_text_and_no_markup(folder):
    table = table_of_runs.read(folder / "runs.parquet")
    evil = "</script><script>alert(1)</script>"
    table.loc[table["arm"] == "dense", "structure"] = evil
    table_of_runs.write(table, folder / "runs.parquet", table_of_runs.COLUMNS)
    rows = json.loads((folder / "claims.json").read_text())
    (folder / "claims.json").write_text(json.dumps([{**row, "reason": evil} for row in rows]))
    made = build.render([folder])
    assert evil not in made
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in made


def test_evidence_is_the_row_of_the_table(page, folder):
    rows = (folder / "tables/differences.csv").read_text().splitlines()
    names = rows[0].split(",")
    first = next(row.split(",") for row in rows if "balanced - dense" in row)
    mean = dict(zip(names, first, strict=True))["mean"]
    assert f"<dd>{numbers.number(float(mean), 4)}</dd>" in page
    # rows of several folders' verdicts are not looked for in this one's tables
    claims = json.loads((folder / "claims.json").read_text())
    claims[0]["folder"] = "results/other"
    (folder / "claims.json").write_text(json.dumps(claims))
    assert 'class="cells"' in page
    assert 'class="cells"' not in build.render([folder])


def test_what_ran_where_is_what_the_manifests_say(folder):
    found = provenance.provenance(Folders([folder]))
    facts = dict(found.facts)
    assert facts["training jobs"] == "2"
    assert (facts["from"], facts["to"]) == ("2026-11-24T10:00:00Z", "2026-11-24T11:01:00Z")
    assert facts["wall time of the jobs"] == "2 min"
    assert facts["FLOPs of training"] == "2,000,000,000,000"
    assert facts["root seed"] == "1"
    # of the runs; the config has others, and no digest of the code is not an empty one
    assert facts["data sets"] == "digits"
    assert "digest of the training code" not in facts
    ((*environment,),) = found.environments
    assert ("device", "cpu") in environment
    assert ("torch", "2.13.0") in environment
    assert [job.commit for job in found.jobs] == ["f" * 12 + ", changed", "f" * 12]
    (folder / "manifests.json").write_text('{"jobs": [{}]}')
    with pytest.raises(InputError, match=r"manifests.json: is not what `blockmaps collect` writes"):
        build.render([folder])
    (folder / "manifests.json").unlink()
    (folder / "manifest.json").unlink()
    alone = provenance.provenance(Folders([folder]))
    assert [name for name, _ in alone.facts] == [
        *("runs", "data sets", "devices", "training, summed over runs")
    ]
    (folder / "runs.parquet").unlink()
    assert not provenance.provenance(Folders([folder]))


def test_a_table_of_another_version_is_one_line(folder):
    table = table_of_runs.read(folder / "runs.parquet")
    table.drop(columns=["study", "tokens"]).to_parquet(folder / "runs.parquet")
    with pytest.raises(InputError, match=r"runs.parquet: lacks the column study: .*make it again"):
        build.render([folder])


def test_every_run_is_a_row(page, results):
    table = table_of_runs.read(results / "runs.parquet")
    assert page.count("<tr data-study=") == len(table.drop_duplicates(["experiment", "key"]))
    final = table[(table["epoch"] == table["epoch"].max()) & (table["split"] == "test")]
    for accuracy in final["accuracy"].head(20):
        assert f">{100 * accuracy:.2f}<" in page
    assert set(SHOWN) - {"r2"} <= set(table_of_runs.COLUMNS)


# ---- figures


def test_the_page_writes_a_figures_words_as_it_gives_them(folder, page):
    for name in ("proportion", "path"):
        said = json.loads((folder / f"figures/{name}.words.json").read_text(encoding="utf-8"))
        one = next(one for one in exhibits.exhibits(Folders([folder])) if one.name == name)
        assert (one.finding, one.caption, one.facts) == tuple(
            said[word] for word in ("finding", "caption", "facts")
        )
        assert said["caption"] == catalogue.FIGURES[name].caption
        assert said["numbers"]
        assert all(number in said["facts"] for number in said["numbers"].values())
        assert html.escape(said["finding"], quote=False) in html.unescape(page).replace(
            "&", "&amp;"
        )
    words = folder / "figures/path.words.json"
    words.write_text("{}")
    with pytest.raises(InputError, match=r"path.words.json: is not as `blockmaps figure` writes"):
        build.render([folder])


def test_a_picture_is_whole_and_shows_the_panels(results):
    for one in exhibits.exhibits(Folders([results])):
        svg = unquote(one.source.removeprefix("data:image/svg+xml,"))
        root = ElementTree.fromstring(svg)
        original = (results / f"figures/{one.name}.svg").read_text()
        assert len(svg) < len(original)
        tags = [element.tag.rpartition("}")[2] for element in root.iter()]
        assert tags.count("path") == original.count("<path")
        assert tags.count("use") == original.count("<use")
        width, height = map(float, root.get("viewBox").split()[2:])
        assert (round(width), round(height)) == (one.width, one.height)


def test_a_figure_of_another_hand_is_shown_whole(folder):
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20">'
        """<text style="font-family: 'Charter'">a &amp; b</text></svg>"""
    )
    (folder / "figures/mine.svg").write_text(svg)
    *_, last = exhibits.exhibits(Folders([folder]))
    assert (last.finding, last.caption) == ("", "")
    assert (last.name, last.width, last.height) == ("mine", 10, 20)
    root = ElementTree.fromstring(unquote(last.source.removeprefix("data:image/svg+xml,")))
    assert root[0].text == "a & b"
    assert 'id="figure-mine"' in build.render([folder])


# ---- plots


def test_the_plots_specification_is_vega_lites(results):
    made = scatter.scatter(Folders([results]).runs.query("study == 'proportion'"))
    vl_convert.vegalite_to_vega(made["spec"])
    assert sum(made["n"].values()) == len(made["spec"]["data"]["values"])
    domain = made["spec"]["encoding"]["color"]["scale"]["domain"]
    assert len(domain) == len(made["light"]) == len(made["dark"])


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), st.floats(-5, 5))
def test_a_forest_keeps_the_order_of_its_numbers(values, turn):
    bounds = {"supported": [turn, turn + 1], "contradicted": turn}
    rows = [{"estimate": one, "low": one - 1, "high": one + 1, "bounds": bounds} for one in values]
    scale = forest.scale_of(rows)
    made = forest.forest(rows, scale)
    places = [(line.low, line.x, line.high) for line in made.lines]
    assert all(0 <= low <= x <= high <= forest.WIDTH for low, x, high in places)
    for one, x in zip(values, places, strict=True):
        for other, y in zip(values, places, strict=True):
            assert one <= other or x[1] >= y[1]
    for line in made.lines:
        assert line.turns == (scale.place(turn), scale.place(turn + 1))
        assert all(0 <= x <= forest.WIDTH for x in (*line.turns, scale.zero))
    apart = [two[0] - one[0] for one, two in itertools.pairwise(scale.ticks)]
    assert all(gap >= forest.TICKS_APART for gap in apart)


def test_a_forest_of_deviations_is_logarithmic_and_each_has_its_own_bound():
    rows = [
        {"estimate": 1e-16, "bounds": {"supported": 1e-12}},
        {"estimate": 1e-7, "bounds": {"supported": 1e-5}},
        {"estimate": 0.0},
    ]
    scale = forest.scale_of(rows)
    assert scale.logarithmic
    assert scale.zero is None
    one, two, none = forest.forest(rows, scale).lines
    assert none.x == one.x < one.turns[0] < two.x < two.turns[0]
    assert none.turns == ()
    both = [{"statistic": "a - b", "estimate": 1.0, "level": level} for level in (0.9, 0.95)]
    assert [line.name for line in forest.forest(both, forest.scale_of(both)).lines] == [
        "a - b, 90 %",
        "a - b, 95 %",
    ]
    assert forest.scale_of([{"estimate": None}, {"estimate": float("nan")}]) is None
    assert forest.forest([{"estimate": None}], scale) is None


def test_patterns_are_drawn_to_scale(results):
    runs = Folders([results]).runs
    (group,) = shapes.groups(runs[runs["study"] == "proportion"])
    for shape in group.shapes:
        own = runs[(runs["arm"] == shape.arm) & (runs["structure"] == shape.structure)].iloc[0]
        assert shape.hidden == own["hidden"]
        areas = {block.name: block.width * block.height for block in shape.blocks}
        assert sum(areas.values()) == shape.wide * shape.high
        for block in shape.blocks:
            expected = areas[block.name] * block.density
            assert expected == pytest.approx(own[f"expected_{block.name}"], rel=1e-6)
    inks = [block.ink for shape in group.shapes for block in shape.blocks]
    densities = [block.density for shape in group.shapes for block in shape.blocks]
    assert sorted(inks) == [ink for _, ink in sorted(zip(densities, inks, strict=True))]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (float("nan"), "–"), (3, "3"), (4000, "4,000"), (-0.4762, "−0.476"),
        (7.2e-16, "7.2e−16"), (0.0, "0"), (123456.7, "123,457"), (float("-inf"), "−∞"), ("x", "x"),
        (True, "True"),
    ],
)  # fmt: skip
def test_numbers_as_they_are_written(value, text):
    assert numbers.number(value, 3 if value != 7.2e-16 else 2) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 min"), (3724, "1 h 2 min"), (3600, "1 h")]
)
def test_durations_as_they_are_written(seconds, text):
    assert numbers.duration(seconds) == text


def test_the_pages_files_have_a_digest(monkeypatch, tmp_path):
    before = assets.assets_digest()
    copy = shutil.copytree(assets.FOLDER, tmp_path / "templates")
    monkeypatch.setattr(assets, "FOLDER", copy)
    assert assets.assets_digest() == before
    (copy / "page.css").write_text("body {}")
    assert assets.assets_digest() != before


# ---- answers, and what was not asked for


@pytest.fixture
def own(results, tmp_path):
    """A copy of the folder whose runs are of a task of one's own, with answers."""
    folder = tmp_path / "own"
    shutil.copytree(results, folder)
    table = table_of_runs.read(folder / "runs.parquet").assign(task="own")
    table_of_runs.write(table, folder / "runs.parquet", table_of_runs.COLUMNS)
    said = [{"experiment": "mine", "budget": 4000, "sentences": ["Best of the arms: <dense>."]}]
    (folder / "answers.json").write_text(json.dumps(said), encoding="utf-8")
    return folder


def test_answers_are_there_and_the_papers_claims_only_where_the_task_is_theirs(own, page):
    text = build.render([own])
    assert "Best of the arms: &lt;dense&gt;." in text
    assert 'id="answers"' in text
    assert 'id="verdicts"' not in text
    assert 'id="verdicts"' in page


def test_what_the_config_does_not_ask_for_is_not_on_the_page(own, root):
    config = yaml.safe_load((root / "examples/sine.yaml").read_text(encoding="utf-8"))
    config["plugins"] = [str(root / "examples/sine.py")]
    assert 'id="equivalence"' in build.render([own])
    (own / "config.json").write_text(json.dumps(config), encoding="utf-8")
    text = build.render([own])
    assert 'id="figure-proportion"' in text
    assert 'id="figure-path"' not in text  # of another study
    assert 'id="equivalence"' not in text  # the zoo's


def test_the_plot_and_the_runs_follow_what_they_are_judged_by(own):
    path = own / "runs.parquet"
    table = table_of_runs.read(path)
    table = table.assign(mean_loss=2.0, loss=2 * (1 - table["accuracy"]), accuracy=np.nan)
    table_of_runs.write(table, path, table_of_runs.COLUMNS)
    text = build.render([own])
    assert "R² on the test split after the last epoch" in text
    main = table[(table["study"] == "proportion") & (table["epoch"] == 2)]
    axis = scatter.scatter(main)["spec"]["encoding"]["y"]
    assert (axis["field"], axis["title"]) == ("score", "R² on the test split")
