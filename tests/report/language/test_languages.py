"""Languages: every message is translated, nothing leaks, and English stays what it was."""

import dataclasses
import html
import re
import shutil
import subprocess
import threading
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from language_files import STORED, catalog, compiled, forms, source
from page_messages import messages, stored_of_code

from xaudit.audit.store.files import read_findings
from xaudit.core.estimate import Estimate
from xaudit.core.message import PLACE, Message, counted, inner
from xaudit.errors import ConfigError, ExitCode
from xaudit.pipeline.card import pictures_of
from xaudit.pipeline.judge import saved_verdict
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import content_hash, render_html, render_markdown
from xaudit.report.elements.crosswalk import crosswalk
from xaudit.report.language import translation as language
from xaudit.report.language.catalog import English
from xaudit.report.language.translation import languages, speaking, told, tr, trn
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.model import Table

CATALOGS = sorted(language.FOLDER.glob("*.po"))
GERMAN = language.FOLDER / "de.po"
SAMPLE = Path(__file__).parents[3] / "reports" / "sample"
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|not|with|for|from|which|that|its|were|this|has|have|by|to|no|at|"
    r"every|each|cases|found|maps?|shown|share|under|over|without|needed|likeness)\b",
    re.IGNORECASE,
)


TERMS = ("Method of Variance Estimates Recovery",)
"""English in German too."""


@pytest.fixture(scope="module")
def sample():
    findings = read_findings(SAMPLE)
    return findings, saved_verdict(SAMPLE), pictures_of(SAMPLE, findings)


@pytest.fixture(scope="module")
def card(sample):
    with speaking("de"):
        built = build_card(*sample)
        return render_html(built), render_markdown(built)


# The catalogs


def test_german_is_shipped():
    assert languages()["de"] == "Deutsch"


each_catalog = pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.stem)


def places(text):
    return {name for name, _ in PLACE.findall(text)}


@each_catalog
def test_what_is_read_at_run_time_is_what_translators_wrote(path):
    assert path.with_suffix(".mo").read_bytes() == compiled(path), "run `make languages`"


@each_catalog
def test_catalog_holds_every_message_and_no_other(path):
    known = {source(one) for one in catalog(path) if one.context is None}
    assert not set(messages()) - known, "without translation"
    assert not known - set(messages()), "no longer used"


@each_catalog
def test_catalog_holds_every_message_that_audits_store_and_no_other(path):
    known, wanted = (
        {source(one) for one in catalog(path) if one.context == STORED},
        stored_of_code(),
    )
    assert not wanted - known, "without translation"
    assert not known - wanted, "no longer stored"


@each_catalog
def test_places_and_spaces_are_those_of_the_source(path):
    for one in catalog(path):
        for form in forms(one) if one.context != "language" else ():
            where = f"{path.name}, line {one.lineno}"
            assert form.strip(), f"{where}: empty"
            assert places(form) == places(source(one)), where
            assert form[:1].isspace() == source(one)[:1].isspace(), where
            assert form[-1:].isspace() == source(one)[-1:].isspace(), where


@each_catalog
def test_no_message_stands_twice_or_is_unsure(path):
    # Babel puts equal messages together; the text of the file shows them.
    blocks = re.findall(
        r'^(?:msgctxt .*\n)?msgid (?:.*\n)(?:".*\n)*', path.read_text("utf-8"), re.M
    )
    assert len(blocks) == len(set(blocks)) == len(catalog(path)) + 1
    assert not [one for one in catalog(path) if one.fuzzy]


@each_catalog
def test_only_counted_messages_have_forms(path):
    found = messages()
    for one in catalog(path):
        counted_one = one.context is None and found[source(one)]
        assert (len(forms(one)) > 1) == counted_one, source(one)


# The German card


def texts_of(thing):
    """Every text that nobody translates in the messages of an audit."""
    if isinstance(thing, Message):
        for value in thing.params.values():
            yield from ([value] if type(value) is str else texts_of(value))
    elif dataclasses.is_dataclass(thing):
        yield from texts_of([getattr(thing, field.name) for field in dataclasses.fields(thing)])
    elif isinstance(thing, dict):
        yield from texts_of([*thing.values()])
    elif isinstance(thing, (list, tuple)):
        for one in thing:
            yield from texts_of(one)


def test_no_part_of_a_message_lost_what_it_says(sample):
    known = {source(one) for one in catalog(GERMAN) if one.context == STORED}
    assert not set(texts_of(sample[:2])) & known
    estimates = [one.estimate for one in sample[0].findings]
    said = {text for one in estimates for text in (one.method, one.undefined, one.caution) if text}
    assert len(said) > 100
    assert all(isinstance(text, Message) for text in said)


INLINE = re.compile(r'<(a class="term"|span class="n")[^>]*>(.*?)</(?:a|span)>')


class Words(HTMLParser):
    """What a reader sees or hears, with whether it is marked as English."""

    def __init__(self, page):
        super().__init__()
        self.open, self.found = [], []
        self.feed(INLINE.sub(r"\2", page))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag not in {"meta", "link", "input", "image", "use", "path", "br"}:
            self.open.append((tag, values.get("lang") == "en"))
        if values.get("aria-label"):
            self.found.append((values["aria-label"], False))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tags = {tag for tag, _ in self.open}
        if data.strip() and not tags & {"style", "script"}:
            self.found.append((data.strip(), any(english for _, english in self.open)))


def strings(thing):
    if dataclasses.is_dataclass(thing):
        thing = [getattr(thing, field.name) for field in dataclasses.fields(thing)]
    if isinstance(thing, dict):
        yield from strings([*thing.keys(), *thing.values()])
    elif isinstance(thing, (list, tuple)):
        for one in thing:
            yield from strings(one)
    elif isinstance(thing, str):
        yield thing


def of_the_user(findings, verdict):
    """Names and texts that nobody translates, the longest first."""
    device, study = findings.detector, findings.study
    rules = [[one.rule.id, one.rule.metric, one.scope] for one in verdict.outcomes]
    found = strings([
        findings.declared, findings.statements, findings.audit.name, verdict.policy, rules,
        [device.name, device.architecture, device.operating_points, device.target_layer],
        [study.name, study.source, study.license, study.levels, findings.provenance],
        [[one.name, one.params] for one in findings.methods],
        [one.case_id for one in findings.gallery],
        [one.name.replace("_", " ") for one in findings.metrics],
        [one.scope for one in findings.findings], list(crosswalk().values()),
        [cell.split("; ") for one in crosswalk().values() for cell in one.values()],
    ])  # fmt: skip
    return sorted({one for one in found if len(one) > 1}, key=len, reverse=True)


def without(text, names):
    return _pattern(tuple(names)).sub(" ", text)


@cache
def _pattern(names):
    return re.compile("|".join(map(re.escape, (*TERMS, *names))), re.IGNORECASE)


def test_no_english_of_ours_remains(sample, card):
    names = of_the_user(*sample[:2])
    words = [without(text, names) for text, marked in Words(card[0]).found if not marked]
    assert len(words) > 2000
    assert not [text for text in words if ENGLISH.search(text)]


def test_what_is_marked_as_english_is_a_name_or_a_place_in_guidance(sample, card):
    marked = [text for text, marked in Words(card[0]).found if marked]
    names = of_the_user(*sample[:2])
    assert marked
    assert not [text for text in marked if ENGLISH.search(without(text, names))]


def test_what_is_the_same_in_both_languages_is_no_prose(sample, card):
    english = {text for text, _ in Words(render_html(build_card(*sample))).found}
    same = {source(one) for one in catalog(GERMAN) if forms(one) == (source(one),)}
    names = of_the_user(*sample[:2])
    both = [text for text, marked in Words(card[0]).found if text in english and not marked]
    rest = [without(text, names) for text in both if text not in same]
    assert not [text for text in rest if re.search(r"[A-Za-z]{4,} [a-z]{3,}", text)]


def test_markdown_is_german_too(sample, card):
    names = [one for name in of_the_user(*sample[:2]) for one in (name, name.replace("_", r"\_"))]
    lines = card[1].splitlines()
    assert "# " in card[1]
    assert not [one for one in lines if ENGLISH.search(without(html.unescape(one), names))]


def test_page_says_its_language(sample, card):
    assert '<html lang="de">' in card[0]
    assert '<html lang="en">' in render_html(build_card(*sample))


def test_numbers_have_a_comma_in_text_and_a_point_in_drawings_and_data(sample, card):
    page, names = card[0], of_the_user(*sample[:2])
    shown = [without(text, names) for text, _ in Words(page).found]
    assert any(re.search(r"\d,\d+ \(\d,\d+–\d,\d+\)", text) for text in shown)
    assert not any(re.fullmatch(r"[\d.–() ]*\d\.\d[\d.–() ]*", text) for text in shown)
    assert not re.search(r' (?:x1?|y1?|cx|cy|width)="\d+,', page)
    assert re.search(r'"value":0\.\d', page)


def test_data_of_the_page_are_those_of_the_english_one(sample, card):
    twin = re.compile(r'id="twin">(.*?)</script>', re.DOTALL)
    english = render_html(build_card(*sample))
    # Compared by truth alone: a difference of megabytes is not worth printing.
    assert (twin.search(card[0])[1] == twin.search(english)[1]) is True
    anchors = re.compile(r' id="([^"]*)"')
    assert sorted(anchors.findall(card[0])) == sorted(anchors.findall(english))
    places = re.findall(r' href="#([^"]*)"', card[0])
    assert {one for one in places if "finding=" not in one} <= set(anchors.findall(card[0]))


def test_names_stay_inert_in_german(audit):
    with speaking("de"):
        built = build_card(*audit)
        page, text = render_html(built), render_markdown(built)
    assert "<img" not in page
    assert "<img" not in text
    assert page.count("</script>") == 2


def test_hostile_name_in_a_stored_sentence_is_neither_run_nor_filled(audit):
    findings, verdict, pictures = audit
    why = Message("not to be judged: {why}", why="{0.__class__} </script><img src=x>")
    outcomes = tuple(dataclasses.replace(one, why=why) for one in verdict.outcomes)
    with speaking("de"):
        page = render_html(
            build_card(findings, dataclasses.replace(verdict, outcomes=outcomes), pictures)
        )
    assert "nicht zu beurteilen: {0.__class__} &lt;/script&gt;" in page
    assert "<img" not in page


def test_nothing_measured_makes_a_german_card(minimal):
    with speaking("de"):
        page = render_html(build_card(minimal, None, {}))
    assert "Es wurde kein Regelwerk angewandt" in page
    assert not [text for text, _ in Words(page).found if re.search(r"\bnot measured\b", text)]


def test_script_speaks_and_reads_commas(card):
    script = re.findall(r"<script>(.*?)</script>", card[0], re.DOTALL)[-1]
    assert '"Vergrößern"' in script
    assert "tr(" not in script
    assert 'replace(",", ".")' in script
    assert '"Seite " counter(page) " von "' in card[0]


# Messages that audits store


MASS = Message("{share} of the positive attribution lies in the fracture at best ({method})",
               share=Message("{n:.1f} %", n=0.31), method="lime")  # fmt: skip


@pytest.mark.parametrize(("message", "english", "german"), [
    (Message("{n} {what}, {least} needed for an estimate", n=5, what=Message("positives"),
             least=10),
     "5 positives, 10 needed for an estimate",
     "5 Fälle mit Fraktur, 10 für eine Schätzung nötig"),
    (Message("lower limit {limit} is not under the floor {bound:g}",
             limit=Message("{limit:.3f}", limit=0.96412), bound=0.85),
     "lower limit 0.964 is not under the floor 0.85",
     "untere Grenze 0,964 liegt nicht unter der Untergrenze 0,85"),
    (Message("there is no value: {why}",
             why=Message("the subgroup: {why}", why=Message("no positive cases"))),
     "there is no value: the subgroup: no positive cases",
     "es gibt keinen Wert: die Subgruppe: keine Fälle mit Fraktur"),
    (Message("operating point {name} was chosen on this study, so its figures prove nothing",
             name="'1.0 of 2'"),
     "operating point '1.0 of 2' was chosen on this study, so its figures prove nothing",
     "der Arbeitspunkt '1.0 of 2' wurde anhand dieser Studie gewählt, daher belegen seine Werte "
     "nichts"),
    (Message("{reason}; {group}, where maps rest least on fractures, mean {mean} in {cases} cases",
             reason=MASS, group="view lateral", mean=Message("{n:.0f} %", n=12), cases=31),
     "0.3 % of the positive attribution lies in the fracture at best (lime); view lateral, where "
     "maps rest least on fractures, mean 12 % in 31 cases",
     "0,3 % der positiven Attribution liegen bestenfalls in der Fraktur (lime); view lateral, wo "
     "die Karten am wenigsten auf den Frakturen liegen, im Mittel 12 % in 31 Fällen"),
    (Message("MOVER of two intervals ({first}; {second})", second=Message("Wilson"),
             first=Message("{method}, logit", method=Message("DeLong"))),
     "MOVER of two intervals (DeLong, logit; Wilson)",
     "MOVER aus zwei Konfidenzintervallen (DeLong, Logit; Wilson)"),
    (Message("{names} and {n} more", names=["a", counted("site")], n=12345.5),
     "a, sites and 12345.5 more", "a, Standorte und 12345,5 weitere"),
    (Message("{a:,} {b:.1e}", a=-1234, b=1e-5), "-1,234 1.0e-05", "−1\u202f234 1,0e−05"),
])  # fmt: skip
def test_messages_are_told_in_each_language(message, english, german):
    assert told(message) == english
    with speaking("de"):
        assert told(message) == german


def test_a_sentence_inside_of_another_has_a_translation_of_its_own():
    with speaking("de"):
        question = inner(Message("Does the strongest pixel lie on a lesion?"))
        assert not isinstance(told(question), English)


@pytest.mark.parametrize("text", [
    "", "The maker's own words.", "no positive cases", "5 positives, 10 needed for an estimate",
    "{n} {what}", "x" * 5000, Message("of no catalog {n}", n=1.5),
])  # fmt: skip
def test_what_others_wrote_stays_as_it_is_and_is_marked(text):
    with speaking("de"):
        assert told(text) == text
        assert isinstance(told(text), English)


def test_levels_of_ours_are_translated_and_names_are_not():
    with speaking("de"):
        assert named("under 5 × not recorded") == "unter 5 × nicht erfasst"
        assert named("0.5 to under 12") == "0,5 bis unter 12"
        assert named("under the bridge") == "under the bridge"
    assert named("0.5 to under 12") == "0.5 to under 12"


# The mechanism


def test_language_ends_with_its_block_and_is_not_seen_by_others():
    heard = []
    with speaking("de"):
        thread = threading.Thread(target=lambda: heard.append(tr("Case")))
        thread.start()
        thread.join()
        with speaking("en"):
            assert tr("Case") == "Case"
        assert tr("Case") == "Fall"
    assert heard == ["Case"]
    with pytest.raises(ZeroDivisionError), speaking("de"):
        raise ZeroDivisionError
    assert tr("Case") == "Case"


def test_english_is_the_same_before_and_after(audit):
    before = render_html(build_card(*audit))
    with speaking("de"):
        render_html(build_card(*audit))
    assert render_html(build_card(*audit)) == before


def test_numbers_choose_the_form():
    with speaking("de"):
        assert trn("{sites} sites", 1, sites="1") == "1 Standort"
        assert trn("{sites} sites", 2, sites="2") == "2 Standorte"
    assert trn("{sites} sites", 1, sites="1") == "1 sites"


def test_numbers_are_written_the_german_way():
    one = Estimate(-0.0213, -0.0412, 0.0012, "x", n=3)
    with speaking("de"):
        assert numbers.estimate(one, signed=True) == "−2,1 %-Punkte (−4,1 bis +0,1)"
        assert numbers.percent(0.123) == "12 %"
        assert numbers.percent(0.023) == "2,3 %"
        assert numbers.whole(20327) == "20\u202f327"
        assert numbers.plain(0.00001234) == "1,2e−05"
        assert numbers.bound(0.125, "proportion") == "12,5 %"
        assert numbers.written("0.25") == "0,25"
        assert numbers.written("v1.2.3") == "v1.2.3"
        assert numbers.size(1.25) == "1.25"


def test_unknown_language_is_a_mistake_of_usage_that_lists_what_there_is():
    with pytest.raises(ConfigError, match=r"de \(Deutsch\)") as caught, speaking("../de"):
        pass
    assert caught.value.exit_code == ExitCode.USAGE


def test_another_language_is_a_file(tmp_path, monkeypatch):
    text = GERMAN.read_text("utf-8").replace("Deutsch", "Test").replace('"Fall"', '"Casus"')
    (tmp_path / "xx.po").write_text(text, "utf-8")
    (tmp_path / "xx.mo").write_bytes(compiled(tmp_path / "xx.po"))
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    assert languages() == {"en": "English", "xx": "Test"}
    with speaking("xx"):
        assert tr("Case") == "Casus"


@pytest.mark.browser
def test_german_script_runs_and_sorts_by_commas(sample, tmp_path):
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs chromium (package chromium)")
    rows = tuple((one, "", "") for one in ("12,5 %", "−0,4", "—", "1\u202f200", "12,4 %"))
    with speaking("de"):
        built = build_card(*sample)
        table = Table("Sortiert", ("Wert", "a", "b"), rows)
        first = dataclasses.replace(built.sections[0], tables=(table,))
        page = render_html(dataclasses.replace(built, sections=(first, *built.sections[1:])))
    click = "document.querySelector('section button.sort').click()"
    # The click is part of the page's own script, so that its policy allows it.
    old = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[-1]
    page = page.replace(old, f"{old}\n{click}")
    page = page.replace(
        html.escape(content_hash(old)), html.escape(content_hash(f"{old}\n{click}"))
    )
    (tmp_path / "card.html").write_text(page, "utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
               "--no-first-run", "--disable-background-networking", "--disable-sync",
               f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
               "--dump-dom", f"file://{tmp_path / 'card.html'}"]  # fmt: skip
    shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in shown.stderr
    assert re.search(r"\d+ von \d+ Ergebnissen", shown.stdout)
    body = shown.stdout.split("Sortiert</caption>")[1].split("</tbody>")[0]
    assert re.findall(r'<th scope="row">(.*?)</th>', body) == [
        "−0,4",
        "12,4 %",
        "12,5 %",
        "1\u202f200",
        "—",
    ]


def test_german_values_stay_on_one_line_and_words_lead_to_the_glossary(card):
    assert re.search(r'<span class="n">[−+]?[\d,]+ %-Punkte \([^)<]* bis [^)<]*\)</span>', card[0])
    assert re.search(r'<a class="term" href="#term-sensitivity">Sensitivität</a>', card[0])
    assert '<div id="term-operating-point"><dt>Arbeitspunkt</dt>' in card[0]
