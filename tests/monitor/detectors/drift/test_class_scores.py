"""Scores of classes that changed."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from monitor.core.spec import ModelSpec, Task, WindowSpec
from monitor.core.windows import Sample
from monitor.detectors.drift.class_scores import ClassScores

SPEC = ModelSpec(Task.MULTICLASS, window=WindowSpec(min_rows=100))


def scored(count, seed, moved=0.0, names="abc"):
    rng = np.random.default_rng(seed)
    raw = rng.gamma(2, size=(count, len(names)))
    raw[:, 0] *= 1 + moved
    raw /= raw.sum(1, keepdims=True)
    return Sample(
        count, [f"{seed}-{n}" for n in range(count)], scores=dict(zip(names, raw.T, strict=True))
    )


def found(before, now):
    return {m.feature: m for m in ClassScores().measure(SPEC, before, now)}


def test_each_class_is_measured_as_scipy_does():
    before, now = scored(2000, 1), scored(500, 2, moved=1.0)
    told = found(before, now)

    assert told.keys() == {"score.a", "score.b", "score.c"}
    for label in "abc":
        theirs = ks_2samp(before.scores[label], now.scores[label])
        assert told[f"score.{label}"].value == pytest.approx(theirs.statistic, abs=1e-9)
    assert told["score.a"].low > 0.1
    assert told["score.a"].evidence["label"] == "a"


def test_nothing_changed_alarms_as_often_as_said():
    p = [m.p_value for s in range(40) for m in found(scored(900, s), scored(300, 99 + s)).values()]

    assert np.mean(np.array(p) <= 0.1) <= 0.1 + 3 * np.sqrt(0.09 / 40)


def test_too_few_rows_and_classes_of_one_side_are_not_compared():
    assert not found(scored(900, 1), scored(99, 2))
    assert not found(scored(29, 1), scored(300, 2))
    assert found(scored(900, 1), scored(300, 2, names="abd")).keys() == {"score.a", "score.b"}
    assert not found(Sample(0), scored(300, 2))
