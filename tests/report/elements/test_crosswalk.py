import csv
import html
import re
from pathlib import Path

from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import content_hash, render_crosswalk, render_html
from xaudit.report.elements import crosswalk as module
from xaudit.report.elements.crosswalk import asked_for, crosswalk, crosswalk_csv, frameworks
from xaudit.report.elements.fields import ALL
from xaudit.report.elements.record import record

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


def test_the_page_of_its_own_links_to_each_element_of_the_card(audit):
    card = build_card(*audit)
    page, whole = render_crosswalk(card, record(audit[0]), "card.html"), render_html(card)
    for one in ALL:
        assert f'href="card.html#element-{one.name}"' in page
        assert f'id="element-{one.name}"' in whole
    assert "<img" not in page
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL).group(1)
        assert f"{tag}-src '{content_hash(content)}'" in html.unescape(page)
    assert "complian" not in page.lower()


def test_the_table_holds_the_status_of_each_element(audit):
    rows = list(csv.reader(crosswalk_csv(record(audit[0])).splitlines()))
    assert len(rows) == 36
    assert rows[0][:3] == ["Element", "Status", "FDA draft 2025"]
    assert {row[1] for row in rows[1:]} <= {"measured", "declared", "derived", "missing"}
