from xaudit.report.view.level_order import in_order


def test_ranges_stand_by_size_and_what_is_not_recorded_last():
    ages = ["15 and over", "not recorded", "5 to under 10", "under 5", "10 to under 15"]
    assert in_order(ages) == [
        "under 5", "5 to under 10", "10 to under 15", "15 and over", "not recorded",
    ]  # fmt: skip
    assert in_order(["10", "2", "b", "a", "unknown"]) == ["2", "10", "a", "b", "unknown"]


def test_intersections_stand_by_each_part():
    assert in_order(["M × under 5", "F × 12 and over", "F × under 5"]) == [
        "F × under 5", "F × 12 and over", "M × under 5",
    ]  # fmt: skip
