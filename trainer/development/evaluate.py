"""Evaluates: what the challenger and others answer to the newest rows, which it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trainer.development.package import Packaged
from trainer.losses import aligned, constant, metrics, row_losses
from trainer.research.collect import Examples, Matrix, Target


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
    def from_rows(
        cls, rows: Examples, target: Target, learned: Matrix, answers: Matrix
    ) -> "Judged":
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

    def of(self, other: Packaged) -> Matrix:
        """What another artefact answers to these rows, in the order of the challenger's labels."""
        answers = other.model.answer(other.encoder.table(self.rows))
        return aligned(answers, other.manifest.labels, self.target.labels)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics on the gate rows of the challenger and of what it is compared with."""

    challenger: Mapping[str, float]
    constant: Mapping[str, float]
    champion: Mapping[str, float] = field(default_factory=dict)


def evaluation(judged: Judged, champion: Packaged | None) -> Evaluation:
    """Metrics by who answers."""
    k, y = judged.classes, judged.y
    theirs = {} if champion is None else metrics(k, y, judged.of(champion))
    return Evaluation(metrics(k, y, judged.answers), metrics(k, y, judged.same), theirs)
