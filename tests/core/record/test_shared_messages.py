import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.record.shared_messages import shared, unshared

TEXTS = st.sampled_from(["a", "b", "{n} sites"])
MESSAGES = st.fixed_dictionaries({"id": TEXTS, "params": st.dictionaries(TEXTS, st.integers(0, 2))})
CONTENT = st.recursive(
    st.none() | st.integers() | TEXTS | MESSAGES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyz"), inner),
)


@given(CONTENT)
def test_messages_come_back_to_their_places(content):
    short, messages = shared(content)
    assert unshared(short, messages) == content
    assert all(set(one) == {"id", "params"} for one in messages)


def test_a_message_that_stands_once_stays_where_it_is():
    often, once = {"id": "a", "params": {"n": 1}}, {"id": "a", "params": {"n": 2}}
    short, messages = shared({"x": [often, once, {"why": often}]})
    assert short == {"x": [{"@": 0}, once, {"why": {"@": 0}}]}
    assert messages == [often]


@pytest.mark.parametrize("number", [1, -1])
def test_a_number_without_a_message_is_refused(number):
    with pytest.raises(ValueError, match="expected one of 1 messages, got number"):
        unshared([{"@": number}], [{"id": "a", "params": {}}])


def test_what_only_looks_like_a_place_stays():
    content = {"levels": {"@": {"north": [1, 2]}}, "x": {"@": True}, "y": {"@": 3, "z": 1}}
    assert unshared(shared(content)[0], []) == content
