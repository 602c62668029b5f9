"""What the card says of another run."""

from types import SimpleNamespace

from xaudit.core.record.finding import Rescored
from xaudit.report.facts.rescored import details, same_again, warnings
from xaudit.report.language.translation import speaking

WAYS = ("1 at once, 1 threads", "8 at once, 2 threads")


def findings(one):
    return SimpleNamespace(rescored=one, accountability=SimpleNamespace(scored=1200))


CLEAR = Rescored(32, WAYS, 3.8e-6, 1.52e-5, 0, {"half": 0}, {"gradcam": 0.0039})
DOUBT = Rescored(32, WAYS, 3.8e-6, 1.52e-5, 1, {"half": 3, "strict": 0}, {}, "probability")


def test_the_tolerance_is_stated_with_what_it_rests_on():
    said = same_again(findings(CLEAR))
    assert "In 2 other ways of batches and threads the scores of 32 cases moved by" in said
    assert "3.8e−06 on the logit at most; another run may differ by 1.5e−05." in said
    assert details(findings(CLEAR)) == (
        "No case lies that near to an operating point.",
        "Largest difference of two maps of a case, by the largest value of the map: "
        "gradcam 0.00390.",
    )
    assert warnings(findings(CLEAR)) == ()


def test_cases_in_doubt_are_counted():
    near, flips = warnings(findings(DOUBT))
    assert near.startswith("3 of 1\u202f200 cases lie within 1.5e−05 (on the probability) of")
    assert flips.startswith("1 of 32 cases were called otherwise")
    assert details(findings(DOUBT)) == ()


def test_a_table_of_predictions_has_no_tolerance():
    assert same_again(findings(None)).endswith("give the same numbers.")
    assert details(findings(None)) == warnings(findings(None)) == ()


def test_in_german():
    with speaking("de"):
        assert "1,5e−05 abweichen" in same_again(findings(CLEAR))
        assert "anders entschieden" in warnings(findings(DOUBT))[1]
