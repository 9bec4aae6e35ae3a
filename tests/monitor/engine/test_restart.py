"""Rounds over a real store: a stop at any commit repeats nothing and skips nothing."""

from datetime import UTC, datetime

import pytest
from builders import actual, keep_types, prediction, sent, store_at

from monitor.core.ports import FindingQuery, Training
from monitor.core.rows import Kind
from monitor.core.spec import ModelSpec, Task
from monitor.detectors import DETECTORS, STREAMS
from monitor.detectors.performance.realized import evaluate
from monitor.engine.check import Checker
from monitor.engine.ports import Ports
from monitor.engine.round import Round


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
    return Round(ports, checker, {"adwin": STREAMS["adwin"]}, evaluate)


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
