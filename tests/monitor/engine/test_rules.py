"""Rules judged window by window."""

from dataclasses import replace

from monitor.core.windows import Broken
from monitor.engine.rules import RuleCheck


class Book:
    """Says the same of every window."""

    def __init__(self, now, before):
        self.now, self.before = now, before

    def broken(self, model, version, window):
        return self.now

    def broken_before(self, model, version):
        return self.before


def checked(house, cast, now, before):
    spec = replace(house.spec, rules={"adult": "age >= 18"})
    windows = {cast.hour(0): {"1": None}}
    return list(RuleCheck(Book(now, before)).check("m", spec, windows))


def test_one_row_that_breaks_a_rule_is_an_alert_that_names_it(house, cast):
    (finding,) = checked(
        house, cast, {"adult": Broken(1000, 1, ("p7",))}, {"adult": Broken(100, 0)}
    )

    assert finding.alert
    assert (finding.detector, finding.measured.method) == ("quality.schema", "rule:adult")
    assert finding.measured.evidence == {"rule": "age >= 18", "rows": 1, "prediction_ids": ["p7"]}
    assert finding.message == "rule:adult: broken in 0.1 % of rows, 0 % in the reference: age >= 18"


def test_a_rule_that_is_kept_or_cannot_be_judged_is_no_alert(house, cast):
    (kept,) = checked(house, cast, {"adult": Broken(1000, 0)}, {})

    assert not kept.alert
    assert checked(house, cast, {"adult": Broken(0, 0)}, {}) == []
    assert checked(house, cast, {}, {}) == []
    assert list(RuleCheck(None).check("m", house.spec, {})) == []
