"""Runs the stages in order, resumes after the last that succeeded, writes down how far it came."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from trainer.directory import RunDirectory
from trainer.records import Record, Stage, Status, Verdict
from trainer.research import track
from trainer.stages import STAGES, Work


def run(path: RunDirectory) -> Record:
    """Run the stages that have not succeeded yet; the answer is also in `record.json`.

    Raises whatever a stage raises, after writing it down.
    """
    work = Work(path)
    record = _prepared(path.record)
    for place, (name, act) in enumerate(STAGES.items()):
        if record.stages[place].status is Status.SUCCEEDED:
            continue
        record = _staged(record, place, Stage(name, Status.RUNNING, datetime.now(UTC)))
        path.write("record.json", record)
        began = time.perf_counter()
        try:
            note = act(work)
        except Exception as error:
            failed = _ended(record.stages[place], Status.FAILED, began, str(error))
            record = replace(_staged(record, place, failed), error=f"{name}: {error}")
            path.write("record.json", record)
            raise
        ended = _ended(record.stages[place], Status.SUCCEEDED, began, note)
        record = replace(_staged(record, place, ended), **_left(path))
    path.write("record.json", record)
    return record


def _prepared(record: Record) -> Record:
    """A record with every stage; one that follows a stage still to be run is to be run too."""
    stages = []
    done = {s.name: s for s in record.stages if s.status is Status.SUCCEEDED}
    for name in STAGES:
        if name not in done:
            done = {}
        stages.append(done.get(name, Stage(name)))
    return replace(record, error=None, stages=stages)


def _staged(record: Record, place: int, stage: Stage) -> Record:
    return replace(record, stages=[*record.stages[:place], stage, *record.stages[place + 1 :]])


def _ended(stage: Stage, status: Status, began: float, note: str) -> Stage:
    seconds = round(time.perf_counter() - began, 3)
    return replace(stage, status=status, seconds=seconds, note=note)


def _left(path: RunDirectory) -> dict[str, Any]:
    """What the stages have left so far, as parts of the record."""
    verdict = path.read("verdict.json", Verdict) if path.has("verdict.json") else None
    return {
        "experiments": track.read(path),
        "snapshot": path.numbers("snapshot.json"),
        "verdict": verdict,
    }
