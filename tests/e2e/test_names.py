"""Whatever things are called, and whatever stands in them: it is kept, shown and judged."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from alike import alike
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from services import running

_HOSTILE = [
    *("", " ", "features", "features.", "features.x", "place", "prediction_id", "timestamp", "at"),
    *("order", "Order", "ORDER", "a", "A", "f1", "F1", "rowid", "forms", "extra", "prediction"),
    *('"; DROP TABLE model; --', "'", '"', '""', "\\", "a\\u0000b", "%s{}$1?", "\x00", "\x1f\n\t"),
    *("größe", "gro\u0308ße", "🦉", "שלום", "\u202eabc", "\ufeff", "x" * 10_000, "null", "NaN"),
]
texts = st.sampled_from(_HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=12)
values = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | texts
rows = st.fixed_dictionaries(
    {"features": st.dictionaries(texts, values, max_size=5)},
    optional={
        "prediction_id": texts.filter(bool),
        "version": texts,
        "prediction": texts,
        "tags": st.dictionaries(texts, values, max_size=2),
        "score": st.dictionaries(texts, st.floats(0, 1), max_size=3),
    },
)
_numbers = count()
_DAY = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    directory = tmp_path_factory.mktemp("names") / "data"
    with running(directory, environment={"WATCHKEEPER_ROUND_EVERY": "300ms"}) as service:
        yield service
        assert "Traceback" not in service.log  # of a round, or of folding


@given(st.lists(rows, min_size=1, max_size=4), st.booleans())
@example([{"features": {name: name for name in _HOSTILE}}], True)
@example([{"features": dict.fromkeys(_HOSTILE, 1.5), "version": n} for n in _HOSTILE], False)
@example([{"features": {}, "prediction_id": n, "prediction": n} for n in _HOSTILE if n], True)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_name_and_any_text_comes_back(service, given_rows, declared):
    path = f"/v1/models/n{next(_numbers)}"
    spec = {"task": "multiclass"}
    if declared:
        kinds = ["text", "category", "number", "boolean", "timestamp"]
        named = sorted({name for row in given_rows for name in row["features"]})
        spec["features"] = {n: {"type": kinds[i % 5]} for i, n in enumerate(named)}
    service.ask("PUT", path, json=spec)
    unique = {row.get("prediction_id", number): row for number, row in enumerate(given_rows)}
    sent = [
        row | {"timestamp": (_DAY + timedelta(minutes=number)).isoformat()}
        for number, row in enumerate(unique.values())
    ]
    for body in ([sent[0]], sent[1:]):  # the second time features are known
        done = service.ask("POST", f"{path}/predictions", json=body)
        assert done == {"accepted": len(body), "duplicates": 0, "rejected": []}

    shown = service.ask("GET", f"{path}/predictions", params={"limit": 1000})["items"]
    assert len(shown) == len(sent)
    for row, found in zip(sent, shown, strict=True):
        assert alike(features(found), row["features"])
        assert found["prediction_id"] == row.get("prediction_id", found["prediction_id"])
        assert found["version"] == (row.get("version") or None)
        for part in ("prediction", "tags", "score"):
            assert found[part] == row.get(part)
    names = {name for row in sent for name, value in row["features"].items() if value is not None}
    profile = service.ask("GET", f"{path}/profile")
    assert names <= set(profile["features"])
    json.dumps(service.ask("POST", f"{path}/check", json={}), allow_nan=False)


def features(row):
    """The features as they were sent: of a misfit, `raw`."""
    parts = {"prediction", "score", "latency_ms", "tags", "actual"}
    raw = row.get("raw", {})
    return {
        name: raw.get(f"features.{name}", value)
        if name in parts or name.startswith("features.")
        else raw.get(name, value)
        for name, value in row["features"].items()
    }


def test_names_that_differ_by_case_are_two(service):
    path = "/v1/models/cases"
    service.ask("PUT", path, json={"task": "binary"})
    row = {"features": {"a": 1, "A": "x", "ä": True, "Ä": 2.5}, "timestamp": _DAY.isoformat()}
    service.ask("POST", f"{path}/predictions", json=row)

    (shown,) = service.ask("GET", f"{path}/predictions")["items"]
    assert alike(shown["features"], row["features"])


def test_a_type_that_changes_reads_what_was_stored_anew(service):
    path = "/v1/models/changing"
    service.ask("PUT", path, json={"task": "binary"})
    values = ["12", "x", 7, None, True, 3.5, "2026-05-01"]
    ids = [f"p{n}" for n in range(len(values))]
    body = [
        {"prediction_id": i, "features": {"v": v}, "timestamp": _DAY.isoformat()}
        for i, v in zip(ids, values, strict=True)
    ]
    service.ask("POST", f"{path}/predictions", json=body)

    misfits = {"category": 0, "number": 4, "timestamp": 3, "boolean": 5, "text": 0, "embedding": 6}
    for kind, expected in misfits.items():
        spec = {"task": "binary", "features": {"v": {"type": kind}}}
        service.ask("PUT", path, json=spec)
        shown = service.ask("GET", f"{path}/predictions", params={"ids": ",".join(ids)})["items"]
        assert alike([features(row)["v"] for row in shown], values), kind
        profile = service.ask("GET", f"{path}/profile")["features"]["v"]
        assert (profile["type"], profile["misfits"]) == (kind, expected)
        assert len([row for row in shown if "raw" in row]) == expected
