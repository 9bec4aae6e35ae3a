"""Which shifted features cost the most: a KPI again, with one feature brought back at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.core.findings import Worse
from monitor.detectors.estimation.answers import Answers
from monitor.detectors.estimation.encoding import Floats
from monitor.detectors.estimation.ratio import Cells, effective_share

_MOST = 20.0
"""A row counts at most so many times."""
_DRAWS = 40

Rows = npt.NDArray[np.int64]
Value = Callable[[Rows], float]
"""A KPI, or money, of rows of the window, by index; a row may come more than once."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What the shift of one feature costs, with a 95 % interval from redrawn rows.

    `cost` is in the KPI's unit and above 0 where the shift made it worse. `kept` is the effective
    share of the window's rows when the feature is brought back: near 0 the cost is a guess.
    """

    feature: str
    cost: float
    low: float
    high: float
    kept: float


def impacts(
    features: Mapping[str, tuple[Floats, Floats]], value: Value, worse: Worse, seed: int = 0
) -> Sequence[Impact]:
    """The features by what their shift costs, dearest first.

        cost = KPI of the window - KPI of the window drawn with weights

    turned so that more is worse. A row weighs as much as its value of the feature is likelier in
    the reference. `features` holds that column of the reference and of the window (numbers or
    codes, NaN where missing), `value` what is to be ranked by: `ClassEstimator` or realized labels
    may stand behind it. Features that go together share a cost, and each shows it.

    Needs    a row on each side.
    Noise    40 draws of the window's rows make the interval; an unshifted feature costs about 0.
    Source   H. Shimodaira, J. Stat. Plan. Inference 90 (2000) 227: weighting.
    """
    sign = 1.0 if worse is Worse.ABOVE else -1.0
    found = []
    for name, (before, now) in features.items():
        rng = np.random.default_rng(seed)
        every = np.arange(len(now))
        cost, kept = _cost(before, now, every, value)
        draws = [rng.integers(0, len(now), len(now)) for _ in range(_DRAWS)]
        error = 1.96 * float(np.nanstd([_cost(before, now, rows, value)[0] for rows in draws]))
        found.append(Impact(name, sign * cost, sign * cost - error, sign * cost + error, kept))
    return sorted(found, key=lambda impact: -impact.cost)


def _cost(before: Floats, now: Floats, rows: Rows, value: Value) -> tuple[float, float]:
    weights = back_to(before, now[rows])
    return value(rows) - value(rows[_drawn(weights)]), effective_share(weights)


def back_to(before: Floats, now: Floats) -> Floats:
    """Weights of the window's rows, shape (rows,), under which a feature is as in the reference.

    The shares of its parts (`Cells`) before over those now, at most 20.

    >>> back_to(np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 1, 1])).round(1).tolist()
    [1.7, 0.7, 0.7, 0.7]
    """
    cells = Cells.of(np.concatenate([before, now])[:, None])
    parts = [cells.part(0, side) for side in (before, now)]
    size = int(max(part.max() for part in parts)) + 1
    counts = [np.bincount(part, minlength=size) + 0.5 for part in parts]
    shares = [count / count.sum() for count in counts]
    return np.asarray(np.minimum(_MOST, shares[0] / shares[1])[parts[1]], np.float64)


def _drawn(weights: Floats) -> Rows:
    """As many rows as there are, each as often as it weighs, evenly (systematic sampling)."""
    places = np.cumsum(weights) / weights.sum()
    points = (np.arange(len(weights)) + 0.5) / len(weights)
    return np.minimum(np.searchsorted(places, points), len(weights) - 1)


def gain(answers: Answers, q: Floats, gains: Floats) -> float:
    """Mean money per row, from what each choice brings if each class comes.

        mean over rows of sum over classes k of q[k] * gains[k, chosen]

    `gains` has shape (classes, classes): actual, then chosen; of two classes the negative first.
    With actuals, `answers.came()` stands for q.

    >>> two = Answers(np.array([[0.9]]), np.array([1]), np.array([1]), np.empty((1, 0)))
    >>> gain(two, np.array([[0.75]]), np.array([[0.0, -100.0], [-20.0, 40.0]]))
    5.0
    """
    whole = np.column_stack([1 - q[:, 0], q[:, 0]]) if q.shape[1] == 1 else q
    return float(np.mean(np.sum(whole * gains[:, answers.chosen].T, axis=1)))
