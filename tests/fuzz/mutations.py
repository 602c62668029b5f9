"""Damage to valid files, the same for the same seed: bytes, trees of JSON, members of archives."""

import io
import json
import math
import warnings
import zipfile
from copy import deepcopy

TOKENS = (
    b"\0", b"\xff", b"\x80", b"\xed\xa0\x80", b"\r", b"\n\n", b'"', b"'", b",", b";", b"\t", b":",
    b"{", b"}", b"]", b"-", b"--", b"#", b"NaN", b"Infinity", b"1e999", b"9" * 400, b"-1", b"0",
    b"1" * 5000, b"[" * 3000, b"null", b"true", b"\x1b[31m", b"%", b"=1+1", b"../" * 3, b"\\ud800",
    b"\\u0000", b"&a", b"*a", b"!!int ''", b"!!bool x", b"!!float x", b"!!timestamp x", b"? [a]",
    b"\xf0\x9f\x98\x80", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"a" * 300, b"\x7f\xff\xff\xff",
)  # fmt: skip
VALUES = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, 5e-324, math.nan,
    math.inf, "", " ", "\0", "\ud800", "a" * 300, "1e999", "nan", "../..", "::error::x", "\x1b[2J",
    "2020-13-45", "0" * 64, [], {}, [[]], [None], {"a": 1}, {"": []}, [0] * 50, ["a", "a"],
)  # fmt: skip


def of_bytes(content, rng):
    """Some bits turned, bytes replaced, parts put in, cut out, doubled or cut off."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at, size = rng.randrange(len(data) + 1), rng.choice((1, 1, 2, 4, 8, 64))
        kind = rng.randrange(7)
        here = slice(at, at + size)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[here] = rng.randbytes(size)
        elif kind == 2:
            data[at:at] = data[max(at - size, 0) : at]
        elif kind == 3 and rng.random() < 0.3:
            del data[at:]
        elif kind == 4:
            del data[here]
        else:
            data[here if kind == 5 else slice(at, at)] = rng.choice(TOKENS)
    return bytes(data)


def of_json(content, rng):
    """A tree with values of other kinds, keys that are gone or new, items that stand twice."""
    tree = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        _change(tree, rng)
    return json.dumps(tree).encode()


def of_json_or_bytes(content, rng):
    return (of_json if rng.random() < 0.7 else of_bytes)(content, rng)


def of_json_lines(content, rng):
    lines = content.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    lines[at] = of_json_or_bytes(lines[at], rng) + b"\n"
    return b"".join(lines)


def _change(tree, rng):
    """Walk down to some place in the tree and do something to it."""
    here = tree
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(here[key], dict | list) and here[key] and rng.random() < 0.85:
            here = here[key]
            continue
        break
    kind = rng.randrange(10)
    if kind == 0:
        del here[key]
    elif kind == 1 and isinstance(here, list):
        here.append(deepcopy(here[key]))
    elif kind == 1:
        here[rng.choice(("new", "", "\0", "a" * 300, *map(str, keys)))] = deepcopy(here[key])
    elif kind == 2:
        here[key] = deepcopy(here[rng.choice(keys)])
    else:
        here[key] = deepcopy(rng.choice(VALUES))


def of_table(content, rng):
    """One cell of separated text is another value, or the bytes are damaged."""
    if rng.random() < 0.3:
        return of_bytes(content, rng)
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    cells = lines[at].split(b",")
    value = rng.choice((*TOKENS, *(str(one).encode("utf-8", "surrogatepass") for one in VALUES)))
    cells[rng.randrange(len(cells))] = value
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


def of_zip(content, rng):
    """The bytes of the archive, or those of a member in an archive that is whole."""
    if rng.random() < 0.4:
        return of_bytes(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    members[name] = of_bytes(members[name], rng)
    if rng.random() < 0.1:
        del members[rng.choice(list(members))]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, warnings.catch_warnings():
        for one, inner in members.items():
            archive.writestr(one, inner)
    return made.getvalue()


def of_safetensors(content, rng):
    """The bytes, or the header under a length that fits."""
    if rng.random() < 0.4:
        return of_bytes(content, rng)
    length = int.from_bytes(content[:8], "little")
    header = of_json_or_bytes(content[8 : 8 + length], rng)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def of_card(content, rng):
    """The record inside of a card, or the bytes around it."""
    before, mark, rest = content.partition(b'id="twin">')
    twin, end, after = rest.partition(b"</script>")
    if rng.random() < 0.3:
        return of_bytes(content, rng)
    return before + mark + of_json_or_bytes(twin, rng) + end + after
