"""Sentences that findings say."""

import pytest

from monitor.core.findings import Measurement, Worse
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.engine.wording import message

SPEC = ModelSpec(
    Task.BINARY, features={"age": FeatureSpec(type=FeatureType.NUMBER, min=0, max=120)}
)
MAIL = {"value": "Mail", "count": 12, "suggestion": "Male"}
NEW = {"value": "Other", "count": 3, "suggestion": None}


@pytest.mark.parametrize(
    ("detector", "measured", "said"),
    [
        (
            "quality.schema",
            Measurement("missing_column", 1.0, "age"),
            "age: the column is missing in every row",
        ),
        (
            "quality.schema",
            Measurement("missing_column", 0.25, "age", expected=0.0),
            "age: the column is missing in 25 % of rows, 0 % in the reference",
        ),
        (
            "quality.schema",
            Measurement("extra_column", 1.0, "agee"),
            "agee: neither the spec nor the reference knows this column",
        ),
        (
            "quality.schema",
            Measurement("extra_column", 0.25),
            "extra_column: 25 % of rows hold more features than are watched: they are only kept",
        ),
        (
            "quality.type",
            Measurement("share", 0.5, "age"),
            "age: 50 % of values do not fit the type number",
        ),
        (
            "quality.missing",
            Measurement("nonfinite", 0.5, "age"),
            "age: NaN or infinite in 50 % of rows",
        ),
        (
            "quality.range",
            Measurement("share", 0.01, "age", evidence={"minimum": -5.0, "maximum": 300.0}),
            "age: 1 % of values lie outside 0 to 120; seen -5 to 300",
        ),
        (
            "quality.range",
            Measurement("share", 0.01, "x"),
            "x: 1 % of values lie outside any to any",
        ),
        (
            "quality.category",
            Measurement("share", 0.1, "sex", evidence={"values": [MAIL, NEW]}),
            "sex: 2 values are unknown, in 10 % of rows: "
            "'Mail' (12 rows, probably 'Male') and 'Other' (3 rows)",
        ),
        ("quality.category", Measurement("share", 0.0, "sex"), "sex: every value is known"),
        (
            "anomaly.row",
            Measurement(
                "share", 0.05, expected=0.01, evidence={"rows": [{"features": ["a", "b"]}]}
            ),
            "rows: 5 % are unlike the reference, 1 % expected; mostly because of a",
        ),
        (
            "drift.univariate",
            Measurement("jensen_shannon", 0.21, "age"),
            "age: distributed otherwise than in the reference: jensen shannon 0.21 is past 0.1",
        ),
        (
            "drift.multivariate",
            Measurement("classifier", 0.7, evidence={"features": [{"feature": "age"}]}),
            "features together: rows can be told from those of the reference, mostly by age: "
            "AUC 0.7",
        ),
        (
            "drift.multivariate",
            Measurement("reconstruction", 0.3, evidence={"features": [{"feature": "age"}]}),
            "features together: features go together otherwise, mostly age: error off by 0.3",
        ),
        (
            "drift.univariate",
            Measurement("classifier", 0.7, "face"),
            "face: rows can be told from those of the reference: AUC 0.7",
        ),
        (
            "drift.prediction",
            Measurement("psi", 0.21, evidence={"of": "score"}),
            "score: distributed otherwise than in the reference: PSI 0.21 is past 0.1",
        ),
        (
            "drift.concept",
            Measurement("adwin", 0.4, expected=0.2, evidence={"changed_at": "2026-01-01"}),
            "loss: rose from 0.2 to 0.4 at 2026-01-01: features relate otherwise to the actual",
        ),
        (
            "performance.realized",
            Measurement("f1", 0.6, worse=Worse.BELOW, expected=0.8, low=0.5, high=0.7),
            "f1: 0.6 (0.5 to 0.7), 0.8 expected; should be at least 0.1",
        ),
        (
            "resource.latency",
            Measurement("p99", 1500.0, expected=50.0),
            "latency p99: 1,500 ms, 50 ms in the reference; should be at most 0.1",
        ),
        (
            "resource.throughput",
            Measurement("rows_per_second", 2.0, worse=Worse.BELOW),
            "rows_per_second: 2 rows a second; should be at least 0.1",
        ),
        ("new.kind", Measurement("how", 2.0, "x", "a=1"), "x where a=1: how 2, threshold 0.1"),
    ],
)
def test_an_alert_says_its_numbers_and_the_feature_first(detector, measured, said):
    assert message(SPEC, detector, measured, 0.1, alert=True) == said


@pytest.mark.parametrize(
    ("detector", "measured", "said"),
    [
        (
            "drift.univariate",
            Measurement("psi", 0.01, "age"),
            "age: no change that matters: PSI 0.01",
        ),
        (
            "drift.univariate",
            Measurement(
                "not_compared", 1, evidence={"features": [{"feature": "a", "reason": "2 values"}]}
            ),
            "features: nothing can be said of 1: a (2 values)",
        ),
        (
            "drift.multivariate",
            Measurement("classifier", 0.51),
            "features together: rows cannot be told from those of the reference: AUC 0.51",
        ),
        (
            "drift.multivariate",
            Measurement("reconstruction", 0.01),
            "features together: features go together as in the reference: error off by 0.01",
        ),
        ("drift.concept", Measurement("adwin", 0.2), "loss: 0.2, no rise found by adwin"),
        (
            "drift.concept",
            Measurement(
                "mae", 2.0, expected=1.9, evidence={"of": "mae", "estimated": {"value": 1.9}}
            ),
            "mae: 2, 1.9 to be expected of these features: no change of the concept",
        ),
        ("resource.cpu", Measurement("mean_cores", 1.5), "mean_cores: 1.5 cores in use"),
        (
            "resource.cpu",
            Measurement("gpu_mean_share", 0.5),
            "gpu_mean_share: 50 % of the graphics processor in use",
        ),
        ("resource.cost", Measurement("per_1000", 0.5), "per_1000: 0.5 per 1,000 predictions"),
        (
            "resource.throughput",
            Measurement("error_share", 0.01),
            "error_share: 1 % of requests failed",
        ),
        ("performance.realized", Measurement("f1", 0.6), "f1: 0.6"),
        (
            "resource.throughput",
            Measurement("rows_per_second", 2.0),
            "rows_per_second: 2 rows a second",
        ),
    ],
)
def test_what_is_no_alert_says_so(detector, measured, said):
    assert message(SPEC, detector, measured, None, alert=False) == said
