"""What every detector in the table keeps."""

import json
from copy import deepcopy
from dataclasses import replace
from math import isfinite

import numpy as np
import pytest
from counted import HOUR, answers, counted, profiles, sample

from monitor.core.detector import LabelledDetector, ProfileDetector, SampleDetector
from monitor.core.findings import Worse
from monitor.core.profile import Profiles
from monitor.core.spec import (
    ConceptMethod,
    FeatureSpec,
    FeatureType,
    ModelSpec,
    Task,
    WindowSpec,
)
from monitor.core.windows import Sample
from monitor.detectors import DETECTORS, STREAMS
from monitor.detectors.drift.class_scores import ClassScores
from monitor.detectors.drift.content import Content

SPEC = ModelSpec(
    Task.BINARY,
    {
        "age": FeatureSpec(min=0, max=120),
        "city": FeatureSpec(categories=("Rome", "Oslo")),
        "gone": FeatureSpec(min=0),
        "since": FeatureSpec(FeatureType.TIMESTAMP),
        "note": FeatureSpec(FeatureType.TEXT),
    },
    window=WindowSpec(min_rows=1),
)
ROWS_OF = {Content: "drift.content", ClassScores: "drift.class_scores"}
"""Those that look at the rows of what has no profile, under the name of who looks at profiles."""
EVERY = pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)


def columns(rng, n, wild):
    """A number, a category and the rest of a row; wild ones hold all that can go wrong."""
    age = [float(a) for a in rng.uniform(20, 80, n)]
    city = [str(c) for c in rng.choice(["Rome", "Oslo"], n)]
    if wild:
        age[:6] = [None, np.nan, np.inf, -np.inf, 1e308, -1e308]
        city[:5] = [None, "", "Rom", "oslo ", "\u0000"]
    return age, city


def seen(n, seed, wild=False, like=None):
    rng = np.random.default_rng(seed)
    age, city = columns(rng, n, wild)
    with np.errstate(over="ignore"):
        features = profiles(
            age=counted(age, like["age"] if like else None, misfits=[0] if wild else []),
            city=city,
            **({"zip": np.arange(float(n))} if wild else {}),
        )
    said = answers(rng.choice(["0", "1"], n), rng.random(n), rng.lognormal(2, 1, n))
    return Profiles(n, features.features, said.prediction, said.score, said.latency)


def drawn(n, seed, wild=False):
    rng = np.random.default_rng(seed)
    age, city = columns(rng, n, wild)
    since = rng.uniform(0, 1e9, n)
    numbers = {"age": np.array([np.nan if a is None else a for a in age]), "since": since}
    if wild:
        since[:3] = np.nan, 9e9, -9e9
    actual = rng.choice(np.array(["0", "1"], object), n)
    score = 0.3 * (actual == "1") + 0.7 * rng.random(n)
    if wild:
        score[:3] = np.nan, 2.0, -1.0
    note = np.array([f"note {n % 7} {'abcdefgh'[n % 8]}" for n in range(n)], object)
    face = rng.normal(size=(n, 3))
    if wild:
        note[:3], face[:2], face[2, 1] = [None, "", "\u0000" * 50], np.nan, np.inf
    drawn = sample(
        numbers,
        {"city": city},
        start=seed * 10_000,
        prediction=rng.choice(np.array(["0", "1"], object), n),
        actual=actual,
        score=score,
    )
    of_class = {"a": score, "b": 1 - score}
    return replace(drawn, texts={"note": note}, vectors={"face": face}, scores=of_class)


def measured(detector, reference, current, spec=SPEC):
    """Both sides are (rows, seed, wild), or None for nothing."""
    if isinstance(detector, ProfileDetector):
        before = seen(*reference) if reference else Profiles()
        now = seen(*current, like=before if reference else None) if current else Profiles()
        return list(detector.measure(spec, HOUR, before, now))
    assert isinstance(detector, SampleDetector | LabelledDetector)
    before = drawn(*reference) if reference else Sample(0)
    return list(detector.measure(spec, before, drawn(*current) if current else Sample(0)))


@EVERY
def test_its_name_is_its_path(detector):
    path = ROWS_OF.get(type(detector), detector.name)
    assert type(detector).__module__ == f"monitor.detectors.{path}"


@pytest.mark.parametrize("method", STREAMS)
def test_a_streaming_detector_finds_concept_drift_and_its_key_is_its_method(method):
    assert STREAMS[method].name == "drift.concept"
    assert STREAMS[method].method == method


def test_a_spec_may_name_every_streaming_detector_and_gets_the_first_by_default():
    assert [*ConceptMethod] == [*STREAMS]
    assert SPEC.concept.method == next(iter(STREAMS))


def test_no_name_is_given_twice_but_for_what_looks_at_rows_and_what_looks_at_profiles():
    assert len({(d.name, type(d).__base__) for d in DETECTORS}) == len(DETECTORS)


@EVERY
def test_an_empty_window_measures_nothing(detector):
    assert measured(detector, (500, 1), None) == []
    assert measured(detector, None, None) == []


@EVERY
@pytest.mark.parametrize("reference", [(600, 1), (600, 1, True), None])
@pytest.mark.parametrize("current", [(300, 2), (300, 2, True), (1, 3), (7, 4, True)])
def test_whatever_comes_each_measurement_is_finite_and_fit_for_json(detector, reference, current):
    for m in measured(detector, reference, current):
        numbers = [m.value, m.expected, m.p_value, m.low, m.high]
        assert all(isfinite(v) for v in numbers if v is not None)
        assert m.p_value is None or 0 <= m.p_value <= 1
        assert m.low is None or m.low <= m.value + 1e-9
        assert m.high is None or m.high >= m.value - 1e-9
        assert m.worse in Worse
        json.dumps(m.evidence, allow_nan=False)


@EVERY
def test_no_two_measurements_have_one_identity(detector):
    found = measured(detector, (600, 1), (300, 2, True))

    assert found
    assert len({(m.method, m.feature, m.segment) for m in found}) == len(found)


@EVERY
def test_the_same_window_measures_the_same_and_inputs_stay_as_they_were(detector):
    sides = (
        (seen(600, 1), seen(300, 2, True))
        if isinstance(detector, ProfileDetector)
        else (drawn(600, 1), drawn(300, 2, True))
    )
    place = (SPEC, HOUR) if isinstance(detector, ProfileDetector) else (SPEC,)
    before = deepcopy(sides)

    first = list(detector.measure(*place, *sides))

    np.testing.assert_equal(_parts(sides), _parts(before))
    assert first == list(detector.measure(*place, *sides))


def _parts(value):
    """A value as nested lists and dicts, arrays and all."""
    if isinstance(value, tuple | list):
        return [_parts(v) for v in value]
    if isinstance(value, dict):
        return {k: _parts(v) for k, v in value.items()}
    slots = getattr(value, "__slots__", None)
    return {s: _parts(getattr(value, s)) for s in slots} if slots else value


@pytest.mark.parametrize(
    "detector",
    [d for d in DETECTORS if not isinstance(d, ProfileDetector)],  # a profile has no order
    ids=lambda d: d.name,
)
def test_the_order_of_rows_is_irrelevant(detector):
    reference, current = drawn(600, 1), drawn(300, 2, True)
    turn = np.random.default_rng(3).permutation(300)
    turned = Sample(
        300,
        [current.prediction_ids[i] for i in turn],
        current.timestamps[turn],
        {n: v[turn] for n, v in current.numbers.items()},
        {n: v[turn] for n, v in current.labels.items()},
        current.prediction[turn],
        current.score[turn],
        {n: v[turn] for n, v in current.scores.items()},
        current.actual[turn],
        {n: v[turn] for n, v in current.texts.items()},
        {n: v[turn] for n, v in current.vectors.items()},
    )

    one = list(detector.measure(SPEC, reference, current))
    other = list(detector.measure(SPEC, reference, turned))

    assert [(m.method, m.evidence) for m in one] == [(m.method, m.evidence) for m in other]
    assert [m.value for m in one] == pytest.approx([m.value for m in other])
    assert [m.p_value for m in one] == pytest.approx([m.p_value for m in other])
