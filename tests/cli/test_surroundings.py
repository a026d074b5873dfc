"""Odd surroundings: little address space, names without a suffix, devices that there are not."""

import os
import subprocess
import sys

import pytest

from blockmaps.plan.catalogue import FIGURES


@pytest.mark.skipif(sys.platform != "linux", reason="`ulimit -v` is Linux's")
@pytest.mark.parametrize(("kilobytes", "code", "plot"), [(400_000, 1, None), (3_000_000, 0, 0)])
def test_the_page_where_a_process_may_have_few_addresses(root, tmp_path, kilobytes, code, plot):
    """V8, in which the plot's script is bundled, ended the process with its own dump."""
    page = tmp_path / "page.html"
    line = f"ulimit -v {kilobytes}; exec $0 -m blockmaps page published/rule --output {page}"
    done = subprocess.run(
        ["bash", "-c", line, sys.executable],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == code, done.stderr
    (said,) = done.stderr.splitlines()
    assert said.startswith("blockmaps: the " + ("page is made without" if plot == 0 else "memory"))
    if plot is not None:
        text = page.read_text(encoding="utf-8")
        assert text.count('id="plot"') == plot
        assert text.count("<svg") >= 0
        assert "<table" in text


@pytest.mark.parametrize("name", ["plain"])
def test_a_figure_without_a_known_suffix(root, run, name):
    source = root / "published/rule/runs.parquet"
    done = run("figure", "curves", "--runs", source, "--output", name)
    assert "curves" in FIGURES
    assert done.returncode == 2
    assert f"{name}: a figure is .svg or .png" in done.stderr


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "", "gpu"])
def test_a_device_that_there_is_not(root, run, device):
    config = root / "config/config.yaml"
    done = run("data", "rad-digits", "--config", config, "--device", device, "--output", "a")
    assert done.returncode == 2
    assert done.stderr.startswith(f"--device: found {device!r}")
