"""The card in Chromium: what it loads and says, who can use it, what it shows and prints."""

import dataclasses
import io
import itertools
import re
import shutil
import subprocess
from base64 import b64encode

import numpy as np
import pytest
from PIL import Image

from xaudit.core.case import CaseIssue
from xaudit.core.text.printable import printable
from xaudit.report.cards.card import build_card
from xaudit.report.cards.pages import (
    CaseIndex,
    CasePage,
    Cell,
    IndexRow,
    Panel,
    Picture,
    render_case,
    render_index,
)
from xaudit.report.cards.render import render_crosswalk, render_html
from xaudit.report.elements.record import record

pytestmark = pytest.mark.browser
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true; })"


@pytest.fixture(scope="module")
def card(audit):
    return render_html(build_card(*audit))


@pytest.fixture(scope="module")
def whole(audit):
    return render_html(build_card(*audit), whole=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(card, show, violations, scheme):
    page = show(card, color_scheme=scheme)
    page.evaluate(OPEN_ALL)
    assert violations(page) == []
    page.get_by_role("button", name="Enlarge").first.click()
    assert violations(page) == []


def test_axe_would_see_a_violation(card, show, violations):
    page = show(card.replace('aria-label="Contents"', "").replace('lang="en"', ""))
    assert any(one.startswith("html-has-lang") for one in violations(page))


@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_page_does_not_scroll_sideways(card, show, width):
    page = show(card, viewport={"width": width, "height": 800})
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.evaluate("""w => Array.from(document.querySelectorAll("main *")).filter(one =>
        !one.closest(".scroll, dialog, .skip, .store") && one.getBoundingClientRect().right > w + 1
        ).map(one => one.outerHTML.slice(0, 200))""", width)  # fmt: skip
    assert wide == []


def test_first_screen_shows_all_that_decides(card, show):
    page = show(card, viewport={"width": 1280, "height": 900})
    assert page.locator(".answers > div").count() == 6
    parts = ("p.overall", ".reasons", ".headlines", ".answers", ".front")
    boxes = [page.locator(one).bounding_box() for one in parts]
    assert all(one["y"] < other["y"] for one, other in itertools.pairwise(boxes))
    assert boxes[-1]["y"] + boxes[-1]["height"] <= 900


def test_pictures_of_the_first_screen_are_those_of_the_gallery(card, show):
    page = show(card)
    missing = page.evaluate("""Array.from(document.querySelectorAll(".front use"))
        .filter(one => !document.getElementById(one.getAttribute("href").slice(1))).length""")
    assert missing == 0
    assert page.locator(".front .pair svg").count() == 4
    # A film and a map: two cases, none of them black.
    for picture in page.locator(".front .pair svg").all():
        shot = Image.open(io.BytesIO(picture.screenshot())).convert("L")
        assert np.asarray(shot).std() > 10


def test_the_first_printed_page_is_the_first_screen(card, show, tmp_path):
    reader = shutil.which("pdftotext")
    if not reader:
        pytest.skip("needs pdftotext (package poppler-utils)")
    for paper in ("A4", "Letter"):
        show(card).pdf(path=tmp_path / "card.pdf", format=paper)
        pages = subprocess.run([reader, str(tmp_path / "card.pdf"), "-"], check=True,
                               capture_output=True, text=True).stdout.split("\f")  # fmt: skip
        for said in ("Policy “release”", "AUC", "Where is it weakest?", "What is not known?",
                     "ROC curve; crosses", "For scale:"):  # fmt: skip
            assert said in " ".join(pages[0].split()), (paper, said)
        assert "In plain words" in pages[0] + pages[1]


def test_link_into_a_folded_table_opens_it(card, show):
    folded = re.search(r'<details class="fold">.*?</details>', card, re.DOTALL)
    marked = folded[0].replace("<tr>", '<tr id="row-here">', 2)
    page = show(card.replace(folded[0], marked), "#row-here")
    row = page.locator("#row-here").last
    assert row.is_visible()
    box = row.bounding_box()
    assert 0 <= box["y"] < 800


def test_link_into_a_closed_section_opens_it(card, show):
    page = show(card.replace("<details open>", "<details>"))
    assert not page.locator("#element-automation").is_visible()
    page.evaluate("location.hash = '#element-automation'")
    page.locator("#element-automation").wait_for(state="visible")
    page.evaluate("location.hash = '#term-sensitivity'")
    page.locator("#term-sensitivity").wait_for(state="visible")


def test_words_lead_to_the_glossary(card, show):
    page = show(card)
    targets = page.evaluate(
        "Array.from(document.querySelectorAll('a.term')).map(one => one.hash.slice(1))"
    )
    assert {"term-auc", "term-operating-point"} <= set(targets)
    for target in set(targets):
        assert page.locator(f"[id='{target}']").count() == 1


def test_every_link_in_the_page_arrives(card, show):
    page = show(card)
    lost = page.evaluate("""Array.from(document.querySelectorAll("a[href^='#']"))
        .map(one => decodeURIComponent(one.hash.slice(1)))
        .filter(id => !id.startsWith("finding=") && !document.getElementById(id))""")
    assert lost == []


def test_long_tables_are_filtered_and_printed_whole(whole, show):
    page = show(whole)
    rows = page.locator("#elements tbody tr")
    page.locator("#elements .filter input").fill("independence test")
    seen = rows.evaluate_all("all => all.filter(one => one.checkVisibility()).length")
    assert 0 < seen < 5
    page.emulate_media(media="print")
    shown = rows.evaluate_all("all => all.filter(one => one.checkVisibility()).length")
    assert shown == rows.count() == 35
    assert page.locator("#verdict .filter").count() == 0


def test_keyboard_reaches_everything(card, show):
    page = show(card)
    count = page.evaluate("""() => {
        const all = Array.from(document.querySelectorAll(
            "a[href], button, input, select, summary, [tabindex='0']"))
            .filter(one => one.checkVisibility());
        all.forEach((one, index) => { one.dataset.seen = "no"; });
        document.addEventListener("focusin", event => { event.target.dataset.seen = "yes"; });
        return all.length; }""")
    for _ in range(count + 1):
        page.keyboard.press("Tab")
    missed = page.evaluate(
        "Array.from(document.querySelectorAll('[data-seen=no]')).map(x => x.outerHTML.slice(0, 99))"
    )
    assert count > 50
    assert missed == []


def test_keyboard_opens_a_table_and_a_case(card, show):
    page = show(card)
    # Appendices are closed at first; their headings open by key too.
    for name in ("groups", "gallery"):
        page.locator(f"#{name} > details > summary").focus()
        page.keyboard.press("Enter")
    fold = page.locator("#groups details.fold").first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.evaluate("one => one.open")
    page.get_by_role("button", name="Enlarge").first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog")
    assert dialog.is_visible()
    before = dialog.locator(".panels figure").first.bounding_box()["width"]
    dialog.get_by_label("Size").focus()
    page.keyboard.press("End")
    assert dialog.locator(".panels figure").first.bounding_box()["width"] > 2 * before
    dialog.get_by_label("Strength").focus()
    page.keyboard.press("Home")
    overlay = dialog.locator(".overlay").first
    assert overlay.evaluate("one => getComputedStyle(one).opacity") == "0"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


HOSTILE = (
    "<script>alert(1)</script>", "]]>", "</script><script>alert(1)</script>", "<!--<script>",
    "\u202eevil\u2066\u200f", "a" * 5000, "{{ 7*7 }}", "javascript:alert(1)",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert(audit, show, name):
    findings, verdict, pictures = audit
    cases = tuple(dataclasses.replace(one, case_id=f"{name} {i}", groups={name: name})
                  for i, one in enumerate(findings.gallery))  # fmt: skip
    issue = CaseIssue(name, "truncated", name, "unreadable")
    hostile = dataclasses.replace(
        findings,
        gallery=cases,
        detector=dataclasses.replace(findings.detector, name=name, warnings=(name,)),
        study=dataclasses.replace(findings.study, name=name, levels={name: {name: (20, 10)}}),
        accountability=dataclasses.replace(findings.accountability, issues=(issue,)),
        declared={"intended_use": name},
        provenance={name: name},
    )
    page = show(render_html(build_card(hostile, verdict, pictures)),
                viewport={"width": 390, "height": 800})  # fmt: skip
    assert page.locator("h1").text_content() == printable(name)
    assert page.locator("script").count() == 2
    assert page.locator(".sort").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _rows(card):
    """What the first cells of folded tables say, white space apart."""
    tables = re.findall(r'<details class="fold">(.*?)</details>', card, re.DOTALL)
    return [re.sub(r"<[^>]*>", "", one) for text in tables
            for one in re.findall(r'<th scope="row">(.*?)</th>', text)]  # fmt: skip


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_whole_paper_shows_what_the_screen_folds(card, whole, show, tmp_path, paper):
    reader = shutil.which("pdftotext")
    if not reader:
        pytest.skip("needs pdftotext (package poppler-utils)")
    page = show(whole)
    page.pdf(path=tmp_path / "card.pdf", format=paper, tagged=True)
    text = subprocess.run([reader, str(tmp_path / "card.pdf"), "-"], check=True,
                          capture_output=True, text=True, timeout=60).stdout  # fmt: skip
    text = re.sub(r"\s+", "", text)
    assert len(_rows(card)) > 20
    for name in _rows(card):
        assert re.sub(r"\s+", "", name).replace("&lt;", "<").replace("&gt;", ">") in text
    for title in re.findall(r"<h2[^>]*><span[^>]*>[^<]+</span> ([^<]+)</h2>", card):
        assert re.sub(r"\s+", "", title) in text


def test_paper_shows_what_is_open(card, show, tmp_path):
    reader = shutil.which("pdftotext")
    if not reader:
        pytest.skip("needs pdftotext (package poppler-utils)")
    page = show(card)

    def printed():
        page.pdf(path=tmp_path / "card.pdf", format="A4")
        return subprocess.run([reader, str(tmp_path / "card.pdf"), "-"], check=True,
                              capture_output=True, text=True, timeout=60).stdout  # fmt: skip

    short = printed()
    assert "Does it find fractures?" in short
    assert "Elements addressed" not in short
    assert "xaudit card --print full" in " ".join(short.split())
    page.locator("#elements > details > summary").click()
    assert "Elements addressed" in printed()


def test_nothing_of_a_whole_card_is_wider_than_its_paper(whole, show):
    page = show(whole, viewport={"width": 680, "height": 900})
    page.emulate_media(media="print")
    # What is wider makes the browser shrink every page of the document.
    assert page.evaluate("document.documentElement.scrollWidth") <= 680


def _other_pages(audit):
    findings, verdict, pictures = audit
    card = build_card(findings, verdict, pictures)
    yield render_crosswalk(card, record(findings), "card.html")
    rows = (IndexRow("c 1", "#", (Cell("0.9", 0.9), Cell("miss"))),)
    yield render_index(CaseIndex("BoneNet", "One case.", ("Case", "Score", "Outcome"), rows))
    radiograph = f"data:image/png;base64,{b64encode(pictures['c0.png']).decode()}"
    panels = (Panel("radiograph"), Panel("gradcam", radiograph, ("mass: 0.2",)))
    picture = Picture(radiograph, "224", "224", ("M0,0 L0.5,0.5Z",), panels)
    yield render_case(CasePage("c 1", (("Label", "fracture"),), picture, "", "#", "#b", "#c"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out_of_the_other_pages(audit, show, violations, scheme):
    for text in _other_pages(audit):
        page = show(text, color_scheme=scheme, viewport={"width": 390, "height": 800})
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
