"""Fresh actuals: what two versions answer to rows that neither of them has learned from."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from monitor.core.ports import SnapshotSource
from monitor.core.rows import moment
from monitor.core.windows import Window
from trainer.development.package import Packaged
from trainer.losses import aligned, row_losses
from trainer.production.comparison import Gain, gain
from trainer.research import clean, collect
from trainer.research.collect import Examples, Matrix, Target

MOST = 5000
"""The newest rows are enough."""
_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)


class FreshRows:
    """Labelled predictions after a moment, without those of windows whose data were bad."""

    def __init__(
        self,
        directory: Path,
        snapshots: SnapshotSource,
        quarantined: Callable[[str], Sequence[Window]],
    ) -> None:
        self._directory = directory
        self._snapshots = snapshots
        self._quarantined = quarantined

    def after(self, model: str, since: int) -> Examples:
        """Rows of later event times than that (microseconds), oldest first; at most 5,000."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{model}.parquet"
        before = Window(_BEGINNING, moment(since) + timedelta(microseconds=1))
        try:
            self._snapshots.export(model, path, [before, *self._quarantined(model)])
            rows = collect.read(path)
        finally:
            path.unlink(missing_ok=True)
        rows = rows.chosen(rows.column("origin") == "prediction")
        return rows.part(max(0, rows.rows - MOST), rows.rows)


def compare(rows: Examples, rival: Packaged, version: Packaged) -> Gain | None:
    """How much better a version is than a rival on labelled rows; None without any."""
    task = version.manifest.task
    rows = rows.chosen(clean.has_actual(rows, task))
    if not rows.rows:
        return None
    target = Target(task, tuple(dict.fromkeys([*version.manifest.labels, *rival.manifest.labels])))
    y = target.encode(rows)
    return gain(_losses(rival, rows, target, y), _losses(version, rows, target, y))


def _losses(model: Packaged, rows: Examples, target: Target, y: Matrix) -> Matrix:
    answers = model.model.answer(model.encoder.table(rows))
    answers = aligned(answers, model.manifest.labels, target.labels)
    return np.asarray(row_losses(len(target.labels), y, answers))
