from dataclasses import replace

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
    _, forest = drawings(Lookup(audit[0]))
    order = [forest.svg.index(one) for one in ("region leg", "view ", "hardware ")]
    assert all(order)
    assert forest.svg.count('class="label"') >= 3
    assert "region hand" not in forest.svg or "region leg" not in forest.svg


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
