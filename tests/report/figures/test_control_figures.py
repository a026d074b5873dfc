"""The figures of control: what they say, and that they always draw."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from readable import faults, words
from scored import scored

from blockmaps.analysis import control
from blockmaps.plan import catalogue
from blockmaps.report.figures import frames, returns, style, wording
from blockmaps.results import strips


def tables_of(made):
    return {
        "returns": control.by_structure(made),
        "return_differences": control.differences(made),
    }


@pytest.fixture(scope="module")
def made() -> dict[str, pd.DataFrame]:
    large = scored(seeds=3, experiment="hammer-400k", budget=400_000, seed=1, noise=4_000)
    return tables_of(pd.concat([scored(), large]))


@pytest.fixture(scope="module")
def filmed():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (3, len(strips.MOMENTS), 12, 12, 3), np.uint8)
    model = {"structure": "12", "arm": "dense", "mean_return": 9e3, "success_rate": 0.7}
    model |= {"seed_index": 0, "budget": 10_000}
    named = [
        {"name": "expert", "mean_action": True, "return": 16e3, "success": True},
        model | {"name": "best", "return": 15e3, "success": True},
        model | {"name": "worst", "return": -230.0, "success": False},
    ]
    about = {"experiment": "hammer", "task": "hammer", "steps": 200, "reason": "", "runs": 90}
    return [strips.Strip(*pair) for pair in zip(images, named, strict=True)], about | {"episode": 4}


@pytest.fixture
def drawn(made, filmed, tmp_path):
    """Draw a figure by its name, of read tables and a read file."""

    def draw(name):
        if name == "frames":
            strips.write(tmp_path / "frames.safetensors", *filmed)
            return frames.draw(*strips.read(tmp_path / "frames.safetensors"))
        module = import_module(f"blockmaps.report.figures.{name}")
        return module.draw(*(made[table] for table in catalogue.FIGURES[name].reads))

    return draw


@pytest.mark.parametrize("name", ["returns", "frames"])
def test_the_same_tables_give_the_same_bytes_and_every_text_can_be_read(name, drawn, tmp_path):
    for place in "ab":
        sheet = drawn(name)
        style.save(sheet, [tmp_path / f"{place}.svg"])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert faults(sheet) == []


def test_returns_say_how_dense_comes_out_with_its_interval(made, drawn):
    said = words(drawn("returns"))
    table = made["return_differences"]
    row = table[(table["difference"] == "dense - uniform") & (table["outcome"] == "return")].iloc[0]
    assert row["low"] > 0
    assert f"ense ends clearly above uniform in mean return: +{row['mean']:,.0f}" in said
    assert f"[{row['low']:,.0f}, {row['high']:,.0f}] (hammer, 10,000 unknowns)" in said
    assert "ends not clearly apart from uniform in mean return" in said  # at 400,000
    assert "12,000 ± 268 (standard error) over 500 episodes" in said
    kept = made["returns"].drop(columns="expert_error")
    assert "12,000 over 500 episodes" in words(returns.draw(kept, table))
    assert "sampled actions" in said
    assert "(2 diverged, counted as they are)" in said


def test_a_panel_without_dense_or_uniform_says_nothing_in_the_title(made):
    differences = made["return_differences"]
    even = made["returns"].assign(experiment="hammer-even")
    both = pd.concat([made["returns"], even])
    sheet = returns.draw(both, differences)
    said = words(sheet)
    assert "Dense ends clearly above uniform" in said
    assert "too few seeds" not in said
    assert not any("ends" in one and "hammer-even" in one for one in sheet.words.numbers)
    alone = words(returns.draw(even, differences))
    assert returns.NOT_COMPARED in alone


def test_the_experts_mean_is_a_line_and_a_cell_stands_beside_the_axis(drawn):
    panel = drawn("returns").figure.axes[0]
    lines = [line.get_ydata()[0] for line in panel.lines if len(set(line.get_ydata())) == 1]
    assert 12_000 in lines
    labels = [label.get_text() for label in drawn("returns").figure.axes[-1].get_xticklabels()]
    assert labels[-1] == "LSTM"
    points = np.concatenate([one.get_offsets() for one in panel.findobj(PathCollection)])
    assert returns.CELL_AT in points[:, 0]


def test_an_arrow_and_words_say_which_way_sparsity_leads(drawn):
    sheet = drawn("returns")
    assert len({axes.get_xlim() for axes in sheet.figure.axes}) == 1
    assert "away from ½, from 0.63 to 0.81 (hammer, 10,000 unknowns" in words(sheet)
    arrows = [text for text in sheet.figure.axes[0].texts if text.arrow_patch is not None]
    ((end, start),) = [(arrow.xy[0], arrow.xyann[0]) for arrow in arrows]
    assert (round(start, 2), round(end, 2)) == (0.63, 0.81)
    runs = pd.DataFrame({"arm": ["dense", "uniform"], "hidden_proportion": [0.1, 0.4]})
    assert wording.towards(runs) == "towards ½, from 0.10 to 0.40"
    assert wording.towards(runs.head(1)) == ""


def test_every_model_of_the_frames_is_named_with_its_own_budget(filmed):
    _, best, worst = (one.about for one in filmed[0])
    assert "10,000 unknowns" in frames.described(best)
    assert "400,000 unknowns" in frames.described(worst | {"budget": 400_000})


def test_frames_say_who_reaches_the_goal(filmed):
    shown, about = filmed
    for best, worst, said in (
        (True, False, "best of 90 models reaches the goal, the worst does not"),
        (False, False, "misses the goal, and so does the worst"),
    ):
        ends = {"expert": True, "best": best, "worst": worst}
        known = [one.about | {"success": ends[one.about["name"]]} for one in shown]
        assert said in frames.finding(about | {"strips": known})


def test_without_a_renderer_the_figure_gives_the_reason(tmp_path):
    strips.write(
        tmp_path / "frames.safetensors", [], {"reason": "egl: no display", "experiment": ""}
    )
    said = words(frames.draw(*strips.read(tmp_path / "frames.safetensors")))
    assert "No frames: no renderer" in said
    assert "egl: no display" in said


def test_a_figure_of_nothing_says_so(made):
    reads = catalogue.FIGURES["returns"].reads
    assert returns.NOTHING in words(returns.draw(*(made[one].head(0) for one in reads)))
