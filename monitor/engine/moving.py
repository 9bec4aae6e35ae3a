"""References that move along: the rows before a window, or the same hours of past weeks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.rows import EPOCH
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window

MOVING = frozenset({"drift.univariate", "drift.prediction"})
"""Detectors that compare profiles, and so can compare with any span."""
FEWEST = 30
"""Rows below which the fixed reference holds still."""
_WEEK = timedelta(weeks=1)


class Past(Protocol):
    """Gives profiles of any span, as ProfileBook does."""

    def profile(self, model: str, span: Window) -> Profiles:
        """One profile of all rows in the span."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a window is compared with in place of the fixed reference."""

    reference: Profiles
    kind: str
    spans: Sequence[Window]

    def marked(self, measured: Measurement) -> Measurement:
        """The measurement, with what it was compared with in its evidence."""
        said = {
            "kind": self.kind,
            "from": self.spans[0].start.isoformat(),
            "to": self.spans[-1].end.isoformat(),
            "rows": self.reference.rows,
        }
        return replace(measured, evidence={**measured.evidence, "reference": said})


def moved(spec: ModelSpec, past: Past, model: str, window: Window) -> Moved | None:
    """What the spec wants a window to be compared with; None where the fixed reference holds.

    That is so, too, as long as the past has fewer rows than a window needs.
    """
    spans = _spans(spec, window)
    if not spans:
        return None
    parts = [past.profile(model, span) for span in spans]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    if whole.rows < max(FEWEST, spec.window.min_rows):
        return None
    return Moved(whole, "rolling" if spec.reference.rolling else "same_hour_of_week", spans)


def _spans(spec: ModelSpec, window: Window) -> list[Window]:
    """The spans of the past, oldest first."""
    if spec.reference.rolling is not None:
        start = max(EPOCH, window.start - spec.reference.rolling)
        return [Window(start, window.start)] if start < window.start else []
    if spec.reference.same_hour_of_week is None:
        return []
    weeks = spec.reference.same_hour_of_week // _WEEK
    shifted = [
        Window(window.start - k * _WEEK, window.end - k * _WEEK) for k in range(weeks, 0, -1)
    ]
    return [s for s in shifted if s.start >= EPOCH and s.end <= window.start]
