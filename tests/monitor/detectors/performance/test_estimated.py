"""KPIs before their actuals come: as findings, and against what labels say later."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial

import numpy as np
import pytest
from simulated import SPEC, World

from monitor.core.spec import AlertSpec, ModelSpec, Task
from monitor.core.windows import Sample, Window
from monitor.detectors.drift.concept import Concept
from monitor.detectors.estimation.fitted import Fitted
from monitor.detectors.performance.estimated import EstimatedPerformance, estimate
from monitor.detectors.performance.kpis import KPIS
from monitor.detectors.performance.realized import estimates
from monitor.engine.thresholds import LABELLED_SHARE, Place, judge, level

FITTED = Fitted()
DETECTOR, CONCEPT = EstimatedPerformance(FITTED), Concept(FITTED)


@cache
def world():
    return World.of(1)


@cache
def reference():
    return world().sample(6_000, 0.0, 7)


def bare(sample):
    """The rows before their actuals came."""
    return replace(sample, actual=np.full(sample.rows, None))


def test_every_kpi_is_estimated_with_an_interval_that_holds_the_realized_one():
    held = []
    for seed in range(4):
        window = world().sample(3_000, 0.5, seed)
        found = {m.method: m for m in DETECTOR.measure(SPEC, reference(), bare(window))}
        assert found.keys() == KPIS[Task.BINARY].keys() - {"business_value"}
        realized = estimates(SPEC, window)
        held += [m.low <= realized[name].value <= m.high for name, m in found.items()]

    assert np.mean(held) >= 0.85


def test_what_is_estimated_does_not_look_at_actuals():
    window = world().sample(500, 0.0, 3)

    assert list(DETECTOR.measure(SPEC, reference(), window)) == list(
        DETECTOR.measure(SPEC, reference(), bare(window))
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"score": np.full(6_000, 0.5)}, "uninformative"),
        ({"actual": np.full(6_000, None)}, "0 rows with score and actual"),
    ],
)
def test_where_nothing_can_be_estimated_the_finding_says_why(changed, reason):
    (found,) = DETECTOR.measure(SPEC, replace(reference(), **changed), world().sample(500, 0.0, 3))

    assert found.method == "refusal"
    assert reason in found.evidence["reason"]


def test_rows_where_the_reference_has_none_are_refused():
    far = world().sample(500, 9.0, 3)
    kpis, reason = estimate(FITTED, SPEC, reference(), far)

    assert kpis == {}
    assert "density ratio" in reason
    assert estimate(FITTED, SPEC, Sample(0), far)[0] == {}


def test_many_classes_are_estimated_and_their_concept_is_watched():
    rng = np.random.default_rng(3)
    spec = ModelSpec(Task.MULTICLASS)

    def rows(count, flipped=False):
        x = rng.normal(size=count)
        odds = np.exp(np.column_stack([-x, np.zeros(count), x]))
        share = odds / odds.sum(axis=1, keepdims=True)
        came = np.array([rng.choice(3, p=p) for p in share])
        return Sample(
            count,
            [str(i) for i in range(count)],
            numbers={"x": x},
            prediction=np.array(list("abc"), object)[share.argmax(axis=1)],
            scores=dict(zip("abc", share.T, strict=True)),
            actual=np.array(list("abc"), object)[2 - came if flipped else came],
        )

    known = rows(1_500)
    same, other = (list(CONCEPT.measure(spec, known, rows(800, f))) for f in (False, True))

    assert {m.method for m in DETECTOR.measure(spec, known, rows(800))} == {
        "accuracy",
        "f1_macro",
        "log_loss",
        "roc_auc_ovr",
    }
    assert {m.method for m in same} == {"accuracy", "roc_auc_ovr"}
    assert min(m.p_value for m in same) > 1e-4
    assert max(m.p_value for m in other) < 1e-6


HOUR = Window.holding(datetime(2026, 1, 1, tzinfo=UTC), SPEC.window.every)


def alerts(shift, concept, seeds=40):
    """In how many windows concept drift alerts, at the level of one false alarm a month."""
    spec = replace(SPEC, alerts=AlertSpec(1.0))
    limit = level(spec, tests=13, looks=12, share=LABELLED_SHARE)
    judged = partial(judge, spec, Place("m", "1", HOUR, 2_000), "drift.concept", level=limit)
    windows = [world().sample(2_000, shift, 100 + seed, concept) for seed in range(seeds)]
    return sum(
        any(judged(m).alert for m in CONCEPT.measure(spec, reference(), window))
        for window in windows
    )


def test_windows_whose_features_shift_raise_no_concept_drift():
    assert alerts(0.8, 0.0) <= 1


def test_windows_whose_concept_turned_do():
    assert alerts(0.0, 0.8) >= 38


def test_features_whose_shift_costs_the_most_are_named_first():
    steady, moved = (world().sample(3_000, 0.0, seed) for seed in (11, 12))
    shifted = dict(steady.numbers)
    hard = np.argsort(np.abs(moved.score - 0.5))[:900]  # rows that the model can hardly tell
    order = np.concatenate([hard, np.arange(2_100)])
    numbers = {n: np.concatenate([moved.numbers[n][hard], shifted[n][:2_100]]) for n in shifted}
    window = replace(
        steady,
        numbers=numbers,
        prediction=np.concatenate([moved.prediction[hard], steady.prediction[:2_100]]),
        score=np.concatenate([moved.score[hard], steady.score[:2_100]]),
        labels={"region": np.array(["north"] * len(order), object)},
    )
    found = {m.method: m for m in DETECTOR.measure(SPEC, reference(), window)}
    causes = found["accuracy"].evidence["causes"]

    assert found["accuracy"].p_value < 0.001
    assert causes
    assert [c["cost"] for c in causes] == sorted((c["cost"] for c in causes), reverse=True)
    assert {c["feature"] for c in causes} <= {"x0", "x1", "x2", "x3", "region"}
    assert "causes" not in next(iter(DETECTOR.measure(SPEC, reference(), steady))).evidence
