"""The report: what it says, that it holds together, and that it loads nothing."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from builders import NOON, body, predictions, sent, store_at

from monitor.console.report import Report
from monitor.core.errors import UnknownModelError
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window

NASTY = "<script>alert(1)</script>"
VOID = {"meta"}


class Nesting(HTMLParser):
    """Fails where tags do not close as they opened; collects the words."""

    def __init__(self):
        super().__init__()
        self.open, self.words = [], []

    def handle_starttag(self, tag, attributes):
        assert not {"src", "href"} & dict(attributes).keys()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert not {"src", "href"} & dict(attributes).keys()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def finding(hour, detector, value, alert=True, feature="age", segment=None, **said):
    window = Window(NOON + timedelta(hours=hour), NOON + timedelta(hours=hour + 1))
    method = said.pop("method", "jensen_shannon")
    moved = [{"from": 1.0, "to": 2.0, "before": 0.1, "now": 0.4, "contribution": 1.0}]
    m = Measurement(method, value, feature, segment, evidence={"moved": moved} | said)
    severity = Severity.CRITICAL if alert else Severity.INFO
    text = f"{feature}: {method} {value}"
    return Finding("m", "1", window, 60, detector, m, 0.1, 1e-4, alert, severity, text)


@pytest.fixture
def store(tmp_path):
    opened = store_at(tmp_path)
    opened.catalog.declare("m", ModelSpec(Task.BINARY))
    yield opened
    opened.close()


def drawn(store, span=None):
    page = Report(
        store.catalog, store.findings, store.profiles, store.references, lambda: NOON
    ).draw("m", span)
    nesting = Nesting()
    nesting.feed(page)
    assert not nesting.open
    assert not re.search(r"https?:|url\(|@import|<script", page)
    return " ".join(" ".join(nesting.words).split()), page


def test_it_ranks_features_and_tells_segments_and_alerts(store):
    rows = [p | {"features": {**p["features"], NASTY: 1.0}} for p in predictions(200)]
    store.references.put("m", body(rows))
    sent(store, predictions(180, start=1000))
    store.findings.save(
        [
            finding(0, "drift.univariate", 0.02, alert=False, feature="city"),
            finding(0, "drift.univariate", 0.05, alert=False),
            finding(1, "drift.univariate", 0.31),
            finding(1, "drift.univariate", 0.5, feature="age", segment="city=Rome"),
            finding(1, "drift.prediction", 0.2, feature=None, of="score"),
            finding(1, "drift.multivariate", 0.7, feature=None, method="classifier"),
            finding(1, "performance.realized", 0.6, feature=None, method="accuracy"),
        ]
    )

    words, page = drawn(store, Window(NOON, NOON + timedelta(days=2)))

    assert "1 of 2 windows had alerts. 1 of 3 features drifted, most of all age." in words
    assert page.index('class="name">age<') < page.index('class="name">city<')
    assert "jensen shannon 0.31, threshold 0.1" in words
    assert "1 to 2: 10 % → 40 %" in words
    assert "city=Rome" in words
    assert "accuracy realized 0.6" in words
    assert "200 rows" not in words  # that is said where nothing alarms
    assert NASTY in words
    assert NASTY not in page


def test_nothing_alarming_is_said_with_what_was_compared(store):
    store.references.put("m", body(predictions(200)))
    sent(store, predictions(180, start=1000))
    store.findings.save([finding(0, "drift.univariate", 0.05, alert=False)])

    words, _ = drawn(store, Window(NOON, NOON + timedelta(days=2)))

    assert "Nothing alarming in 1 window: 1 features were compared with 200 rows" in words


def test_a_model_without_rows_or_checks_says_so(store):
    assert "No rows in this span." in drawn(store)[0]
    sent(store, predictions(20))
    assert "No window of this span has been checked yet" in drawn(store)[0]
    with pytest.raises(UnknownModelError):
        Report(store.catalog, store.findings, store.profiles, store.references, lambda: NOON).draw(
            "none"
        )
