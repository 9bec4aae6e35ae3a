"""What serving takes, judged as samples come: over a real store."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import NOON, predictions, sent, store_with

from monitor.core.ports import FindingQuery, Training
from monitor.core.resources import ResourceSample
from monitor.core.spec import Bound, ModelSpec, Task
from monitor.detectors import USAGE
from monitor.detectors.performance.realized import evaluate
from monitor.engine.check import Checker
from monitor.engine.ports import Ports
from monitor.engine.round import Round
from monitor.engine.stream import Streams

SPEC = ModelSpec(
    Task.BINARY,
    kpis={"memory_peak_bytes": Bound(max=1e9), "cost_per_1000": Bound(max=1.0)},
)


class Nobody:
    """A champion that never was."""

    def training(self, model):
        return Training()


def unwatched(detector, seconds, *, failed):
    assert not failed


def engine_over(store, usage=USAGE, watch=unwatched):
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
        lambda: datetime.now(UTC),
        resources=store.resources,
    )
    checker = Checker((), store.predictions, watch)
    return Round(ports, checker, Streams(), evaluate, usage=usage)


def sample(minute, **parts):
    return ResourceSample(NOON + timedelta(minutes=minute), **parts)


@pytest.fixture
def store(tmp_path):
    store = store_with(tmp_path, SPEC)
    yield store
    store.close()


def found(store, **query):
    return {
        (f.window.start.hour, f.version, f.detector, f.measured.method): f
        for f in store.findings.find(FindingQuery("m", **query))
    }


def test_a_budget_that_is_passed_is_an_alert_and_an_incident_without_any_prediction(store):
    store.resources.add("m", [sample(1, memory_bytes=5e8), sample(61, memory_bytes=2e9, host="b")])
    engine = engine_over(store)

    assert engine.tick() == 2
    assert engine.tick() == 0
    calm, loud = (found(store)[h, "", "resource.memory", "peak_bytes"] for h in (12, 13))
    assert (calm.alert, loud.alert) == (False, True)
    assert (
        loud.message
        == "peak_bytes: 2,000 MB at most on host b; should be at most 1,000,000,000 bytes"
    )
    (incident,) = store.incidents.incidents("m")
    assert list(incident.findings) == [loud.number]


def test_samples_that_come_late_are_judged_with_those_that_were_there(store):
    store.resources.add("m", [sample(1, cpu_cores=1.0)])
    engine = engine_over(store)
    engine.tick()
    store.resources.add("m", [sample(2, cpu_cores=2.0)])

    assert engine.tick() == 1
    (finding,) = found(store).values()
    assert (finding.measured.value, finding.revised) == (1.5, True)


def test_cost_is_counted_on_predictions_and_samples_belong_to_the_only_version(store):
    sent(store, predictions(50))
    store.resources.add("m", [sample(1, cost=0.1), sample(2, cost=0.1, version="2")])

    items = engine_over(store).check("m")
    costs = [f for f in items if f.detector == "resource.cost"]
    assert [(f.version, f.measured.value, f.alert) for f in costs] == [("1", 2.0, True)]
    assert costs[0].rows == 50


def test_a_detector_that_fails_is_told_and_the_others_go_on(store):
    class Broken:
        """Raises."""

        name = "resource.memory"

        def measure(self, spec, usage):
            raise RuntimeError("no")

    told = []
    store.resources.add("m", [sample(1, cpu_cores=1.0)])
    engine_over(store, (Broken(), *USAGE), lambda d, s, *, failed: told.append((d, failed))).tick()

    assert ("resource.memory", True) in told
    assert len(found(store)) == 1
