"""Estimates from fewer cases than a verdict needs, in the cells of a table."""

import pytest

from xaudit.core.message import Message
from xaudit.report.language.translation import speaking
from xaudit.report.view.model import Section, Table
from xaudit.report.view.small_samples import explained, few


def needed(n, what, least):
    return Message("{n} {what}, {least} needed for a verdict", n=n, what=what, least=least)


FEW = needed(12, Message("positives"), 30)


@pytest.mark.parametrize(
    ("caution", "english", "german"),
    [
        (FEW, "12 < 30 positives", "12 < 30 Fälle mit Fraktur"),
        (
            Message(
                "{n} {what}, {least} needed for a verdict on an interval from draws",
                n=15,
                what=Message("patients"),
                least=30,
            ),
            "15 < 30 patients",
            "15 < 30 Patienten",
        ),
        (needed(4, Message("sites"), 10), "4 < 10 sites", "4 < 10 Standorte"),
        (
            needed(8, Message("{units} on one side", units=Message("cases")), 20),
            "8 < 20 cases on one side",
            "8 < 20 Fälle auf einer Seite",
        ),
    ],
)
def test_too_few_for_a_verdict_is_said_in_short(caution, english, german):
    assert few(caution).replace("\N{NO-BREAK SPACE}", " ") == english
    with speaking("de"):
        assert few(caution).replace("\N{NO-BREAK SPACE}", " ") == german


def test_other_cautions_are_said_in_full():
    caution = Message("every draw gives the same value: the interval shows no spread")
    assert few(caution) == caution
    assert few("12 positives, 30 needed for a verdict, says a package").startswith("12 positives,")


def test_table_with_such_a_cell_says_what_it_means_and_others_do_not():
    cells = ("a", f"0.5 (0.4–0.6); {few(FEW)}"), ("b", "p < 1")
    tables = tuple(Table("", ("", ""), (row,), "A note.") for row in cells)
    first, second = explained(Section("s", "", "", "", tables=tables)).tables
    assert first.note.startswith("A note. “12 < 30”")
    assert second.note == "A note."
