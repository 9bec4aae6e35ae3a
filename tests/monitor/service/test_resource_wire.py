"""Samples of what serving takes, as they are sent."""

from datetime import UTC, datetime

import pytest

from monitor.core.errors import BodyError
from monitor.service.resource_wire import EXAMPLE, samples_from

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_one_sample_and_several_are_read():
    (one,), rejected = samples_from(EXAMPLE, NOW)
    several, _ = samples_from([EXAMPLE, {"cost": 1, "version": 2}], NOW)

    assert rejected == []
    assert (one.memory_bytes, one.version, one.host) == (1.2e9, "3", "a")
    assert one.timestamp == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert several[1].timestamp == NOW
    assert (several[1].version, several[1].cost, several[1].cpu_cores) == ("2", 1, None)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (3, "a sample is an object"),
        ({}, "nothing is reported"),
        ({"memory": 1}, "memory: did you mean 'memory_bytes'?"),
        ({"cost": -1}, "cost: must be a finite number, 0 or more"),
        ({"cost": True}, "cost: must be a finite number"),
        ({"cost": "much"}, "cost: must be a finite number"),
        ({"cost": float("nan")}, "cost: must be a finite number"),
        ({"cost": 10**400}, "cost: must be a finite number"),
        ({"gpu_share": 2}, "gpu_share: is a share"),
        ({"cost": 1, "timestamp": "soon"}, "timestamp: 'soon' is neither"),
        ({"cost": 1, "host": 3}, "host: must be a text"),
    ],
)
def test_a_sample_that_makes_no_sense_is_rejected_with_a_reason(row, error):
    taken, (rejected,) = samples_from([EXAMPLE, row], NOW)

    assert len(taken) == 1
    assert rejected["index"] == 1
    assert rejected["error"].startswith(error)


@pytest.mark.parametrize("document", [None, 3, "a", [EXAMPLE] * 10_001])
def test_what_is_no_sample_at_all_is_refused(document):
    with pytest.raises(BodyError):
        samples_from(document, NOW)
