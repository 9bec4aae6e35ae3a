"""Evaluates: what the challenger and others answer to the newest rows, which it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from monitor.core.spec import Task
from trainer.development.package import Packaged
from trainer.development.snapshot import Split
from trainer.losses import aligned, constant, metrics, row_losses
from trainer.production.gate import Evidence
from trainer.records import Assignment, Reason
from trainer.research.collect import Examples, Matrix, Target
from trainer.research.features import Encoder

_FEWEST_OUTSIDE = 20


@dataclass(frozen=True, slots=True)
class Judged:
    """The gate rows, their actuals as numbers (rows,), and the challenger's answers to them.

    `same` is the best answer that reads no feature, learned from the rows the challenger learned
    from. Answers have shape (rows, outputs); `classes` is 0 for numbers.
    """

    rows: Examples
    target: Target
    y: Matrix
    answers: Matrix
    same: Matrix

    @classmethod
    def of(cls, rows: Examples, target: Target, learned: Matrix, answers: Matrix) -> "Judged":
        """From the actuals learned from, shape (n,), and the challenger's answers."""
        same = np.repeat(constant(len(target.labels), learned), rows.rows, axis=0)
        return cls(rows, target, target.encode(rows), answers, same)

    @property
    def classes(self) -> int:
        """How many; 0 for numbers."""
        return len(self.target.labels)

    def losses(self, answers: Matrix) -> Matrix:
        """The loss of each row under some answers."""
        return row_losses(self.classes, self.y, answers)

    def of_champion(self, champion: Packaged) -> Matrix:
        """What a champion answers to these rows, in the order of the challenger's labels."""
        answers = champion.model.answer(champion.encoder.table(self.rows))
        return aligned(answers, champion.manifest.labels, self.target.labels)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics on the gate rows of the challenger and of what it is compared with."""

    challenger: Mapping[str, float]
    constant: Mapping[str, float]
    champion: Mapping[str, float] = field(default_factory=dict)


def evaluation(judged: Judged, champion: Packaged | None) -> Evaluation:
    """Metrics by who answers."""
    k, y = judged.classes, judged.y
    theirs = {} if champion is None else metrics(k, y, judged.of_champion(champion))
    return Evaluation(metrics(k, y, judged.answers), metrics(k, y, judged.same), theirs)


def evidence(
    assignment: Assignment,
    judged: Judged,
    learned: Matrix,
    encoder: Encoder,
    champion: Packaged | None,
    times: Mapping[str, tuple[int, int]],
    checks: tuple[Reason, ...],
    signals: Mapping[str, float | None],
) -> Evidence:
    """All that the gate looks at."""
    plain, no_change = _plain(judged)
    found = Evidence(
        challenger=judged.losses(judged.answers),
        constant=judged.losses(judged.same),
        times=times,
        learned=len(learned),
        plain=plain,
        no_change=no_change,
        per_class={name: int((learned == i).sum()) for i, name in enumerate(judged.target.labels)},
        reads=frozenset(feature.name for feature in encoder.features),
        segments=_segments(judged.rows, assignment.spec.segments),
        calibration_error=metrics(judged.classes, judged.y, judged.answers).get(
            "calibration_error"
        ),
        signals=signals,
        checks=checks,
        seed=assignment.seed,
    )
    return _compared(found, judged, champion, assignment.incumbent)


def _compared(
    found: Evidence, judged: Judged, champion: Packaged | None, version: str | None
) -> Evidence:
    """With what the challenger would replace: our champion, else a version outside."""
    if champion is None:
        live = "prediction" in judged.rows.column("origin")
        return replace(found, outside=_outside(judged), live=live)
    return replace(
        found,
        champion=judged.losses(judged.of_champion(champion)),
        champion_version=version,
        champion_reads=_alive(judged.rows, champion.encoder),
    )


def _alive(rows: Examples, encoder: Encoder) -> frozenset[str]:
    """Features that an encoder reads and that have more than one value in these rows."""
    names = [feature.name for feature in encoder.features]
    return frozenset(n for n in names if len(_texts(rows, n) - {None}) > 1)


def _texts(rows: Examples, name: str) -> set[str | None]:
    return {None if v is None else str(v) for v in rows.feature(name).to_pylist()}


def _plain(judged: Judged) -> tuple[float, float]:
    """Mean 0/1 loss (or squared error) of the challenger, and of repeating the last actual."""
    y = judged.y
    if judged.classes:
        ours, last = judged.answers.argmax(axis=1) != y, y[1:] != y[:-1]
    else:
        ours, last = (judged.answers[:, 0] - y) ** 2, (y[1:] - y[:-1]) ** 2
    return float(ours.mean()), float(last.mean()) if len(last) else float("inf")


def _outside(judged: Judged) -> tuple[Matrix, Matrix] | None:
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


def _segments(rows: Examples, names: tuple[str, ...]) -> dict[str, npt.NDArray[np.bool_]]:
    """Masks, shape (rows,), of each value of each feature that the spec names as a segment."""
    masks: dict[str, npt.NDArray[np.bool_]] = {}
    for name in names:
        values = np.array([str(v) for v in rows.feature(name).to_pylist()], object)
        masks |= {f"{name}={value}": values == value for value in sorted(set(values))}
    return masks


def times(rows: Examples, split: Split) -> dict[str, tuple[int, int]]:
    """First and last event time (microseconds) of the train, tune and gate rows."""
    stamps = rows.timestamps
    spans = {
        "train": stamps[: split.train],
        "tune": stamps[split.tune : split.tune_end],
        "gate": stamps[split.gate :],
    }
    return {name: (int(span.min()), int(span.max())) for name, span in spans.items()}
