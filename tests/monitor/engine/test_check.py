"""One window: who measures, who fails, and what the evidence shows."""

from dataclasses import replace

import numpy as np

from monitor.core.detector import ProfileDetector, SampleDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import FeatureSpec, FeatureType
from monitor.engine.check import Checker, Sources
from monitor.engine.thresholds import UNLABELLED_SHARE, level


class Fixed(ProfileDetector):
    """Measures what it was given."""

    def __init__(self, name, *measurements):
        self.name, self.measurements = name, measurements

    def measure(self, spec, window, reference, current):
        return self.measurements


class Rows(SampleDetector):
    """Measures how many rows it saw."""

    name = "anomaly.row"

    def measure(self, spec, reference, current):
        yield Measurement("rows", current.rows)


class Shelf:
    """Example rows, or an error."""

    def __init__(self, broken=False):
        self.broken = broken

    def with_values(self, model, version, window, feature, *, values, limit):
        if self.broken:
            raise RuntimeError("no rows today")
        return {value: [f"{value}-1"] for value in values}

    def misfits(self, model, version, window, feature, *, limit):
        return [("7", "abc")]

    def outside(self, model, version, window, feature, *, low, high, limit):
        return [("8", low - 1)]


def checked(house, cast, detectors, examples=None, versions=("1",)):
    window = cast.hour(0)
    for version in versions:
        house.predict(window, 40, version)
    checker = Checker(detectors, examples, house.watch)
    profiles = {v: Profiles(rows=40) for v in versions}
    return checker.check(house.spec, Sources("m", house, house), window, profiles)


def test_a_broken_detector_does_not_silence_the_others(house, cast, caplog):
    found = checked(house, cast, [cast.Broken(), cast.Told({0: 0.5}), Rows()])

    assert [f.detector for f in found] == ["quality.missing", "drift.univariate", "anomaly.row"]
    assert house.watched == [
        ("quality.missing", True),
        ("drift.univariate", False),
        ("anomaly.row", False),
    ]
    assert "no luck" in caplog.text


def test_a_value_that_is_no_number_counts_as_a_failure_and_is_no_finding(house, cast, caplog):
    broken = Fixed("drift.univariate", Measurement("psi", np.nan, "x"))

    assert checked(house, cast, [broken]) == []
    assert house.watched == [("drift.univariate", True)]


def test_all_versions_of_a_window_share_its_budget(house, cast):
    found = checked(house, cast, [cast.Told()], versions=("1", "2"))

    assert [f.version for f in found] == ["1", "2"]
    assert {f.level for f in found} == {level(house.spec, 2, share=UNLABELLED_SHARE)}


def performance(house, cast, judged):
    checker = Checker([cast.Accuracy()], None, house.watch)
    sources = Sources("m", house, house)
    return checker.performance(house.spec, sources, cast.hour(0), judged)


def test_labelled_rows_are_counted_in_the_evidence(house, cast):
    house.label(house.predict(cast.hour(0), 60)[:50], "1")
    (finding,) = performance(house, cast, {"1": 0})

    assert finding.measured.evidence["labelled"] == 50
    assert finding.rows == 60


def test_performance_is_not_looked_at_again_for_a_few_more_labels(house, cast):
    house.label(house.predict(cast.hour(0), 60)[:50], "1")
    assert performance(house, cast, {"1": 41}) == []
    assert performance(house, cast, {"1": 40})


def test_without_labels_or_detectors_performance_says_nothing(house, cast):
    house.predict(cast.hour(0), 60)
    assert performance(house, cast, {"1": 0}) == []
    checker = Checker([cast.Told()], None, house.watch)
    assert checker.performance(house.spec, Sources("m", house, house), cast.hour(0), {"1": 0}) == []


def test_findings_about_quality_name_example_rows(house, cast):
    house.spec = replace(house.spec, features={"x": FeatureSpec(min=0.0)})
    found = checked(
        house,
        cast,
        [
            Fixed("quality.type", Measurement("share", 0.1, "x")),
            Fixed("quality.range", Measurement("share", 0.1, "x")),
            Fixed(
                "quality.category",
                Measurement(
                    "share", 0.1, "x", evidence={"values": [{"value": "Mail", "count": 1}]}
                ),
            ),
            Fixed("quality.missing", Measurement("share", 0.1, "x")),
            Fixed("quality.category", Measurement("share", 0.1, "x", evidence={"values": []})),
            Fixed("quality.type", Measurement("share", 0.0, "x")),
        ],
        Shelf(),
    )

    assert [f.measured.evidence for f in found] == [
        {"examples": [{"prediction_id": "7", "value": "abc"}]},
        {"examples": [{"prediction_id": "8", "value": -1.0}]},
        {"values": [{"value": "Mail", "count": 1, "prediction_ids": ["Mail-1"]}]},
        {},
        {"values": []},
        {},
    ]


def test_what_explains_raw_values_is_told(house, cast):
    asked = []

    def cure(values, kind):
        asked.append((values, kind))
        return "decimal comma"

    house.spec = replace(house.spec, features={"x": FeatureSpec(FeatureType.NUMBER)})
    wrong = Fixed("quality.type", Measurement("share", 0.1, "x"))
    window = {"1": Profiles(rows=100)}
    checker = Checker([wrong], Shelf(), house.watch, cure)

    (finding,) = checker.check(house.spec, Sources("m", house, house), cast.hour(0), window)

    assert asked == [(["abc"], FeatureType.NUMBER)]
    assert finding.measured.evidence["cure"] == "decimal comma"
    assert finding.message.endswith("; most have this: decimal comma")


def test_a_finding_stands_without_the_rows_that_cannot_be_read(house, cast, caplog):
    evidence = {"values": [{"value": "Mail", "count": 1}]}
    unseen = Fixed("quality.category", Measurement("share", 0.1, "x", evidence=evidence))
    (finding,) = checked(house, cast, [unseen], Shelf(broken=True))

    assert finding.measured.evidence == evidence
    assert "no rows today" in caplog.text
