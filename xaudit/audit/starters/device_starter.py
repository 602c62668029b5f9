"""A first ``device.yaml``: every field that a maker may state, as a comment with its question."""

from __future__ import annotations

from xaudit.audit.config.device import Device
from xaudit.report.elements.fields import ALL

_HEAD = """\
# What the maker states of the detector. The card prints it as declared, never as measured, and what
# is left out stands on the card as missing. Take the # off the lines that you fill in.
"""

_STRUCTURED = {
    "claims": """\
# What the study can contradict. Each claim is checked against it, and the card says how it stands.
# claims:
#   ages: {from: 18, below: 65, column: age}   # in years; leave out an end that is open
#   groups:                                    # column of the study: every level it is meant for
#     view: [frontal, lateral]
#   sites: 3                                   # at how many sites it was tested
#   version: "1"                               # that is released
#   weights_sha256: ""                         # of the weights that are released
""",
    "missing_groups": """\
# missing_groups:
#   race:                    # sex, age, race, ethnicity, or a column of the study
#     why: ""                # it was not recorded
#     acceptable: ""         # why the evidence suffices without it
#     controlled: ""         # how the risk is controlled
""",
    "signatures": """\
# signatures:
#   - {name: "", role: "", organization: ""}
""",
}


def device_text() -> str:
    """The text of a ``device.yaml`` that states nothing yet."""
    parts = [_HEAD, _STRUCTURED["claims"]]
    for one in ALL:
        if one.name in Device.model_fields:
            line = f'# {one.name}: ""\n'
            parts.append(f"# {one.question}\n{_STRUCTURED.get(one.name, line)}")
    return "\n".join(parts)
