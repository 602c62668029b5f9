"""timm's ``config.json``: its ``pretrained_cfg``.

Sources: timm.data.transforms_factory, timm.models.PretrainedCfg.
"""

from __future__ import annotations

from typing import Any

from xaudit.models.sidecars.sidecar_facts import PIL, READ, Sidecar, normalization, whole_numbers

_PLANES = 4
_OF_TIMM = (
    "url file state_dict hf_hub_id hf_hub_filename source architecture tag custom_load input_size "
    "test_input_size min_input_size fixed_input_size interpolation crop_pct test_crop_pct "
    "crop_mode mean std num_classes label_offset label_names label_descriptions pool_size "
    "test_pool_size first_conv classifier license description origin_url paper_name paper_ids "
    "notes pretrained_cfg num_features global_pool model_args"
)
_MODES = {"center": "crop", "squash": "stretch", "border": "letterbox"}


def of_timm(name: str, content: dict[str, Any]) -> Sidecar | None:
    """What the file says; None if it is none of timm.

    Args:
        name: of the file.
        content: its JSON.
    """
    given = content.get("pretrained_cfg", content)
    if not isinstance(given, dict) or "input_size" not in given:
        return None
    named = content.get("architecture") or given.get("architecture")
    architecture = f"timm:{named}" if isinstance(named, str) else None
    unknown = [key for key in {**content, **given} if key not in _OF_TIMM.split()]
    size = given["input_size"]
    if unknown or not whole_numbers(size, 3) or not size[0] <= _PLANES < min(size[1:]):
        why = f"{unknown[0]}, which is not known here" if unknown else f"input_size {size}"
        return Sidecar(name, {}, dict.fromkeys(READ, f"it says {why}"), architecture)
    values: dict[str, object] = {"height": size[1], "width": size[2], "channels": size[0]}
    scale, remarks = normalization(given.get("mean"), given.get("std"))
    # timm's loader divides 8-bit pixels by 255.
    values |= {**scale, "intensity": "dtype"}
    if (kind := f"pil_{given.get('interpolation')}") in PIL.values():
        values["interpolation"] = kind
    # timm takes these where the file says nothing.
    share, mode = given.get("crop_pct") or 0.875, given.get("crop_mode") or "center"
    known = isinstance(mode, str) and mode in _MODES
    if known and isinstance(share, int | float) and 0 < share <= 1:
        values |= {"resize": _MODES[mode], "crop_pct": share}
    else:
        told = f"it says crop_pct {share}, crop_mode {mode}, which cannot be declared"
        remarks |= dict.fromkeys(("resize", "crop_pct"), told)
    return Sidecar(name, values, remarks, architecture)
