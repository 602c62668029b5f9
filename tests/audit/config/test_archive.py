"""A study in an archive needs a yes before anything is asked of it."""

import pytest

from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.errors import ConfigError

AUDIT = """\
name: a
data: {format: dicom, root: ., options: {labels: l.csv, url: "%s"}}
detector:
  name: d
  architecture: xaudit.models.reference:small_cnn
  weights: w.safetensors
  input: {height: 8, width: 8, channels: 1, mean: [0.0], std: [1.0]}
  operating_points: [{name: default, logit: 0.0, origin: fixed}]
"""
URL = "http://archive.example:8080/dicom-web"


def read(folder, url=URL, **given):
    path = folder / "audit.yaml"
    path.write_text(AUDIT % url, encoding="utf-8")
    return read_config(path, Overrides(**given))[0]


def test_an_archive_is_named_by_whoever_runs_the_audit(tmp_path):
    asked = r"--allow-code service:http://archive\.example:8080,"
    with pytest.raises(ConfigError, match=asked) as no:
        read(tmp_path)
    assert "data.options.url" in str(no.value)
    with pytest.raises(ConfigError, match="does not connect"):
        read(tmp_path, allow_code=("service:http://archive.example",))
    found = read(tmp_path, allow_code=("service:http://archive.example:8080",))
    assert found.data.options["url"] == URL


def test_secrets_in_an_address_are_not_repeated(tmp_path):
    with pytest.raises(ConfigError, match="name, password or query") as no:
        read(tmp_path, "http://me:pass77@archive.example", allow_code=("service:http://x",))
    assert "pass77" not in str(no.value)
