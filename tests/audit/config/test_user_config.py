"""What a user allows for every audit stands in a file that nobody else may write."""

import os

import pytest

from xaudit.audit.config.user_config import read_user_config, user_config_path
from xaudit.errors import ConfigError


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "xaudit" / "config.toml"
    path.parent.mkdir(mode=0o700)

    def write(text):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return write


def test_what_is_listed_is_allowed(written):
    assert read_user_config().allow_code == []
    written('allow_code = ["mynets:build", "other.nets:Net"]\n')
    assert read_user_config().allow_code == ["mynets:build", "other.nets:Net"]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o660])
def test_a_file_that_others_may_write_is_refused(written, mode):
    path = written('allow_code = ["mynets:build"]\n')
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"others may write it.*chmod go-w {path}"):
        read_user_config()
    path.chmod(0o644)
    path.parent.chmod(0o777)
    with pytest.raises(ConfigError, match=f"others may write it.*chmod go-w {path.parent}"):
        read_user_config()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_is_refused(written):
    path = written('allow_code = ["mynets:build"]\n')
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        read_user_config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("allow_code = [", "is not TOML"),
        ("allow_code = 'mynets:build'", "allow_code: Input should be a valid list"),
        ("allow_code = [1]", r"allow_code\.0"),
        ("allow = []", "allow: Extra inputs"),
        ("# \udcff", "is not TOML"),
    ],
)
def test_mistakes_are_sentences(written, text, message):
    path = written("")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=message):
        read_user_config()


def test_a_relative_folder_of_configuration_leads_nowhere(tmp_path, monkeypatch):
    (tmp_path / "xaudit").mkdir()
    (tmp_path / "xaudit" / "config.toml").write_text('allow_code = ["evil:f"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    assert user_config_path() == tmp_path / "home" / ".config" / "xaudit" / "config.toml"
    assert read_user_config().allow_code == []
