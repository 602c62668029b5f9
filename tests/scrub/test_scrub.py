"""A scrubbed copy: nothing personal is in any file of it, small groups cannot be worked out."""

import base64
import csv
import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.gallery.pages import write_pages
from xaudit.audit.store.files import read_findings, read_json
from xaudit.audit.store.store import CaseRow
from xaudit.compare.paired_audits import read_cases, read_pair
from xaudit.core.record.finding import Findings
from xaudit.core.record.policy import Verdict
from xaudit.data.file_hash import file_sha256
from xaudit.errors import ConfigError
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.judge import judge_audit
from xaudit.pipeline.predictions import run_predictions
from xaudit.report.language.translation import speaking
from xaudit.scrub.copy import scrubbed, write_copy
from xaudit.scrub.groups import is_withheld, shown_groups
from xaudit.scrub.levels import is_place, says_too_much, years_only
from xaudit.scrub.texts import TextCleaner
from xaudit.verify.verify import verify_card, verify_folder

SITES = ("St. Mary", "Graz", "Linz")
OWNER, REASON = "Maria Muster", "as the film of Hans Huber was lost, tel. 0316 555"
POLICY = f"""\
name: small
rules:
  - {{id: auc, metric: auc, floor: 0.5, reason: "{REASON}"}}
  - {{id: young, metric: sensitivity, where: {{group: age, level: "93"}}, floor: 0.1, reason: old}}
  - {{id: site, metric: specificity, where: {{group: site, level: Graz}}, floor: 0.99, reason: r}}
waivers:
  - {{rule: site, where: {{group: site, level: Graz}}, reason: "{REASON}", owner: {OWNER},
     expires: 2999-01-01}}
"""


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    """A judged audit of a table of 300 patients in which much is personal."""
    folder = tmp_path_factory.mktemp("scrub")
    rng = np.random.default_rng(4)
    with (folder / "scores.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["film", "person", "label", "score", "site", "age", "seen", "sex"])
        for n in range(300):
            age = "93" if n < 9 else ("20-39", "40-59", "60-89")[n % 3]
            seen = "2019-03-05" if n % 2 else "2020"
            label, sex = n % 2, "FM"[n // 7 % 2] if n > 2 else "X"
            score = float(np.clip(rng.normal(0.35 + 0.3 * label, 0.15), 0.01, 0.99))
            if n == 40:
                score = 0.5
            film, person, site = f"HUBER-{n:04d}.png", f"MRN{n // 2}", SITES[n // 2 % 3]
            rows.writerow([film, person, label, score, site, age, seen, sex])
    names = ("id", "patient", "label", "score", "site")
    columns = dict(zip(names, ("film", "person", "label", "score", "site"), strict=True))
    content = {
        "name": "table",
        "data": {
            "table": "scores.csv", "columns": columns, "source": "Archive of Dr. Huber",
            "dates": "2019-03-05 to 2020-11-30", "intersections": {"of": ["sex", "age"]},
            "groups": {one: {"column": one} for one in ("age", "seen", "sex")},
        },
        "detector": {
            "format": "predictions", "name": "d", "score": "probability",
            "operating_points": [
                {"name": "half", "probability": 0.5, "origin": "fixed", "note": "by Dr. Huber"}
            ],
        },
        "statistics": {"minimum": [2, 5], "draws": 200},
        "policy": "policy.yaml",
    }  # fmt: skip
    (folder / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    out = folder / "out"
    run_predictions(folder / "audit.yaml", out, Overrides(keep_key=folder / "key"), None)
    judge_audit(out)
    return out


@pytest.fixture(scope="module")
def copy(audit, tmp_path_factory):
    before = {path: path.read_bytes() for path in audit.rglob("*") if path.is_file()}
    out = write_copy(scrubbed(audit), audit, tmp_path_factory.mktemp("copy") / "copy")
    after = {path: path.read_bytes() for path in audit.rglob("*") if path.is_file()}
    assert after == before, "the original was touched"
    return out


def text_of(folder):
    """All that stands in any file, with what is encoded in it."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("utf-8")
            found += [path.name, content, *map(_decoded, re.findall(r"base64,([\w+/=]+)", content))]
    return "\n".join(found)


def _decoded(text):
    return base64.b64decode(text).decode("latin-1")


def test_nothing_personal_is_in_any_file(audit, copy):
    text, rows = text_of(copy), read_cases(audit).values()
    for secret in (
        "HUBER", "Huber", "MRN", OWNER, "0316 555", *SITES, "2019-03-05", "2020-11-30",
        "scores.csv", *(row.patient for row in rows), *(row.case_id for row in rows),
    ):  # fmt: skip
        assert secret not in text, secret
    assert '"93"' not in text
    assert {path.name for path in copy.iterdir()} == {
        "plan.json", "findings.json", "hashes.json", "verdict.json", "card.html", "card.md",
    }  # fmt: skip


def test_copy_verifies_and_says_of_what_it_is_one(audit, copy):
    checks = verify_folder(copy)
    assert [one for one in checks if one.differences] == []
    left_out = next(one.left_out for one in checks if one.name.startswith("per-case"))
    original = file_sha256(audit / "hashes.json")
    assert original in left_out
    assert all(not one.differences for one in verify_card(copy / "card.html"))
    findings, whole = read_findings(copy), read_findings(audit)
    assert findings.scrubbed.original == original
    assert findings.scrubbed.plan_sha256 == whole.audit.plan_sha256
    assert findings.audit.plan_sha256 != whole.audit.plan_sha256
    page = (copy / "card.html").read_text("utf-8")
    assert original in page
    assert "Scrubbed copy of the audit" in page
    assert "Taken out or replaced: ids of cases" in page
    assert findings.study.dates == "2019 to 2020"


def test_copy_is_printed_in_other_languages(copy, tmp_path):
    with speaking("de"):
        page = write_cards(copy, tmp_path / "karte.html").read_text("utf-8")
    for said in (
        "Bereinigte Kopie der Prüfung",
        "Kennungen von Fällen",
        "zurückgehalten",
        "[entfernt]",
    ):
        assert said in page, said
    assert not [said for said in ("Scrubbed copy", "Taken out or") if said in page]


def test_changed_copy_does_not_verify(copy, tmp_path):
    changed = shutil.copytree(copy, tmp_path / "copy")
    path = changed / "findings.json"
    content = json.loads(path.read_text("utf-8"))
    content["study"]["cases"] += 1
    path.write_text(json.dumps(content), encoding="utf-8")
    differing = {one.name for one in verify_folder(changed) if one.differences}
    assert {"hashes of the files", "card.html"} <= differing


def test_numbers_of_what_is_shown_are_those_of_the_audit(audit, copy):
    whole, found = read_findings(audit), read_findings(copy)
    assert found.find("auc", analysis="scored") == whole.find("auc", analysis="scored")
    scope = {"analysis": "scored", "operating_point": "half", "group": "age"}
    for level in ("40-59", "60-89"):
        mine = found.find("sensitivity", **scope, level=level)
        assert mine == whole.find("sensitivity", **scope, level=level)
        assert mine.estimate.value is not None
    withheld = found.find("sensitivity", **scope, level="withheld").estimate
    assert (withheld.value, withheld.k, withheld.n) == (None, None, 0)
    assert found.study.levels["site"].keys() == {"no. 1", "no. 2", "no. 3"}
    for column, levels in found.study.levels.items():
        assert sum(cases for cases, _ in levels.values()) == whole.study.cases, column


def test_verdict_of_the_copy_is_never_better(audit, copy, tmp_path):
    stated, found = (read_json(one / "verdict.json", Verdict) for one in (audit, copy))
    words = {one.rule.id: one.verdict for one in found.outcomes}
    assert words == {"auc": "pass", "young": "inconclusive", "site": "waived"}
    assert stated.overall in {"waived", "inconclusive", "fail"}
    assert read_findings(copy).scrubbed.verdict == stated.overall
    assert not found.changed_after_run
    assert judge_audit(shutil.copytree(copy, tmp_path / "copy")) == found


def test_verdict_with_a_baseline_keeps_what_was_compared(audit, tmp_path):
    new, old = (shutil.copytree(audit, tmp_path / one) for one in ("new", "old"))
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "name: b\nrules:\n"
        "  - {id: same, metric: sensitivity, non_inferior: 0.1, reason: no worse}\n"
        "  - {id: all, metric: sensitivity, where: {group: age, level: '*'}, non_inferior: 0.5,"
        " reason: x}\n"
        "  - {id: auc, metric: auc, floor: 0.5, reason: y}\n",
        encoding="utf-8",
    )
    stated = judge_audit(new, policy, old)
    out = write_copy(scrubbed(new), new, tmp_path / "copy")
    found = read_json(out / "verdict.json", Verdict)
    assert [one.rule.id for one in found.outcomes] == [one.rule.id for one in stated.outcomes]
    assert found.outcomes[0].estimate == stated.outcomes[0].estimate
    hidden = [one for one in found.outcomes if one.scope.get("level") == "withheld"]
    assert hidden
    assert all(one.estimate is None and one.verdict == "inconclusive" for one in hidden)
    assert found.changed_after_run
    assert [one for one in verify_folder(out) if one.differences] == []


def test_written_texts_are_kept_where_they_are_asked_for(audit, tmp_path):
    out = write_copy(scrubbed(audit, keep_written=True), audit, tmp_path / "copy")
    findings = read_findings(out)
    assert findings.study.source == "Archive of Dr. Huber"
    assert findings.scrubbed.written_kept
    assert "HUBER-" not in text_of(out)
    assert "2019-03-05" not in text_of(out)


def test_what_needs_single_cases_says_so(audit, copy, tmp_path):
    for call in (
        lambda: read_pair(audit, copy),
        lambda: judge_audit(shutil.copytree(audit, tmp_path / "new"), baseline=copy),
        lambda: write_pages(copy, tmp_path / "pages"),
        lambda: scrubbed(copy),
    ):
        with pytest.raises(ConfigError, match="is a scrubbed copy"):
            call()


def test_copy_is_written_nowhere_else(audit, tmp_path):
    copy = scrubbed(audit)
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for there in ("there", "link"):
        with pytest.raises(ConfigError, match="is there already"):
            write_copy(copy, audit, tmp_path / there)
    with pytest.raises(ConfigError, match="lies in the audit"):
        write_copy(copy, audit, audit / "copy")
    assert not list(tmp_path.glob(".*"))


def test_audit_that_was_changed_is_not_copied(audit, tmp_path):
    changed = shutil.copytree(audit, tmp_path / "changed")
    (changed / "findings.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="SHA-256"):
        scrubbed(changed)


def test_radiographs_and_maps_are_not_in_the_copy(finished, tmp_path):
    copy = scrubbed(finished, k=2)
    counts = {one.kind: one.count for one in copy.listed}
    assert counts["radiographs"] > 6
    assert counts["maps"] > 24
    out = write_copy(copy, finished, tmp_path / "copy")
    assert not list(out.rglob("*.png"))
    assert "data:image/png" not in text_of(out)
    assert [one for one in verify_folder(out) if one.differences] == []
    ids = set(read_cases(finished))
    assert not [one for one in ids if one in text_of(out)]


LOOKED_AT = {
    "accountability",
    "audit",
    "boxes",
    "calibration",
    "claims",
    "corruptions",
    "curves",
    "declared",
    "detector",
    "equivalence",
    "explanations",
    "findings",
    "gallery",
    "interim",
    "methods",
    "metrics",
    "minimum",
    "peak_tolerance",
    "prevalence",
    "provenance",
    "rescored",
    "schema_version",
    "scrubbed",
    "statements",
    "striking",
    "study",
    "suspicions",
}


def test_a_new_part_of_the_findings_is_looked_at_before_it_is_copied():
    """Whoever adds one decides what a copy keeps of it (`xaudit/scrub/findings.py`), then here."""
    assert {field.name for field in dataclasses.fields(Findings)} == LOOKED_AT


# Names of groups


@pytest.mark.parametrize(
    ("column", "level", "too_much"),
    [
        ("age", "93", True), ("patientAge", "101", True), ("age band", "85-94", True),
        ("age", "90+", False), ("age", "90 and over", False), ("age", "80 to under 90", False),
        ("age", "65+", False), ("view", "93", False), ("seen", "2019-03-05", True),
        ("seen", "5.3.2019", True), ("seen", "March 2019", True), ("seen", "2019", False),
        ("birth_year", "1931", True), ("birth_year", "1990", False), ("x", "a@b.org", True),
        ("x", "10.0.0.1", True), ("grade", "2-3", False), ("bmi", "18.5", False),
    ],
)  # fmt: skip
def test_levels_that_say_too_much(column, level, too_much):
    assert says_too_much(column, level, 2026) is too_much


def test_places_are_known_by_the_name_of_their_column():
    assert all(map(is_place, ("site", "Hospital", "zip_code", "siteName", "PLZ")))
    assert not any(map(is_place, ("sex", "opposite", "view", "zipped")))


def test_dates_of_a_text_keep_their_year():
    text = "from 2019-03-05 to 7.8.2020, and on March 3rd, 2017; version 1.2.3"
    assert years_only(text) == "from 2019 to 2020, and on 2017; version 1.2.3"


def test_ids_of_a_text_become_gaps():
    texts = TextCleaner.of(("a b", "7", "P-1.png"), shown_groups([], 2, 2026), keep_written=True)
    assert texts.made("P-1.png, “a b” (7 of 17).") == "…, “…” (… of 17)."


# Small groups


def row(n, patient, label, groups):
    return CaseRow(f"c{n}", f"p{patient}", label, groups, 0.0, 0, "none", False)


def study(*cells):
    """Rows of (patients with a fracture, and as many without, groups)."""
    rows = []
    for count, groups in cells:
        for label in (True, False):
            rows += [row(len(rows) + i, len(rows) + i, label, groups) for i in range(count)]
    return rows


def hidden(rows, k=5):
    return set(shown_groups(rows, k, 2026).withheld)


def test_one_small_group_takes_another_with_it():
    """Else its numbers were those of the study without all others."""
    rows = study((20, {"sex": "F"}), (9, {"sex": "M"}), (2, {"sex": "X"}))
    assert hidden(rows) == {("sex", "X"), ("sex", "M")}


def test_small_groups_that_are_enough_together_take_nobody_with_them():
    rows = study((20, {"view": "a"}), (3, {"view": "b"}), (3, {"view": "c"}))
    assert hidden(rows) == {("view", "b"), ("view", "c")}


def test_few_of_one_kind_are_few():
    rows = study((20, {"sex": "F"}), (20, {"sex": "M"}))
    rows += [row(900 + i, 900 + i, True, {"sex": "X"}) for i in range(50)]
    assert ("sex", "X") in hidden(rows)


def test_images_of_one_patient_are_one():
    rows = study((20, {"sex": "F"}), (20, {"sex": "M"}))
    rows += [row(900 + i, 900 + i % 2, i % 4 < 2, {"sex": "X"}) for i in range(80)]
    assert ("sex", "X") in hidden(rows)


def test_group_within_another_is_not_worked_out_from_it():
    """Country B is shown, of its two sites one is small: the other must not be shown either."""
    rows = study(
        (20, {"country": "A", "site": "1"}), (6, {"country": "A", "site": "2"}),
        (20, {"country": "B", "site": "3"}), (3, {"country": "B", "site": "4"}),
        (3, {"country": "A", "site": "5"}),
    )  # fmt: skip
    found = hidden(rows)
    assert {("site", "3"), ("site", "4"), ("site", "5")} <= found
    assert not {("country", "A"), ("country", "B")} & found
    assert ("site", "1") not in found


def test_parts_of_a_group_that_is_left_out_are_left_out():
    rows = study(
        (20, {"sex": "F", "age": "1", "sex × age": "F × 1"}),
        (9, {"sex": "M", "age": "1", "sex × age": "M × 1"}),
        (2, {"sex": "X", "age": "2", "sex × age": "X × 2"}),
        (30, {"sex": "F", "age": "2", "sex × age": "F × 2"}),
    )  # fmt: skip
    assert ("sex", "M") in hidden(rows)
    assert ("sex × age", "M × 1") in hidden(rows)


LEVELS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans(), st.integers(0, 40)),
    min_size=1, max_size=120,
)  # fmt: skip


@settings(max_examples=60)
@given(LEVELS, st.integers(2, 6))
def test_no_difference_of_what_is_shown_is_small(drawn, k):
    """Of a group that is shown, or of all, take away those of a column that lie in it."""
    rows = [
        row(n, patient, label, {"a": f"a{a}", "b": f"b{b}", "a × b": f"a{a} × b{b}"})
        for n, (a, b, label, patient) in enumerate(drawn)
    ]
    shown = shown_groups(rows, k, 2026)
    seen = {
        (column, level): {n for n, one in enumerate(rows) if one.groups[column] == level}
        for column, names in shown.names.items()
        for level, name in names.items()
        if level and not is_withheld(name)
    }
    everyone = set(range(len(rows)))
    kinds = [kind for kind in (True, False) if any(one.label is kind for one in rows)]
    for whole, inside in ((("", ""), everyone), *seen.items()):
        for column in {"a", "b", "a × b"} - {whole[0]}:
            parts = [cases for (name, _), cases in seen.items() if name == column]
            parts = [cases for cases in parts if cases <= inside]
            rest = inside - set().union(*parts)
            if (parts or whole[0]) and rest:
                for kind in kinds:
                    assert len({rows[n].patient for n in rest if rows[n].label is kind}) >= k


def test_of_few_explained_cases_maps_say_nothing_by_group(finished):
    """A group may be large, and few of its cases were explained: then its maps say nothing."""
    found = scrubbed(finished, k=3).findings
    cells = {}
    for one in found.findings:
        if {"method", "group", "level"} <= one.scope.keys() and "compared" not in one.scope:
            key = (one.metric, *sorted(item for item in one.scope.items() if item[0] != "level"))
            cells.setdefault(key, []).append(one)
    assert cells
    whole = {(one.metric, *sorted(one.scope.items())): one for one in found.findings}
    for (metric, *scope), members in cells.items():
        assert all(one.estimate.n >= 3 or one.estimate.n == 0 for one in members)
        rest = dict(scope)
        del rest["group"]
        everyone = whole.get((metric, *sorted(rest.items())))
        if everyone is not None and everyone.estimate.n:
            left = everyone.estimate.n - sum(one.estimate.n for one in members)
            assert left == 0 or left >= 3
