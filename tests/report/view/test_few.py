"""Estimates from fewer cases than a verdict needs, in the cells of a table."""

import pytest

from xaudit.report.language.translation import speaking
from xaudit.report.view.few import explained, few
from xaudit.report.view.model import Section, Table


@pytest.mark.parametrize(
    ("caution", "english", "german"),
    [
        ("12 positives, 30 needed for a verdict", "12 < 30 positives", "12 < 30 Fälle mit Fraktur"),
        (
            "15 patients, 30 needed for a verdict on an interval from draws",
            "15 < 30 patients",
            "15 < 30 Patienten",
        ),
        ("4 sites, 10 needed for a verdict", "4 < 10 sites", "4 < 10 Standorte"),
        (
            "8 cases on one side, 20 needed for a verdict",
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
    caution = "every draw gives the same value: the interval shows no spread"
    assert few(caution) == caution
    assert few(f"{caution}; 12 positives, 30 needed for a verdict").startswith(caution)


def test_table_with_such_a_cell_says_what_it_means_and_others_do_not():
    cells = ("a", f"0.5 (0.4–0.6); {few('12 positives, 30 needed for a verdict')}"), ("b", "p < 1")
    tables = tuple(Table("", ("", ""), (row,), "A note.") for row in cells)
    first, second = explained(Section("s", "", "", "", tables=tables)).tables
    assert first.note.startswith("A note. “12 < 30”")
    assert second.note == "A note."
