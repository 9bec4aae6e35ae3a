"""What comes late, out of order, or from another time is judged in its window, and told anew."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import NOON, milliseconds
from services import eventually, running


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    directory = tmp_path_factory.mktemp("late") / "data"
    with running(directory, environment={"WATCHKEEPER_ROUND_EVERY": "200ms"}) as service:
        yield service


def model(service, name, **spec):
    age = {"age": {"type": "number", "min": 0, "max": 120}}
    spec = {"task": "binary", "features": age, "window": {"every": "1h", "min_rows": 1}} | spec
    service.ask("PUT", f"/v1/models/{name}", json=spec)
    return f"/v1/models/{name}"


def rows(first, count, start, **parts):
    """Rows a second apart."""
    return [
        {
            "prediction_id": f"p{n}",
            "timestamp": milliseconds(start + timedelta(seconds=n - first)),
            "version": "1",
            "features": {"age": 30 + n % 9},
            "prediction": n % 2,
            "score": 0.25 + 0.5 * (n % 2),
        }
        | parts
        for n in range(first, first + count)
    ]


def findings(service, path, start, detector="quality.range"):
    """The findings of one detector in the hour that begins at a moment."""
    span = {"from": start.isoformat(), "to": (start + timedelta(minutes=30)).isoformat()}
    asked = {"params": span | {"detector": detector, "limit": 1000}}
    return service.ask("GET", f"{path}/findings", **asked)["items"]


def test_late_rows_revise_the_verdict_on_their_window_and_incidents_follow(service):
    path = model(service, "rows")
    later = NOON + timedelta(hours=1)
    service.ask("POST", f"{path}/predictions", json=rows(0, 50, NOON) + rows(50, 10, later))
    (first,) = eventually(lambda: findings(service, path, NOON))
    assert (first["alert"], first["revised"], first["window"]["rows"]) == (False, False, 50)
    assert service.ask("GET", f"{path}/incidents")["items"] == []

    late = rows(100, 50, NOON + timedelta(minutes=5), features={"age": -40})
    service.ask("POST", f"{path}/predictions", json=late)
    (second,) = eventually(lambda: [f for f in findings(service, path, NOON) if f["revised"]])
    assert (second["alert"], second["window"]["rows"]) == (True, 100)
    assert len(findings(service, path, NOON)) == 1
    (incident,) = eventually(lambda: service.ask("GET", f"{path}/incidents")["items"])
    assert second["id"] in incident["findings"]


def test_rows_from_far_off_neither_hold_back_windows_nor_end_them_for_good(service):
    path = model(service, "far", window={"every": "5s", "min_rows": 1})
    far = rows(0, 1, datetime(9000, 1, 1, tzinfo=UTC)) + rows(1, 1, datetime(2, 2, 2, tzinfo=UTC))
    service.ask("POST", f"{path}/predictions", json=far)

    for turn in range(2):
        now = datetime.now(UTC)
        start = (
            now
            - timedelta(seconds=20, microseconds=now.microsecond)
            - timedelta(seconds=now.second % 5)
        )
        service.ask("POST", f"{path}/predictions", json=rows(10 + 20 * turn, 3, start))
        new = rows(15 + 20 * turn, 1, now)
        service.ask("POST", f"{path}/predictions", json=new)

        def found(start=start):
            span = {"from": start.isoformat(), "to": (start + timedelta(seconds=1)).isoformat()}
            asked = span | {"detector": "quality.range"}
            return service.ask("GET", f"{path}/findings", params=asked)["items"]

        (finding,) = eventually(found)
        assert (finding["window"]["rows"], finding["revised"]) == (3, False)
        service.ask("POST", f"{path}/predictions", json=rows(18 + 20 * turn, 1, start))
        eventually(lambda: [f for f in found() if f["revised"] and f["window"]["rows"] == 4])

    held = service.ask("GET", f"{path}/predictions", params={"ids": "p0,p1"})["items"]
    assert [row["timestamp"] for row in held] == ["9000-01-01T00:00:00Z", "0002-02-02T00:00:00Z"]
    checked = service.ask("POST", f"{path}/check", json={})["items"]
    assert {f["window"]["start"][:4] for f in checked} >= {"9000", "0002"}


def test_late_and_corrected_actuals_revise_performance(service):
    path = model(service, "labels")
    service.ask("POST", f"{path}/predictions", json=rows(0, 200, NOON))

    def actuals(first, count, wrong=0):
        return [
            {"prediction_id": f"p{n}", "actual": (n + wrong) % 2, "timestamp": 1000 + wrong}
            for n in range(first, first + count)
        ]

    def accuracy():
        found = findings(service, path, NOON, "performance.realized")
        return [f for f in found if f["method"] == "accuracy"]

    service.ask("POST", f"{path}/actuals", json=actuals(0, 60))
    (first,) = eventually(accuracy)
    assert (first["value"], first["revised"], first["evidence"]["labelled"]) == (1.0, False, 60)

    service.ask("POST", f"{path}/actuals", json=actuals(60, 100))
    (second,) = eventually(lambda: [f for f in accuracy() if f["evidence"]["labelled"] == 160])
    assert second["revised"]

    service.ask("POST", f"{path}/actuals", json=actuals(0, 40, wrong=1))
    (third,) = eventually(lambda: [f for f in accuracy() if f["value"] < 1])
    assert third["value"] == pytest.approx(0.75)
    assert (third["revised"], third["evidence"]["labelled"]) == (True, 160)
