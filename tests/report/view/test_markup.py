from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from xaudit.report.view.markup import anchor, linker, unbroken


def test_a_value_stays_with_its_unit_and_interval():
    assert unbroken("Found 79 % (73–84), 158/200.") == (
        'Found <span class="n">79 % (73–84)</span>, 158/200.'
    )
    assert unbroken("+3 points (−1 to +7)") == '<span class="n">+3 points (−1 to +7)</span>'
    assert unbroken("1\u202f200 cases, 0.98 (0.94–0.99)") == (
        '1\u202f200 cases, <span class="n">0.98 (0.94–0.99)</span>'
    )
    assert unbroken("version 1.2 (2024)") == "version 1.2 (2024)"


@given(st.text())
def test_nothing_gets_lost_or_unescaped(text):
    bare = linker(["Wilson", "a<b"])()(text).striptags
    plain = unbroken(text).replace('<span class="n">', "").replace("</span>", "")
    assert plain == escape(text)
    assert bare() == escape(text).striptags()


def test_each_term_is_linked_once_in_a_section():
    section = linker(["interval", "Rao–Scott", "PPV", "PPV at prevalence"])
    link = section()
    first = link("Intervals: Rao–Scott; interval <b>, PPV at prevalence, PPVs, intervalsX")
    assert first == (
        '<a class="term" href="#term-interval">Interval</a>s: '
        '<a class="term" href="#term-rao-scott">Rao–Scott</a>; interval &lt;b&gt;, '
        '<a class="term" href="#term-ppv-at-prevalence">PPV at prevalence</a>, '
        '<a class="term" href="#term-ppv">PPV</a>s, intervalsX'
    )
    assert link("interval") == "interval"
    assert "href" in section()("interval")


def test_no_terms_link_nothing():
    assert linker([])()("anything at all") == "anything at all"


def test_anchor_is_a_name():
    assert anchor("Fisher's exact test") == "term-fisher-s-exact-test"
