"""Samples of what serving takes, kept."""

from datetime import timedelta

import pytest
from builders import NOON, store_at, store_with

from monitor.core.errors import UnknownModelError
from monitor.core.resources import ResourceSample
from monitor.core.windows import Window

DAY = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))


def sample(minute, **parts):
    return ResourceSample(NOON + timedelta(minutes=minute), memory_bytes=1.0 + minute, **parts)


def test_samples_are_found_again_after_a_restart_and_count_once(tmp_path):
    store = store_with(tmp_path)
    assert store.resources.add("m", [sample(1), sample(2, host="a"), sample(1)]) == 2
    assert store.resources.add("m", [sample(2, host="a"), sample(2, host="b")]) == 1
    assert store.resources.add("m", []) == 0
    store.close()

    store = store_at(tmp_path)
    expected = [sample(1), sample(2, host="a"), sample(2, host="b")]
    assert store.resources.find("m", DAY) == expected
    assert store.resources.find("m", Window(NOON, NOON + timedelta(minutes=2))) == expected[:1]
    store.close()


def test_what_was_judged_is_told_apart(tmp_path):
    store = store_with(tmp_path)
    assert store.resources.unjudged("m") is None
    assert store.resources.extent("m") is None

    store.resources.add("m", [sample(1), sample(90)])
    span = store.resources.unjudged("m")
    assert (span.start, span.end) == (sample(1).timestamp, sample(90).timestamp + _NEXT)
    store.resources.judged("m", Window(NOON, NOON + timedelta(hours=1)))
    assert store.resources.unjudged("m").start == sample(90).timestamp
    store.resources.judged("m", DAY)
    assert store.resources.unjudged("m") is None
    assert store.resources.extent("m") == span
    store.close()


_NEXT = timedelta(microseconds=1)


def test_samples_of_a_model_that_nobody_registered_are_refused(tmp_path):
    store = store_with(tmp_path)
    with pytest.raises(UnknownModelError):
        store.resources.add("other", [sample(1)])
    store.close()
