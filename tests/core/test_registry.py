import importlib.metadata

import pytest

from xaudit.core.registry import Registry
from xaudit.errors import RegistryError


def test_unknown_name_lists_the_known_ones():
    registry: Registry[int] = Registry("metric")
    registry.add("b", 2)
    registry.add("a", 1)
    with pytest.raises(RegistryError, match="no metric 'c'; there is: a, b"):
        registry["c"]


def test_name_is_taken_once():
    registry: Registry[int] = Registry("metric")
    registry.add("a", 1)
    with pytest.raises(RegistryError, match="registered twice"):
        registry.add("a", 2)
    assert registry["a"] == 1


def test_plug_in_that_does_not_load_is_an_error(monkeypatch):
    broken = importlib.metadata.EntryPoint("mine", "no_such_module:thing", "group")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [broken])
    registry: Registry[int] = Registry("metric", entry_points="group")
    with pytest.raises(RegistryError, match=r"plug-in 'mine'.*does not load"):
        list(registry)


def test_a_thing_of_ours_is_imported_when_it_is_asked_for(monkeypatch, tmp_path):
    package = tmp_path / "own_things"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.py").write_text("import no_such_module\n", encoding="utf-8")
    (package / "seven.py").write_text("from own_registry import R\nR.add('seven', 7)\n", "utf-8")
    (tmp_path / "own_registry.py").write_text(
        "from xaudit.core.registry import Registry\nR = Registry('thing', package='own_things')\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = importlib.import_module("own_registry").R
    assert list(registry) == ["broken", "seven"]
    assert "seven" in registry
    assert registry["seven"] == 7
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        registry["broken"]
    with pytest.raises(RegistryError, match="no thing 'eight'; there is: broken, seven"):
        registry["eight"]
