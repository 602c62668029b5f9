"""How often the gate passes what it must not, and decides what it should; by simulation.

    python benchmarks/gate_simulation.py [RUNS] [PAGE]

Writes docs/reference/gate-simulation.md. 10,000 runs of each cell, about five minutes on
one core. Every cell has its own stream of random numbers.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy import stats

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.core.record.interim import Spending
from xaudit.core.record.policy import Outcome, Rule
from xaudit.core.seeds import generator_for
from xaudit.gate.judging.compare import compare
from xaudit.gate.judging.multiplicity import with_holm
from xaudit.gate.judging.needed import cases_for_power, cases_that_decide
from xaudit.stats.difference import independent_difference
from xaudit.stats.multiple.group_sequential import boundaries, inflation, repeated_level
from xaudit.stats.paired_proportions import paired_difference
from xaudit.stats.proportions import clustered_proportion, wilson
from xaudit.stats.roc.auc import auc
from xaudit.stats.roc.auc_difference import paired_auc_difference

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "gate-simulation.md"
WORDS = ("pass", "fail", "inconclusive")
# Cases of a patient: 1 to 5, three on average.
SIZES = (1, 2, 3, 4, 5)
ICC = 0.3
# With fewer runs chance alone puts a cell over 5 %.
ENOUGH = 1000

Study = Callable[[np.random.Generator], Estimate]

TEXT = """\
# Errors and power of the gate

How often a rule says what, in percent of simulated studies. Made by `benchmarks/gate_simulation.py`
with the code that the gate runs, {runs} runs of each cell: the standard error of 2.5 is
{error:.1f} points. "Clustered" studies have patients with 1 to 5 cases, three on average, whose
outcomes correlate by {icc}.

- **Truth at the bound.** The detector lies exactly on the floor or the margin, so a pass is the
  error that the gate must avoid: 2.5 % is declared (a 95 % interval, read on one side), more than
  5 % would be a fault. A failure is as wrong there, the other way round.
- **Power.** `xaudit gate --explain RULE` names the size at which a rule is decided with 80 %
  power if the observed rate is the true one; studies of that size are simulated. The size that an
  inconclusive outcome names ("would decide, if the observed rate stays") is smaller: there about
  every second study decides.

{verdict}
"""


def patients(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.repeat(np.arange(count), rng.choice(SIZES, count))


def success(rng: np.random.Generator, index: np.ndarray, share: float) -> np.ndarray:
    """Beta-binomial successes of patients."""
    odds = (1 - ICC) / ICC
    own = rng.beta(share * odds, (1 - share) * odds, int(index.max()) + 1)
    return rng.random(len(index)) < own[index]


def rate(n: int, share: float) -> Study:
    return lambda rng: wilson(int(rng.binomial(n, share)), n)


def clustered_rate(count: int, share: float) -> Study:
    def study(rng: np.random.Generator) -> Estimate:
        index = patients(rng, count)
        return clustered_proportion(success(rng, index, share), index)

    return study


def area(n: int, value: float, clustered: bool = False) -> Study:
    shift = 2**0.5 * stats.norm.ppf(value)

    def study(rng: np.random.Generator) -> Estimate:
        index = patients(rng, n) if clustered else np.arange(n)
        labels = rng.random(len(index)) < 0.5
        mood = rng.normal(size=n)[index] if clustered else 0.0
        own = rng.normal(size=len(index))
        scores = ICC**0.5 * mood + (1 - ICC) ** 0.5 * own if clustered else own
        return auc(scores + shift * labels, labels, index)

    return study


def paired_rate(n: int, old: float, gap: float, clustered: bool = False) -> Study:
    """Two detectors that agree in most cases; the new one is right less often by ``gap``."""

    def study(rng: np.random.Generator) -> Estimate:
        index = patients(rng, n) if clustered else np.arange(n)
        both = success(rng, index, old) if clustered else rng.random(n) < old
        draw = rng.random(len(index))
        # 5 % of all cases change to right, and as many more to wrong as the gap asks for.
        gained, lost = 0.05 / (1 - old), (0.05 + gap) / old
        new = np.where(both, draw >= lost, draw < gained)
        return paired_difference(new, both, index).difference

    return study


def paired_area(n: int, old: float, gap: float) -> Study:
    one, other = (2**0.5 * stats.norm.ppf(value) for value in (old - gap, old))

    def study(rng: np.random.Generator) -> Estimate:
        labels = rng.random(n) < 0.5
        common = 0.7**0.5 * rng.normal(size=n)
        new, first = (
            common + 0.3**0.5 * rng.normal(size=n) + shift * labels for shift in (one, other)
        )
        return paired_auc_difference(new, first, labels, np.arange(n)).difference

    return study


def gap_between(n: int, share: float, gap: float) -> Study:
    def study(rng: np.random.Generator) -> Estimate:
        sides = [wilson(int(rng.binomial(n, one)), n) for one in (share - gap, share)]
        return independent_difference(sides[0], sides[1])

    return study


def shares(name: str, rule: Rule, study: Study, runs: int) -> dict[str, float]:
    rng = generator_for(1, "gate simulation", name)
    counts = Counter(compare(rule, study(rng))[0] for _ in range(runs))
    return {word: 100 * counts[word] / runs for word in WORDS}


def cells_at_the_bound() -> Iterator[tuple[str, Rule, Study]]:
    for floor in (0.75, 0.9):
        rule = Rule("r", "sensitivity", floor=floor)
        for n in (50, 100, 200, 500):
            yield f"sensitivity ≥ {floor}, {n} positives", rule, rate(n, floor)
        for n in (50, 100, 200):
            yield f"sensitivity ≥ {floor}, clustered, {n} patients", rule, clustered_rate(n, floor)
    rule = Rule("r", "auc", floor=0.85)
    for n in (100, 200, 500):
        yield f"AUC ≥ 0.85, {n} cases", rule, area(n, 0.85)
    yield "AUC ≥ 0.85, clustered, 100 patients", rule, area(100, 0.85, clustered=True)
    rule = Rule("r", "sensitivity", non_inferior=0.05)
    for n in (100, 200, 500):
        yield f"sensitivity, margin 0.05, {n} positives", rule, paired_rate(n, 0.85, 0.05)
    study = paired_rate(100, 0.85, 0.05, clustered=True)
    yield "sensitivity, margin 0.05, clustered, 100 patients", rule, study
    rule = Rule("r", "sensitivity", superior=0.0)
    yield "sensitivity, better than the baseline, 200 positives", rule, paired_rate(200, 0.85, 0.0)
    rule = Rule("r", "auc", non_inferior=0.03)
    for n in (100, 200, 500):
        yield f"AUC, margin 0.03, {n} cases", rule, paired_area(n, 0.88, 0.03)
    rule = Rule("r", "sensitivity_gap", equivalent=0.1)
    for n in (100, 300):
        yield f"groups alike within 0.1, {n} positives each", rule, gap_between(n, 0.85, 0.1)


def power_cells() -> Iterator[tuple[str, Rule, Study]]:
    for floor, true in ((0.75, 0.85), (0.8, 0.9), (0.9, 0.95), (0.8, 0.7)):
        rule = Rule("r", "sensitivity", floor=floor)
        n = cases_for_power(floor, true, 0.8)
        assert n is not None
        yield f"sensitivity ≥ {floor}, truth {true}: {n} positives (80 %)", rule, rate(n, true)
        seen = round(true * 40)
        n = cases_that_decide(rule, wilson(seen, 40))
        if n is not None:
            label = f"sensitivity ≥ {floor}, truth {seen / 40}: {n} positives (“would decide”)"
            yield label, rule, rate(n, seen / 40)


def families(runs: int) -> Iterator[tuple[str, float, float]]:
    """Any false pass among so many sites, all of them exactly on the floor."""
    for sites in (5, 20):
        rng, false = generator_for(1, "gate simulation", "family", str(sites)), [0, 0]
        rule = Rule("r", "sensitivity", {"group": "site", "level": "*"}, floor=0.8)
        for _ in range(runs // 4):
            found = [wilson(int(k), 200) for k in rng.binomial(200, 0.8, sites)]
            outcomes = [
                Outcome(rule, Finding("sensitivity", {"level": str(level)}, one).scope,
                        *compare(rule, one), one)
                for level, one in enumerate(found)
            ]  # fmt: skip
            for place, some in enumerate((outcomes, with_holm(outcomes))):
                false[place] += any(one.verdict == "pass" for one in some)
        yield f"{sites} sites", *(100 * one / (runs // 4) for one in false)


Part = Callable[[float, float], Estimate]
INTERIM = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Grown:
    """A rule that is read while its study grows.

    Attributes:
        draw: a study → the estimate of a share of its patients, at a level.
        cases: of the whole study, or its patients where those are clustered.
        single: cases with which one analysis has the same power; 0 where none was computed.
    """

    name: str
    rule: Rule
    draw: Callable[[np.random.Generator], Part]
    cases: int
    single: int = 0


def growing_rate(n: int, share: float, rng: np.random.Generator) -> Part:
    right = rng.random(n) < share

    def part(fraction: float, level: float) -> Estimate:
        m = round(fraction * n)
        return wilson(int(right[:m].sum()), m, level)

    return part


def growing_clusters(count: int, share: float, rng: np.random.Generator) -> Part:
    index = patients(rng, count)
    right = success(rng, index, share)

    def part(fraction: float, level: float) -> Estimate:
        there = index < round(fraction * count)
        return clustered_proportion(right[there], index[there], level)

    return part


def growing_area(n: int, value: float, rng: np.random.Generator) -> Part:
    labels = rng.random(n) < 0.5
    scores = rng.normal(size=n) + 2**0.5 * stats.norm.ppf(value) * labels

    def part(fraction: float, level: float) -> Estimate:
        m = round(fraction * n)
        return auc(scores[:m], labels[:m], np.arange(m), level)

    return part


def growing_pairs(n: int, gap: float, rng: np.random.Generator) -> Part:
    old = rng.random(n) < 0.85
    draw = rng.random(n)
    new = np.where(old, draw >= (0.05 + gap) / 0.85, draw < 0.05 / 0.15)

    def part(fraction: float, level: float) -> Estimate:
        m = round(fraction * n)
        return paired_difference(new[:m], old[:m], np.arange(m), level=level).difference

    return part


def grown_at_the_bound() -> Iterator[Grown]:
    for floor in (0.75, 0.9):
        rule = Rule("r", "sensitivity", floor=floor)
        for n in (100, 200, 500):
            name = f"sensitivity ≥ {floor}, {n} positives"
            yield Grown(name, rule, partial(growing_rate, n, floor), n)
    rule = Rule("r", "sensitivity", floor=0.8)
    name = "sensitivity ≥ 0.8, clustered, 200 patients"
    yield Grown(name, rule, partial(growing_clusters, 200, 0.8), 200)
    rule = Rule("r", "auc", floor=0.85)
    yield Grown("AUC ≥ 0.85, 300 cases", rule, partial(growing_area, 300, 0.85), 300)
    rule = Rule("r", "sensitivity", non_inferior=0.05)
    name = "sensitivity, margin 0.05, 300 positives"
    yield Grown(name, rule, partial(growing_pairs, 300, 0.05), 300)


def grown_with_power(spending: Spending) -> Iterator[Grown]:
    """At the size of `--profile ci`, and how much smaller the truth makes it."""
    factor = inflation(INTERIM, boundaries(INTERIM, spending))
    for floor, true in ((0.75, 0.875), (0.8, 0.9), (0.8, 0.95), (0.9, 0.95), (0.8, 0.6)):
        rule = Rule("r", "sensitivity", floor=floor)
        # It is sized for the middle between the floor and 1.
        single = cases_for_power(floor, (floor + 1) / 2, 0.8)
        assert single is not None
        n = int(np.ceil(single * factor))
        name = f"sensitivity ≥ {floor}, truth {true}: {n} positives"
        yield Grown(name, rule, partial(growing_rate, n, true), n, single)


def grown_shares(one: Grown, spending: Spending, runs: int) -> dict[str, float]:
    """What the rule says where the study stops, and after how many cases that is on average."""
    rng = generator_for(1, "gate simulation", "looks", spending, one.name)
    levels = [repeated_level(limit) for limit in boundaries(INTERIM, spending)]
    counts: Counter[str] = Counter()
    used = 0.0
    for _ in range(runs):
        part, word = one.draw(rng), "inconclusive"
        for fraction, level in zip(INTERIM, levels, strict=True):
            word = compare(one.rule, part(fraction, level))[0]
            if word != "inconclusive":
                break
        counts[word] += 1
        used += fraction * one.cases
    return {word: 100 * counts[word] / runs for word in WORDS} | {"cases": used / runs}


def interim_section(runs: int) -> str:
    """Interim analyses while a study grows: errors, power and expected sizes."""
    lines = [INTERIM_TEXT.format(shares=", ".join(f"{100 * one:g}" for one in INTERIM))]
    for title, cells in (("Truth at the bound", lambda _: grown_at_the_bound()),
                         ("Power and size", grown_with_power)):  # fmt: skip
        lines += [f"### {title}", "", INTERIM_HEAD]
        for spending in ("obrien_fleming", "pocock"):
            for one in cells(spending):
                found = grown_shares(one, spending, runs)
                if title == "Truth at the bound" and found["pass"] > 5 and runs >= ENOUGH:
                    raise SystemExit(f"passes in {found['pass']:.1f} %: {one.name}, {spending}")
                numbers = " | ".join(f"{found[word]:.1f}" for word in WORDS)
                single = one.single or "–"
                lines.append(
                    f"| {one.name}, {spending} | {numbers} | {found['cases']:.0f} | {single} |"
                )
        lines.append("")
    return "\n".join(lines)


INTERIM_HEAD = """\
| rule, spending | pass | fail | inconclusive | cases on average | cases of one analysis |
|---|---|---|---|---|---|"""
INTERIM_TEXT = """\
## Interim analyses

`--profile ci` reads the rules after {shares} % of the patients with repeated confidence intervals,
and stops where they are decided. At the bound every analysis is a further chance to pass by luck;
the spending function keeps the error of all of them together. Sizes are those that `--profile ci`
takes: 80 % power if the truth is the middle between floor and 1, with that for several analyses.
"Cases of one analysis" have the same power without interim analyses.
"""


def table(head: str, rows: list[tuple[str, dict[str, float]]]) -> str:
    lines = [f"| {head} | pass | fail | inconclusive |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {found['pass']:.1f} | {found['fail']:.1f} | {found['inconclusive']:.1f} |"
        for name, found in rows
    ]
    return "\n".join(lines)


def main(runs: int = 10_000, page: Path = PAGE) -> None:
    bound = [(name, shares(name, rule, one, runs)) for name, rule, one in cells_at_the_bound()]
    power = [(name, shares(name, rule, one, runs)) for name, rule, one in power_cells()]
    worst = max(bound, key=lambda row: row[1]["pass"])
    if worst[1]["pass"] > 5 and runs >= ENOUGH:
        raise SystemExit(f"passes in {worst[1]['pass']:.1f} % at the bound: {worst[0]}")
    said = f"The highest rate of false passes is {worst[1]['pass']:.1f} % ({worst[0]})."
    family = "\n".join(
        f"| {name} | {none:.1f} | {holm:.1f} |" for name, none, holm in families(runs)
    )
    text = TEXT.format(runs=runs, error=100 * (0.025 * 0.975 / runs) ** 0.5, icc=ICC, verdict=said)
    text += f"\n## Truth at the bound\n\n{table('rule', bound)}\n"
    text += f"\n## Power at the sizes that are named\n\n{table('rule', power)}\n"
    text += (
        "\n## Many outcomes\n\nSites with 200 positives each, all exactly on the floor of 0.8; "
        f"studies with any pass, {runs // 4} runs.\n\n"
        f"| | `multiplicity: none` | `holm` |\n|---|---|---|\n"
        f"{family}\n"
    )
    page.write_text(f"{text}\n{interim_section(runs)}", encoding="utf-8")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 10_000, Path(given[1]) if len(given) > 1 else PAGE)
