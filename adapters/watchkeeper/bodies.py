"""Writes many rows at once as bodies: frames of predictions, columns of actuals."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from watchkeeper import arrow, frames
from watchkeeper.wire import BATCH_BYTES, BATCH_ROWS, Actual, Request, requests, row_text, single

Complain = Callable[[Exception], None]
"""Told of each row that breaks alone; the others go on."""


def frame_bodies(
    frame: Any, names: frames.Names, ids: Sequence[str], version: str | None, complain: Complain
) -> Iterable[Request]:
    """Bodies of a frame's rows, as Arrow where that pays. Raises FrameError, and what a value does.

    The rows of a sequence break alone; a frame is written whole or not at all.
    """
    now = _now()
    packed = arrow.arrow_requests(frame, names, ids, now, version)
    if packed is not None:
        return packed
    if frames.is_rows(frame):
        texts = list(_row_texts(frame, names, ids, (now, version), complain))
    else:
        rows = frames.rows_of(frame, names, ids, now)
        texts = [row_text(row._replace(version=version)) for row in rows]
    return requests("predictions", texts, BATCH_ROWS, BATCH_BYTES)


def actual_bodies(
    ids: Sequence[Any], values: Sequence[Any], times: Sequence[Any] | None, complain: Complain
) -> Iterable[Request]:
    """Bodies of actuals, whose time is now unless given. Raises FrameError, and what a value does.

    >>> [body] = actual_bodies(["a1"], [0], [1700000000000], print)
    >>> body.body
    b'[{"prediction_id":"a1","timestamp":1700000000000,"actual":0}]'
    """
    given = [_now()] * len(ids) if times is None else times
    columns = frames.columns_of({"id": ids, "value": values, "time": given})
    rows = list(_actual_texts(columns, complain))
    return requests("actuals", rows, BATCH_ROWS, BATCH_BYTES)


def _row_texts(
    rows: Sequence[Any],
    names: frames.Names,
    ids: Sequence[str],
    constants: tuple[int, str | None],
    complain: Complain,
) -> Iterator[bytes]:
    now, version = constants
    for row, row_id in zip(rows, ids, strict=True):
        try:
            yield row_text(frames.row_of(row, names, row_id, now)._replace(version=version))
        except Exception as error:  # one bad row must not cost its neighbours
            complain(error)


def _actual_texts(columns: Mapping[str, list[Any]], complain: Complain) -> Iterator[bytes]:
    for row_id, value, time_of in zip(*columns.values(), strict=True):
        if frames.is_missing(value):
            complain(ValueError(f"the actual of {row_id!r} is missing"))
        else:
            yield row_text(Actual(str(row_id), time_of, single(value)))


def _now() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000
