"""``device.yaml``: what the maker of a device states about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from xaudit.core.record.statements import Ages, Claims, Signatory, Statements, Unrecorded
from xaudit.errors import ConfigError
from xaudit.report.elements.fields import ALL
from xaudit.yaml_file import read_yaml

# A key without a value says as little as no key.
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True
    )


class AgesPart(_Part):
    """For which ages the device is meant."""

    low: float | None = Field(
        None, ge=0, le=130, alias="from", description="lowest age in years; leave out for none"
    )
    below: float | None = Field(
        None, gt=0, le=130, description="first age that is too old; leave out for none"
    )
    column: str = Field("age", description="group column of the study with ages or age bands")

    @model_validator(mode="after")
    def _in_order(self) -> AgesPart:
        if self.low is None and self.below is None:
            raise ValueError("expected `from`, `below` or both")
        if self.low is not None and self.below is not None and self.low >= self.below:
            raise ValueError(f"`from` {self.low:g} is not under `below` {self.below:g}")
        return self


class ClaimsPart(_Part):
    """What a study can contradict; each claim is checked, and the card shows how it stands."""

    ages: AgesPart | None = Field(None, description="ages for which the device is meant")
    groups: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="group column of the study → every level for which the device is meant",
    )
    sites: int | None = Field(None, ge=1, description="at how many sites it was tested")
    version: str | None = Field(None, min_length=1, description="version that is released")
    weights_sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="SHA-256 of the released weights, lower case"
    )


class UnrecordedPart(_Part):
    """The three things that are asked where a demographic is not in the study."""

    why: Text = Field("", description="why it was not recorded")
    acceptable: Text = Field("", description="why the evidence suffices without it")
    controlled: Text = Field("", description="how the risk is controlled")


class SignatoryPart(_Part):
    """A person who answers for the tests; signature and date are set on the printed card."""

    name: str = Field(min_length=1)
    role: str = Field(min_length=1, description="what the person answers for")
    organization: Text = ""


class _Structured(_Part):
    claims: ClaimsPart = Field(
        default_factory=ClaimsPart, description="what a study can contradict"
    )
    missing_groups: dict[str, UnrecordedPart] = Field(
        default_factory=dict,
        description="demographic that the study lacks (sex, age, race, ethnicity, or a column) → "
        "why, acceptable, controlled",
    )
    signatures: tuple[SignatoryPart, ...] = Field((), description="who answers for the tests")


_TEXTS = tuple(one for one in ALL if one.declarable and one.name not in _Structured.model_fields)
_FIELDS: dict[str, Any] = {one.name: (Text, Field("", description=one.question)) for one in _TEXTS}
Device = create_model(
    "Device",
    __base__=_Structured,
    __doc__="What the maker of a device states; every key may be left out.",
    **_FIELDS,
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """The content of ``device.yaml``.

    Attributes:
        texts: field of the card → what is stated of it; fields without a text are left out.
        statements: what a study can contradict, and what is not free text.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    statements: Statements = field(default_factory=Statements)


def read_device(path: Path | None, env: Collection[str] = ()) -> Declaration:
    """Read what is stated of a device; nothing is stated where there is no file.

    Args:
        path: the file.
        env: environment variables that it may read; see `xaudit.yaml_file.read_yaml`.

    Raises:
        ConfigError: every key that is no field of the card, with its line and the nearest field;
            every field that only an audit can fill; every value that is no such value.
    """
    if path is None:
        return Declaration()
    file = read_yaml(path, env)
    if file.data is None:
        return Declaration()
    if not isinstance(file.data, dict):
        expected = "expected `field: text`; `xaudit schema device` lists the fields"
        raise ConfigError(f"{path}:1: {expected}")
    measured = [one.name for one in ALL if one.name in file.data and not one.declarable]
    if measured:
        why = "is measured by the audit and cannot be declared; leave it out"
        raise ConfigError([f"{file.place((key,))}: {key}: {why}" for key in measured])
    return _declaration(file.parse(Device))


def _declaration(device: _Structured) -> Declaration:
    texts = {one.name: str(getattr(device, one.name)) for one in _TEXTS}
    unrecorded = tuple(
        Unrecorded(group, one.why, one.acceptable, one.controlled)
        for group, one in device.missing_groups.items()
    )
    signatories = tuple(
        Signatory(signature.name, signature.role, signature.organization)
        for signature in device.signatures
    )
    return Declaration(
        {name: text for name, text in texts.items() if text},
        Statements(_claims(device.claims), unrecorded, signatories),
    )


def _claims(part: ClaimsPart) -> Claims:
    ages = part.ages
    return Claims(
        ages=Ages(ages.low, ages.below, ages.column) if ages else None,
        groups=part.groups,
        sites=part.sites,
        version=part.version,
        weights_sha256=part.weights_sha256,
    )
