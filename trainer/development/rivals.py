"""What others answer to the gate rows: the last actual, the anchor, a version outside, the past."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from monitor.core.spec import Task
from trainer.development.evaluate import Judged
from trainer.development.package import Packaged
from trainer.losses import aligned, constant, row_losses
from trainer.parts import Parts
from trainer.production.comparison import probability_above
from trainer.production.evidence import Old, Pair
from trainer.production.soundness import miscalibration
from trainer.research.collect import Examples, Matrix, Target

_FEWEST_OUTSIDE = 20
_FEWEST_OLD = 200
_MOST_OLD = 2000
_OLDEST = 0.1


def plain_errors(judged: Judged, answers: Matrix) -> Matrix:
    """Errors that anyone can read, shape (rows,): 0/1, or absolute in deviations of the actual."""
    return _plain(judged.classes, judged.y, answers)


def _plain(classes: int, y: Matrix, answers: Matrix) -> Matrix:
    if classes:
        return np.asarray(answers.argmax(axis=1) != y, np.float64)
    return np.asarray(np.abs(answers[:, 0] - y) / (y.std() or 1.0))


def no_change(parts: Parts, judged: Judged) -> Pair | None:
    """Plain errors of repeating the last actual known at the embargo, and ours on those rows."""
    stamps, gate = parts.rows.timestamps, parts.cut.gate
    known = np.searchsorted(stamps, stamps[gate:] - max(parts.cut.embargo, 1), side="right") - 1
    there = known >= 0
    if not there.any():
        return None
    y = parts.target.encode(parts.rows)
    last = y[np.maximum(known, 0)]
    if judged.classes:
        theirs = np.asarray(last != judged.y, np.float64)
    else:
        theirs = np.abs(last - judged.y) / (judged.y.std() or 1.0)
    return theirs[there], plain_errors(judged, judged.answers)[there]


def outside(judged: Judged) -> Pair | None:
    """Losses of a version that others serve, and ours, on the gate rows that it answered.

    Log loss where it sent scores, else 0/1 loss; squared error for numbers.
    """
    said = judged.rows.column("prediction")
    score = np.asarray(judged.rows.column("score"), np.float64)
    ours = judged.losses(judged.answers)
    if judged.target.task is Task.REGRESSION:
        numbers = np.asarray(said, np.float64)
        known, theirs = np.isfinite(numbers), (numbers - judged.y) ** 2
    elif judged.target.task is Task.BINARY and np.isfinite(score).sum() >= _FEWEST_OUTSIDE:
        known, theirs = np.isfinite(score), judged.losses(np.stack([1 - score, score], axis=1))
    else:
        known = np.array([value is not None for value in said], bool)
        theirs = (said != judged.rows.column("actual")).astype(np.float64)
        ours = (judged.answers.argmax(axis=1) != judged.y).astype(np.float64)
    return (theirs[known], ours[known]) if known.sum() >= _FEWEST_OUTSIDE else None


def miscalibrated_outside(judged: Judged) -> float | None:
    """How far scores or numbers of a version outside are off; None where it sent too few."""
    k = judged.classes
    if k > 2:
        return None
    said = judged.rows.column("score" if k else "prediction")
    values = np.asarray(said, np.float64)
    known = np.isfinite(values)
    if known.sum() < _FEWEST_OUTSIDE:
        return None
    values = values[known]
    answers = np.stack([1 - values, values], axis=1) if k else values[:, None]
    return miscalibration(k, judged.y[known], answers)[0]


def old_reference(
    parts: Parts, judged: Judged, challenger: Packaged, champion: Packaged
) -> Old | None:
    """Mean losses on rows of the reference, else on the oldest tenth; None where they are few."""
    rows = _old_rows(parts)
    if rows.rows < _FEWEST_OLD:
        return None
    target, k = parts.target, len(parts.target.labels)
    y = target.encode(rows)
    theirs = row_losses(k, y, answers_of(champion, rows, target))
    return Old(
        challenger=float(row_losses(k, y, answers_of(challenger, rows, target)).mean()),
        champion=float(theirs.mean()),
        constant=float(row_losses(k, y, np.repeat(constant(k, y), len(y), axis=0)).mean()),
        rows=rows.rows,
        drifted=probability_above(theirs, judged.losses(judged.of(champion))),
    )


def _old_rows(parts: Parts) -> Examples:
    """Rows that came as the reference, of those before the tune rows; at most 2,000, spread."""
    oldest = parts.rows.part(0, parts.cut.train)
    places = np.flatnonzero(oldest.column("origin") == "reference")
    if len(places) < _FEWEST_OLD:
        places = np.arange(int(_OLDEST * oldest.rows))
    step = max(1, -(-len(places) // _MOST_OLD))
    return oldest.chosen(places[::step])


def answers_of(model: Packaged, rows: Examples, target: Target) -> Matrix:
    """Answers of an artefact to stored rows, in the order of some target's labels."""
    answers = model.model.answer(model.encoder.table(rows))
    return aligned(answers, model.manifest.labels, target.labels)


def segments(
    rows: Examples, names: tuple[str, ...]
) -> Mapping[str, Mapping[str, npt.NDArray[np.bool_]]]:
    """Masks, shape (rows,), of each value of each feature that the spec names as a segment."""
    found = {}
    for name in names:
        values = np.array([str(v) for v in rows.feature(name).to_pylist()], object)
        found[name] = {f"{name}={value}": values == value for value in sorted(set(values))}
    return found
