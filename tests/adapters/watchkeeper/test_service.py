"""The client and the real service: what is logged can be read back, whatever happens between."""

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import watchkeeper
from services import Service, eventually, running

WHEN = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def register(service, name):
    service.ask("PUT", f"/v1/models/{name}", json={"task": "binary"})
    return name


@pytest.fixture
def client(service, model, tmp_path):
    with connected(service, model, tmp_path) as made:
        yield made


def connected(service, model, tmp_path):
    limits = watchkeeper.Limits(linger=0.02)
    folder = tmp_path / "spool"
    return watchkeeper.Client(service.url, model, spool_dir=folder, limits=limits, sigterm=False)


def rows_of(service, model, ids):
    """The rows as the service shows them, by id."""

    def look():
        ask = f"/v1/models/{model}/predictions?ids={','.join(ids)}"
        items = service.ask("GET", ask)["items"]
        return {item["prediction_id"]: item for item in items} if len(items) == len(ids) else None

    return eventually(look)


FRAME = pd.DataFrame(
    {
        "whole": pd.array([1, None], dtype="Int64"),
        "float": [0.0, math.nan],
        "text": ["", "naïve ☃"],
        "kind": pd.Categorical(["a", None]),
        "known": pd.array([False, None], dtype="boolean"),
        "seen": pd.to_datetime(["2024-01-02T03:04:05Z", None]),
        "took": pd.to_timedelta([1.5, None], unit="s"),
        "prediction": [0, 1],
        "score": [0.0, 1.0],
    },
    index=["p", "q"],
)


@pytest.mark.parametrize("times", [1, 10])
def test_rows_of_a_frame_read_alike_however_many_there_are(service, model, client, times):
    """As JSON below twenty rows, as Arrow from there on."""
    ids = client.log_batch(pd.concat([FRAME] * times))

    assert client.flush(20)
    rows = rows_of(service, model, ids[:2])
    first, second = (rows[row_id] for row_id in ids[:2])
    assert first["features"]["whole"] == 1
    assert first["features"]["float"] == 0.0
    assert first["features"]["text"] == ""
    assert first["features"]["kind"] == "a"
    assert first["features"]["known"] is False
    assert datetime.fromisoformat(first["features"]["seen"]) == WHEN
    assert first["features"]["took"] == 1.5
    assert second["features"]["text"] == "naïve ☃"
    rest = {name: value for name, value in second["features"].items() if name != "text"}
    assert set(rest.values()) <= {None}
    assert (first["prediction"], second["prediction"]) in {("0", "1"), (0, 1)}
    assert (first["score"], second["score"]) == (0.0, 1.0)
    assert set(first["features"]) == set(FRAME.columns) - {"prediction", "score"}


def test_actuals_that_are_false_in_python_are_read_back(service, model, client):
    ids = [client.log({"a": np.float32(0.5)}, 1) for _ in range(4)]
    for row_id, value in zip(ids, [0, 0.0, False, ""], strict=True):
        client.actual(row_id, value)

    assert client.flush(20)
    rows = rows_of(service, model, ids)
    actuals = [rows[row_id]["actual"] for row_id in ids]
    assert None not in actuals
    assert client.counters.accepted == 8


def test_the_service_counts_what_the_client_dropped_once(service, model, client):
    for _ in range(3):
        client.actual("a1", None)
    for _ in range(3):
        client.log({"a": 1})
        assert client.flush(20)

    metrics = service.http.get("/metrics").text
    (line,) = [
        line
        for line in metrics.splitlines()
        if line.startswith("watchkeeper_client_dropped_rows_total") and f'"{model}"' in line
    ]
    assert float(line.rsplit(" ", 1)[1]) == client.counters.dropped == 3


def test_rows_of_a_model_that_is_registered_later_arrive(service, tmp_path):
    client = connected(service, "later", tmp_path)
    ids = [client.log({"a": i}) for i in range(5)]
    eventually(lambda: client.counters.spooled == 5)
    assert client.counters.dropped == 0

    register(service, "later")

    assert client.flush(20)
    assert set(rows_of(service, "later", ids)) == set(ids)
    client.close()


def test_rows_logged_through_a_kill_of_the_service_arrive_once(tmp_path):
    data, port = tmp_path / "data", "0"
    first = Service(data)
    register(first, "loans")
    port = first.url.rsplit(":", 1)[1]
    client = connected(first, "loans", tmp_path)
    ids = [client.log({"a": i}, i % 2) for i in range(50)]
    first.kill()
    ids += [client.log({"a": i}, i % 2) for i in range(50, 100)]
    eventually(lambda: client.counters.spooled >= 50)

    with running(data, "--port", port) as again:
        assert client.flush(30)
        client.close()
        rows = rows_of(again, "loans", ids)
        listed = again.ask("GET", "/v1/models/loans/predictions?limit=1000")["items"]

    assert [rows[row_id]["features"]["a"] for row_id in ids] == list(range(100))
    assert len(listed) == 100
    counters = client.counters
    assert (counters.logged, counters.dropped) == (100, 0)
    assert counters.accepted + counters.duplicates == 100
