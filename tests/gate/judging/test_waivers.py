from datetime import date, timedelta

import pytest
import yaml

from xaudit.core.record.policy import Policy, Rule, Waiver
from xaudit.errors import ConfigError, ExitCode
from xaudit.gate.judging.verdict import exit_code, judge
from xaudit.gate.outputs.table import verdict_table
from xaudit.gate.policies.policy import policy_hash, read_policy

TODAY = date(2026, 6, 1)
POLICY = """\
name: p
rules:
  - {id: a, metric: auc, floor: 0.8}
waivers:
  - rule: a
    where: {group: site, level: B}
    reason: the new site has its own reading until the next release
    owner: Dr. X
    expires: 2026-12-31
"""


def verdict_of(findings, bound, expires=TODAY, **where):
    rules = (Rule("r", "sensitivity", {"group": "site", "level": "*"}, floor=bound),)
    waivers = (Waiver("r", where, "why", "Dr. X", expires),)
    policy = Policy("p", rules, policy_hash(Policy("p", rules, "", "", waivers)), "", waivers)
    return judge(policy, findings, policy.sha256, TODAY)


@pytest.fixture
def sites(make_findings, finding):
    levels = (("A", 0.8, 0.9), ("B", 0.3, 0.5), ("C", 0.6, 0.8))
    return make_findings(
        *(finding(low, high, group="site", level=one) for one, low, high in levels)
    )


def test_waiver_covers_its_scope_and_nothing_else(sites):
    verdict = verdict_of(sites, 0.7, level="B")
    assert [one.verdict for one in verdict.outcomes] == ["pass", "waived", "inconclusive"]
    assert exit_code(verdict) == ExitCode.INCONCLUSIVE


@pytest.mark.parametrize("where", [{}, {"level": "*"}])
def test_all_waived_is_exit_0_but_not_called_a_pass(sites, where):
    verdict = verdict_of(sites, 0.7, **where)
    assert [one.verdict for one in verdict.outcomes] == ["pass", "waived", "waived"]
    assert verdict.overall == "waived"
    assert exit_code(verdict) == ExitCode.PASS
    assert "waived by Dr. X until 2026-06-01: why" in verdict.outcomes[1].why


def test_expired_waiver_fails_what_does_not_pass(sites):
    verdict = verdict_of(sites, 0.7, TODAY - timedelta(days=1))
    assert [one.verdict for one in verdict.outcomes] == ["pass", "fail", "fail"]
    assert "expired on 2026-05-31" in verdict.outcomes[2].why
    assert exit_code(verdict) == ExitCode.FAIL


def test_later_waiver_of_two_counts(sites):
    rules = (Rule("r", "sensitivity", {"group": "site", "level": "B"}, floor=0.7),)
    days = (TODAY - timedelta(days=9), TODAY + timedelta(days=9))
    waivers = tuple(Waiver("r", {}, "why", "Dr. X", day) for day in days)
    policy = Policy("p", rules, policy_hash(Policy("p", rules, "", "", waivers)), "", waivers)
    assert judge(policy, sites, policy.sha256, TODAY).overall == "waived"


def test_waiver_that_came_after_the_run_is_a_change(sites):
    verdict = verdict_of(sites, 0.7)
    rules = tuple({one.rule.id: one.rule for one in verdict.outcomes}.values())
    policy = Policy("p", rules, "", "", verdict.waivers)
    late = judge(policy, sites, policy_hash(Policy("p", rules, "")), TODAY)
    assert late.changed_after_run
    assert exit_code(late) == ExitCode.PASS
    assert exit_code(late, strict=True) == ExitCode.FAIL
    assert exit_code(verdict, strict=True) == ExitCode.PASS


def test_terminal_prints_every_waiver(sites):
    lines = [str(one) for one in verdict_table(verdict_of(sites, 0.0)).renderables[1:]]
    assert lines[0].startswith("waiver: rule r (every outcome), owner Dr. X, until 2026-06-01")


def read(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return read_policy(path)


def test_waiver_is_read_and_counts_in_the_hash(tmp_path):
    policy = read(tmp_path, POLICY)
    (waiver,) = policy.waivers
    assert (waiver.expires, waiver.line) == (date(2026, 12, 31), 5)
    assert policy_hash(policy) == policy.sha256
    assert read(tmp_path, POLICY.replace("2026", "2027")).sha256 != policy.sha256


@pytest.mark.parametrize("key", ["rule", "where", "reason", "owner", "expires"])
def test_nothing_of_a_waiver_may_be_left_out(tmp_path, key):
    content = yaml.safe_load(POLICY)
    del content["waivers"][0][key]
    with pytest.raises(ConfigError, match=rf"waivers.0.{key}: is missing"):
        read(tmp_path, yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("owner: Dr. X", 'owner: "  "', "waivers.0.owner"),
        ("2026-12-31", "someday", "waivers.0.expires"),
        ("level: B", "levl: B", "no scope key levl"),
        *(
            ("2026-12-31", day, r"waivers.0.expires: expected a day such as 2027-03-31")
            for day in (
                "20270101", "1798761600", "1798761600.0", "true", "null", "'20270101'",
                "'1798761600'", "2027-01-01T00:00:00", "2027-01-01 00:00:00Z", "'2027-01-01T00:00'",
                "01.02.2027", "2027-1", "[2027-01-01]", "2027-13-01", "'2027-02-30'",
            )
        ),
    ],
)  # fmt: skip
def test_bad_waivers_are_refused(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, POLICY.replace(old, new))


def test_waiver_of_no_rule_is_refused_with_the_nearest(tmp_path):
    text = POLICY.replace("id: a,", "id: sensitivity,").replace("rule: a", "rule: sensitivty")
    with pytest.raises(ConfigError, match=r"policy.yaml:5: .*did you mean 'sensitivity'"):
        read(tmp_path, text)


def test_contradictory_rules_are_refused_with_their_lines(tmp_path):
    text = POLICY.replace("waivers:", "  - {id: b, metric: auc, ceiling: 0.7}\nwaivers:")
    with pytest.raises(ConfigError, match=r"policy.yaml:4: rule 'b'.*\(line 3\)"):
        read(tmp_path, text)
