from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from xaudit.audit.plan.sample import draw_sample, limit_study
from xaudit.core.case import Case
from xaudit.data.image_file import ImageFile


def cases(positives, negatives, regions=3):
    labels = [True] * positives + [False] * negatives
    return [
        Case(f"c{n}", f"p{n}", label, ImageFile(Path("x.png")), groups={"region": str(n % regions)})
        for n, label in enumerate(labels)
    ]


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 90), st.floats(0, 1))
def test_sample_has_the_size_and_no_case_twice(positives, negatives, size, share):
    study = cases(positives, negatives)
    sample = draw_sample(study, size, share, seed=3)
    assert len(sample) == len(set(sample)) == min(size, len(study))


@given(st.integers(0, 10**6))
def test_sample_mirrors_labels_and_groups(seed):
    study = cases(200, 400)
    sample = set(draw_sample(study, 60, 2 / 3, seed))
    drawn = [case for case in study if case.case_id in sample]
    assert sum(case.label for case in drawn) == 40
    regions = Counter(case.groups["region"] for case in drawn if case.label)
    assert max(regions.values()) - min(regions.values()) <= 1


def test_sample_depends_on_the_seed_alone():
    study = cases(50, 50)
    assert draw_sample(study, 20, 0.5, 1) == draw_sample(study, 20, 0.5, 1)
    assert draw_sample(study, 20, 0.5, 1) != draw_sample(study, 20, 0.5, 2)


def test_every_case_has_the_same_chance():
    study = cases(12, 0, regions=4)
    counts = Counter(one for seed in range(3000) for one in draw_sample(study, 3, 1.0, seed))
    assert len(counts) == 12
    assert min(counts.values()) > 600  # 750 expected, standard deviation 24
    assert max(counts.values()) < 900


def test_limit_keeps_the_share_of_fractures():
    kept = limit_study(cases(200, 400), 30, seed=0)
    assert len(kept) == 30
    assert sum(case.label for case in kept) == 10
    assert limit_study(kept, 99, 0) == kept
