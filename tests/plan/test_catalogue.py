"""The catalogue's entries lead somewhere, and what is drawn follows from what is there."""

import re
from importlib import import_module

import pytest
import typer

from blockmaps.cli import app
from blockmaps.core.code import closure
from blockmaps.core.errors import InputError
from blockmaps.plan import catalogue


@pytest.mark.parametrize("name", catalogue.FIGURES)
def test_a_figure_is_drawn_by_its_module_of_tables_that_there_are(name):
    entry = catalogue.FIGURES[name]
    assert callable(import_module(f"blockmaps.{entry.module}").draw)
    files = {catalogue.RUNS, catalogue.FRAMES}
    assert set(entry.reads) <= files | set(catalogue.TABLES)
    assert entry.study in catalogue.STUDIES


@pytest.mark.parametrize("name", catalogue.TABLES)
def test_a_table_is_made_by_its_function(name):
    entry = catalogue.TABLES[name]
    assert callable(getattr(import_module(f"blockmaps.{entry.module}"), entry.function))
    assert entry.study in catalogue.STUDIES


def test_an_entry_stands_once():
    assert len(catalogue.TABLES) == len(catalogue._TABLES)
    assert len(catalogue.FIGURES) == len(catalogue._FIGURES)
    paths = [one.path for one in (*catalogue._TABLES, *catalogue._FIGURES)]
    assert len(set(paths)) == len(paths)


def test_a_figure_needs_all_that_it_reads_and_its_arms():
    regret = {catalogue.TABLES[name].path for name in ("regret", "apriori")}
    assert catalogue.figures_of(regret, ()) == ["regret"]
    assert catalogue.figures_of(regret - {"analysis/apriori.csv"}, ()) == []
    assert "curves" in catalogue.figures_of({catalogue.RUNS}, ())
    assert "densities" in catalogue.figures_of({catalogue.RUNS}, {"mixed"})
    assert "densities" not in catalogue.figures_of({catalogue.RUNS}, {"dense", "even"})
    assert catalogue.figures_of((), ()) == []


def test_an_unknown_name_is_one_line_that_lists_the_known():
    with pytest.raises(InputError, match="figure 'nothing': takes one of: proportion, structures"):
        catalogue.figure("nothing")
    with pytest.raises(InputError, match="table 'nothing': takes one of: runs, groups"):
        catalogue.columns_of("nothing")


def test_a_caption_makes_nothing_again_but_its_figure():
    """What trains, measures, makes tables or draws does not read the catalogue."""
    made = {one.module for one in (*catalogue.TABLES.values(), *catalogue.FIGURES.values())}
    for module in {"training.shard", "training.probes", "results.runs", *made}:
        assert "blockmaps.plan.catalogue" not in closure(f"blockmaps.{module}"), module


def test_a_caption_ends_with_a_command_that_there_is():
    """Each is one of the command line's, with options and arguments that it takes."""
    said = catalogue.captions("results/small")
    assert len(said) == len(catalogue.TABLES) + len(catalogue.FIGURES) + len(catalogue.FURTHER)
    for path, caption in said.items():
        assert path.startswith("results/small/")
        command, *arguments = re.search(r"Made by ``blockmaps (.*)``\.$", caption)[1].split()
        own = typer.main.get_command(app).commands[command]
        own.make_context(command, list(arguments))  # raises where they are not taken
        taken = {value for value in arguments if not value.startswith("-")}
        assert all(not one.startswith("results") or "results/small" in one for one in taken)
