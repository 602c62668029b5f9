"""`xaudit compare` as a user meets it: two versions of a detector on one table."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from xaudit.commands import main

ROOT = Path(__file__).parents[2]
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def audits(tmp_path_factory):
    """The old table, and one in which the fractures of boys are given low scores."""
    base = tmp_path_factory.mktemp("compare")
    folder = Path(shutil.copytree(ROOT / "examples", base / "examples"))
    config, table = folder / "small-predictions.yaml", folder / "small-predictions.csv"
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows[0]["film"] = HOSTILE
    _write(table, rows)
    assert main(["run", str(config), "--out", str(folder / "old")]) == 0
    for row in rows:
        if row["sex"] == "M" and row["fracture"] == "1" and row["score"]:
            row["score"] = str(float(row["score"]) / 4)
    _write(table, rows)
    assert main(["run", str(config), "--out", str(folder / "new")]) == 0
    return folder / "old", folder / "new"


def _write(table, rows):
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_report_in_three_forms(xaudit, audits, tmp_path):
    out = tmp_path / "changes.html"
    code, printed, err = xaudit("compare", *audits, "--out", out)
    assert code == 0, err
    assert str(out) in printed.replace("\n", "")
    page, text = out.read_text("utf-8"), out.with_suffix(".md").read_text("utf-8")
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("#", "data:")) for source in sources)
    assert "<img" not in page
    assert "<img" not in text
    assert "Change report" in page
    assert "Model card" not in page
    content = json.loads(out.with_suffix(".json").read_text("utf-8"))
    assert content["cases"] == content["patients"] or content["unit"] == "patient"
    twin = re.search(r'id="twin">(.*?)</script>', page, re.DOTALL).group(1)
    assert json.loads(twin) == content


def test_the_group_that_got_worse_is_named(xaudit, audits, tmp_path):
    out = tmp_path / "changes.html"
    xaudit("compare", *audits, "--out", out)
    text = out.with_suffix(".md").read_text("utf-8")
    answer = text.split("**Who fares worse?**")[1].split("\n")[0]
    assert "sex male" in answer.split("counted: ")[1]
    assert "sex female" not in answer
    assert "Fewer than before." in text


def test_the_same_bytes_again(xaudit, audits, tmp_path):
    for name in ("one", "two"):
        xaudit("compare", *audits, "--out", tmp_path / f"{name}.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_mistakes_are_told(xaudit, audits, tmp_path):
    code, _out, err = xaudit("compare", audits[0], tmp_path / "nothing")
    assert code == 2
    assert "not found" in err
