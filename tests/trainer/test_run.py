"""A run from the snapshot to the verdict, in this process."""

import shutil
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.core.spec import RetrainSpec
from trainer import stages
from trainer.development import package
from trainer.records import Outcome, Status
from trainer.research import track
from trainer.run import run


def reasons(record):
    return {reason.check: reason for reason in record.verdict.reasons}


def test_a_first_binary_model_is_promoted(first):
    directory, record = first

    assert_first(directory, record, "binary")


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_first_model_of_another_task_is_promoted(tmp_path, made, task):
    directory = made.directory(tmp_path, task)

    assert_first(directory, run(directory), task)


def assert_first(directory, record, task):
    """Every stage succeeded, and the model beats what reads no feature by far."""
    assert [stage.name for stage in record.stages] == list(stages.STAGES)
    assert {stage.status for stage in record.stages} == {Status.SUCCEEDED}
    assert record.verdict.decision is Outcome.PROMOTE
    assert record.verdict.zone == "first"
    found = reasons(record)
    assert found["beats_constant"].numbers["loss"] < found["beats_constant"].numbers["constant"] / 2
    assert found["loads"].passed
    assert found["survives"].numbers["rows"] > 30
    tried = {e.candidate for e in record.experiments}
    assert tried == {"linear", "lightgbm", "histogram", "vote"}
    assert sum(e.chosen for e in record.experiments) == 1
    assert msgspec.json.encode(directory.record) == msgspec.json.encode(record)
    assert_reference_is_out_of_sample(directory, task)


def assert_reference_is_out_of_sample(directory, task):
    """Rows that were learned from carry no answer; the others carry good ones."""
    reference = pq.read_table(directory / "reference.parquet")
    snapshot = pq.read_table(directory / "snapshot.parquet")
    cut = directory.numbers("split.json")
    said = reference["prediction"].to_pylist()
    learned = len(said) - (cut["rows"] - cut["tune"])
    assert reference.column_names == snapshot.column_names
    assert set(said[:learned]) == {None}
    assert None not in said[learned:]
    actual = reference["actual"].to_pylist()[learned:]
    if task == "regression":
        assert np.corrcoef(said[learned:], actual)[0, 1] > 0.9
    else:
        assert np.mean([a == b for a, b in zip(said[learned:], actual, strict=True)]) > 0.75
        assert None not in reference["score"].to_pylist()[learned:]


def test_the_same_assignment_gives_the_same_artefact_to_the_byte(tmp_path, made, first):
    directory = made.directory(tmp_path, "binary")
    run(directory)

    assert package.digest(directory / "artefact") == package.digest(first[0] / "artefact")


def test_a_run_goes_on_after_the_last_stage_that_succeeded(tmp_path, made):
    directory = made.directory(tmp_path, "binary", made.table("binary", 400))
    snapshot = (directory / "snapshot.parquet").read_bytes()
    (directory / "snapshot.parquet").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="not the file that was exported"):
        run(directory)
    assert directory.record.stages[0].status is Status.FAILED
    assert "not the file" in directory.record.error

    (directory / "snapshot.parquet").write_bytes(snapshot)
    once = run(directory)
    again = run(directory)

    assert once.error is None
    assert [s.started_at for s in once.stages] == [s.started_at for s in again.stages]


def test_after_a_change_the_new_model_passes_the_gate(tmp_path, made, first):
    table = made.table("binary", 1500, flip=700)
    new = made.directory(tmp_path, "binary", table, incumbent="1")
    shutil.copytree(first[0] / "artefact", new / "incumbent")

    record = run(new)

    better = reasons(record)["better"]
    assert record.verdict.decision is Outcome.PROMOTE
    assert record.verdict.zone == "promote"
    assert better.numbers["gain"] > 0.5
    assert "version 1" in better.detail


def test_a_model_that_learned_what_holds_no_longer_is_rejected(tmp_path, made):
    record = run(made.directory(tmp_path, "binary", made.table("binary", flip=510)))

    assert record.verdict.decision is Outcome.REJECT
    blocked = {r.check for r in record.verdict.reasons if r.blocks and not r.passed}
    assert blocked == {"beats_constant", "calibration"}


def test_what_cannot_be_learned_says_so(tmp_path, made):
    table = made.table("binary", 200)
    one = table.set_column(
        table.column_names.index("actual"), "actual", pa.array(["1"] * 200, pa.string())
    )
    directory = made.directory(tmp_path, "binary", one)

    with pytest.raises(ValueError, match="nothing to tell apart"):
        run(directory)


def test_an_odd_actual_is_counted_as_removed_and_the_run_goes_on(tmp_path, made):
    table = made.table("binary", 400)
    actual = ["N/A", *table["actual"].to_pylist()[1:]]
    odd = table.set_column(table.column_names.index("actual"), "actual", pa.array(actual))

    record = run(made.directory(tmp_path, "binary", odd))

    assert "1 odd label" in record.stages[1].note
    assert record.verdict.decision is Outcome.PROMOTE


def test_a_reference_without_times_teaches_and_later_predictions_judge(tmp_path, made):
    table = made.table("binary", 600)
    stamps = table["timestamp"].to_pylist()
    upload = [stamps[-1] + timedelta(days=9)] * 400
    for name, values in {
        "timestamp": pa.array(upload + stamps[400:], pa.timestamp("us", "UTC")),
        "origin": pa.array(["reference"] * 400 + ["prediction"] * 200),
    }.items():
        table = table.set_column(table.column_names.index(name), name, values)
    directory = made.directory(tmp_path, "binary", table)

    record = run(directory)

    gate_rows = pq.read_table(directory / "clean.parquet").slice(
        directory.numbers("split.json")["gate"]
    )
    assert set(gate_rows["origin"].to_pylist()) == {"prediction"}
    assert reasons(record)["time_order"].passed
    assert record.verdict.decision is Outcome.PROMOTE


def test_a_vote_that_is_chosen_is_packaged_and_each_of_its_models_learns(tmp_path, made):
    directory = made.directory(tmp_path, "binary", made.table("binary", 500))
    wanted = RetrainSpec(experiments=("linear", "histogram", "vote"))
    asked = directory.assignment
    directory.write("request.json", replace(asked, spec=replace(asked.spec, retrain=wanted)))
    tried = run(directory).experiments
    chosen = track.chosen(directory)
    packaged = package.load(directory / "artefact")

    assert {e.candidate for e in tried} == {"linear", "histogram", "vote"}
    assert packaged.manifest.form == {"vote": "vote"}.get(chosen.candidate, chosen.candidate)
    voted = next(e for e in tried if e.candidate == "vote")
    assert len(voted.parameters["of"]) == 2
    track.write(directory, [replace(e, chosen=e is voted) for e in tried])
    assert [e.candidate for e in track.members(directory)] == [
        tried[place].candidate for place in voted.parameters["experiments"]
    ]
    stages.evaluate_chosen(stages.Work(directory))
    stages.package_challenger(stages.Work(directory))
    sealed = package.load(directory / "artefact")
    assert sealed.manifest.form == "vote"
    assert len(sealed.model.models) == 2
    assert sealed.manifest.metrics["roc_auc"] > 0.8
