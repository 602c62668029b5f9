"""Messages: English for whoever prints them, places for every language, and JSON."""

import copy
import json
import pickle
from dataclasses import asdict, dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from xaudit.core.message import (
    Message,
    Sentence,
    counted,
    from_form,
    in_english,
    inner,
    listed,
    one_after_another,
    percent,
    to_form,
    with_texts,
)

SAID = Message(
    "{method} of {n:,} {what}: {value:.2f} ({names})",
    method=Message("Wilson"),
    n=12345,
    what=counted("patient"),
    value=np.float64(0.256),
    names=["a", Message("b")],
)
ENGLISH = "Wilson of 12,345 patients: 0.26 (a, b)"


@dataclass(frozen=True, slots=True)
class Holder:
    said: Sentence | None
    more: tuple[Sentence, ...] = ()


def test_a_message_is_its_english():
    assert SAID == ENGLISH == str(SAID) == f"{SAID}"
    assert hash(SAID) == hash(ENGLISH)
    assert type(str(SAID)) is str


def test_numbers_are_kept_as_they_are_not_as_they_are_printed():
    assert SAID.params["value"] == 0.256
    assert type(SAID.params["value"]) is float
    assert type(SAID.params["n"]) is int


def test_what_is_not_finite_is_a_text():
    assert Message("up to {high:.3g}", high=float("inf")) == "up to inf"
    assert Message("up to {high:.3g}", high=np.nan).params == {"high": "nan"}


def test_it_survives_copies_processes_and_dataclasses():
    holder = Holder(SAID, (SAID, "plain"))
    for one in (copy.copy(SAID), copy.deepcopy(SAID), pickle.loads(pickle.dumps(SAID)),
                asdict(holder)["said"]):  # fmt: skip
        assert (one.id, one.params) == (SAID.id, SAID.params)
    with pytest.raises(TypeError):
        SAID.params["n"] = 1


def test_json_gives_the_same_message_and_leaves_texts_alone():
    adapter = TypeAdapter(Holder)
    holder = Holder(SAID, (SAID, "plain"))
    text = json.dumps(adapter.dump_python(holder, mode="json"))
    read = adapter.validate_python(json.loads(text))
    assert (read.said.id, read.said.params) == (SAID.id, SAID.params)
    assert type(read.more[1]) is str
    assert in_english(json.loads(text)) == {"said": ENGLISH, "more": [ENGLISH, "plain"]}
    assert adapter.json_schema()["properties"]["said"]["anyOf"][1]["$ref"].endswith("MessageForm")


leaves = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
names = st.text("abcdef", min_size=1, max_size=3)


def messages(inside):
    ids = st.lists(names.map("{{{}}}".format) | st.text(max_size=5)).map(" ".join)
    params = st.dictionaries(names, inside | st.lists(inside, max_size=3), max_size=4)
    return st.builds(lambda id, params: Message(id, **params), ids, params)


@given(st.recursive(messages(leaves), messages, max_leaves=8))
def test_any_message_comes_back_from_json(message):
    read = from_form(json.loads(json.dumps(to_form(message), allow_nan=False)))
    assert read == message
    assert (read.id, read.params) == (message.id, message.params)


@pytest.mark.parametrize("form", [
    {"id": "a", "params": {"x": {"y": 1}}}, {"id": 1, "params": {}}, {"id": "a"}, {"params": {}},
    {"id": "a", "params": {"x": None}}, {"id": "a", "params": {"x": True}}, [1], 5,
    {"id": "a", "params": {"x": [[[]], {"id": 2}]}},
])  # fmt: skip
def test_what_is_neither_a_text_nor_a_message_is_refused(form):
    with pytest.raises(ValidationError):
        TypeAdapter(Holder).validate_python({"said": form})


def test_forms_that_would_fill_the_memory_are_refused():
    form = {"id": "x", "params": {}}
    for _ in range(20):
        form = {"id": "{a}", "params": {"a": form}}
    with pytest.raises(ValueError, match="deep"):
        from_form(form)
    large = Message("{a}" * 1000, a="x" * 1000)
    with pytest.raises(ValueError, match="characters"):
        Message("{a}{a}", a=large)


def test_places_are_filled_and_never_evaluated():
    assert Message("{0.__class__} {a!r} {a.b} {a:>9999999} {c}", a="x") == (
        "{0.__class__} {a!r} {a.b} {a:>9999999} {c}"
    )
    assert Message("{a}", a="{b}", b="never") == "{b}"


def test_a_parameter_that_is_none_is_a_mistake():
    with pytest.raises(TypeError, match="expected a number, a text"):
        Message("{a}", a=None)
    with pytest.raises(TypeError):
        Message("{a}", a=True)


def test_sentences_are_put_together_without_losing_them():
    both = one_after_another([Message("One."), Message("Two {n}.", n=2)])
    assert both == "One. Two 2."
    assert both.params["second"].id == "Two {n}."
    assert one_after_another([]) == ""
    assert inner(Message("How {x}?", x="Far")) == "how Far?"
    assert inner("Plain") == "plain"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert listed(["a", "b"], 2) == "a, b"
    assert [percent(one) for one in (0.05, 0.123, 0.0123, 1)] == ["5 %", "12 %", "1.2 %", "100 %"]


def test_texts_of_a_message_change_and_its_words_do_not():
    changed = with_texts(SAID, str.upper)
    assert changed == "Wilson of 12,345 patients: 0.26 (A, b)"
    assert with_texts("plain", str.upper) == "PLAIN"
