import csv
import re
from pathlib import Path

from xaudit.report import crosswalk as module
from xaudit.report.crosswalk import asked_for, crosswalk, frameworks
from xaudit.report.fields import ALL

PATH = Path(module.__file__).with_name("crosswalk.csv")


def test_each_element_has_exactly_one_row_in_the_order_of_the_card():
    with PATH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[1:]] == [one.name for one in ALL]
    assert {len(row) for row in rows} == {11}
    assert not any(cell != cell.strip() for row in rows for cell in row)


def test_each_element_is_asked_for_somewhere_and_each_framework_asks():
    for name, places in crosswalk().items():
        assert any(places.values()), name
        assert asked_for(name)
    for framework in frameworks():
        assert any(places[framework] for places in crosswalk().values()), framework


def test_hti_numbers_that_were_not_checked_say_so():
    """Of its 31 attributes only 5 to 23 were compared with a published disclosure."""
    for name, places in crosswalk().items():
        for part in filter(None, places["HTI-1"].split("; ")):
            numbers = [int(one) for one in re.findall(r"\d+", part)]
            checked = all(5 <= one <= 23 for one in numbers)
            assert checked or "unverified" in places["HTI-1"], name


def test_one_line_names_each_framework_once():
    line = asked_for("intended_use")
    assert line.startswith("FDA VI.B, App. E; AI Act Annex IV(1)(a)")
    assert line.count("CLAIM") == 1
    assert "CycloneDX" not in line


def test_nobody_is_called_compliant():
    assert "complian" not in PATH.read_text(encoding="utf-8").lower()
