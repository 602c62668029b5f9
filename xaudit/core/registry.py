"""Named things that others can add to: explainers, metrics, data formats."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from xaudit.errors import RegistryError

T = TypeVar("T")


class Registry(Generic[T]):
    """Name → thing. A name is taken once; an unknown one lists the known ones.

    Args:
        kind: what is registered, as error messages call it.
        entry_points: group of entry points through which installed packages add theirs.
        package: whose modules each register a thing of the module's name; one is imported when
            it is asked for, so that what it needs besides has to be installed only then. Several
            packages may be named.
    """

    def __init__(
        self,
        kind: str,
        entry_points: str | None = None,
        package: str | tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self._group = entry_points
        self._packages = (package,) if isinstance(package, str) else package
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        """Register a thing under a name that is still free.

        Raises:
            RegistryError: the name is taken.
        """
        if name in self._things:
            raise RegistryError(f"{self.kind} {name!r} is registered twice; choose another name")
        self._things[name] = thing
        return thing

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator form of `add`."""
        return lambda thing: self.add(name, thing)

    def __getitem__(self, name: str) -> T:
        self._load_plugins()
        if name not in self._things and (package := self._modules().get(name)):
            importlib.import_module(f"{package}.{name}")
        try:
            return self._things[name]
        except KeyError:
            known = ", ".join(self) or "none"
            raise RegistryError(f"no {self.kind} {name!r}; there is: {known}") from None

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        self._load_plugins()
        return iter(sorted(self._modules().keys() | self._things.keys()))

    def _modules(self) -> dict[str, str]:
        """Names of things that ship with xaudit and may not be imported yet → their package."""
        return {
            module.name: name
            for name in self._packages
            for module in pkgutil.iter_modules(importlib.import_module(name).__path__)
        }

    def _load_plugins(self) -> None:
        group, self._group = self._group, None
        if group is None:
            return
        for entry in importlib.metadata.entry_points(group=group):
            try:
                entry.load()
            except Exception as error:
                raise RegistryError(
                    f"plug-in {entry.name!r} ({entry.value}) of {self.kind}s does not load: {error}"
                ) from error
