"""What goes wrong around a run ends in a clear state, and the next run works."""

import threading
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from monitor.core.decisions import RetrainRequest
from monitor.core.errors import UnknownFileError
from monitor.core.spec import RetrainSpec
from monitor.core.windows import Window
from trainer.run_files import FILES


def ask(house, model="m", **more):
    return RetrainRequest(model, "because", house.clock(), **more)


def test_a_run_that_takes_too_long_is_ended_and_the_next_one_works(house):
    house.add("m", "binary", budget=timedelta(minutes=5))
    house.worker._patience = timedelta(seconds=3) - timedelta(minutes=5)
    run = house.worker.start(ask(house))
    house.worker.work_once()

    shown = house.worker.run("m", run)
    assert shown["status"] == "failed"
    assert "took longer than 0:00:03" in shown["error"]
    assert house.worker.versions("m") == []
    house.specs["m"] = replace(house.specs["m"], retrain=RetrainSpec(budget=timedelta(0)))
    house.worker._patience = timedelta(minutes=5)
    run = house.worker.start(ask(house))
    house.worker.work_once()
    assert house.worker.run("m", run)["status"] == "succeeded"


def test_triggers_at_once_make_one_run(house):
    house.add("m", "binary")
    found = []
    asking = [
        threading.Thread(target=lambda: found.append(house.worker.start(ask(house))))
        for _ in range(8)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

    assert len(set(found)) == 1
    assert len(house.worker.runs("m")) == 1


def without(table, name):
    place = table.column_names.index(f"features.{name}")
    return table.set_column(place, f"features.{name}", pa.nulls(table.num_rows, pa.float64()))


def test_a_feature_that_went_and_one_that_came_end_in_a_verdict(house, made):
    house.add("m", "binary")
    house.worker.start(ask(house))
    house.worker.work_once()
    table = without(made.table("binary", 900, seed=1), "noise")
    fresh = pa.array([float(i % 7) for i in range(900)])
    house.rows["m"] = table.append_column("features.fresh", fresh)
    run = house.worker.start(ask(house))
    house.worker.work_once()

    shown = house.worker.run("m", run)
    assert shown["status"] in {"succeeded", "rejected", "on_trial"}
    assert set(house.worker.files("m", run)) == set(FILES)
    assert house.worker.file("m", run, "explore.html").startswith(b"<!doctype html>")
    assert b"# Model card" in house.worker.file("m", run, "model_card.md")
    with pytest.raises(UnknownFileError, match=r"did you mean 'log\.txt'"):
        house.worker.file("m", run, "log.tx")
    (schema,) = (r for r in shown["verdict"]["reasons"] if r["check"] == "schema")
    assert schema["passed"]  # a feature without any value is no loss
    assert house.champions.answer("m", [{"fresh": 1.0}])


def test_rows_of_bad_windows_stay_out_of_what_a_person_asks_for_unless_little_is_left(house, made):
    house.add("m", "binary")
    house.bad = [Window(made.start, made.start + timedelta(minutes=100))]
    run = house.worker.start(ask(house))
    house.worker.work_once()
    assert house.worker.run("m", run)["snapshot"]["rows"] == 500

    house.bad = [Window(made.start, made.start + timedelta(minutes=400))]
    run = house.worker.start(ask(house))
    house.worker.work_once()
    snapshot = house.worker.run("m", run)["snapshot"]
    assert snapshot["rows"] == 600
    assert "only 200 of 600 rows" in snapshot["quarantine"]
