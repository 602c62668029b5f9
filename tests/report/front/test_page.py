import re
from dataclasses import replace

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_html, render_markdown
from xaudit.report.front.drawings import drawings
from xaudit.report.view.lookup import Lookup


def test_worst_and_good_case_of_the_gallery(audit):
    front = build_card(*audit).front
    worst, good = front.cases
    assert worst.caption == "The worst: Fracture missed: attribution on the cast"
    assert good.caption.startswith("For scale: ")
    assert worst.shown.anchor == "case-0"
    assert good.shown.anchor == "case-11"
    # That of the method with most of its attribution in the lesions.
    assert worst.shown.layers[worst.layer].name == "gradcam"


def test_an_audit_without_pictures_has_none(audit, minimal):
    assert build_card(minimal, None, {}).front.cases == ()
    page = render_html(build_card(minimal, None, {}))
    assert 'class="pair"' not in page


def test_nothing_measured_is_no_curve_and_no_forest(minimal):
    assert list(drawings(Lookup(minimal))) == []


def test_weakest_subgroup_of_each_attribute_large_ones_first(audit):
    def of(column, level, value, caution=None):
        scope = {"operating_point": "default", "analysis": "scored", "group": column,
                 "level": level}  # fmt: skip
        one = Estimate(value, value - 0.1, min(1, value + 0.1), "Wilson", k=1, n=40)
        return Finding("sensitivity", scope, one.with_caution(caution) if caution else one)

    levels = {"sex": {"F": (50, 40), "M": (50, 40)}, "view": {"ap": (50, 40)},
              "cast": {"yes": (9, 5)}}  # fmt: skip
    findings = replace(
        audit[0], study=replace(audit[0].study, levels=levels), curves=(),
        findings=(of("sex", "F", 0.9), of("sex", "M", 0.7), of("view", "ap", 0.6),
                  of("cast", "yes", 0.2, "few")),
    )  # fmt: skip
    (forest,) = drawings(Lookup(findings))
    told = re.findall(r">((?:sex|view|cast) \w+)<", forest.svg)
    assert told == ["view ap", "sex M", "cast yes"]


def test_all_of_it_stands_in_the_text_form_too(audit):
    card = build_card(*audit)
    text = render_markdown(card)
    for one in card.front.headlines:
        assert f"{one.title}: **{one.value}**" in text
    for reason in card.front.reasons:
        assert reason.mark.sign in text


def test_intervals_cross_at_the_operating_point(audit):
    roc, _ = drawings(Lookup(audit[0]))
    plain = replace(audit[0], findings=())
    (bare,) = drawings(Lookup(plain))
    assert roc.svg.count('class="interval"') == 2
    assert bare.svg.count('class="interval"') == 0
