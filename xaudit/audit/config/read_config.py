"""Reader of audit files: a configuration with absolute paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xaudit.audit.config.config import AuditConfig
from xaudit.audit.config.data_config import DataConfig
from xaudit.audit.config.detector_config import DetectorConfig
from xaudit.audit.config.explain_config import ChecksConfig
from xaudit.audit.config.former_names import file_of_today
from xaudit.audit.config.questions import open_questions
from xaudit.audit.config.user_config import read_user_config
from xaudit.errors import ConfigError, DetectorError
from xaudit.gate.policies.packs import is_pack
from xaudit.models.remote.permission import archive_refused
from xaudit.yaml_file import YamlFile, read_yaml


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says instead of the file, or beside it.

    Attributes:
        data: folder of the study, or table.
        weights: of the detector.
        cases: how many are explained.
        split: audited, instead of that of the file.
        positives: share of the explained cases with a fracture.
        baseline: audit that rules compare with at interim analyses.
        policy: instead of that of the file.
        allow_code: what the audit file may name: factories "module:factory" that are none of
            torchvision, timm or xaudit, services "service:ORIGIN" and programs "command:WORDS".
        env: environment variables that files may read besides those that begin with ``XAUDIT_``.
        sandbox: whether the model runs in a box; None for where its code is not known.
    """

    data: Path | None = None
    weights: Path | None = None
    cases: int | None = None
    split: tuple[str, ...] = ()
    positives: float | None = None
    baseline: Path | None = None
    policy: Path | None = None
    allow_code: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    keep_key: Path | None = None
    sandbox: bool | None = None

    def policy_of(self, folder: Path, written: Path | None) -> Path | None:
        """The policy of the command line, or that of the file, as an absolute path or a pack."""
        if self.policy is not None:
            return below(Path.cwd(), self.policy)
        return None if written is None else below(folder, written)


def read_config(path: Path, overrides: Overrides | None = None) -> tuple[AuditConfig, YamlFile]:
    """Read an audit file; relative paths are taken from its folder.

    Args:
        path: the YAML file.
        overrides: values of the command line.

    Returns:
        The configuration, and the file for messages that name a line.

    Raises:
        ConfigError: every mistake of the file, each with its place.
    """
    given = overrides or Overrides()
    file = file_of_today(read_yaml(path, given.env))
    config = _parsed(file)
    refuse_archive(config.data, file, given)
    folder = path.resolve().parent
    data = config.data.model_copy(
        update={
            "root": given.data.resolve() if given.data else below(folder, config.data.root),
            "split": given.split or config.data.split,
        }
    )
    detector = config.detector.model_copy(update=_weights(folder, config.detector, given))
    explain = config.explain.model_copy(update={"checks": _found(folder, config.explain.checks)})
    if given.cases is not None:
        explain = explain.model_copy(update={"cases": given.cases})
    if given.positives is not None:
        explain = explain.model_copy(update={"positives": given.positives})
    others = {
        "policy": given.policy_of(folder, config.policy),
        "device": below(folder, config.device) if config.device is not None else None,
    }
    parts = {"data": data, "detector": detector, "explain": explain}
    return config.model_copy(update=parts | others), file


def refuse_archive(data: DataConfig, file: YamlFile, given: Overrides) -> None:
    """Before anything is read: a study behind an address needs a yes, as a detector there does.

    Args:
        data: which study.
        file: that declares it.
        given: what the command line allows.

    Raises:
        ConfigError: nobody allowed it.
    """
    url = data.options.get("url")
    if data.format != "dicom" or not isinstance(url, str) or not url:
        return
    place = f"{file.place(('data', 'options'))}: data.options.url"
    try:
        told = archive_refused(url, {*given.allow_code, *read_user_config().allow_code})
    except DetectorError:
        # The address is not repeated: it may hold a secret.
        raise ConfigError(
            f"{place}: expected http://HOST/PATH, no name, password or query"
        ) from None
    if told:
        raise ConfigError(f"{place}: {told}")


def _parsed(file: YamlFile) -> AuditConfig:
    """The configuration; questions that are left open and mistakes come in one message."""
    asked = open_questions(file)
    told = list(asked.values())
    try:
        config = file.parse(AuditConfig, asked)
    except ConfigError as error:
        raise ConfigError([*told, *error.problems]) from None
    if told:
        raise ConfigError(told)
    return config


def _weights(folder: Path, detector: DetectorConfig, given: Overrides) -> dict[str, object]:
    """The weights with absolute paths, of each fold where there are folds."""
    if detector.folds is None:
        if given.weights is not None:
            return {"weights": given.weights.resolve()}
        return {"weights": below(folder, detector.weights) if detector.weights else None}
    if given.weights is not None:
        raise ConfigError("--weights names one file; detector.folds has one for each fold")
    found = {name: below(folder, path) for name, path in sorted(detector.folds.weights.items())}
    folds = detector.folds.model_copy(update={"weights": found})
    return {"weights": next(iter(found.values())), "folds": folds}


def _found(folder: Path, checks: ChecksConfig) -> ChecksConfig:
    shuffled = checks.shuffled_labels
    return checks.model_copy(
        update={
            "shuffled_labels": below(folder, shuffled) if shuffled else None,
            "retrained": tuple(below(folder, one) for one in checks.retrained),
        }
    )


def below(folder: Path, path: Path) -> Path:
    """An absolute path: relative ones count from the folder; the name of a pack stays."""
    if is_pack(path):
        return path
    return (folder / path.expanduser()).resolve()
