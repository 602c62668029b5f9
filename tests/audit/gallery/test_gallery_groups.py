from dataclasses import replace

import pytest

from xaudit.audit.gallery.gallery import Gallery
from xaudit.audit.gallery.gallery_groups import least_seen, worst_served
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ScoreRow, Store
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.core.record.finding import CROSS
from xaudit.report.sections.explanations import KINDS
from xaudit.report.view.numbers import percent


def case(name, label, logit, **groups):
    return CaseRow(name, name, label, groups, logit, 0, "none", False)


def study():
    """Of each level 12 fractures and 12 normal cases; planted failures in leg and at site B."""
    for part in ("arm", "leg"):
        for site in ("A", "B"):
            for i in range(6):
                found = -1.0 - i if part == "leg" and i < 3 else 2.0
                left = 3.0 + i if site == "B" and i < 2 else -2.0
                name = f"{part}-{site}-{i}"
                yield case(f"{name}-f", True, found, part=part, site=site)
                yield case(f"{name}-n", False, left, part=part, site=site)


def test_planted_groups_are_named_worst_first():
    rows = list(study())
    found = worst_served([(row, row.logit) for row in rows], 0.0)
    named = [(one.column, one.level, one.label, one.right, one.cases) for one in found]
    assert named[0] == ("part", "leg", True, 6, 12)
    assert ("site", "B", False, 8, 12) in named


def test_small_levels_single_levels_and_intersections_are_no_groups():
    rows = [case(f"a{i}", True, -1.0, part="arm", **{f"part{CROSS}sex": f"arm{CROSS}{i % 2}"})
            for i in range(30)]  # fmt: skip
    rows += [case(f"b{i}", True, -1.0, part="hip") for i in range(9)]
    assert worst_served([(row, row.logit) for row in rows], 0.0) == []


def test_a_column_without_a_failure_names_nobody():
    rows = [case(f"{p}{i}", True, 1.0, part=p) for p in "ab" for i in range(12)]
    assert worst_served([(row, row.logit) for row in rows], 0.0) == []


def test_gallery_shows_the_worst_case_of_each_that_is_not_shown_yet(tmp_path):
    rows = tuple(study())
    results = Results(Store(tmp_path), rows, (), (), {})
    points = (OperatingPoint("default", 0.0, "fixed"),)
    chosen = Gallery(results, {}, InputSpec(8, 8), points, ()).choose()
    groups = [one for one in chosen if one.kind == "group"]
    assert len({one.row.case_id for one in chosen}) == len(chosen)
    assert groups[0].row.groups["part"] == "leg"
    assert "Fracture missed in part leg, where fewest are found, 6 of 12" in groups[0].reason
    shown = {one.row.case_id for one in chosen if one.kind in ("miss", "false_alarm")}
    left = [row for row in rows if row.label and row.logit < 0 and row.case_id not in shown]
    assert groups[0].row.logit == min(row.logit for row in left)
    assert any("left alone, 8 of 12" in one.reason for one in groups)


def explained(name, mass, **groups):
    row = CaseRow(name, name, True, groups, 1.0, 0, "none", True)
    return row, ScoreRow(name, "m", "mass", mass, None)


def seen(levels):
    """So many fractures of each part with this mass, a little more from one to the next."""
    return [
        explained(f"{part}{i}", mass + i / 1000, part=part)
        for part, (mass, count) in levels.items()
        for i in range(count)
    ]


def test_the_level_at_whose_fractures_maps_look_least_is_named():
    rows = seen({"arm": (0.5, 12), "leg": (0.2, 12), "hip": (0.0, 9)})
    (one,) = least_seen((row, score.value) for row, score in rows)
    assert (one.column, one.level, one.cases) == ("part", "leg", 12)
    assert one.mass == pytest.approx(0.2 + 5.5 / 1000)


def test_gallery_shows_the_worst_map_of_that_level_that_is_not_shown_yet(tmp_path):
    rows = seen({"arm": (0.5, 12), "leg": (0.2, 12), "hip": (0.0, 9)})
    results = Results(Store(tmp_path), *zip(*rows, strict=True), (), {})
    points = (OperatingPoint("default", 0.0, "fixed"),)
    chosen = Gallery(results, {}, InputSpec(8, 8), points, ("m", "not_run")).choose()
    kinds = {kind: [one for one in chosen if one.kind == kind] for kind in KINDS}
    assert [one.row.case_id for one in kinds["worst_map"]] == ["hip0", "hip1", "hip2"]
    (worst,) = kinds["group_map"]
    assert worst.row.case_id == "leg0"
    assert worst.reason == (
        f"{percent(0.2)} of the positive attribution lies in the fracture at best (m); "
        f"part leg, where maps rest least on fractures, mean {percent(0.2055)} in 12 cases"
    )


def test_a_map_outside_the_drawn_sample_counts_for_no_group(tmp_path):
    rows = seen({"arm": (0.5, 12), "leg": (0.2, 12)})
    rows = [(replace(row, sampled=row.case_id != "leg0"), score) for row, score in rows]
    results = Results(Store(tmp_path), *zip(*rows, strict=True), (), {})
    points = (OperatingPoint("default", 0.0, "fixed"),)
    chosen = Gallery(results, {}, InputSpec(8, 8), points, ("m",)).choose()
    assert "leg0" not in {one.row.case_id for one in chosen if one.kind.endswith("map")}
    assert "in 11 cases" in next(one.reason for one in chosen if one.kind == "group_map")
