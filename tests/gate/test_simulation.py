"""The committed table of the simulation: no false passes over 5 %, power as it is named."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "gate-simulation.md"


def rows(text, heading):
    (section,) = [one for one in text.split("\n## ") if one.startswith(heading)]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    return {name: tuple(map(float, cells)) for name, *cells in lines[1:]}


def test_no_detector_at_the_bound_passes_more_often_than_in_5_percent():
    found = rows(PAGE.read_text("utf-8"), "Truth at the bound")
    assert len(found) >= 25
    for name, (passed, failed, _) in found.items():
        assert passed <= 5, name
        assert failed <= 6, name


def test_power_is_as_named():
    for name, (passed, failed, _) in rows(PAGE.read_text("utf-8"), "Power").items():
        decided = passed + failed
        low, high = (75, 86) if "80 %" in name else (35, 65)
        assert low <= decided <= high, name
        assert min(passed, failed) < 0.5, name


def test_holm_keeps_the_family():
    for none, holm in rows(PAGE.read_text("utf-8"), "Many outcomes").values():
        assert holm <= 5 < none


def interim_rows(text, heading):
    (section,) = [one for one in text.split("\n### ") if one.startswith(heading)]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    return {name: cells for name, *cells in lines[1:]}


def test_interim_analyses_keep_the_error():
    found = interim_rows(PAGE.read_text("utf-8"), "Truth at the bound")
    assert len(found) == 18
    for name, (passed, failed, *_) in found.items():
        assert float(passed) <= 3.5, name
        assert float(failed) <= 4.5, name


def test_interim_analyses_keep_the_power_and_save_cases():
    found = interim_rows(PAGE.read_text("utf-8"), "Power and size")
    assert len(found) == 10
    for name, (passed, failed, _, cases, single) in found.items():
        assert float(passed) + float(failed) >= 75, name
        assert min(float(passed), float(failed)) < 0.5, name
        assert int(cases) < int(single), name


@pytest.mark.heavy
def test_table_comes_from_the_code(tmp_path):
    """A few runs: the same cells with the same sizes, and rates that agree within chance."""
    program = runpy.run_path(str(ROOT / "benchmarks" / "gate_simulation.py"))
    program["main"](400, tmp_path / "page.md")
    new, old = (p.read_text("utf-8") for p in (tmp_path / "page.md", PAGE))
    for heading in ("Truth at the bound", "Power"):
        assert rows(new, heading).keys() == rows(old, heading).keys()
        for name, cells in rows(new, heading).items():
            assert cells == pytest.approx(rows(old, heading)[name], abs=10), name
    assert re.search(r"400 runs of each cell", new)
    for heading in ("Truth at the bound", "Power and size"):
        assert interim_rows(new, heading).keys() == interim_rows(old, heading).keys()
