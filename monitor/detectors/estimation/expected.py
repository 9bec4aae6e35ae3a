"""KPIs of classes from probabilities instead of actuals, with what the labels may still do to them.

With probabilities of 0 and 1 they are the realized KPIs (a test says so).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from monitor.detectors.estimation.answers import Answers
from monitor.detectors.estimation.encoding import Floats

_SMALLEST = 1e-15
_DRAWS = 100
_GROUPS = 300
_BINS = 10


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected value of a KPI, and the variance that drawing the labels would give it."""

    value: float
    variance: float


Computed = Callable[[], Expected]


def expected(
    answers: Answers, q: Floats, only: Collection[str] | None = None
) -> Mapping[str, Expected]:
    """Every KPI of the task, or some, from probabilities q, shape as `Answers.score`.

    Log loss, Brier score and calibration error only where every score is a probability. A KPI
    whose denominator would be 0 is left out.
    """
    found = _binary(answers, q[:, 0]) if q.shape[1] == 1 else _many(answers, q)
    computed = {name: made() for name, made in found.items() if only is None or name in only}
    return {
        name: Expected(float(e.value), float(e.variance))
        for name, e in computed.items()
        if np.isfinite(e.value) and np.isfinite(e.variance)
    }


def _binary(answers: Answers, q: Floats) -> dict[str, Computed]:
    score, positive = answers.score[:, 0], np.asarray(answers.chosen == 1, np.float64)
    zero, one = np.zeros(len(q)), np.ones(len(q))
    found: dict[str, Computed] = {
        "accuracy": lambda: _fraction(q, 2 * positive - 1, 1 - positive, zero, one),
        "precision": lambda: _fraction(q, positive, zero, zero, positive),
        "recall": lambda: _fraction(q, positive, zero, one, zero),
        "specificity": lambda: _fraction(q, positive - 1, 1 - positive, -one, one),
        "f1": lambda: _fraction(q, 2 * positive, zero, one, positive),
        "roc_auc": lambda: _area(score, q)[0],
        "pr_auc": lambda: _average_precision(score, q),
    }
    if len(score) and score.min() >= 0 and score.max() <= 1:
        lost, kept = (-np.log(np.clip(s, _SMALLEST, 1)) for s in (score, 1 - score))
        found["log_loss"] = lambda: _fraction(q, lost - kept, kept, zero, one)
        found["brier"] = lambda: _fraction(q, 1 - 2 * score, score * score, zero, one)
        found["ece"] = lambda: _calibration_error(score, q)
    return found


def _fraction(q: Floats, a: Floats, b: Floats, c: Floats, d: Floats) -> Expected:
    """Sum of (a y + b) / sum of (c y + d) for y drawn with probability q (delta method)."""
    below = float(c @ q + d.sum())
    if below <= 0:
        return Expected(np.nan, np.nan)
    value = float(a @ q + b.sum()) / below
    influence = (a - value * c) / below
    return Expected(value, float((q * (1 - q)) @ (influence * influence)))


def _area(score: Floats, q: Floats) -> tuple[Expected, Floats]:
    """Chance that a positive row scores above a negative one, and each label's influence on it.

    Sums over all pairs of rows q[i] (1 - q[j]), a row never with itself; ties count half.
    """
    _, place = np.unique(score, return_inverse=True)
    up, down = np.bincount(place, q), np.bincount(place, 1 - q)
    below, above = np.cumsum(down) - down / 2, np.cumsum(up[::-1])[::-1] - up / 2
    noise, positive, negative = float(q @ (1 - q)), float(q.sum()), float((1 - q).sum())
    pairs = positive * negative - noise
    if pairs <= 0:
        return Expected(np.nan, np.nan), np.zeros(len(q))
    value = (float(q @ below[place]) - noise / 2) / pairs
    influence = (below - above)[place] / pairs - value * (negative - positive) / pairs
    return Expected(value, float((q * (1 - q)) @ (influence * influence))), influence


def _average_precision(score: Floats, q: Floats) -> Expected:
    """Mean precision at the positive rows; variance from draws of labels by group of scores."""
    distinct, place = np.unique(-score, return_inverse=True)
    value = float(_precision(*_grouped(place, q, len(distinct)))[0])
    if len(distinct) > _GROUPS:
        place, distinct = place * _GROUPS // len(distinct), distinct[:_GROUPS]
    draws = _precision(*_drawn(place, q, len(distinct)))
    return Expected(value, float(np.var(draws)))


def _grouped(place: np.ndarray, q: Floats, groups: int) -> tuple[Floats, Floats]:
    """Expected positive rows and all rows by group, shapes (1, groups)."""
    hits = np.asarray(np.bincount(place, q, groups), np.float64)
    rows = np.asarray(np.bincount(place, minlength=groups), np.float64)
    return hits[None], rows[None]


def _drawn(place: np.ndarray, q: Floats, groups: int) -> tuple[Floats, Floats]:
    """The same as labels may fall, shapes (draws, groups): normal, within what is possible."""
    hits, rows = _grouped(place, q, groups)
    spread = np.sqrt(np.bincount(place, q * (1 - q), groups))
    noise = np.random.default_rng(0).normal(size=(_DRAWS, groups))
    return np.clip(hits + spread * noise, 0, rows), rows


def _precision(hits: Floats, rows: Floats) -> Floats:
    """Average precision of positive rows and rows by group, highest score first."""
    found = np.cumsum(hits, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precise = found / np.cumsum(rows, axis=1)
        return np.asarray((hits * np.nan_to_num(precise)).sum(axis=1) / found[:, -1], np.float64)


def _calibration_error(score: Floats, q: Floats) -> Expected:
    """Mean over draws of the labels: noise alone makes a calibration error, and belongs to it."""
    place = np.minimum((score * _BINS).astype(np.int64), _BINS - 1)
    given = np.bincount(place, score, _BINS)
    if not np.any(q * (1 - q)):
        hits, _ = _grouped(place, q, _BINS)
        return Expected(float(np.abs(hits - given).sum()) / len(q), 0.0)
    hits, _ = _drawn(place, q, _BINS)
    errors = np.abs(hits - given).sum(axis=1) / len(q)
    return Expected(float(errors.mean()), float(np.var(errors)))


def _many(answers: Answers, q: Floats) -> dict[str, Computed]:
    rows, classes = q.shape
    chosen = np.asarray(answers.chosen[:, None] == np.arange(classes), np.float64)
    found: dict[str, Computed] = {
        "accuracy": lambda: _summed(q, chosen / max(1, rows)),
        "f1_macro": lambda: _f1_macro(q, chosen),
        "roc_auc_ovr": lambda: _one_against_rest(answers.score, q),
    }
    if rows and answers.score.min() >= 0 and answers.score.max() <= 1:
        lost = -np.log(np.clip(answers.score, _SMALLEST, 1))
        found["log_loss"] = lambda: _summed(q, lost / rows)
    return found


def _variance(q: Floats, influence: Floats) -> float:
    """Variance of the sum over rows of the influence of the class that comes."""
    mean = (q * influence).sum(axis=1)
    return float(((q * influence**2).sum(axis=1) - mean * mean).sum())


def _summed(q: Floats, parts: Floats) -> Expected:
    return Expected(float((q * parts).sum()), _variance(q, parts))


def _f1_macro(q: Floats, chosen: Floats) -> Expected:
    below = chosen.sum(axis=0) + q.sum(axis=0)
    held = below > 0
    if not held.any():
        return Expected(np.nan, np.nan)
    below = np.where(held, below, 1.0)
    values = 2 * (q * chosen).sum(axis=0) / below
    influence = np.where(held, (2 * chosen - values) / below, 0.0) / held.sum()
    return Expected(float(values[held].mean()), _variance(q, influence))


def _one_against_rest(score: Floats, q: Floats) -> Expected:
    found = [_area(score[:, k], q[:, k]) for k in range(q.shape[1])]
    held = [k for k, (area, _) in enumerate(found) if np.isfinite(area.value)]
    if not held:
        return Expected(np.nan, np.nan)
    influence = np.zeros_like(q)
    for k in held:
        influence[:, k] = found[k][1] / len(held)
    return Expected(float(np.mean([found[k][0].value for k in held])), _variance(q, influence))
