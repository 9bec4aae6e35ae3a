from datetime import timedelta

from builders import NOON, store_at, store_with

from monitor.console.status import StatusPage
from monitor.core.decisions import Cause, Incident, IncidentState
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.ports import Training
from monitor.core.windows import Window


class Answers:
    """A champion that only knows its past."""

    def __init__(self, training):
        self._training = training

    def answer(self, model, features):
        raise AssertionError("the page asks no model")

    def training(self, model):
        return self._training


def page(store, training=None):
    return StatusPage(
        store.catalog,
        store.findings,
        store.incidents,
        Answers(training or Training()),
        lambda: NOON,
    ).draw()


def window(hour):
    return Window(NOON + timedelta(hours=hour), NOON + timedelta(hours=hour + 1))


def realized(hour, value, alert=False):
    measured = Measurement("accuracy", value, low=value - 0.05, high=value + 0.05)
    return Finding(
        "m",
        "1",
        window(hour),
        100,
        "performance.realized",
        measured,
        0.7,
        None,
        alert,
        Severity.CRITICAL if alert else Severity.INFO,
        "accuracy: …",
    )


def test_a_model_shows_its_kpi_its_champion_and_its_incidents(tmp_path):
    store = store_with(tmp_path)
    store.findings.save([realized(0, 0.8), realized(1, 0.55, alert=True)])
    store.incidents.save_incident(
        Incident(
            "i1",
            "m",
            "1",
            IncidentState.OPEN,
            Severity.CRITICAL,
            "accuracy fell <b>",
            window(1),
            NOON,
            causes=[Cause("age moved", 0.9, "drift.univariate", "age")],
        )
    )

    html = page(store, Training(champion="3", running=True))
    store.close()

    assert "version 3" in html
    assert "training" in html
    assert "0.550" in html
    assert "<polyline" in html
    assert "1 open incident" in html
    assert "accuracy fell &lt;b&gt;" in html
    assert "age moved" in html
    assert 'href="/docs"' in html
    assert 'href="/metrics"' in html
    assert "http://" not in html
    assert "https://" not in html


def test_a_new_model_waits_and_nothing_is_wrong(tmp_path):
    store = store_with(tmp_path)

    html = page(store)
    store.close()

    assert "waits for actuals" in html
    assert "none yet" in html
    assert "nothing wrong" in html


def test_an_empty_service_says_how_to_begin(tmp_path):
    store = store_at(tmp_path)

    html = page(store)
    store.close()

    assert "Register the first model" in html
