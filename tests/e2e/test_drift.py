"""Drift by routes alone: of features together, of texts and embeddings; and too few rows."""

from datetime import timedelta

import numpy as np
import pytest
from builders import NOON, milliseconds
from click.testing import CliRunner

from monitor.cli import watchkeeper
from monitor.cli.connection import ServiceError

WORDS = ["red", "green", "blue", "small", "large", "car", "boat", "train", "house", "tree"]
NEW_WORDS = ["zwart", "wit", "geel", "groot", "klein", "fiets", "schip", "trein", "huis", "boom"]


def rows(count, seed, start, together=0.8, words=WORDS, moved=0.0):
    """Rows of one hour: two numbers that go together, a text and an embedding."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=count)
    b = together * a + np.sqrt(1 - together**2) * rng.normal(size=count)
    face = rng.normal(size=(count, 8)) + moved
    return [
        {
            "prediction_id": f"{seed}-{n}",
            "timestamp": milliseconds(start + timedelta(seconds=n)),
            "features": {
                "a": float(a[n]),
                "b": float(b[n]),
                "note": " ".join(rng.choice(words, 6)),
                "face": face[n].tolist(),
            },
            "prediction": int(rng.integers(2)),
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def found(service):
    model = "/v1/models/together"
    features = {"note": {"type": "text"}, "face": {"type": "embedding"}}
    service.ask("PUT", model, json={"task": "binary", "features": features})
    service.ask("PUT", f"{model}/reference", json=rows(2000, 1, NOON - timedelta(days=9)))
    hours = [NOON + timedelta(hours=h) for h in range(4)]
    for sent in (
        rows(1000, 2, hours[0]),
        rows(1000, 3, hours[1], together=0.0),
        rows(1000, 4, hours[2], words=NEW_WORDS, moved=0.5),
        rows(150, 5, hours[3]),
    ):
        service.ask("POST", f"{model}/predictions", json=sent)
    items = service.ask("POST", f"{model}/check", json={})["items"]
    windows = sorted({f["window"]["start"] for f in items})
    assert len(windows) == 4
    return [
        {(f["detector"], f["feature"], f["method"]): f for f in items if f["window"]["start"] == w}
        for w in windows
    ]


def alerts(window):
    """Of drift only: a row may be unlike the others because of what drifted."""
    drift = {key: f for key, f in window.items() if key[0].startswith("drift.")}
    return {key for key, finding in drift.items() if finding["alert"]}


def test_nothing_changed_is_no_alert_though_all_was_looked_at(found):
    drift = {key for key in found[0] if key[0].startswith("drift.")}

    assert drift >= {
        ("drift.multivariate", None, "reconstruction"),
        ("drift.multivariate", None, "classifier"),
        ("drift.univariate", "note", "length"),
        ("drift.univariate", "note", "vocabulary"),
        ("drift.univariate", "note", "classifier"),
        ("drift.univariate", "face", "mean_distance"),
        ("drift.univariate", "face", "classifier"),
    }
    assert not alerts(found[0])


def test_a_lost_relation_is_an_alert_though_no_feature_changed(found):
    assert alerts(found[1]) == {
        ("drift.multivariate", None, "reconstruction"),
        ("drift.multivariate", None, "classifier"),
    }
    finding = found[1]["drift.multivariate", None, "classifier"]
    assert {f["feature"] for f in finding["evidence"]["features"][:2]} == {"a", "b"}
    assert finding["threshold"] == 0.55
    assert finding["message"].startswith("features together: rows can be told")


def test_texts_of_new_words_and_a_moved_embedding_are_alerts(found):
    assert alerts(found[2]) >= {
        ("drift.univariate", "note", "vocabulary"),
        ("drift.univariate", "note", "classifier"),
        ("drift.univariate", "face", "mean_distance"),
        ("drift.univariate", "face", "classifier"),
    }
    words = found[2]["drift.univariate", "note", "vocabulary"]["evidence"]["words"]
    assert {w["word"] for w in words} <= set(NEW_WORDS)


def test_too_few_rows_are_said_to_be_too_few(found):
    finding = found[3]["drift.univariate", None, "not_compared"]

    assert not finding["alert"]
    assert finding["threshold"] is None
    assert finding["evidence"]["features"][0] == {
        "feature": "a",
        "reason": "150 values in the window, 200 needed",
    }
    assert finding["message"].startswith("features: nothing can be said of 2: a (150 values")


def test_a_report_is_one_page_with_everything_inside(service, found, tmp_path):
    page, again = tmp_path / "report.html", tmp_path / "no" / "such" / "folder.html"
    asked = ["report", "together", "--url", service.url, "--from", NOON.isoformat()]

    done = CliRunner().invoke(watchkeeper, [*asked, "-o", str(page)])
    failed = CliRunner().invoke(watchkeeper, [*asked, "-o", str(again)])
    missing = CliRunner().invoke(watchkeeper, ["report", "none", "--url", service.url])

    assert done.output == f"wrote {page}\n"
    text = page.read_text()
    assert "Features together" in text
    assert "<polyline" in text
    assert "http" not in text
    assert failed.exit_code == 1
    assert "cannot write" in failed.output
    assert isinstance(missing.exception, ServiceError)


def customers(count, seed, start, moved=0.0):
    """Rows of one hour; the ages of women of the north move."""
    rng = np.random.default_rng(seed)
    gender, region = rng.choice(["Female", "Male"], count), rng.choice(["north", "south"], count)
    age = rng.normal(45, 12, count) + moved * ((gender == "Female") & (region == "north"))
    return [
        {
            "prediction_id": f"{seed}-{n}",
            "timestamp": milliseconds(start + timedelta(seconds=n)),
            "features": {"age": age[n], "gender": gender[n], "region": region[n]},
            "prediction": 1,
        }
        for n in range(count)
    ]


def test_a_change_in_one_segment_is_found_there_explained_and_shown(service):
    model = "/v1/models/divided"
    segments = ["gender", ["gender", "region"]]
    service.ask("PUT", model, json={"task": "binary", "segments": segments})
    assert service.ask("GET", model)["segments"] == segments
    service.ask("PUT", f"{model}/reference", json=customers(3000, 1, NOON - timedelta(days=9)))
    service.ask("POST", f"{model}/predictions", json=customers(1200, 2, NOON))
    later = customers(1200, 3, NOON + timedelta(hours=1), moved=25)
    service.ask("POST", f"{model}/predictions", json=later)
    items = service.ask("POST", f"{model}/check", json={})["items"]

    def of(window):
        drift = [f for f in items if f["detector"] == "drift.univariate"]
        return {
            f["segment"]: f
            for f in drift
            if f["feature"] == "age" and f["window"]["start"].startswith(window)
        }

    before, now = of("2026-03-01T12"), of("2026-03-01T13")
    pair = "gender=Female, region=north"
    assert len(now) == 1 + 2 + 4
    assert not [s for s, f in before.items() if f["alert"]]
    assert now[pair]["alert"]
    assert now["gender=Female"]["alert"]
    assert not now["gender=Male"]["alert"]
    assert not now["gender=Female, region=south"]["alert"]
    assert now[pair]["message"].startswith(f"age where {pair}: distributed otherwise")
    assert now[None]["evidence"]["segments"][0]["segment"] in {pair, "gender=Female"}
    assert {s["segment"] for s in now[None]["evidence"]["segments"]} <= {pair, "gender=Female"}
    shown = now[None]["evidence"]["examples"]
    ages = {r["prediction_id"]: r["features"]["age"] for r in later}
    assert shown
    assert all(ages[e["prediction_id"]] == e["value"] for e in shown)
    assert all(e["value"] > 55 for e in shown)


def test_segments_that_make_no_sense_are_refused(service):
    spec = {"task": "binary", "features": {"age": {"type": "number"}}}
    spec["features"]["note"] = {"type": "text"}
    wrong = (["agee"], [["age", "agee"]], [["age"]], [["age", "age"]], [1], ["note"])
    for segments in wrong:
        declared = spec | {"segments": segments}
        problem = service.ask("PUT", "/v1/models/bad", expect=422, json=declared)
        assert "segments" in problem["detail"]
