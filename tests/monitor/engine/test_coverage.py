"""Labels that stop coming: over a real store whose clock is ours."""

from datetime import timedelta

import pytest
from builders import NOON, actual, keep_types, milliseconds, prediction, sent, store_at

from monitor.core.ports import FindingQuery, Training
from monitor.core.rows import Kind
from monitor.core.spec import LabelSpec, ModelSpec, Task
from monitor.detectors import ARRIVALS
from monitor.detectors.performance.realized import evaluate
from monitor.engine.check import Checker
from monitor.engine.ports import Ports
from monitor.engine.round import Round
from monitor.engine.stream import Streams

HOUR = timedelta(hours=1)
EACH = 60


class Nobody:
    """A champion that never was."""

    def training(self, model):
        return Training()


def unwatched(detector, seconds, *, failed):
    assert not failed


class Life:
    """Hours of traffic, each labelled an hour later while labels come."""

    def __init__(self, directory):
        self.now = NOON
        self.store = store_at(directory, infer=keep_types, clock=lambda: self.now)
        spec = ModelSpec(Task.BINARY, labels=LabelSpec(timedelta(hours=2)))
        self.store.catalog.declare("m", spec)

    def hour(self, number, labelled):
        first = number * EACH
        self.now = NOON + (number + 1) * HOUR - timedelta(minutes=1)
        stamp = milliseconds(NOON + number * HOUR + timedelta(minutes=30))
        sent(self.store, [prediction(n, timestamp=stamp) for n in range(first, first + EACH)])
        if number and labelled:
            sent(self.store, [actual(n, 1) for n in range(first - EACH, first)], Kind.ACTUALS)

    def engine(self):
        store = self.store
        ports = Ports(
            store.catalog,
            store.predictions,
            store.profiles,
            store.references,
            store.findings,
            store.incidents,
            store.ledger,
            store.incidents,
            store.snapshots,
            Nobody(),
            lambda: self.now,
            arrivals=store.arrivals,
        )
        checker = Checker((), store.predictions, unwatched)
        return Round(ports, checker, Streams(), evaluate, arrivals=ARRIVALS)

    def coverage(self):
        query = FindingQuery("m", detector="quality.freshness", limit=1000)
        found = self.store.findings.find(query)
        return {(f.window.start - NOON) // HOUR: f for f in found}


@pytest.fixture
def life(tmp_path):
    life = Life(tmp_path)
    yield life
    life.store.close()


def test_labels_that_stop_alert_until_they_come_and_retrain_nothing(life):
    engine = life.engine()
    for number in range(12):
        life.hour(number, labelled=number < 9)
        engine.tick()
    found = life.coverage()

    assert [n for n, f in sorted(found.items()) if f.alert] == [8, 9, 10]
    assert found[8].message.startswith("labels: 0 % of actuals are in, 7")
    (incident,) = life.store.incidents.incidents("m")
    assert incident.is_open
    item = engine.performance("m")[8]
    assert item["label_coverage"] == 0.0
    assert item["labels_due"]["value"] > 0.5

    sent(life.store, [actual(n, 1) for n in range(8 * EACH, 12 * EACH)], Kind.ACTUALS)
    life.now += HOUR
    engine.tick()
    assert not any(f.alert for f in life.coverage().values())


def test_a_model_is_not_looked_at_all_the_time_but_whenever_somebody_asks(life):
    engine = life.engine()
    for number in range(4):
        life.hour(number, labelled=True)
    engine.tick()
    before = life.coverage()
    sent(life.store, [actual(n, 1) for n in range(3 * EACH, 4 * EACH)], Kind.ACTUALS)
    life.now += timedelta(minutes=5)

    engine.tick()
    assert life.coverage() == before
    engine.check("m")
    assert life.coverage()[3].measured.value == 1.0
