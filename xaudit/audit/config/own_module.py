"""A detector that needs a yes: who allows it, and why Python does not find its code."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.detector_config import DetectorConfig
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.config.user_config import read_user_config
from xaudit.errors import ConfigError, DetectorError
from xaudit.models.own_code import refusal
from xaudit.models.remote.permission import HTTP, MODEL, refused, unread, variables
from xaudit.models.spec import TORCH
from xaudit.yaml_file import YamlFile


def permitted(config: AuditConfig, file: YamlFile, given: Overrides) -> AuditConfig:
    """The configuration with the permission that its detector needs, if it needs one.

    Without it code of its own is not run, no program is started, and no image is sent anywhere;
    with it, code runs in a sandbox, unless the command line says otherwise.

    Args:
        config: with absolute paths.
        file: the audit file.
        given: what the command line allows: "module:factory", services, programs, environment
            variables; what the user's own configuration allows is taken where it is needed.

    Raises:
        ConfigError: nobody allowed it, or Python does not find it; and what to type.
    """
    detector = config.detector
    key = "architecture" if detector.format == TORCH else "arguments"
    place = f"{file.place(('detector', key))}: detector.{key}"
    try:
        name = detector.asked
        named = variables(detector.format, detector.arguments).values()
    except DetectorError as error:
        raise ConfigError(f"{place}: {error}") from None
    if given.sandbox and detector.format == HTTP:
        raise ConfigError(f"{place}: --sandbox: a service runs elsewhere, nothing of it runs here")
    if name is None:
        known = detector.boxed(sandbox=bool(given.sandbox))
        return config.model_copy(update={"detector": known})
    # A file is allowed for this run only: for good, its name would allow any other of that name.
    lasting = () if name.startswith(MODEL) else read_user_config().allow_code
    allowed = name in {*given.allow_code, *lasting}
    refuse = refusal if detector.format == TORCH else refused
    problems = (
        None if allowed else refuse(name, ()),
        unread(named, given.env),
        _module_nearby(detector, file.path) if detector.format == TORCH else None,
    )
    told = "; ".join(one for one in problems if one)
    if told:
        raise ConfigError(f"{place}: {told}")
    boxed = detector.format != HTTP if given.sandbox is None else given.sandbox
    allowing = detector.allowing(frozenset({name}), frozenset(given.env)).boxed(sandbox=boxed)
    return config.model_copy(update={"detector": allowing})


def _module_nearby(detector: DetectorConfig, config: Path) -> str | None:
    """Why the module is not found and the command that helps; None where it is, or lies elsewhere.

    The folder of an audit file is never searched for code.
    """
    top = detector.architecture.partition(":")[0].partition(".")[0]
    if _is_found(top):
        return None
    beside = (detector.weights.parent,) if detector.weights else ()
    near = dict.fromkeys((config.resolve().parent, Path.cwd(), *beside))
    for folder in near:
        for file in (folder / f"{top}.py", folder / top / "__init__.py"):
            if file.is_file():
                return (
                    f"Python does not find the module {top!r}; {file} is not looked at by itself, "
                    "since an audit file must not run code. If it is yours, put its folder on "
                    f"PYTHONPATH: PYTHONPATH={shlex.quote(str(folder))} xaudit check "
                    f"{shlex.quote(str(config))} --allow-code {shlex.quote(detector.architecture)}"
                )
    return None


def _is_found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
