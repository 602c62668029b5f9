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
