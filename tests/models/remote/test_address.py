"""Addresses: what is sent where, and what of them may be written down."""

import pytest

from xaudit.errors import DetectorError
from xaudit.models.remote.address import Address


@pytest.mark.parametrize(
    ("url", "origin", "shown"),
    [
        ("http://127.0.0.1:8000/score/", "http://127.0.0.1:8000", "http://127.0.0.1:8000/score"),
        ("https://Triton.Hospital.example", "https://triton.hospital.example", None),
        ("https://h:443/x", "https://h", "https://h/x"),
        ("http://h:443", "http://h:443", None),
        ("http://[::1]:80/a/b", "http://[::1]", "http://[::1]/a/b"),
    ],
)
def test_origins(url, origin, shown):
    address = Address.of(url)
    assert address.origin == origin
    assert str(address) == (shown or origin)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:hush@h/x", "holds a user name"),
        ("https://hush@h/x", "holds a user name"),
        ("https://h/x?key=hush", "holds a query"),
        ("https://h/x#hush", "holds a query or a fragment"),
        ("ftp://h/hush", "expected http"),
        ("hush", "expected http"),
        ("http://", "expected http"),
        ("http://h:hush/", "the host or the port"),
        ("http://h:99999/hush", "the host or the port"),
        ("http://[hush/", "the host or the port"),
        ("http://h\n.hush", "signs that no address has"),
        ("http://h\\@hush", "signs that no address has"),
        ("http://h/ hush", "signs that no address has"),
    ],
)
def test_what_is_no_address_is_not_repeated(url, told):
    with pytest.raises(DetectorError, match=told) as caught:
        Address.of(url)
    assert "hush" not in str(caught.value)
