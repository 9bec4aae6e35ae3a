"""Spans of event time, cut into windows."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.core.ports import LabelledStream
from monitor.core.rows import EPOCH, moment
from monitor.core.windows import Window

_GAP = 2
"""Windows that may be missing in a run: reading them too is cheaper than asking twice."""
END = datetime.max.replace(tzinfo=UTC)
"""After every moment."""


def aligned(span: Window | None, extent: Window | None, every: timedelta) -> Window | None:
    """The windows that start in the span and may have rows, as one span; None if there are none.

    `extent` holds every row. No span is all of it.

    >>> day = datetime(2026, 1, 1, tzinfo=UTC)
    >>> rows = Window(day + timedelta(minutes=90), day + timedelta(hours=9))
    >>> found = aligned(Window(day + timedelta(minutes=30), day + timedelta(hours=3)), rows,
    ...                 timedelta(hours=1))
    >>> found.start.hour, found.end.hour
    (1, 3)
    """
    if extent is None:
        return None
    first, last = Window.holding(extent.start, every).start, extent.end
    if span is not None:
        first, last = max(first, span.start), min(last, span.end)
    if last <= first:
        return None
    start, end = _up(first, every), _up(last, every)
    return Window(start, end) if start < end else None


def _up(value: datetime, every: timedelta) -> datetime:
    over = (value - EPOCH) % every
    try:
        return value + (every - over) if over else value
    except OverflowError:
        return END


def runs(windows: Iterable[Window]) -> Iterator[Window]:
    """Spans that hold all the windows, which are equally long; wide gaps stay out.

    >>> hours = [datetime(2026, 1, 1, h, tzinfo=UTC) for h in (0, 1, 3, 9)]
    >>> found = runs(Window(h, h + timedelta(hours=1)) for h in hours)
    >>> [(r.start.hour, r.end.hour) for r in found]
    [(0, 4), (9, 10)]
    """
    run: Window | None = None
    for window in sorted(set(windows)):
        if run is not None and window.start - run.end <= _GAP * (window.end - window.start):
            run = Window(run.start, window.end)
            continue
        if run is not None:
            yield run
        run = window
    if run is not None:
        yield run


def corrected(labelled: LabelledStream, every: timedelta) -> dict[tuple[Window, str], int]:
    """The windows, by version, in which an actual was replaced: with 0, no row is new."""
    width = every // timedelta(microseconds=1)
    return {
        (Window.holding(moment(int(place) * width), every), version): 0
        for version, stamps in labelled.corrected.items()
        for place in np.unique(np.asarray(stamps, np.int64) // width)
    }


def touched(labelled: LabelledStream, every: timedelta) -> list[Window]:
    """The windows in which a batch has rows, oldest first."""
    width = every // timedelta(microseconds=1)
    stamps = [np.asarray(s.timestamps, np.int64) for s in labelled.rows.values()]
    places = np.unique(np.concatenate([np.empty(0, np.int64), *stamps]) // width)
    return [Window.holding(moment(int(p) * width), every) for p in places]
