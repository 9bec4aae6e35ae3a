"""Rounds over a real store: a stop at any commit repeats nothing and skips nothing."""

from datetime import UTC, datetime

import pytest
from builders import actual, body, keep_types, prediction, sent, store_at
from simulated import World

from monitor.core.ports import FindingQuery, Training
from monitor.core.rows import Kind
from monitor.core.spec import ModelSpec, Task
from monitor.detectors import DETECTORS, FITTED, STREAMS
from monitor.detectors.performance.realized import evaluate
from monitor.engine.check import Checker
from monitor.engine.ports import Ports
from monitor.engine.round import Round
from monitor.engine.stream import Streams


class Nobody:
    """A champion that never was."""

    def training(self, model):
        return Training()


def rounds_over(store):
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
    )
    checker = Checker(DETECTORS, store.predictions, lambda detector, seconds, *, failed: None)
    return Round(ports, checker, Streams(STREAMS, FITTED.expectation), evaluate)


def filled(directory):
    store = store_at(directory, infer=keep_types)
    store.catalog.declare("m", ModelSpec(Task.BINARY))
    right = [prediction(n, prediction=1) for n in range(400)]
    sent(store, right)
    labels = [actual(n, 1 if n < 200 else 0) for n in range(400)]
    sent(store, labels, Kind.ACTUALS)
    return store


def told(store):
    """Everything that the rounds have left behind, but for the numbers of findings."""
    found = store.findings.find(FindingQuery("m", limit=10_000))
    findings = {
        (f.window.start, f.detector, f.measured.method, f.measured.feature): (f.alert, f.message)
        for f in found
    }
    assert len(findings) == len(found)
    return (
        findings,
        store.ledger.progress("m").labelled,
        len(store.incidents.incidents("m")),
        store.ledger.due("m", datetime.now(UTC)),
    )


class StopError(Exception):
    """The power fails."""


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_a_stop_at_any_commit_and_a_restart_give_what_an_undisturbed_service_gives(
    tmp_path, monkeypatch, commit
):
    undisturbed = filled(tmp_path / "one")
    rounds_over(undisturbed).tick()
    expected = told(undisturbed)
    undisturbed.close()
    assert any(alert for alert, _ in expected[0].values())

    store, left = filled(tmp_path / "two"), [commit]
    save, advance = store.findings.save, store.ledger.advance

    def failing(act):
        def acting(*parts):
            act(*parts)
            left[0] -= 1
            if not left[0]:
                raise StopError  # after the write, before the commit

        return acting

    monkeypatch.setattr(store.findings, "save", failing(save))
    monkeypatch.setattr(store.ledger, "advance", failing(advance))
    rounds_over(store).tick()
    assert left[0] <= 0
    store.close()

    again = store_at(tmp_path / "two")
    rounds_over(again).tick()
    assert told(again) == expected
    rounds_over(again).tick()
    assert told(again) == expected
    again.close()


def answered(world, first, count, concept=0.0):
    """Predictions of a model that can be estimated, and their actuals."""
    rows = world.sample(count, 0.0, first, concept)
    sent_rows = [
        prediction(
            first + i,
            features={name: values[i] for name, values in rows.numbers.items()}
            | {"region": rows.labels["region"][i]},
            prediction=int(rows.prediction[i]),
            score=rows.score[i],
        )
        for i in range(count)
    ]
    return sent_rows, [actual(first + i, int(rows.actual[i])) for i in range(count)]


def followed(directory, parts, stops):
    """What is left behind where rows come in parts and rounds stop before so many commits."""
    store = store_at(directory, infer=keep_types)
    store.catalog.declare("m", ModelSpec(Task.BINARY))
    reference, known = answered(World.of(1), 100_000, 600)
    rows = [r | {"actual": a["actual"]} for r, a in zip(reference, known, strict=True)]
    store.references.put("m", body(rows))
    for part, (rows, labels) in enumerate(parts):
        sent(store, rows)
        sent(store, labels, Kind.ACTUALS)
        if part in stops:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(store.ledger, "advance", _stop)
                rounds_over(store).tick()
            store.close()
            store = store_at(directory)
        rounds_over(store).tick()
    found = store.findings.find(FindingQuery("m", detector="drift.concept", limit=10_000))
    left = {
        (f.window.start, f.measured.method): (f.alert, f.measured.value, f.measured.evidence)
        for f in found
        if f.measured.method == "mixture"
    }
    states = dict(store.ledger.progress("m").states)
    store.close()
    return left, states


def _stop(*_):
    raise StopError


def test_alarms_and_states_after_stops_are_those_of_an_undisturbed_service(tmp_path):
    world = World.of(1)
    parts = [answered(world, 0, 300), answered(world, 300, 133)]
    parts += [answered(world, n, 250, concept=2.0) for n in (433, 683)]

    expected, states = followed(tmp_path / "one", parts, stops=())
    stopped = followed(tmp_path / "two", parts, stops={0, 1, 2, 3})

    assert (expected, states) == stopped
    alarms = sorted(start for (start, _), (alert, *_) in expected.items() if alert)
    assert alarms
    assert alarms[0] > min(start for start, _ in expected)
    assert [key.partition("#")[0] for key in states] == ["mixture"]
