"""A signature holds for the signed files, by the key that signed, and for nothing else."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from xaudit.errors import ConfigError
from xaudit.provenance.signature import place_of, sign, signature_differences, signed_by

PEM = serialization.Encoding.PEM
PRIVATE = serialization.PrivateFormat.PKCS8
PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


def write_keys(folder, name, key=None):
    key = key or ed25519.Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    private.write_bytes(key.private_bytes(PEM, PRIVATE, serialization.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(PEM, PUBLIC))
    return private, public


@pytest.fixture
def keys(tmp_path):
    return write_keys(tmp_path, "ours")


@pytest.fixture
def audit(tmp_path):
    folder = tmp_path / "audit"
    folder.mkdir()
    for name in ("findings.json", "hashes.json", "card.html"):
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def differences(target, public):
    return list(signature_differences(target, public))


@pytest.mark.parametrize("alone", [False, True])
def test_holds_until_a_file_changes(audit, keys, alone):
    target = audit / "card.html" if alone else audit
    place = sign(target, keys[0], "Ada", "auditor")
    assert place == place_of(target)
    assert place.exists()
    assert differences(target, keys[1]) == []
    (one,) = signed_by(target, keys[1])
    assert (one.name, one.role) == ("Ada", "auditor")
    (audit / "card.html").write_text("another", encoding="utf-8")
    (line,) = differences(target, keys[1])
    assert line.startswith("card.html: SHA-256")
    assert "Ada signed" in line


def test_another_key_did_not_sign(audit, keys, tmp_path):
    other = write_keys(tmp_path, "other")
    assert "no signature" in differences(audit, other[1])[0]
    sign(audit, keys[0], "Ada", "auditor")
    assert "no signature by the key other.pub.pem" in differences(audit, other[1])[0]
    sign(audit, other[0], "Bo", "physician")
    assert differences(audit, other[1]) == differences(audit, keys[1]) == []


@pytest.mark.parametrize("field", ["name", "role", "signed_at"])
def test_who_signed_cannot_be_changed(audit, keys, field):
    place = sign(audit, keys[0], "Ada", "auditor")
    content = json.loads(place.read_text("utf-8"))
    content[0]["statement"][field] += "x"
    place.write_text(json.dumps(content), encoding="utf-8")
    assert "no signature" in differences(audit, keys[1])[0]


def test_the_last_signature_of_a_key_counts(audit, keys):
    sign(audit, keys[0], "Ada", "auditor")
    (audit / "findings.json").write_text("new", encoding="utf-8")
    assert len(differences(audit, keys[1])) == 1
    sign(audit, keys[0], "Ada", "auditor")
    assert differences(audit, keys[1]) == []
    assert len(signed_by(audit, keys[1])) == 2


def test_mistakes_are_told(audit, keys, tmp_path):
    with pytest.raises(ConfigError, match="--name and --role"):
        sign(audit, keys[0], " ", "auditor")
    with pytest.raises(ConfigError, match="no unencrypted private key"):
        sign(audit, keys[1], "Ada", "auditor")
    with pytest.raises(ConfigError, match="expected a finished audit"):
        sign(tmp_path, keys[0], "Ada", "auditor")
    with pytest.raises(ConfigError, match="cannot be read"):
        sign(audit, tmp_path / "none.pem", "Ada", "auditor")
    curve = write_keys(tmp_path, "curve", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ConfigError, match="expected an Ed25519 key"):
        sign(audit, curve[0], "Ada", "auditor")
    with pytest.raises(ConfigError, match="expected an Ed25519 key"):
        differences(audit, curve[1])
