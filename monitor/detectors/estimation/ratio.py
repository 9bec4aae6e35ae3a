"""How much likelier each row of the reference is in the window: a density ratio."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from monitor.detectors.estimation.encoding import Floats

FLOOR = 0.05
"""The least 1 - h: h is the chance that a row is of the window, and the ratio h / (1 - h)."""
_ROWS = 2_000
"""Rows of each side that the ratio is learned from."""
_PARTS = 8
_TAILS = (0.005, 0.03, 0.97, 0.995)
"""Where parts are cut besides: a window may lie in a tail of the reference."""
_STRICT = 0.3
"""Inverse strength of the penalty: rows of one distribution seem to differ by a few percent."""
EXTREME = 0.5
"""Share of a window's rows beyond the floor past which no ratio is to be trusted."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Every column cut into parts that hold as many rows of the reference each; missing is one.

    The scores are columns too. Codes are numbers here: neighbouring ones share a part only where
    all are rare.
    """

    edges: tuple[Floats, ...]

    @classmethod
    def of(cls, columns: Floats) -> "Cells":
        """From columns of the reference, shape (rows, columns), NaN where missing."""
        return cls(tuple(_edges(column[~np.isnan(column)]) for column in columns.T))

    def part(self, k: int, column: Floats) -> npt.NDArray[np.int64]:
        """The part of column k that holds each value; the last one holds missing values."""
        edges = self.edges[k]
        return np.where(np.isnan(column), len(edges) + 1, np.searchsorted(edges, column, "right"))

    def indicators(self, columns: Floats) -> csr_array:
        """1 for the part that holds a value, shape (rows, parts of all columns)."""
        places, offset = np.zeros(columns.shape, np.int32), 0
        for k in range(columns.shape[1]):
            places[:, k] = self.part(k, columns[:, k]) + offset
            offset += len(self.edges[k]) + 2
        ones = np.ones(places.size)
        starts = np.arange(len(columns) + 1, dtype=np.int32) * columns.shape[1]
        return csr_array((ones, places.ravel(), starts), shape=(len(columns), offset))


def _edges(values: Floats) -> Floats:
    if not len(values):
        return np.empty(0)
    distinct = np.unique(values)
    if len(distinct) <= _PARTS:
        return np.asarray((distinct[1:] + distinct[:-1]) / 2)
    shares = [*_TAILS, *np.linspace(0, 1, _PARTS + 1)[1:-1]]
    return np.unique(np.quantile(values, shares))


@dataclass(frozen=True, slots=True)
class Ratio:
    """A window against its reference.

    `weights` of the reference's rows have mean 1. `kept` is the share of them that counts, by
    Kish: 1 where nothing shifted. `beyond` is the share of the window's rows past the floor.
    """

    weights: Floats
    kept: float
    beyond: float

    @property
    def is_extreme(self) -> bool:
        """Whether the window lies where the reference has next to nothing."""
        return self.beyond > EXTREME


def effective_share(weights: Floats) -> float:
    """Share of rows that would tell as much if all weighed the same.

        (sum of w)^2 / (n * sum of w^2)

    Source   L. Kish, Survey Sampling (1965).

    >>> effective_share(np.array([1.0, 1.0, 0.0, 0.0]))
    0.5
    """
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / (len(weights) * squares) if squares > 0 else 0.0


def ratio(cells: Cells, reference: csr_array, window: Floats, seed: int = 0) -> Ratio:
    """The ratio from the cells of the reference and the columns of a window.

    `reference` are `cells.indicators` of its columns, `window` has shape (rows, columns). A
    logistic regression tells 2,000 rows of each side apart; ratios are cut at the floor.

    Noise    windows of the reference itself keep a share of about .95.
    Source   S. Bickel, M. Brueckner, T. Scheffer, J. Mach. Learn. Res. 10 (2009) 2137.
    """
    rng = np.random.default_rng(seed)
    before = reference[_drawn(rng, reference.shape[0])]
    now = cells.indicators(window[_drawn(rng, len(window))])
    side = np.repeat([0, 1], [before.shape[0], now.shape[0]])
    fitted = LogisticRegression(C=_STRICT, class_weight="balanced", max_iter=100, tol=1e-3)
    fitted.fit(vstack([before, now], format="csr"), side)
    coefficients, place = fitted.coef_[0], float(fitted.intercept_[0])
    h = expit(reference @ coefficients + place)
    weights = h / np.maximum(FLOOR, 1 - h)
    weights = weights / weights.mean()
    beyond = np.mean(1 - expit(now @ coefficients + place) < FLOOR)
    return Ratio(weights, effective_share(weights), float(beyond))


def _drawn(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.choice(rows, min(rows, _ROWS), replace=False)
