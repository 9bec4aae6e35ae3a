"""Event times in every form and format, and what lies outside of our years."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from formats import ARROW, arrow, read

from monitor.core.rows import Body, Kind
from monitor.service.bodies import decode

NOON = 1_714_564_800_000_000


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01t12:00:00z", NOON),
        ("2024-05-01 12:00:00", NOON),
        ("2024-05-01T12:00:00.000001Z", NOON + 1),
        ("2024-05-01T11:59:60Z", NOON),
        (1714564800000, NOON),
        (1714564800000.5, NOON + 500),
        (-1, -1000),
        (None, None),
    ],
)
def test_timestamps_are_read(sent, expected):
    rows = read({"features": {}, "timestamp": sent})

    assert not rows.rejected
    assert rows.columns.get("timestamp", [None]) == [expected]


@pytest.mark.parametrize("sent", ["soon", "", True, [], 10**18, -(10**17), "1e3", {}, 1e300])
def test_a_timestamp_that_cannot_be_read_rejects_its_row(sent):
    (rejection,) = read({"features": {}, "timestamp": sent}).rejected

    assert rejection.index == 0
    assert rejection.error.startswith("timestamp: ")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Australia/Sydney"])
def test_arrow_timestamps_of_any_unit_and_zone_are_read(unit, zone):
    times = pa.array([NOON, None], pa.timestamp("us")).cast(pa.timestamp(unit)).view(pa.int64())
    table = pa.table({"timestamp": times.cast(pa.timestamp(unit, zone)), "features.t": times})

    rows = read(arrow(table), ARROW)

    assert rows.columns["timestamp"] == [NOON, None]


def test_times_outside_of_our_years_reject_a_row_but_not_a_feature():
    far = pa.array([10**15, 0], pa.timestamp("s"))
    rows = read(arrow(pa.table({"timestamp": far, "features.t": far})), ARROW)

    assert [r.index for r in rows.rejected] == [0]
    assert rows.columns["timestamp"] == [None, 0]
    alone = read(arrow(pa.table({"features.t": far})), ARROW)
    assert alone.features["t"] == ["1000000000000000 s", datetime(1970, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("shallow", [False, True])
@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("0001-12-31T23:59:59", False),
        ("0002-01-01T00:00:00", True),
        ("9997-12-31T23:59:59", True),
        ("9998-01-01T00:00:00", False),
        ("9999-12-31T23:59:59", False),
    ],
)
def test_event_times_lie_within_the_years_that_are_computed_with(text, is_kept, shallow):
    time = datetime.fromisoformat(text).replace(tzinfo=UTC)
    number = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    rows = [{"timestamp": t, "features": {"a": 1}} for t in (text, number)]
    columns = {"timestamp": [text, number], "features": {"a": [1, 1]}}
    csv = f"timestamp,features.a\n{text},1\n{number},1\n".encode()
    tables = [pa.table({"timestamp": [v, v], "features.a": [1, 1]}) for v in (text, number, time)]
    bodies = [
        (json.dumps(rows).encode(), "application/json"),
        (json.dumps({"columns": columns}).encode(), "application/json"),
        ("\n".join(map(json.dumps, rows)).encode(), "application/x-ndjson"),
        (csv, "text/csv"),
        *((arrow(table), ARROW) for table in tables),
    ]
    for content, media_type in bodies:
        done = decode(Body(content, media_type), Kind.PREDICTIONS, shallow=shallow)

        assert [r.index for r in done.rejected] == ([] if is_kept else [0, 1]), media_type
        assert all(r.error.startswith("timestamp: ") for r in done.rejected)


def test_csv_timestamps_are_text_or_epoch_milliseconds():
    rows = read(b"features.a,timestamp\n1,1714564800000\n2,2024-05-01T12:00:00Z\n3,x\n", "text/csv")

    assert rows.columns["timestamp"] == [NOON, NOON, None]
    assert [r.index for r in rows.rejected] == [2]
