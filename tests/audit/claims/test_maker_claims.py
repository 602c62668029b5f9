import dataclasses
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.audit.claims.ages import gaps, in_words, years
from xaudit.audit.claims.maker_claims import stated
from xaudit.core.record.finding import (
    Accountability,
    AuditFacts,
    DetectorFacts,
    Findings,
    StudyFacts,
)
from xaudit.core.record.statements import Ages, Claims, Statements

LEVELS = {
    "age": {"under 5": (30, 12), "5 to under 18": (70, 30), "18 and over": (100, 40)},
    "view": {"frontal": (150, 60), "lateral": (46, 19), "unknown": (4, 3)},
    "region": {"hand": (180, 78), "hip": (20, 4)},
}


def findings(levels=LEVELS, sites=None, weights="c" * 64):
    detector = DetectorFacts("d", "1.4", "x", "w", weights, 1, None, "logit", None, ())
    study = StudyFacts("s", "", "", "d" * 64, 200, 200, 82, 90, "patient", "",
                       "site" if sites else None, sites, levels=levels)  # fmt: skip
    flow = Accountability(200, 0, 0, 200, 82, 0, 0, 0, 0, "", ())
    audit = AuditFacts("a", "2026-01-01T00:00:00Z", "a" * 64, None, "0", 0)
    return Findings(audit, detector, study, flow, (), (), ())


def check(claims, **facts):
    checked = stated(findings(**facts), Statements(claims)).claims
    return [(one.agreement, one.why) for one in checked]


def test_adults_are_contradicted_by_children():
    ((agreement, why),) = check(Claims(ages=Ages(18, None, "age")))
    assert agreement == "contradicted"
    assert "30 cases of “under 5”, 70 cases of “5 to under 18”" in why


def test_every_age_agrees_where_every_age_was_tested():
    assert check(Claims(ages=Ages(0, None, "age")))[0][0] == "agrees"


def test_an_age_that_nobody_has_is_untested():
    levels = {"age": {"16-39": (10, 4), "40-64": (10, 4)}}
    ((agreement, why),) = check(Claims(ages=Ages(2, None, "age")), levels=levels)
    assert agreement == "untested"
    assert "2 to under 16, 65 and over" in why


def test_a_band_across_the_border_is_unclear():
    kinds = [kind for kind, _ in check(Claims(ages=Ages(12, None, "age")))]
    assert kinds == ["contradicted", "unclear"]
    kinds = check(Claims(ages=Ages(0, None, "age")), levels={"age": {"child": (9, 4)}})
    assert ("unclear", "Levels that name no age: child.") in kinds


def test_a_column_that_the_study_lacks_is_unclear():
    ((agreement, why),) = check(Claims(ages=Ages(18, None, "years")))
    assert agreement == "unclear"
    assert "no column “years”" in why
    assert "age, view, region" in why


def test_a_view_that_was_never_tested_is_said():
    found = dict(check(Claims(groups={"view": ("frontal", "lateral", "oblique")})))
    assert "oblique" in found["untested"]
    assert "4 cases of “unknown”" in found["unclear"]
    assert "contradicted" not in found


def test_cases_outside_the_claim_contradict_it_and_few_fractures_are_counted():
    found = dict(check(Claims(groups={"region": ("hip",)})))
    assert "180 cases of “hand”" in found["contradicted"]
    assert "hip (4)" in found["few"]
    assert check(Claims(groups={"region": ("hand", "hip")}))[0][0] == "few"


@pytest.mark.parametrize(
    ("sites", "agreement"), [(None, "unclear"), (2, "contradicted"), (3, "agrees"), (5, "agrees")]
)
def test_sites_are_counted(sites, agreement):
    assert check(Claims(sites=3), sites=sites)[0][0] == agreement


def test_another_version_or_other_weights_contradict_the_release():
    assert check(Claims(version="1.5", weights_sha256="e" * 64)) == [
        ("contradicted", f"Tested was {one}: the figures of this card are about another detector.")
        for one in ("1.4", "c" * 64)
    ]
    assert [kind for kind, _ in check(Claims(None, {}, None, "1.4", "c" * 64))] == ["agrees"] * 2
    assert check(Claims(weights_sha256="e" * 64), weights=None)[0][0] == "unclear"


def test_no_claims_no_checks():
    assert check(Claims()) == []
    unchanged = findings()
    assert dataclasses.replace(stated(unchanged, Statements()), claims=()) == unchanged


@pytest.mark.parametrize(
    ("level", "wanted"),
    [("under 5", (0, 5)), ("5 to under 12", (5, 12)), ("12 and over", (12, inf)),
     ("16-39", (16, 40)), ("65+", (65, inf)), ("≥22", (22, inf)), ("2–<22", (2, 22)),
     ("34", (34, 35)), ("<2", (0, 2)), ("40-39", (40, 40.5)), ("adult", None), ("", None)],
)  # fmt: skip
def test_levels_are_years(level, wanted):
    assert years(level) == (wanted if level != "40-39" else None)


@given(
    st.tuples(st.integers(0, 20), st.integers(21, 40)),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=6),
)
def test_gaps_are_the_years_that_nothing_covers(wanted, starts):
    covered = [(low, low + width) for low, width in starts]
    missing = {
        year for year in range(*wanted) if not any(low <= year < high for low, high in covered)
    }
    assert {y for low, high in gaps(wanted, covered) for y in range(low, high)} == missing


def test_ranges_in_words():
    assert [in_words(one) for one in ((0, inf), (0, 5), (5, 12), (65, inf))] == [
        "every age", "under 5", "5 to under 12", "65 and over",
    ]  # fmt: skip
