"""Has the champion answer rows, and logs what it said like any other prediction."""

import json
from collections.abc import Sequence
from time import perf_counter

from monitor.core.ports import Answer, Json
from monitor.core.rows import Body, Kind
from monitor.service.deps import Rooms


def ask_champion(rooms: Rooms, model: str, rows: Sequence[Json]) -> Sequence[Answer]:
    """One answer a row, in order; when they are given they are on disk.

    Each row has `features` and `prediction_id`, and perhaps `timestamp` and `tags`. Raises
    NoChampionError, UnknownModelError.
    """
    started = perf_counter()
    given = rooms.champion.answer(model, [row["features"] for row in rows])
    seconds = perf_counter() - started
    rooms.metrics.answered(model, seconds)
    logged = [
        {
            **row,
            "version": answer.version,
            "prediction": answer.prediction,
            "score": answer.score,
            "latency_ms": seconds * 1000,
        }
        for row, answer in zip(rows, given, strict=True)
    ]
    if logged:
        content = json.dumps(logged, default=str).encode()  # keeps NaN, which is a value
        done = rooms.log.append(model, Kind.PREDICTIONS, Body(content)).result()
        rooms.metrics.predicted(model, done)
    return given
