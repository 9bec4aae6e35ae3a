"""Thresholds: both effect and evidence, within the budget."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from monitor.core.findings import Measurement, Severity, Worse
from monitor.core.spec import AlertSpec, Bound, ModelSpec, Task, WindowSpec
from monitor.engine.thresholds import (
    GROWTH,
    MONTH,
    Place,
    judge,
    labelled_looks,
    level,
    smallest,
)


def judged(spec, cast, detector, measured, limit=1e-4):
    return judge(spec, Place("m", "1", cast.hour(0), 100), detector, measured, limit)


@pytest.mark.parametrize(
    ("detector", "measured", "threshold"),
    [
        ("quality.type", Measurement("share", 0.1), 0),
        ("quality.missing", Measurement("share", 0.1, expected=0.05), 0.055),
        ("quality.missing", Measurement("share", 0.1), None),
        ("quality.schema", Measurement("missing_column", 1.0), 0),
        ("quality.schema", Measurement("extra_column", 1.0), 0),
        ("quality.range", Measurement("unit", 0.9), 0.3),
        ("quality.constant", Measurement("run", 0.1), 0.005),
        ("anomaly.row", Measurement("share", 0.1, expected=0.01), 0.03),
        ("anomaly.row", Measurement("extreme", 0.1, expected=0.001), 0.003),
        ("drift.univariate", Measurement("wasserstein", 0.1), 0.2),
        ("drift.prediction", Measurement("psi", 0.1), 0.1),
        ("drift.multivariate", Measurement("classifier", 0.6, expected=0.5), 0.55),
        ("drift.multivariate", Measurement("reconstruction", 0.6), 0.1),
        ("drift.univariate", Measurement("vocabulary", 0.6, "note", expected=0.0), 0.05),
        ("drift.univariate", Measurement("not_compared", 9), None),
        ("performance.realized", Measurement("f1", 0.7, worse=Worse.BELOW, expected=0.8), 0.77),
        ("performance.realized", Measurement("mae", 2.0, expected=2.0), 2.2),
        ("performance.realized", Measurement("mae", 2.0), None),
        ("resource.latency", Measurement("p99", 10.0, expected=20.0), 30.0),
        ("resource.throughput", Measurement("rows_per_second", 1.0, worse=Worse.BELOW), None),
        ("new.detector", Measurement("any", 1.0, expected=0.4), 0.4),
        ("new.detector", Measurement("any", 1.0), 0),
    ],
)
def test_the_table_gives_the_smallest_effect_that_matters(detector, measured, threshold):
    assert smallest(detector, measured) == threshold


@pytest.mark.parametrize(
    ("value", "low", "p_value", "alert"),
    [
        (0.3, 0.2, 1e-6, True),
        (0.3, 0.2, 1e-3, False),  # no evidence
        (0.3, 0.05, 1e-6, False),  # the effect may be too small
        (0.05, None, 1e-9, False),  # the effect is too small
        (0.3, None, None, True),
    ],
)
def test_an_alert_needs_an_effect_and_evidence(spec, cast, value, low, p_value, alert):
    measured = Measurement("jensen_shannon", value, "x", low=low, p_value=p_value)
    assert judged(spec, cast, "drift.univariate", measured).alert is alert


def test_what_is_worse_below_alerts_below(spec, cast):
    fallen = Measurement(
        "roc_auc", 0.7, worse=Worse.BELOW, expected=0.8, low=0.65, high=0.75, p_value=1e-9
    )
    assert judged(spec, cast, "performance.realized", fallen).alert
    assert not judged(spec, cast, "performance.realized", replace(fallen, high=0.79)).alert
    assert not judged(spec, cast, "performance.realized", replace(fallen, p_value=0.01)).alert


def test_a_declared_bound_needs_no_p_value(spec, cast):
    spec = replace(spec, kpis={"roc_auc": Bound(min=0.8), "latency_p99_ms": Bound(max=50.0)})
    fallen = Measurement("roc_auc", 0.7, worse=Worse.BELOW, high=0.75, p_value=0.9)
    slow = Measurement("p99", 60.0, expected=100.0, p_value=0.9)

    finding = judged(spec, cast, "performance.realized", fallen)
    assert (finding.alert, finding.threshold, finding.level) == (True, 0.8, None)
    assert not judged(spec, cast, "performance.realized", replace(fallen, high=0.85)).alert
    assert judged(spec, cast, "resource.latency", slow).alert
    assert not judged(spec, cast, "resource.latency", replace(slow, value=40.0)).alert


@pytest.mark.parametrize(
    ("detector", "measured", "severity"),
    [
        ("drift.univariate", Measurement("psi", 0.2), Severity.WARNING),
        ("drift.univariate", Measurement("psi", 0.4), Severity.CRITICAL),
        ("drift.multivariate", Measurement("classifier", 0.64, expected=0.5), Severity.WARNING),
        ("drift.multivariate", Measurement("classifier", 0.66, expected=0.5), Severity.CRITICAL),
        ("quality.type", Measurement("share", 0.4), Severity.WARNING),
        ("quality.schema", Measurement("missing_column", 1.0), Severity.CRITICAL),
        (
            "performance.realized",
            Measurement("f1", 0.5, worse=Worse.BELOW, expected=0.8),
            Severity.CRITICAL,
        ),
        ("quality.type", Measurement("share", 0.0), Severity.INFO),
    ],
)
def test_an_alert_is_as_severe_as_its_table_says(spec, cast, detector, measured, severity):
    assert judged(spec, cast, detector, measured).severity is severity


@pytest.mark.parametrize(
    ("bound", "value", "severity", "worse"),
    [
        (Bound(min=100), 0.05, Severity.CRITICAL, Worse.BELOW),
        (Bound(min=100), 50.0, Severity.WARNING, Worse.BELOW),
        (Bound(min=100), 150.0, Severity.INFO, Worse.BELOW),
        (Bound(max=100), 0.05, Severity.INFO, Worse.ABOVE),
        (Bound(max=100), 150.0, Severity.WARNING, Worse.ABOVE),
        (Bound(min=10, max=100), 5.0, Severity.WARNING, Worse.BELOW),
        (Bound(min=10, max=100), 50.0, Severity.INFO, Worse.ABOVE),
        (Bound(min=10, max=100), 500.0, Severity.CRITICAL, Worse.ABOVE),
        (Bound(), 50.0, Severity.INFO, Worse.ABOVE),
    ],
)
def test_throughput_keeps_a_declared_bound_on_either_side(
    spec, cast, bound, value, severity, worse
):
    spec = replace(spec, kpis={"rows_per_second": bound})
    finding = judged(
        spec, cast, "resource.throughput", Measurement("rows_per_second", value, p_value=1.0)
    )

    assert (finding.severity, finding.measured.worse) == (severity, worse)
    assert finding.alert is (severity is not Severity.INFO)
    if finding.alert:
        assert f"should be at {'most' if worse is Worse.ABOVE else 'least'}" in finding.message


@pytest.mark.parametrize("budget", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("every", [timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("tests", [1, 40])
def test_false_alarms_a_month_stay_within_the_budget(budget, every, tests):
    spec = ModelSpec(
        Task.BINARY,
        window=WindowSpec(every=every),
        alerts=AlertSpec(false_alarms_per_month=budget),
    )
    looks, months, rng = 2, 4_000, np.random.default_rng(7)
    chances = round(MONTH / every) * looks * tests
    # p-values of unchanged data are uniform, so alarms of a month are binomial
    alarms = rng.binomial(chances, level(spec, tests, looks), size=months)

    assert np.mean(alarms) == pytest.approx(budget, abs=5 * np.sqrt(budget / months))


def test_correlated_tests_do_not_break_the_budget():
    spec = ModelSpec(Task.BINARY, window=WindowSpec(every=timedelta(hours=6)))
    rng, months, windows, tests = np.random.default_rng(7), 500, 120, 20
    p = np.repeat(rng.uniform(size=(months, windows, 1)), tests, axis=2)

    alarms = (p <= level(spec, tests, looks=1)).sum(axis=(1, 2))

    assert np.mean(alarms) <= 1 + 5 * np.std(alarms) / np.sqrt(months)


def test_looks_at_performance_are_as_many_as_growth_allows():
    for rows in (30, 31, 100, 12_345):
        labelled, looks = 30.0, 1
        while np.ceil(labelled * GROWTH) <= rows:
            labelled, looks = np.ceil(labelled * GROWTH), looks + 1
        assert looks <= labelled_looks(rows)
