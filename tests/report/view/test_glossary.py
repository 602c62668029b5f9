import dataclasses
import re

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.view.glossary import glossary


def test_terms_stand_by_the_alphabet_and_each_once(audit):
    terms, linked = glossary(audit[0])
    names = [name.casefold() for name, _ in terms]
    assert names == sorted(set(names))
    assert set(linked) <= {name for name, _ in terms}
    assert "Mass" in dict(terms)


def test_a_method_is_explained_where_it_was_used(audit):
    assert {"Wilson", "DeLong", "Patient bootstrap"} <= set(glossary(audit[0])[1])
    assert "Tango" not in glossary(audit[0])[1]
    one = Finding("x", {}, Estimate(0.1, 0.0, 0.2, "Tango 1998 score, paired", n=9))
    assert "Tango" in glossary(dataclasses.replace(audit[0], findings=(one,)))[1]


def test_every_definition_is_a_sentence(audit):
    for _, text in glossary(audit[0])[0]:
        assert re.search(r"[.?]$", text)
