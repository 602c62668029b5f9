"""``xaudit export``: a saved audit in the forms that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xaudit.commands.options.language import Language
from xaudit.commands.options.unverified import Unverified
from xaudit.commands.terminal.console import tell
from xaudit.report.exports.paper import Paper
from xaudit.report.language.translation import SOURCE, speaking


def export(  # noqa: PLR0913, PLR0917  one for each option
    audit: Annotated[Path, typer.Argument(help="Folder of a finished audit.")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="huggingface, cyclonedx, pdf, dicom, labels, or a form that a package brings.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Where it goes; a usual name in the audit's folder.")
    ] = None,
    paper: Annotated[
        Paper, typer.Option(case_sensitive=False, help="What a PDF is printed on.")
    ] = Paper.a4,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the study, whose objects DICOM refers to.")
    ] = None,
    identified: Annotated[
        bool,
        typer.Option("--identified", help="DICOM objects keep the patient of their radiograph."),
    ] = False,
    unverified: Unverified = False,
    language: Language = SOURCE,
) -> None:
    """Write a saved audit as a Hugging Face model card, a CycloneDX bill of materials or a PDF.

    As dicom: lesions and maps as segmentations, scores as a structured report, outlines as a
    presentation state, and the card. As labels: a list of cases whose label the scores
    contradict, to look at. Installed packages may bring other forms.

    Needs no detector, and the images for DICOM alone. `xaudit schema findings` prints the JSON
    Schema of findings.json itself.
    """
    from xaudit.audit.store.files import write_bytes
    from xaudit.commands.options.forms import exported

    with speaking(language):
        if form == "dicom":
            tell(str(_dicom(audit, data, out or audit / "dicom", paper, identified=identified)))
            return
        name, content = exported(audit, form, paper, unverified=unverified)
    path = out or audit / name
    write_bytes(path, content)
    tell(str(path))


def _dicom(audit: Path, data: Path | None, out: Path, paper: Paper, *, identified: bool) -> Path:
    from xaudit.dicom_export.write import DicomExport
    from xaudit.errors import ConfigError

    if data is None:
        raise ConfigError("--format dicom: name the folder of the study with --data")
    return DicomExport.of(audit, data, identified=identified, paper=paper).write(out)
