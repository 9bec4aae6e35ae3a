"""Which experiments there are: each candidate on each window of history, and their soft vote."""

from collections.abc import Collection
from datetime import datetime

import numpy as np
import numpy.typing as npt

from monitor.core.rows import microseconds
from trainer.research.candidates import CANDIDATES

WINDOWS = ("full", "recent", "post_change")
VOTE = "vote"
EXPERIMENTS = (
    *(c.name for c in CANDIDATES),
    *(f"{c.name} on {window}" for c in CANDIDATES for window in WINDOWS),
    VOTE,
)
"""What a spec may name: a candidate on every window, on one, or the soft vote of the best two."""
_RECENT = 3000
_FEWEST = 1000
_CHANGED = 200
_MOST = 200_000


def windows(timestamps: npt.NDArray[np.int64], changed_at: datetime | None) -> dict[str, int]:
    """Where the training rows of each window begin, shortest first.

    `full` is all of history (its newest 200,000 rows), `recent` the newest third (1,000 to 3,000
    rows), `post_change` what came since a change, where that is 200 rows or more.
    """
    rows = len(timestamps)
    starts = {"full": max(0, rows - _MOST)}
    recent = min(max(rows // 3, _FEWEST), _RECENT)
    if recent < 0.8 * rows:
        starts["recent"] = rows - recent
    if changed_at is not None:
        change = int(np.searchsorted(timestamps, microseconds(changed_at)))
        if change > 0 and rows - change >= _CHANGED:
            starts["post_change"] = change
    return dict(sorted(starts.items(), key=lambda item: -item[1]))


def chosen_windows(candidate: str, there: Collection[str], wanted: Collection[str]) -> list[str]:
    """The windows that a candidate is tried on, of those that there are; all where none is named.

    The vote alone wants every candidate.

    >>> chosen_windows("linear", ["recent", "full"], ["linear on full", "lightgbm"])
    ['full']
    """
    if not set(wanted) - {VOTE} or candidate in wanted:
        return list(there)
    return [window for window in there if f"{candidate} on {window}" in wanted]


def is_voted(wanted: Collection[str]) -> bool:
    """Whether the soft vote competes.

    >>> is_voted([]), is_voted(["linear"])
    (True, False)
    """
    return not wanted or VOTE in wanted
