"""The worker with real children: from rows to answers, and through everything that goes wrong."""

import os
import signal
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.decisions import RetrainRequest
from monitor.core.errors import (
    NoChampionError,
    NothingToRollBackToError,
    StalePromotionError,
    UnavailableError,
    UnknownModelError,
    UnknownRunError,
    UnknownVersionError,
)
from monitor.core.spec import Promote, RetrainSpec
from monitor.core.windows import Window
from trainer.records import Run, Status

ROW = {
    "size": 3.0,
    "noise": 0.0,
    "colour": "red",
    "vector": [3.0, 1.0],
    "signup": "2026-01-01T05:00:00Z",
}


def ask(house, model="m", **more):
    return RetrainRequest(model, "because", house.clock(), **more)


def test_a_request_becomes_a_champion_that_answers_and_a_second_one_can_be_rolled_back(house, made):
    house.add("m", "binary")
    house.seen = ["7", "v2-beta"]
    with pytest.raises(NoChampionError):
        house.champions.answer("m", [ROW])

    run = house.worker.start(ask(house, event_time=made.start, incident="i1"))
    assert house.worker.start(ask(house)) == run  # one at a time
    assert house.champions.training("m").running
    assert house.worker.work_once()

    shown = house.worker.run("m", run)
    assert shown["status"] == "succeeded", shown["error"]
    assert shown["version"] == "8"
    assert shown["incident"] == "i1"
    assert shown["snapshot"]["rows"] == 600
    assert [s["status"] for s in shown["stages"]] == ["succeeded"] * 9
    (answer,) = house.champions.answer("m", [ROW])
    assert answer.prediction == 1
    assert type(answer.prediction) is int
    assert answer.score > 0.9
    assert answer.version == "8"
    assert house.references["m", "8"].num_rows == 600
    training = house.champions.training("m")
    assert (training.champion, training.running) == ("8", False)
    assert training.last_event_at == made.start
    assert training.retired == set()
    assert_rollback(house)


def assert_rollback(house):
    """A twin of the champion takes over by hand, and gives way again."""
    first = house.registry.version("m", "8")
    house.registry.add_version(replace(first, created_at=house.clock()))
    assert [v["alias"] for v in house.worker.versions("m")] == ["challenger", "champion"]
    assert house.worker.promote("m", "9")["alias"] == "champion"
    assert house.champions.answer("m", [ROW])[0].version == "9"
    assert house.champions.training("m").retired == {"8"}

    assert house.worker.rollback("m")["version"] == "8"
    assert house.champions.answer("m", [ROW])[0].version == "8"
    with pytest.raises(NothingToRollBackToError):
        house.worker.rollback("m")

    house.worker.promote("m", "9")
    damage(house, first)
    with pytest.raises(NothingToRollBackToError):
        house.worker.rollback("m")
    assert house.champions.answer("m", [ROW])[0].version == "9"


def damage(house, version):
    (house.data_dir / version.artefact / "encoder.json").write_text("{}")


def test_a_child_that_is_killed_fails_its_run_and_the_next_one_works(house):
    house.add("m", "binary")
    run = house.worker.start(ask(house))
    working = threading.Thread(target=house.worker.work_once)
    working.start()
    os.kill(child_of(house, run), signal.SIGKILL)
    working.join()

    shown = house.worker.run("m", run)
    assert shown["status"] == "failed"
    assert "SIGKILL" in shown["error"]
    assert not house.worker.versions("m")

    house.specs["m"] = replace(
        house.specs["m"], retrain=RetrainSpec(promote=Promote.MANUAL, budget=timedelta(0))
    )
    run = house.worker.start(ask(house))
    house.worker.work_once()
    assert house.worker.run("m", run)["status"] == "succeeded"
    assert_manual_promotion(house)


def assert_manual_promotion(house):
    """The challenger waits for a person, and then takes over."""
    assert [v["alias"] for v in house.worker.versions("m")] == ["challenger"]
    with pytest.raises(NoChampionError):
        house.champions.answer("m", [ROW])

    house.worker.promote("m", "1")

    assert house.champions.answer("m", [ROW])[0].version == "1"
    assert ("m", "1") in house.references
    with pytest.raises(UnknownVersionError):
        house.worker.promote("m", "2")
    with pytest.raises(StalePromotionError):
        house.registry.promote("m", "1", 0, house.clock())


def child_of(house, run):
    """The process id of the child of a run, once there is one: a child of a child of ours."""
    record = house.data_dir / "runs" / run / "record.json"
    for _ in range(2000):
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and "--warm" in command_of(entry) and record.exists():
                parent = parent_of(int(entry.name))
                if parent and parent_of(parent) == os.getpid():
                    return int(entry.name)
        time.sleep(0.005)
    raise AssertionError("no child came")


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def is_alive(pid):
    """Whether a process does anything yet; one that waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def is_gone(pid):
    """Whether a process that was ended is gone within ten seconds."""
    for _ in range(200):
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def command_of(entry):
    try:
        return entry.joinpath("cmdline").read_text().split("\0")
    except OSError:
        return []


def test_a_stop_ends_the_child_and_says_so(house):
    house.add("m", "binary", budget=timedelta(minutes=5))
    run = house.worker.start(ask(house))
    working = threading.Thread(target=house.worker.run_forever, args=(house.stop,))
    working.start()
    pid = child_of(house, run)
    house.stop.set()
    working.join()

    assert house.worker.run("m", run)["error"] == "the service stopped"
    assert is_gone(pid)
    stages = {s["status"]: s for s in house.worker.run("m", run)["stages"]}
    assert "running" not in stages
    house.specs["m"] = replace(house.specs["m"], retrain=RetrainSpec(budget=timedelta(0)))
    house.worker.work_once()
    assert house.worker.run("m", run)["status"] == "succeeded"
    assert house.worker.run("m", run)["error"] is None


def test_too_few_labels_fail_the_run_with_both_numbers(house, made):
    house.add("m", "binary", made.table("binary", 200))
    house.queue.ask(ask(house))
    house.worker.work_once()
    assert "200 labelled rows, and 2000 are needed" in house.worker.runs("m")[0]["error"]

    house.rows["m"] = made.table("binary", 20)
    run = house.worker.start(ask(house))
    house.worker.work_once()
    assert "20 labelled rows, and 50 are needed" in house.worker.run("m", run)["error"]
    assert house.worker.run("m", run)["status"] == "failed"


def test_a_run_learns_from_every_row_that_was_acknowledged_before_it_began(house, made):
    house.add("m", "binary", made.table("binary", 20))
    house.unfolded = {"m": made.table("binary", 300)}
    run = house.worker.start(ask(house))
    house.worker.work_once()

    assert house.worker.run("m", run)["snapshot"]["rows"] == 300


def test_a_run_whose_rows_cannot_be_read_yet_fails_with_that_sentence(house):
    house.add("m", "binary")
    house.unfolded = UnavailableError("rows are still being read in")
    run = house.worker.start(ask(house))
    house.worker.work_once()

    assert house.worker.run("m", run)["error"] == "rows are still being read in"


def test_a_stage_that_fails_is_named_by_the_run(house, made):
    house.add("m", "binary", made.table("binary", 300))
    everything = Window(made.start, made.start + timedelta(days=30))
    run = house.worker.start(ask(house, excluded=(everything,)))
    house.worker.work_once()

    shown = house.worker.run("m", run)
    assert shown["status"] == "failed"
    assert shown["error"].startswith("clean: 0 rows are too few")
    assert [s["status"] for s in shown["stages"]][:2] == ["succeeded", "failed"]


def test_a_run_that_a_service_left_behind_is_taken_up_once_and_fails_the_second_time(house):
    house.add("m", "binary")
    left = Run("r1", ask(house), Status.RUNNING, asked=True, created_at=house.clock())
    house.registry.open_run(left)

    house.worker.recover()
    shown = house.worker.run("m", "r1")
    assert (shown["status"], shown["error"]) == ("queued", "the service stopped")

    house.registry.save_run(replace(house.registry.run("m", "r1"), status=Status.RUNNING))
    house.worker.recover()
    shown = house.worker.run("m", "r1")
    assert (shown["status"], shown["error"]) == ("failed", "the service stopped")
    assert shown["finished_at"]
    assert not house.worker.work_once()


def test_a_run_that_has_its_version_is_done_when_the_service_stops(house):
    house.add("m", "binary")
    run = house.worker.start(ask(house))
    house.worker.work_once()
    house.registry.save_run(replace(house.registry.run("m", run), status=Status.RUNNING))

    house.worker.recover()

    assert house.worker.run("m", run)["status"] == "succeeded"
    assert house.worker.run("m", run)["error"] is None
    assert len(house.worker.versions("m")) == 1


@pytest.mark.parametrize("changed", [False, True])
def test_a_run_goes_on_from_its_directory_unless_other_is_asked_of_it_now(house, changed):
    house.add("m", "binary")
    run = house.worker.start(ask(house))
    house.stop.set()
    house.worker.work_once(house.stop)
    left = house.data_dir / "runs" / run / "left"
    left.touch()
    if changed:
        house.specs["m"] = replace(house.specs["m"], positive_label="0")

    house.worker.work_once(house.stop)

    assert left.exists() is not changed
    assert house.worker.run("m", run)["status"] == "failed"  # stopped a second time


def test_names_that_nobody_knows_are_refused(house):
    house.add("m", "binary")
    with pytest.raises(UnknownRunError):
        house.worker.run("m", "r1")
    with pytest.raises(NoChampionError):
        house.worker.rollback("m")
    for call in (house.worker.runs, house.worker.versions, house.champions.training):
        with pytest.raises(UnknownModelError):
            call("unheard-of")
    with pytest.raises(UnknownModelError):
        house.champions.answer("unheard-of", [ROW])
    house.queue.ask(ask(house, "unheard-of"))
    assert not house.worker.work_once()
    assert not house.queue


def test_a_child_whose_process_of_libraries_dies_ends_too_and_the_next_run_works(house):
    house.add("m", "binary", budget=timedelta(minutes=5))
    run = house.worker.start(ask(house))
    working = threading.Thread(target=house.worker.work_once)
    working.start()
    pid = child_of(house, run)
    os.kill(parent_of(pid), signal.SIGKILL)
    working.join()

    assert "SIGKILL" in house.worker.run("m", run)["error"]
    assert is_gone(pid)
    assert_tidy(house, run)
    house.specs["m"] = replace(house.specs["m"], retrain=RetrainSpec(budget=timedelta(0)))
    run = house.worker.start(ask(house))
    house.worker.work_once()
    assert house.worker.run("m", run)["status"] == "succeeded"


def kill_one_that_loads(stop):
    """Kill the process of libraries as soon as it comes, before it can fork."""
    while not stop.is_set():
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and "--warm" in command_of(entry):
                pid = int(entry.name)
                if parent_of(pid) == os.getpid():
                    os.kill(pid, signal.SIGKILL)
                    return
        time.sleep(0.01)


def test_a_process_that_is_killed_before_the_child_began_fails_the_run_and_says_so(house):
    house.add("m", "binary")
    run = house.worker.start(ask(house))
    killing = threading.Thread(target=kill_one_that_loads, args=(house.stop,))
    killing.start()
    house.worker.work_once()
    house.stop.set()
    killing.join()

    error = house.worker.run("m", run)["error"]
    assert error == "the training process was ended by signal SIGKILL before the run began"


def test_a_process_that_ends_by_itself_before_the_child_began_is_started_again(
    house, monkeypatch, tmp_path
):
    once = tmp_path / "sklearn.py"
    once.write_text("import pathlib\npathlib.Path(__file__).unlink()\nraise SystemExit(0)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    house.add("m", "binary")
    run = house.worker.start(ask(house))
    house.worker.work_once()

    assert not once.exists()
    assert house.worker.run("m", run)["status"] == "succeeded"


def test_a_process_that_cannot_load_says_why_in_the_log_of_the_run(house, monkeypatch, tmp_path):
    (tmp_path / "sklearn.py").write_text("raise ImportError('a library is not there')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    house.add("m", "binary")
    run = house.worker.start(ask(house))
    house.worker.work_once()

    error = house.worker.run("m", run)["error"]
    assert error.startswith("the training process ended with code 1 before the run began")
    assert "a library is not there" in error


def assert_tidy(house, run):
    """A run that failed leaves what tells why, and nothing that only its stages needed."""
    left = {file.name for file in (house.data_dir / "runs" / run).iterdir()}
    assert {"log.txt", "record.json", "snapshot.parquet"} <= left
    assert not left & {"incumbent", "challenger", "clean.parquet", "tuned.npy", "encoder.json"}


def test_a_run_that_fails_late_leaves_no_champion_and_no_rows_of_its_stages(house):
    house.add("m", "binary")
    house.worker.start(ask(house))
    house.worker.work_once()
    house.specs["m"] = replace(house.specs["m"], retrain=RetrainSpec(budget=timedelta(minutes=5)))
    run = house.worker.start(ask(house))
    working = threading.Thread(target=house.worker.work_once)
    working.start()
    pid = child_of(house, run)
    directory = house.data_dir / "runs" / run
    for _ in range(2000):
        if (directory / "encoder.json").exists():
            break
        time.sleep(0.01)
    assert (directory / "incumbent").exists()
    os.kill(pid, signal.SIGKILL)
    working.join()

    assert house.worker.run("m", run)["status"] == "failed"
    assert_tidy(house, run)
