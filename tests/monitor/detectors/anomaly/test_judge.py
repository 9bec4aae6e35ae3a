"""Rows judged one by one."""

import numpy as np
import pytest
from counted import sample

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.detectors.anomaly.judge import Judge

SPEC = ModelSpec(
    Task.BINARY,
    {
        "age": FeatureSpec(FeatureType.NUMBER, min=0, max=120),
        "income": FeatureSpec(FeatureType.NUMBER),
        "gender": FeatureSpec(FeatureType.CATEGORY, categories=("Female", "Male")),
    },
)


def drawn(seed, n, start=0):
    rng = np.random.default_rng(seed)
    age = rng.normal(45, 10, n).round()
    numbers = {"age": age, "income": 1000 * age + rng.normal(0, 2000, n)}
    return sample(numbers, {"gender": rng.choice(["Female", "Male"], n)}, start)


REFERENCE = drawn(1, 6000)


def one(age, income, gender, misfits=None):
    row = sample({"age": [age], "income": [income]}, {"gender": [gender]})
    (verdict,) = Judge()(SPEC, REFERENCE, row, misfits or {})
    return verdict


def test_normal_rows_are_as_unlike_as_the_level_says():
    verdicts = Judge()(SPEC, REFERENCE, drawn(2, 4000, 9000), {})
    p_values = np.array([v.p_value for v in verdicts])

    for level in (0.2, 0.05, 0.01):
        assert np.mean(p_values <= level) == pytest.approx(level, rel=0.5)
    assert not any(v.problems for v in verdicts)


def test_what_does_not_go_together_is_named():
    verdict = one(45, 90_000, "Male")

    assert verdict.p_value < 0.001
    assert verdict.score > 2
    assert verdict.features[0] == "income"
    assert verdict.problems == []


def test_each_bad_value_is_told_with_what_it_probably_is():
    found = one(-5, np.inf, "Mail").problems

    assert [(p.feature, p.detector, p.suggestion) for p in found] == [
        ("age", "quality.range", None),
        ("income", "quality.missing", None),
        ("gender", "quality.category", "Male"),
    ]
    assert found[2].message == "'Mail' is no known category, probably 'Male'"


def test_what_did_not_fit_its_type_or_is_missing_is_told():
    found = one(np.nan, np.nan, None, {"age": {0: "12,5"}}).problems

    assert [(p.feature, p.detector) for p in found] == [
        ("age", "quality.type"),
        ("income", "quality.missing"),
        ("gender", "quality.missing"),
    ]
    assert "decimal comma" in found[0].message


def test_what_is_learned_of_a_reference_is_learned_once(monkeypatch):
    from monitor.detectors.anomaly import judge

    made = []
    real = judge.Yardstick.of
    monkeypatch.setattr(judge.Yardstick, "of", lambda *a: made.append(1) or real(*a))
    ask = Judge()

    for _ in range(3):
        ask(SPEC, REFERENCE, drawn(3, 2), {})
    ask(SPEC, drawn(4, 500), drawn(3, 2), {})

    assert len(made) == 2


def test_too_small_a_reference_is_an_error():
    with pytest.raises(ValueError, match="under 200 rows"):
        Judge()(SPEC, drawn(1, 50), drawn(2, 1), {})
