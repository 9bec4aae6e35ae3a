"""What was judged is read: findings, checks, performance, profiles, incidents."""

import json
from contextlib import contextmanager

import numpy as np
import pytest

from monitor.core.findings import Measurement
from monitor.core.profile import UNIT_BINS, Bins, Profile, Profiles
from monitor.core.spec import FeatureType
from monitor.service import judgement_schemas

LOANS = "/v1/models/loans"


def test_findings_are_given_page_by_page(house, make):
    house.judged.findings = [make["finding"](n) for n in range(1, 6)]

    first = house.get(f"{LOANS}/findings", params={"limit": 3}).json()
    second = house.get(f"{LOANS}/findings", params={"limit": 3, "cursor": first["next"]}).json()

    judgement_schemas.FindingsAnswer.model_validate(first)
    assert [f["id"] for f in first["items"]] == [5, 4, 3]
    assert first["next"] == 3
    assert [f["id"] for f in second["items"]] == [2, 1]
    assert second["next"] is None


def test_a_finding_is_written_as_the_contract_says(house, make):
    house.judged.findings = [make["finding"]()]

    (item,) = house.get(f"{LOANS}/findings").json()["items"]

    assert item["window"] == {
        "start": "2026-03-01T12:00:00Z",
        "end": "2026-03-01T13:00:00Z",
        "rows": 420,
    }
    assert item["value"] == 0.3
    assert item["segment"] is None
    assert item["severity"] == "warning"
    assert item["evidence"] == {"bins": 10}


def test_numbers_that_json_does_not_have_are_null(house, make):
    odd = {"x": np.float64("nan"), "n": np.int64(3), "a": np.array([1.0, np.inf])}
    measured = Measurement("psi", float("inf"), evidence=odd)
    house.judged.findings = [make["finding"](measured=measured)]

    (item,) = json.loads(house.get(f"{LOANS}/findings").text, parse_constant=pytest.fail)["items"]

    assert item["value"] is None
    assert item["evidence"] == {"x": None, "n": 3, "a": [1.0, None]}


def test_findings_are_filtered(house):
    params = {
        "from": "2026-03-01T14:00:00+02:00",
        "to": "1772370000000",
        "detector": "drift.univariate",
        "feature": "age",
        "alert": "true",
    }
    assert house.get(f"{LOANS}/findings", params=params).status_code == 200

    (query,) = house.judged.asked
    assert query.span.start.isoformat() == "2026-03-01T12:00:00+00:00"
    assert query.span.end.isoformat() == "2026-03-01T13:00:00+00:00"
    assert (query.detector, query.feature, query.alert) == ("drift.univariate", "age", True)


@pytest.mark.parametrize(
    "body", [{}, None, {"from": "2026-03-01T12:00:00Z"}, {"to": 1772370000000}]
)
def test_a_check_gives_findings_alerts_and_others(house, make, body):
    house.judged.findings = [make["finding"](), make["finding"](2, alert=False)]

    answer = house.post(f"{LOANS}/check", **({} if body is None else {"json": body}))

    assert answer.status_code == 200
    judgement_schemas.FindingsAnswer.model_validate(answer.json())
    assert [f["alert"] for f in answer.json()["items"]] == [True, False]
    (span,) = house.checked
    assert (span is None) is (not body)


def test_a_span_may_end_beyond_all_event_times(house):
    span = {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T00:00:00Z"}

    assert house.post(f"{LOANS}/check", json=span).status_code == 200
    assert (house.checked[0].start.year, house.checked[0].end.year) == (2, 9998)


def test_a_check_refuses_what_it_does_not_know(house, problem_of):
    assert "'from'" in problem_of(house.post(f"{LOANS}/check", json={"form": 1}), 422)
    problem_of(house.post(f"{LOANS}/check", json={"from": [1]}), 400)
    problem_of(house.post(f"{LOANS}/check", json=[1]), 400)
    for text in ("--5", "-", "9" * 5000):
        assert problem_of(house.post(f"{LOANS}/check", json={"from": text}), 400).startswith(
            "from:"
        )


def test_performance_is_given_window_by_window(house):
    answer = house.get(f"{LOANS}/performance").json()

    judgement_schemas.PerformanceAnswer.model_validate(answer)
    assert answer["items"][0]["realized"]["f1"] == {"value": None, "low": None, "high": 1.0}


def test_a_profile_has_counts_moments_quantiles_and_a_histogram(house):
    values = np.arange(1000.0)
    bins = Bins.of(values)
    number = Profile(
        FeatureType.NUMBER,
        rows=1003,
        missing=3,
        minimum=0.0,
        maximum=999.0,
        total=float(values.sum()),
        squares=float((values**2).sum()),
        bins=bins,
        counts=np.bincount(bins.place(values), minlength=len(bins)),
    )
    word = Profile(FeatureType.CATEGORY, rows=1003, categories={f"c{i}": i + 1 for i in range(60)})
    score = Profile(
        FeatureType.NUMBER,
        rows=2,
        minimum=0.5,
        maximum=0.5,
        total=1.0,
        squares=0.5,
        bins=UNIT_BINS,
        counts=np.bincount([128, 128], minlength=len(UNIT_BINS)),
    )
    house.profiled.profiles_of = Profiles(1003, {"age": number, "word": word}, score=score)

    answer = house.get(f"{LOANS}/profile").json()

    judgement_schemas.ProfileAnswer.model_validate(answer)
    age, words = answer["features"]["age"], answer["features"]["word"]
    assert (age["rows"], age["missing"], age["min"], age["max"]) == (1003, 3, 0, 999)
    assert age["mean"] == pytest.approx(values.mean())
    assert age["std"] == pytest.approx(values.std(ddof=1))
    assert age["quantiles"]["0.5"] == pytest.approx(500, abs=5)
    edges, counts = age["histogram"]["edges"], age["histogram"]["counts"]
    assert len(counts) <= 30
    assert len(edges) == len(counts) + 1
    assert sum(counts) == 1000
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (0, 999)
    assert words["histogram"] is None
    assert len(words["categories"]) == 50
    assert words["categories"][0] == {"value": "c59", "count": 60}
    assert sum(answer["score"]["histogram"]["counts"]) == 2


def test_a_profile_of_nothing_is_empty(house):
    assert house.get(f"{LOANS}/profile").json() == {"rows": 0, "features": {}}
    house.get(f"{LOANS}/profile?from=2026-03-01T12:00:00Z")
    assert house.profiled.span.end.year == 9998


def test_incidents_are_acknowledged_and_resolved(house, make, problem_of):
    house.judged.save_incident(make["incident"]())
    path = f"{LOANS}/incidents"

    judgement_schemas.IncidentsAnswer.model_validate(house.get(path).json())
    acked = house.post(f"{path}/i1/ack", json={"note": "known"}).json()
    judgement_schemas.IncidentAnswer.model_validate(acked)
    assert (acked["state"], acked["note"], acked["resolved_at"]) == ("acknowledged", "known", None)
    resolved = house.post(f"{path}/i1/resolve").json()
    assert (resolved["state"], resolved["note"]) == ("resolved", "known")
    assert resolved["resolved_at"] == "2026-03-01T12:00:00Z"
    assert house.post(f"{path}/i1/resolve").json() == resolved
    problem_of(house.post(f"{path}/i1/ack"), 409)
    assert house.get(f"{path}?open=true").json() == {"items": []}
    problem_of(house.post(f"{path}/i2/ack"), 404)
    problem_of(house.post(f"{path}/i1/ack", json={"note": 3}), 400)


def test_an_incident_is_read_changed_and_saved_in_one_transaction(house_with, make):
    said = []

    @contextmanager
    def transaction():
        said.append("begin")
        yield
        said.append("end")

    house = house_with(transaction=transaction)
    read, save = house.judged.incident, house.judged.save_incident
    save(make["incident"]())
    house.judged.incident = lambda *names: said.append("read") or read(*names)
    house.judged.save_incident = lambda changed: said.append("save") or save(changed)
    for change in ("ack", "resolve"):
        assert house.post(f"{LOANS}/incidents/i1/{change}").status_code == 200

    assert said == ["begin", "read", "save", "end"] * 2
