"""Four ways to tell how likely each class is, before actuals come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from monitor.detectors.estimation.answers import Answers
from monitor.detectors.estimation.calibration import Monotone, Smooth, normalised
from monitor.detectors.estimation.conditional import Levelled, Trees
from monitor.detectors.estimation.encoding import Floats
from monitor.detectors.estimation.ratio import Cells, Ratio, ratio

CBPE, M_CBPE, PAPE, CONDITIONAL = "cbpe", "m_cbpe", "pape", "conditional"
METHODS = (CBPE, M_CBPE, PAPE, CONDITIONAL)
"""By what each calibrates: the score; the score under the window's weights, by steps and by a
curve; score and features."""
WEIGHTED = frozenset({M_CBPE, PAPE})
_FOLDS = 4
_WEIGHED = 10_000
"""Rows of the reference that are calibrated anew for each window."""

Column = Callable[[Floats, Floats], Monotone | Smooth]


def columns(answers: Answers) -> Floats:
    """What a density ratio looks at: scores and features, shape (rows, columns)."""
    return np.concatenate([answers.score, answers.features], axis=1)


def _by_class(made: Column, reference: Answers) -> list[Monotone | Smooth]:
    came = reference.came()
    return [made(reference.score[:, k], came[:, k]) for k in range(came.shape[1])]


def _applied(curves: list[Monotone | Smooth], score: Floats) -> Floats:
    return normalised(np.column_stack([c.at(score[:, k]) for k, c in enumerate(curves)]))


@dataclass(frozen=True, slots=True)
class Probabilities:
    """What was learned on the labelled rows of the reference.

    `unseen` holds, for CBPE and conditional calibration, what they say of each row of the
    reference when they have not learned it (4 folds), and `known` the cells of each row.
    """

    reference: Answers
    cells: Cells
    known: csr_array
    curves: list[Monotone | Smooth]
    trees: Trees
    levelled: Levelled
    unseen: Mapping[str, Floats]

    @classmethod
    def of(cls, reference: Answers, categorical: list[bool], seed: int) -> "Probabilities":
        """From labelled rows, two classes at least."""
        cbpe, said = (np.zeros_like(reference.score) for _ in range(2))
        for fold in _folds(reference.rows, seed):
            learned, held = reference.at(~fold), reference.at(fold)
            cbpe[fold] = _applied(_by_class(Monotone.of, learned), held.score)
            said[fold] = Trees.of(learned, categorical, seed).at(held)
        levelled = Levelled.of(reference, said, cbpe)
        cells = Cells.of(columns(reference))
        return cls(
            reference,
            cells,
            cells.indicators(columns(reference)),
            _by_class(Monotone.of, reference),
            Trees.of(reference, categorical, seed),
            levelled,
            {CBPE: cbpe, CONDITIONAL: levelled.at(reference, said, cbpe)},
        )

    def against(self, window: Answers) -> Ratio:
        """The density ratio of a window."""
        return ratio(self.cells, self.known, columns(window))

    def at(self, method: str, window: Answers, weights: Floats | None = None) -> Floats:
        """Probabilities by a method, shape (rows, columns) as the scores.

        M-CBPE and PAPE need the weights of the reference's rows, shape (rows,).
        """
        if method == CBPE:
            return _applied(self.curves, window.score)
        if method == CONDITIONAL:
            return self.levelled.at(
                window, self.trees.at(window), _applied(self.curves, window.score)
            )
        if weights is None:
            raise ValueError(f"{method} needs weights")
        return weighted(method, self.reference, weights, window)


def weighted(method: str, reference: Answers, weights: Floats, window: Answers) -> Floats:
    """Probabilities of a window from a calibration under weights of the reference's rows."""
    rows = np.flatnonzero(weights > 0)[:_WEIGHED]
    held, weight = reference.at(rows), weights[rows]
    kind: type[Monotone] | type[Smooth] = Monotone if method == M_CBPE else Smooth
    return _applied(_by_class(lambda s, c: kind.of(s, c, weight), held), window.score)


def _folds(rows: int, seed: int) -> list[npt.NDArray[np.bool_]]:
    place = np.random.default_rng(seed).permutation(rows) % _FOLDS
    return [place == fold for fold in range(_FOLDS)]
