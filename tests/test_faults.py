"""The library of faults: each is caught by the right detector, and clean batches raise no alarm."""

import numpy as np
import pytest
from faults import library
from feed import Watch, clean

FAULTS = list(library())


@pytest.fixture(scope="module")
def watch():
    return Watch(clean(np.random.default_rng(0), 20_000, 0))


def test_the_library_is_large_enough_to_say_something():
    assert len(FAULTS) >= 40
    assert len({f.name for f in FAULTS}) == len(FAULTS)


def test_nearly_every_fault_is_caught_by_the_right_detector_naming_the_right_feature(watch):
    missed = []
    for number, fault in enumerate(FAULTS):
        rng = np.random.default_rng(100 + number)
        alerts = watch.alerts(fault.happen(clean(rng, 2000, 2), rng))
        if not any(fault.is_named_by(alert) for alert in alerts):
            missed.append(fault.name)

    assert len(missed) <= 0.05 * len(FAULTS), missed


def test_clean_batches_raise_no_alarm(watch):
    alarms = [
        alert.message
        for number in range(20)
        for alert in watch.alerts(clean(np.random.default_rng(5000 + number), 2000, 3 + number))
    ]

    assert alarms == []
