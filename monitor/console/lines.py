"""Values by time as a line to draw, with its threshold, its alerts and its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.findings import Finding

WIDTH, HEIGHT = 220, 48
MOST = 400
"""Windows that a line shows: the newest."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where things stand in a picture of WIDTH by HEIGHT, y downwards."""

    points: str
    band: str
    alerts: Sequence[tuple[float, float, str]]
    threshold: float | None
    first: str
    last: str
    low: float
    high: float
    now: float
    width: int = WIDTH
    height: int = HEIGHT


def line(found: Sequence[Finding]) -> Line | None:
    """The line of findings of one method, any order; None where there are none.

    Of windows that several versions had rows in, each counts.
    """
    ordered = sorted(found, key=lambda f: (f.window.start, f.version))[-MOST:]
    if not ordered:
        return None
    values = [f.measured.value for f in ordered]
    limit = next((f.threshold for f in reversed(ordered) if f.threshold is not None), None)
    shown = [*values, *([] if limit is None else [limit])]
    low, high = min(shown), max(shown)
    spread = (high - low) or abs(high) or 1.0
    low, high = low - 0.08 * spread, high + 0.08 * spread
    step = WIDTH / max(1, len(ordered) - 1)

    def y(value: float) -> float:
        return round(HEIGHT * (high - min(max(value, low), high)) / (high - low), 1)

    places = [(round(i * step, 1), y(v)) for i, v in enumerate(values)]
    return Line(
        " ".join(f"{x},{height}" for x, height in places),
        _band([(x, f) for (x, _), f in zip(places, ordered, strict=True)], y),
        [
            (x, height, f"{f.window.start:%Y-%m-%d %H:%M}: {f.message}")
            for (x, height), f in zip(places, ordered, strict=True)
            if f.alert
        ],
        None if limit is None else y(limit),
        f"{ordered[0].window.start:%Y-%m-%d %H:%M}",
        f"{ordered[-1].window.start:%Y-%m-%d %H:%M}",
        min(values),
        max(values),
        values[-1],
    )


def _band(places: Sequence[tuple[float, Finding]], y: object) -> str:
    """The interval as a polygon: along the upper ends, and back along the lower ones."""
    assert callable(y)
    known = [
        (x, f.measured.low, f.measured.high)
        for x, f in places
        if f.measured.low is not None and f.measured.high is not None
    ]
    upper = [f"{x},{y(high)}" for x, _, high in known]
    lower = [f"{x},{y(low)}" for x, low, _ in reversed(known)]
    return " ".join([*upper, *lower]) if len(known) > 1 else ""
