from xaudit.fairness.intersections import with_intersections


def test_pairs_and_triples_are_columns():
    groups = {"sex": "F", "age": "", "view": "AP", "site": "north"}
    found = with_intersections(groups, ("sex", "age", "view"), 3)
    assert {name: found[name] for name in found.keys() - groups.keys()} == {
        "sex × age": "F × not recorded",
        "sex × view": "F × AP",
        "age × view": "not recorded × AP",
        "sex × age × view": "F × not recorded × AP",
    }
    assert found["age"] == "not recorded"


def test_depth_says_how_many_meet():
    groups = {"a": "1", "b": "2", "c": "3"}
    assert len(with_intersections(groups, ("a", "b", "c"), 2)) == 6
    assert with_intersections(groups, (), 1) == groups
