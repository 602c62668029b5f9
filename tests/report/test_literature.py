import dataclasses

from xaudit.audit.literature import chosen
from xaudit.report.card import build_card
from xaudit.report.literature import literature
from xaudit.report.lookup import Lookup


def asked(audit, wanted):
    return dataclasses.replace(audit[0], literature=chosen(wanted))


def test_nothing_is_shown_that_nobody_asked_for(audit):
    assert list(literature(Lookup(audit[0]))) == []


def test_own_result_stands_above_with_its_interval_and_theirs_have_none(audit):
    (table,) = literature(Lookup(asked(audit, ("resnet50-mura", "ribfrac"))))
    own, first, second = table.rows
    assert "this audit" in own[0]
    assert "0.902 (0.874–0.925)" in own[3]
    assert first[:4] == ("ResNet-50", "MURA", "AUC", "0.929 — (no interval)")
    assert "DenseNet-169" in first[4]
    assert second[2] == "not known"
    assert table.note.startswith("Not comparable")
    assert "Table 5" in table.note


def test_table_follows_the_performance(audit):
    card = build_card(asked(audit, True), audit[1], audit[2])
    section = next(one for one in card.sections if one.id == "performance")
    assert section.tables[-1].caption == "Published figures, for context only"
