import pytest

from xaudit.core.record.interim import InterimAnalyses, InterimAnalysis, level_text


def interim(cases, number, level=0.9969547):
    made = tuple(
        InterimAnalysis(n, cases * n // number, 0.25 * n, 2.963, level, (), "2026-01-01T00:00:00Z")
        for n in range(1, number + 1)
    )
    return InterimAnalyses("obrien_fleming", 4, 600, made)


def test_outputs_say_where_an_audit_stopped_and_what_its_intervals_are():
    assert interim(300, 2).text == (
        "stopped after 300 of 600 cases at interim analysis 2 of 4 (spending like O'Brien and "
        "Fleming, z = 2.96); intervals are repeated confidence intervals at 99.7 %"
    )
    assert interim(600, 4).text.startswith("ended after 600 of 600 cases at analysis 4 of 4")
    assert (interim(300, 2).stopped, interim(600, 4).stopped) == (True, False)


@pytest.mark.parametrize(
    ("level", "text"), [(0.956, "95.6 %"), (0.99999, "99.999 %"), (0.9996, "99.96 %")]
)
def test_level_is_never_rounded_to_certainty(level, text):
    assert level_text(level) == text
