"""Answers of a sample as numbers: what was given to each class, what was chosen, what came."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.estimation.encoding import Encoding, Floats

Indices = npt.NDArray[np.int64]
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows with a usable score and prediction, row by row.

    `score` and whatever estimates probabilities have shape (rows, columns): one column, the
    positive class, of two classes; a column for each of more. `chosen` and `actual` are the column
    of the class, `UNKNOWN` where none is; of two classes 1 for the positive and 0 for the other.
    """

    score: Floats
    chosen: Indices
    actual: Indices
    features: Floats

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.chosen)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return max(2, int(self.score.shape[1]))

    def at(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Answers":
        """Those rows only."""
        return Answers(self.score[rows], self.chosen[rows], self.actual[rows], self.features[rows])

    def came(self) -> Floats:
        """The actuals as probabilities of 0 and 1, shape (rows, columns)."""
        if self.score.shape[1] == 1:
            return np.asarray(self.actual[:, None] == 1, np.float64)
        return np.asarray(self.actual[:, None] == np.arange(self.classes), np.float64)


def names_of(spec: ModelSpec, reference: Sample) -> Sequence[str]:
    """The classes: the positive one of two, or all that have a score."""
    return [spec.positive] if spec.task is Task.BINARY else sorted(reference.scores)


def answers(spec: ModelSpec, names: Sequence[str], encoding: Encoding, sample: Sample) -> Answers:
    """The rows of a sample that have a finite score of each class and a prediction.

    Rows without are left out: one NaN costs its row and no more.
    """
    every = Answers(
        _scores(spec, names, sample),
        _places(spec, names, sample.prediction, sample.rows),
        _places(spec, names, sample.actual, sample.rows),
        encoding.matrix(sample),
    )
    return every.at(usable_rows(spec, names, sample))


def usable_rows(spec: ModelSpec, names: Sequence[str], sample: Sample) -> npt.NDArray[np.bool_]:
    """Which rows have a finite score of each class and a prediction, shape (rows,)."""
    chosen = _places(spec, names, sample.prediction, sample.rows)
    scored = np.isfinite(_scores(spec, names, sample)).all(axis=1)
    return np.asarray(scored & (chosen != UNKNOWN), bool)


def _scores(spec: ModelSpec, names: Sequence[str], sample: Sample) -> Floats:
    absent = np.full(sample.rows, np.nan)
    if spec.task is Task.BINARY:
        return (absent if sample.score is None else np.asarray(sample.score, np.float64))[:, None]
    columns = [np.asarray(sample.scores.get(name, absent), np.float64) for name in names]
    return np.column_stack(columns) if columns else np.full((sample.rows, 1), np.nan)


def _places(
    spec: ModelSpec, names: Sequence[str], values: npt.NDArray[np.generic] | None, rows: int
) -> Indices:
    if values is None:
        return np.full(rows, UNKNOWN, np.int64)
    listed = np.asarray(values, object)
    if spec.task is Task.BINARY:
        known = np.asarray(listed != np.array(None, object), bool)
        return np.where(known, np.asarray(listed == names[0], np.int64), UNKNOWN)
    place = {name: column for column, name in enumerate(names)}
    return np.array([place.get(value, UNKNOWN) for value in listed.tolist()], np.int64)
