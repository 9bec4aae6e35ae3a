"""KPIs of scores whose error has no simple formula: they are computed again on resampled rows."""

from dataclasses import replace

import numpy as np

from monitor.detectors.performance.estimates import REPLICATES, Estimate, Flags, Floats, resampled

_BINS = 10
_GROUPS = 300


def average_precision(positive: Flags, score: Floats) -> Estimate | None:
    """Mean precision at the positive rows, ordered by score.

        AP = sum over distinct scores of (recall gained there) * (precision down to there)

    Value    0 to 1; rows in random order give the share of positives.
    Needs    two rows of each class.
    Noise    Poisson bootstrap, 200 replicates from a fixed seed, over at most 300 score groups.
    Source   M. Zhu, Recall, Precision and Average Precision, Univ. Waterloo (2004).

    >>> round(average_precision(np.array([1, 0, 1, 0], bool), np.array([4.0, 3, 2, 1])).value, 4)
    0.8333
    """
    if min(positive.sum(), (~positive).sum()) < 2:
        return None
    distinct, place = np.unique(-score, return_inverse=True)
    hits, misses = _by_group(positive, place, len(distinct))
    value = float(_precision(hits[None], misses[None])[0])
    if len(distinct) > _GROUPS:
        hits, misses = _by_group(positive, place * _GROUPS // len(distinct), _GROUPS)
    rng = np.random.default_rng(0)
    drawn = [rng.poisson(rows, (REPLICATES, len(rows))).astype(float) for rows in (hits, misses)]
    replicates = _precision(*drawn)
    return resampled(value, replicates[np.isfinite(replicates)], len(score))


def _by_group(positive: Flags, place: np.ndarray, size: int) -> tuple[Floats, Floats]:
    """Positive and negative rows of each group of equal scores, highest score first."""
    hits = np.asarray(np.bincount(place, positive, size), np.float64)
    return hits, np.asarray(np.bincount(place, minlength=size) - hits, np.float64)


def _precision(hits: Floats, misses: Floats) -> Floats:
    """Average precision of counts by group, shapes (replicates, groups); NaN without positives."""
    found = np.cumsum(hits, axis=1)
    rows = found + np.cumsum(misses, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precise = np.where(rows > 0, found / rows, 0.0)
        return np.asarray((hits * precise).sum(axis=1) / found[:, -1], np.float64)


def calibration_error(positive: Flags, score: Floats) -> Estimate:
    """Mean distance between score and share of positives, over bins of equal width.

        ECE = sum over bins of |share of positives - mean score| * rows / all rows

    Value    0 to 1; 0 says that scores are shares.
    Noise    n perfectly calibrated rows give about 0.8 * sqrt(bins * p (1 - p) / n), so values of
             few rows and of many do not compare: `table` has what does, positive and negative
             rows by bin. Bootstrap over the rows of each bin, 200 replicates from a fixed seed.
    Source   M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI (2015) 2901.

    >>> round(calibration_error(np.array([True, False]), np.array([0.9, 0.1])).value, 9)
    0.1
    """
    place = np.minimum((score * _BINS).astype(np.int64), _BINS - 1)
    hits = np.bincount(place[positive], minlength=_BINS)
    every = np.bincount(place, minlength=_BINS)
    held = every > 0
    rows = every[held]
    given = np.bincount(place, score, _BINS)[held] / rows
    came = hits[held] / rows
    value = float((np.abs(came - given) * rows).sum() / len(score))
    drawn = np.random.default_rng(0).binomial(rows, came, (REPLICATES, len(rows))) / rows
    replicates = (np.abs(drawn - given) * rows).sum(axis=1) / len(score)
    found = resampled(value, replicates, len(score))
    return replace(found, table=np.stack([hits, every - hits]))
