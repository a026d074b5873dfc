"""What commands share: how they import."""

import gc
import sys

import pytest

from blockmaps.cli.options import importing


def test_while_modules_are_imported_no_garbage_is_looked_for(tmp_path, monkeypatch):
    (tmp_path / "imported_once.py").write_text("held = [[] for _ in range(9)]\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    before = gc.get_freeze_count()
    with importing():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == before  # nothing was imported: whatever is there may be garbage
    with importing():
        import imported_once
    assert gc.get_freeze_count() > before + len(imported_once.held)
    sys.modules.pop("imported_once")


def test_it_is_looked_for_again_where_an_import_fails():
    with pytest.raises(ImportError), importing():
        import no_such_module  # noqa: F401
    assert gc.isenabled()
