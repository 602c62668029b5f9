"""XML of strangers."""

import pytest

from xaudit.core.text.xml_text import read_xml


def test_elements_attributes_and_texts_are_read():
    root = read_xml(b'<?xml version="1.0"?><a b="1">x<c>y &lt; z</c></a>')
    assert (root.tag, root.get("b"), root.findtext("c")) == ("a", "1", "y < z")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "other.dtd"><a/>', "DOCTYPE"),
        (b"<a>&b;</a>", "no XML"),
        (b"<a><b></a>", "no XML"),
        (b"", "no XML"),
        (b"<a>" * 100, "nested"),
        (b'<?xml version="1.0" encoding="nothing"?><a/>', "no XML"),
    ],
)
def test_what_is_not_read(content, said):
    with pytest.raises(ValueError, match=said):
        read_xml(content)
