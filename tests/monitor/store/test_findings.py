from datetime import timedelta

import pytest
from builders import NOON, store_with

from monitor.core.decisions import Cause, Decision, Incident, IncidentState, RetrainRequest
from monitor.core.errors import UnknownIncidentError
from monitor.core.findings import Finding, Measurement, Severity
from monitor.core.ports import FindingQuery, Progress
from monitor.core.windows import Window


@pytest.fixture
def store(tmp_path):
    store = store_with(tmp_path)
    yield store
    store.close()


def hour(number):
    return Window(NOON + timedelta(hours=number), NOON + timedelta(hours=number + 1))


def finding(at=0, feature="age", value=0.2, alert=True, method="jensen_shannon", **parts):
    measured = Measurement(method, value, feature, evidence={"bins": [1, 2]}, p_value=1e-9)
    told = {
        "model": "m",
        "version": "1",
        "window": hour(at),
        "rows": 100,
        "detector": "drift.univariate",
        "measured": measured,
        "threshold": 0.1,
        "level": 1e-4,
        "alert": alert,
        "severity": Severity.WARNING,
        "message": "age: moved",
    }
    return Finding(**(told | parts))


def values(found):
    return [f.measured.value for f in found]


def test_findings_come_back_whole_and_newest_first(store):
    store.findings.save([finding(0, value=0.1), finding(1, value=0.2)])

    newest, oldest = store.findings.find(FindingQuery("m"))

    assert values([newest, oldest]) == [0.2, 0.1]
    assert newest.measured.evidence == {"bins": [1, 2]}
    assert newest.window == hour(1)
    assert newest.number > oldest.number


def test_the_same_finding_again_replaces_the_old_one(store):
    store.findings.save([finding(0, value=0.1), finding(0, feature=None, value=0.3)])
    store.findings.save([finding(0, value=0.5), finding(0, value=0.6)])

    assert values(store.findings.find(FindingQuery("m"))) == [0.6, 0.3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"alert": True}, [0.4, 0.1]),
        ({"alert": False}, [0.2]),
        ({"feature": "age"}, [0.4, 0.1]),
        ({"detector": "quality.type"}, [0.2]),
        ({"span": hour(2)}, [0.4]),
        ({"limit": 1}, [0.4]),
    ],
)
def test_a_query_gives_what_matches_all_of_it(store, query, expected):
    store.findings.save([finding(0, value=0.1)])
    store.findings.save([finding(1, "city", 0.2, alert=False, detector="quality.type")])
    store.findings.save([finding(2, value=0.4)])
    store.findings.save([finding(2, model="other")])

    assert values(store.findings.find(FindingQuery("m", **query))) == expected


def test_pages_go_on_before_the_last_number(store):
    store.findings.save([finding(n, value=float(n)) for n in range(5)])
    page = store.findings.find(FindingQuery("m", limit=2))

    rest = store.findings.find(FindingQuery("m", before=page[-1].number))

    assert values(rest) == [2.0, 1.0, 0.0]


def test_the_latest_is_that_of_the_newest_window_whatever_was_saved_last(store):
    store.findings.save([finding(5, value=0.5)])
    store.findings.save([finding(1, value=0.1), finding(1, "city", 0.3)])

    assert sorted(values(store.findings.latest())) == [0.3, 0.5]


def test_alerts_after_a_number_come_oldest_first(store):
    store.findings.save([finding(0, value=0.1), finding(1, value=0.2, alert=False)])
    first = store.findings.alerts_after("m", 0)[0].number
    store.findings.save([finding(2, value=0.3), finding(3, value=0.4)])

    assert values(store.findings.alerts_after("m", first)) == [0.3, 0.4]


def incident(name="i1", state=IncidentState.OPEN, **parts):
    told = {
        "id": name,
        "model": "m",
        "version": "1",
        "state": state,
        "severity": Severity.WARNING,
        "title": "age moved",
        "window": hour(0),
        "opened_at": NOON,
        "causes": [Cause("age moved", 0.5, "drift.univariate", "age")],
        "findings": [1, 2],
    }
    return Incident(**(told | parts))


def test_incidents_are_replaced_in_their_place(store):
    store.incidents.save_incident(incident("i1"))
    store.incidents.save_incident(incident("i2"))
    store.incidents.save_incident(incident("i1", IncidentState.RESOLVED, resolved_at=NOON))

    assert [i.id for i in store.incidents.incidents("m")] == ["i2", "i1"]
    assert [i.id for i in store.incidents.incidents(only_open=True)] == ["i2"]
    assert store.incidents.incident("m", "i1").resolved_at == NOON
    assert store.incidents.incidents("other") == []


def test_an_incident_that_is_not_there_is_said_by_name(store):
    with pytest.raises(UnknownIncidentError, match="no incident 'i9'"):
        store.incidents.incident("m", "i9")


def test_decisions_come_newest_first(store):
    for number in range(3):
        at = NOON + timedelta(hours=number)
        store.incidents.record(Decision("m", False, f"reason {number}", at))

    assert [d.reason for d in store.incidents.decisions("m", 2)] == ["reason 2", "reason 1"]


def test_requests_wait_until_they_are_taken(store):
    first = store.incidents.ask(RetrainRequest("m", "drift", NOON, excluded=[hour(3)]))
    store.incidents.ask(RetrainRequest("n", "age", NOON))

    waiting = store.incidents.waiting()
    assert [(r.model, r.excluded) for r in waiting] == [("m", [hour(3)]), ("n", [])]
    store.incidents.taken(first)
    assert [r.model for r in store.incidents.waiting()] == ["n"]


def test_progress_is_what_was_saved_last(store):
    assert store.ledger.progress("m") == Progress()
    store.ledger.advance("m", Progress(3, 4, {"adwin:1": b"\x00\x01"}))

    assert store.ledger.progress("m") == Progress(3, 4, {"adwin:1": b"\x00\x01"})
