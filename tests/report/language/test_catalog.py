"""Catalogs: MO files as gettext reads them, words of packages, and a line for each mistake."""

import io

import pytest
from babel.messages.catalog import Catalog as Written
from babel.messages.mofile import write_mo

from xaudit.core.message import Message
from xaudit.errors import InstallError
from xaudit.report.language.catalog import English, catalog_of

NAMES = {("language", "English"): "Test", ("language", "."): ","}


@pytest.fixture
def write(tmp_path):
    def written(entries, name="xx", plurals=None):
        made = Written(locale="de", charset="utf-8")
        for (context, text), translation in entries.items():
            made.add(text, translation, context=context)
        for text, translations in (plurals or {}).items():
            made.add((text, text), translations)
        content = io.BytesIO()
        write_mo(content, made)
        path = tmp_path / f"{name}.mo"
        path.write_bytes(content.getvalue())
        return path

    return written


def test_forms_contexts_and_the_language_itself(write):
    entries = {(None, "one two"): "eins zwei", ("stored", "one two"): "1 2"}
    catalog = catalog_of(write(NAMES | entries, plurals={"{n} a": ("x", "y")}))
    assert (catalog.language, catalog.name, catalog.decimal) == ("xx", "Test", ",")
    assert catalog.messages.gettext("one two") == "eins zwei"
    assert catalog.told(Message("one two")) == "1 2"
    assert [catalog.messages.ngettext("{n} a", "{n} a", n) for n in (1, 2)] == ["x", "y"]


def test_numbers_are_written_as_the_language_does_and_texts_are_not(write):
    entries = {("stored", "{n:,.1f} of {name}"): "{name}: {n}", ("stored", "-{n} of a"): "a: -{n}"}
    catalog = catalog_of(write(NAMES | entries))
    assert catalog.told(Message("{n:,.1f} of {name}", n=1234.5, name="1.0 of 2")) == (
        "1.0 of 2: 1\u202f234,5"
    )
    assert catalog.told(Message("-{n} of a", n=0.5)) == "a: -0,5"


def test_what_has_no_words_needs_no_translation_and_what_has_is_english_without(write):
    catalog = catalog_of(write(NAMES))
    assert catalog.told(Message("{n:.1f} %", n=12.34)) == "12,3 %"
    assert isinstance(catalog.told(Message("some {n}", n=1.5)), English)
    assert catalog.told(Message("some {n}", n=1.5)) == "some 1.5"
    assert isinstance(catalog.told("some"), English)


def test_ours_goes_before_packages_and_these_in_their_order(write):
    own = write(NAMES | {("stored", "a"): "own", (None, "page"): "Seite"})
    other = write({("stored", "a"): "no", ("stored", "b"): "file"}, "other")
    words = {"b": "no", "c": "words", "page": "no", "new": "neu"}
    catalog = catalog_of(own, [other, words])
    assert [catalog.told(Message(one)) for one in "abc"] == ["own", "file", "words"]
    assert [catalog.messages.gettext(one) for one in ("page", "new")] == ["Seite", "neu"]


@pytest.mark.parametrize("content", [b"", b"msgid", b"\xde\x12\x04\x95" + b"\xff" * 40])
def test_what_is_no_mo_file_is_told(tmp_path, content):
    path = tmp_path / "xx.mo"
    path.write_bytes(content)
    with pytest.raises(InstallError, match="expected an MO file"):
        catalog_of(path)


@pytest.mark.parametrize("lacks", NAMES)
def test_a_catalog_says_how_its_language_is_called_and_writes_numbers(write, lacks):
    entries = {key: text for key, text in NAMES.items() if key != lacks}
    with pytest.raises(InstallError, match="name of the language"):
        catalog_of(write(entries))
