import html
import re
import shutil
import subprocess
from dataclasses import replace
from urllib.parse import quote

import pytest

from xaudit.core.estimate import Estimate
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import content_hash, render_html, render_markdown
from xaudit.report.elements.fields import ALL
from xaudit.report.exports.cyclonedx import cyclonedx_json
from xaudit.report.exports.huggingface import huggingface_card
from xaudit.report.view import figures
from xaudit.report.view.assets import template_root


@pytest.fixture
def dump(tmp_path):
    """Open a page in Chromium; its elements after the script has run, and its messages."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs chromium (package chromium)")

    def run(text, place=""):
        (tmp_path / "card.html").write_text(text, "utf-8")
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                   "--no-first-run", "--disable-background-networking", "--disable-sync",
                   f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
                   "--dump-dom", f"file://{tmp_path / 'card.html'}{place}"]  # fmt: skip
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture(scope="module")
def page(audit):
    return render_html(build_card(*audit))


def test_card_is_the_same_to_the_byte(audit, page):
    assert render_html(build_card(*audit)) == page


def test_names_from_data_stay_text(audit, page):
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert "<img" not in render_markdown(build_card(*audit))


ACTS = "\x1b[31m\x07\x9b2J \u202egpj.exe\u2066 \ud800 :smile: https://e.vil @all ::error::x"
NEVER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(scope="module")
def acting(audit):
    """Findings and a verdict in which every name does something where it is shown raw."""
    findings, verdict, pictures = audit
    study = replace(findings.study, name=ACTS, levels={ACTS: {ACTS: (60, 14), "b": (540, 186)}})
    detector = replace(findings.detector, name=ACTS, version=ACTS)
    declared = {name: ACTS for name in findings.declared}
    changed = replace(findings, study=study, detector=detector, declared=declared)
    return changed, replace(verdict, policy=ACTS), pictures


def test_no_name_acts_on_a_page(acting):
    card = build_card(*acting)
    text = render_html(card)
    assert not NEVER.search(text)
    assert r"\x1b[31m\x07\x9b2J \u202egpj.exe" in text
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    assert f"script-src '{content_hash(script)}'" in html.unescape(text)


def test_no_name_acts_in_markdown(acting):
    findings, verdict, _ = acting
    for text in (render_markdown(build_card(*acting)), huggingface_card(findings, verdict)):
        assert not NEVER.search(text)
        body = text.rpartition("---\n")[2]
        assert ":smile:" not in body
        assert "https://" not in body
        assert "@all" not in body
    assert cyclonedx_json(findings).isascii()


def test_nothing_is_requested(page):
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("#", "data:")) for source in sources)
    assert "style=" not in page


def test_policy_allows_exactly_the_two_blocks(page):
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL).group(1)
        assert f"{tag}-src '{content_hash(content)}'" in html.unescape(page)


def test_nothing_measured_still_makes_a_card(minimal):
    text = render_html(build_card(minimal, None, {}))
    assert "not measured" in text
    assert "No policy was judged" in text
    assert render_markdown(build_card(minimal, None, {}))


def test_every_element_has_a_status(audit, page):
    assert len(ALL) == 35
    assert "Of 35 elements" in page
    assert "compliant" not in page


def test_people_come_before_measures(page):
    assert page.index("found 158 of 200 fractures") < page.index('id="performance"')


def test_script_is_small():
    sizes = [path.stat().st_size for path in template_root().glob("*.js")]
    assert len(sizes) == 3
    assert sum(sizes) < 20_000


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_has_contrast_in_both_modes():
    css = (template_root() / "card.css").read_text("utf-8")
    blocks = re.findall(r":root\{([^}]*)\}", css)
    assert len(blocks) == 2
    for block in blocks:
        colors = dict(re.findall(r"--(\w+):(#\w{6})", block))
        paper = luminance(colors["paper"])
        for name in ("ink", "soft", "accent", "pass", "fail", "inconclusive", "waived"):
            low, high = sorted((paper, luminance(colors[name])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, name


def test_only_one_file_rounds():
    for path in (template_root().parent / "xaudit" / "report").rglob("*.py"):
        if path.name != "numbers.py":
            assert not re.search(r"\{[^{}]*:[.,+]?\d*[.,][\df%]", path.read_text("utf-8")), path
    for path in template_root().rglob("*.j2"):
        assert not re.search(r"round|format", path.read_text("utf-8")), path


@pytest.mark.browser
def test_whole_card_prints_every_section(audit, tmp_path):
    page = render_html(build_card(*audit), whole=True)
    chromium, reader = shutil.which("chromium"), shutil.which("pdftotext")
    if not chromium or not reader:
        pytest.skip("needs chromium and pdftotext (packages chromium, poppler-utils)")
    (tmp_path / "card.html").write_text(page, "utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
               "--no-first-run", "--disable-background-networking", "--disable-sync",
               f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer",
               f"--print-to-pdf={tmp_path / 'card.pdf'}",
               f"file://{tmp_path / 'card.html'}"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    text = subprocess.run([reader, str(tmp_path / "card.pdf"), "-"], check=True,
                          capture_output=True, text=True, timeout=60).stdout  # fmt: skip
    for title in ("Does it find fractures?", "Elements addressed", "Glossary"):
        assert title in text
    assert "Page 1 of" in text


@pytest.mark.browser
def test_script_runs_under_the_policy_of_the_page(page, dump):
    shown = dump(page)
    assert 'class="open"' in shown.stdout
    assert 'class="sort"' in shown.stdout
    assert "Content Security Policy" not in shown.stderr
    assert "CONSOLE" not in shown.stderr


@pytest.mark.browser
def test_each_finding_has_an_address(audit, page, dump):
    one = next(one for one in audit[0].findings if one.scope.get("level") == "hand")
    shown = dump(page, f"#finding={quote(one.id, safe='')}")
    listed = re.search(r'id="explorer">(.*?)</section>', shown.stdout, re.DOTALL).group(1)
    assert f"1 of {len(audit[0].findings)} findings" in listed
    assert listed.count("<tr>") == 2
    assert "CONSOLE" not in shown.stderr


@pytest.mark.browser
def test_tables_sort_by_size_with_the_unknown_last(page, dump):
    rows = ["12/40", "—", "−3 points", "9 %", "1\u202f200"]
    table = "".join(f'<tr><th scope="row">{i}</th><td>x</td><td>{r}</td></tr>'
                    for i, r in enumerate(rows))  # fmt: skip
    head = "<thead><tr><th>a</th><th>b</th><th>c</th></tr></thead>"
    text = re.sub(r"<meta http-equiv[^>]*>", "", page)
    text = text.replace("<section", f"<section><table>{head}<tbody id=t>{table}</tbody></table>"
                        "</section><section", 1)  # fmt: skip
    click = """<script>var seen = [];
      for (var i = 0; i < 3; i++) {
        document.querySelector("#t").closest("table").querySelectorAll(".sort")[2].click();
        seen.push(Array.from(document.querySelectorAll("#t th")).map(x => x.textContent).join(""));
      }
      document.title = seen.join(" ");</script></body>"""
    shown = dump(text.replace("</body>", click))
    assert "<title>23041 40321 01234</title>" in shown.stdout


def test_flow_adds_up(audit):
    text = figures.flow(audit[0].accountability)
    boxes = {k: int(v) for k, v in re.findall(r"strong\"[^>]*>([^<:]+): (\d+)<", text)}
    out = boxes["Excluded by a rule"]
    assert boxes["Listed"] == out + boxes["Without a score"] + boxes["Scored"]
    assert boxes["Listed"] - out == boxes["Sampled to be explained"] + boxes["Not sampled"]
    drawn = boxes["With every map"] + boxes["Without all maps"]
    assert boxes["Sampled to be explained"] == drawn


def test_columns_of_a_forest_plot_do_not_touch():
    one = Estimate(0.9687, 0.9642, 0.9721, "Wilson", k=13046, n=13476, clusters=6000)
    drawing = figures.forest("x", [figures.ForestRow("Siemens", one)], 0.968, 0.9)
    shown = dict(re.findall(r'<text class="label[^"]*" x="(\d+)" y="\d+">([^<]+)', drawing))
    places = {text: int(x) for x, text in shown.items()}
    assert places["96.9 % (96.4–97.2)"] > places["13046/13476"]
    assert 'class="label end" x="882"' in drawing


def test_names_of_near_lines_stand_on_either_side():
    one = Estimate(0.9, 0.8, 0.95, "Wilson", k=90, n=100, clusters=100)
    near = figures.forest("x", [figures.ForestRow("a", one)], 0.93, 0.9)
    assert re.search(r'"label end floor-label"[^>]*>floor 90 %', near)
    assert re.search(r'"label start overall-label"[^>]*>overall 93 %', near)
    far = figures.forest("x", [figures.ForestRow("a", one)], 0.93, 0.5)
    assert re.search(r'"label mid floor-label"', far)
