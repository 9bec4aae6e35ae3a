"""Resamples of the reference that are shifted on purpose: what estimators are tried on."""

from dataclasses import dataclass

import numpy as np

from monitor.detectors.estimation.encoding import Floats

STRENGTHS = (0.0, 1.0, 2.0)
"""How far a resample is moved: e^strength times as many rows a standard deviation further on."""
EACH, FEWER = 24, 8
"""Resamples of each strength, and those of a reference with fewer than so many rows: a model that
is retrained often has small references, and each is learned anew."""
_LARGE = 5_000
_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Shifted:
    """Rows of the reference, by index, and by which strength they were drawn."""

    rows: np.ndarray
    strength: int


def shifted(columns: Floats, seed: int) -> list[Shifted]:
    """Resamples without repetition from columns of the reference, shape (rows, columns).

    Each is moved along one or two columns, drawn at random, up or down. At most 2,000 rows, and
    at most a fifth of the reference: else even the rarest rows would be used up.
    """
    rng = np.random.default_rng(seed)
    ranks = np.column_stack([_placed(column) for column in columns.T])
    size = min(_ROWS, len(columns) // 5)
    each = EACH if len(columns) >= _LARGE else FEWER
    found = []
    for strength, factor in enumerate(STRENGTHS):
        for _ in range(each):
            tilt = factor * _direction(rng, ranks)
            keys = tilt + rng.gumbel(size=len(columns))
            found.append(Shifted(np.argpartition(-keys, size - 1)[:size], strength))
    return found


def _placed(column: Floats) -> Floats:
    """Standardised ranks, 0 where missing; ties share a rank."""
    held = ~np.isnan(column)
    placed = np.zeros(len(column))
    distinct, place = np.unique(column[held], return_inverse=True)
    if len(distinct) > 1:
        counts = np.bincount(place)
        middle = np.cumsum(counts) - counts / 2
        ranks = middle[place]
        placed[held] = (ranks - ranks.mean()) / ranks.std()
    return placed


def _direction(rng: np.random.Generator, ranks: Floats) -> Floats:
    chosen = rng.choice(ranks.shape[1], min(ranks.shape[1], int(rng.integers(1, 3))), replace=False)
    along = ranks[:, chosen] @ rng.choice([-1.0, 1.0], len(chosen))
    spread = float(along.std())
    return np.asarray(along / spread if spread > 0 else along, np.float64)
