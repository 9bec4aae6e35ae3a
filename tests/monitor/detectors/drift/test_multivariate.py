"""Features that no longer go together, and rows that can be told apart."""

import json

import numpy as np
import pytest
from counted import sample
from frames import SPECS, chunks, expected, frame

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.drift.multivariate import Multivariate
from monitor.detectors.drift.reconstruction import Reconstruction
from monitor.detectors.estimation.encoding import Encoding

SPEC = ModelSpec(Task.BINARY)


def rows(n, seed, together=0.8, start=0, names="xyz"):
    """Two numbers that go together so much, one that does not, and a category."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    b = together * a + np.sqrt(1 - together**2) * rng.normal(size=n)
    numbers = {"a": a, "b": b, "c": rng.normal(size=n)}
    return sample(numbers, {"k": rng.choice(list(names), n)}, start=start)


def found(reference, current, spec=SPEC):
    return {m.method: m for m in Multivariate().measure(spec, reference, current)}


@pytest.mark.parametrize("model", SPECS)
def test_reconstruction_errors_are_those_of_nannyml(model):
    reference = frame(model, "reference")
    encoding = Encoding.of(SPECS[model], reference)
    axes = Reconstruction.of(encoding.matrix(reference), encoding.categorical)
    ours = [axes.errors(encoding.matrix(c)).mean() for c in chunks(model, frame(model, "analysis"))]

    theirs = expected(model, "pca", "reconstruction_error").value.to_numpy()
    assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("model", SPECS)
def test_windows_that_nannyml_tells_apart_are_told_apart(model):
    theirs = expected(model, "domain_classifier", "domain_classifier_auroc").value.to_numpy()
    reference, (first, *_, last) = (
        frame(model, "reference"),
        chunks(model, frame(model, "analysis")),
    )

    def told(window):
        named = [
            Sample(s.rows, [f"{w}{i}" for i in range(s.rows)], numbers=s.numbers, labels=s.labels)
            for s, w in ((reference, "r"), (window, "w"))
        ]
        return found(*named, SPECS[model])["classifier"]

    assert theirs[-1] > theirs[0] + 0.1
    assert told(last).low > told(first).high
    assert told(last).p_value < 1e-12


def test_a_relation_that_is_lost_is_seen_where_no_feature_moved_alone():
    moved = found(rows(4000, 1), rows(2000, 2, together=0.0, start=10_000))

    for method in ("reconstruction", "classifier"):
        assert moved[method].p_value < 1e-9
        carriers = {f["feature"] for f in moved[method].evidence["features"][:2]}
        assert carriers == {"a", "b"}
    assert moved["reconstruction"].low > 0.1
    assert moved["classifier"].low > 0.55
    json.dumps([m.evidence for m in moved.values()], allow_nan=False)


def test_nothing_changed_is_no_drift_as_often_as_said():
    p = [
        {k: m.p_value for k, m in found(rows(800, 2 * s), rows(400, 2 * s + 1, start=9000)).items()}
        for s in range(30)
    ]

    for method in ("reconstruction", "classifier"):
        values = np.array([x[method] for x in p])
        assert np.sum(values <= 0.1) <= 3 + 3 * np.sqrt(30 * 0.1 * 0.9)
        assert values.min() > 1e-4


def test_missing_values_and_new_categories_are_something_to_tell_rows_by():
    before, now = rows(1500, 3), rows(800, 4, start=9000)
    now.numbers["c"][:400] = np.nan
    holes = found(before, now)["classifier"]
    new = found(before, rows(800, 5, start=9000, names="xyzw"))["classifier"]

    assert holes.low > 0.6
    assert holes.evidence["features"][0]["feature"] == "c"
    assert new.low > 0.55
    assert new.evidence["features"][0]["feature"] == "k"


def test_too_few_rows_are_no_evidence():
    assert not found(rows(199, 1), rows(500, 2))
    assert not found(rows(500, 1), rows(99, 2))
    assert not found(Sample(0), rows(500, 2))


def test_the_order_of_rows_is_irrelevant():
    before, now = rows(600, 1), rows(300, 2, start=9000)
    turn = np.random.default_rng(3).permutation(300)
    turned = Sample(
        300,
        [now.prediction_ids[i] for i in turn],
        now.timestamps[turn],
        {n: v[turn] for n, v in now.numbers.items()},
        {n: v[turn] for n, v in now.labels.items()},
    )

    one, other = found(before, now), found(before, turned)
    for method, m in one.items():
        assert m.value == pytest.approx(other[method].value)
        assert m.evidence == other[method].evidence


def test_time_text_and_embeddings_are_no_part_of_it():
    spec = ModelSpec(
        Task.BINARY,
        {"a": FeatureSpec(type=FeatureType.TIMESTAMP), "k": FeatureSpec(type=FeatureType.TEXT)},
    )
    alone = rows(600, 1)

    def only(s, *kept):
        numbers = {n: v for n, v in s.numbers.items() if n in kept}
        return Sample(s.rows, s.prediction_ids, s.timestamps, numbers, s.labels)

    assert not found(only(alone, "a"), only(rows(300, 2, start=9000), "a"), spec)
    assert found(only(alone, "a", "c"), only(rows(300, 2, start=9000), "a", "c"), spec)


def test_a_constant_and_an_outlier_leave_every_number_finite():
    before, now = rows(600, 1), rows(300, 2, start=9000)
    for side in (before, now):
        side.numbers["c"][:] = 7.0
    now.numbers["a"][0], now.numbers["b"][0] = 1e6, np.inf

    for m in found(before, now).values():
        assert np.isfinite([m.value, m.low, m.high, m.p_value]).all()
