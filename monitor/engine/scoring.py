"""Rows judged before they are answered: read, compared with the reference, and forgotten."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.core.errors import NoReferenceError
from monitor.core.ports import Champion, ReferenceBook, SpecBook
from monitor.core.rows import Rows
from monitor.core.verdicts import Misfits, RowJudge, RowVerdict
from monitor.core.windows import Sample
from monitor.engine.check import SAMPLE_ROWS

Read = Callable[[str, Rows], tuple[Sample, Misfits]]
"""Types rows as a model's features are, and says what did not fit."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """Asks the judge about rows, with the reference of the champion, else of the model."""

    specs: SpecBook
    references: ReferenceBook
    champion: Champion
    read: Read
    judge: RowJudge

    def __call__(self, model: str, rows: Rows) -> Sequence[RowVerdict]:
        """One verdict a row, in order. Raises UnknownModelError, NoReferenceError."""
        spec = self.specs.get(model)
        version = self.champion.training(model).champion or ""
        reference = self.references.reference_sample(model, version, SAMPLE_ROWS)
        sample, misfits = self.read(model, rows)
        try:
            return self.judge(spec, reference, sample, misfits)
        except ValueError as problem:
            raise NoReferenceError(model, str(problem)) from problem
