"""A weekly cycle hides a shift from a fixed reference, not from the same hours of past weeks."""

from datetime import UTC, datetime, timedelta

import numpy as np
from builders import milliseconds
from click.testing import CliRunner

from monitor.cli import watchkeeper

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def rows(day, count, extra=0.0):
    """Each day of the week has its own middle."""
    rng = np.random.default_rng(1000 + day)
    load = rng.normal(10 * (day % 7), 8, count) + extra
    start = MONDAY + timedelta(days=day)
    return [
        {
            "prediction_id": f"{day}-{n}",
            "timestamp": milliseconds(start + timedelta(minutes=2 * n)),
            "features": {"load": load[n]},
            "prediction": 1,
        }
        for n in range(count)
    ]


def alerts(service, spec):
    spec = {"task": "binary", "window": {"every": "1d", "min_rows": 200}} | spec
    service.ask("PUT", "/v1/models/cycle", json=spec)
    span = {"from": (MONDAY + timedelta(days=7)).isoformat()}
    found = service.ask("POST", "/v1/models/cycle/check", json=span)["items"]
    drift = [f for f in found if f["detector"] == "drift.univariate"]
    return {f["window"]["start"][:10] for f in drift if f["alert"]}, drift


def test_the_same_hours_of_past_weeks_see_what_a_cycle_hides_from_a_fixed_reference(service):
    service.ask("PUT", "/v1/models/cycle", json={"task": "binary"})
    reference = [row for day in range(7) for row in rows(day - 70, 300)]
    service.ask("PUT", "/v1/models/cycle/reference", json=reference)
    sent = [row for day in range(14) for row in rows(day, 300, 25 if day == 12 else 0)]
    service.ask("POST", "/v1/models/cycle/predictions", json=sent)

    fixed, _ = alerts(service, {})
    weekly, found = alerts(service, {"reference": {"same_hour_of_week": "7d"}})
    rolling, _ = alerts(service, {"reference": {"rolling": "7d"}})

    assert fixed == set()
    assert weekly == {"2026-03-14"}
    assert rolling == set()
    compared = found[0]["evidence"]["reference"]
    assert compared["kind"] == "same_hour_of_week"
    assert compared["rows"] == 300
    answer = service.ask("GET", "/v1/models/cycle")["reference"]
    assert answer == {"rolling": "7d", "same_hour_of_week": None}


def test_a_reference_that_makes_no_sense_is_refused(service):
    for reference, said in (
        ({"rolling": "7d", "same_hour_of_week": "14d"}, "not both"),
        ({"rolling": "1m"}, "reference.rolling"),
        ({"same_hour_of_week": "1d"}, "from 7d"),
        ({"roling": "7d"}, "rolling"),
        ({"rolling": "soon"}, "reference.rolling"),
    ):
        spec = {"task": "binary", "reference": reference}
        problem = service.ask("PUT", "/v1/models/cycle", expect=422, json=spec)
        assert said in problem["detail"]


def test_the_rows_of_a_period_can_be_what_is_normal(service):
    spec = {"task": "binary", "window": {"every": "1d"}}
    service.ask("PUT", "/v1/models/period", json=spec)
    sent = [row for day in range(3) for row in rows(day, 700)]
    sent[1399]["features"]["load"] = "heavy"
    service.ask("POST", "/v1/models/period/predictions", json=sent)
    asked = ["model", "reference", "period", "--url", service.url]
    second = (MONDAY + timedelta(days=1)).isoformat(), (MONDAY + timedelta(days=2)).isoformat()

    done = CliRunner().invoke(watchkeeper, [*asked, "--from", second[0], "--to", second[1]])
    nothing = CliRunner().invoke(watchkeeper, [*asked, "--from", "2030-01-01T00:00:00Z"])
    neither = CliRunner().invoke(watchkeeper, asked)

    assert done.output == "700 rows, 0 rejected\n"
    assert "no rows" in nothing.output
    assert (nothing.exit_code, neither.exit_code) == (1, 2)
    found = service.ask("POST", "/v1/models/period/check", json={})["items"]
    drift = [f for f in found if f["detector"] == "drift.univariate" and f["feature"] == "load"]
    assert drift
    assert service.ask("GET", "/v1/models/period")["features"]["load"]["type"] == "number"
