"""Whether any segment pays for the gain of the others."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trainer.production.comparison import gain
from trainer.production.evidence import Evidence
from trainer.records import Reason
from trainer.research.collect import Matrix

ROWS = 200
"""Labelled rows that a segment needs to be judged."""
LEVEL = 0.05
_WIDER = 0.02
_SURE = 0.95
_DRAWS = 500

Places = npt.NDArray[np.int64]


def segments(evidence: Evidence) -> list[Reason]:
    """No segment of 200 labelled rows or more is worse off than under the champion.

    Holm's correction holds the chance that any is blamed by accident at .05.

    Source   S. Holm, Scand. J. Statist. 6 (1979) 65.
    """
    champion = evidence.champion
    if champion is None:
        return []
    gains = {
        name: gain(champion[rows], evidence.challenger[rows], evidence.seed)
        for masks in evidence.segments.values()
        for name, rows in _large(masks).items()
    }
    if not gains:
        return []
    worse = holm({name: found.probability for name, found in gains.items()}, LEVEL)
    detail = f"worse in {', '.join(worse)}" if worse else f"not worse in {len(gains)} segments"
    told = {n: {"gain": g.mean, "p": g.probability, "rows": g.rows} for n, g in gains.items()}
    return [Reason("segments", not worse, detail, told)]


def holm(p_values: dict[str, float], level: float) -> list[str]:
    """The names whose p-value is too small, tested together.

    >>> holm({"a": 0.02, "b": 0.9, "c": 0.01}, 0.05)
    ['c', 'a']
    """
    found: list[str] = []
    for place, name in enumerate(sorted(p_values, key=lambda n: p_values[n])):
        if p_values[name] > level / (len(p_values) - place):
            break
        found.append(name)
    return found


def fairness(evidence: Evidence) -> list[Reason]:
    """The gap between the best and the worst served segment of a feature does not grow.

        gap = largest - smallest mean plain error over segments of 200 rows or more

    Blocks where it is wider than the champion's by .02 with probability .95 (rows drawn anew within
    each segment, 500 times).
    """
    theirs = evidence.champion_plain
    if theirs is None:
        return []
    told: dict[str, dict[str, float]] = {}
    for name, masks in evidence.segments.items():
        parts = list(_large(masks).values())
        if len(parts) >= 2:
            told[name] = _widened(evidence.plain, theirs, parts, evidence.seed)
    if not told:
        return []
    wider = [name for name, found in told.items() if found["probability_wider"] >= _SURE]
    detail = f"wider over {', '.join(wider)}" if wider else "no wider than under the champion"
    return [Reason("fairness", not wider, f"the gap between segments is {detail}", told)]


def _large(masks: Mapping[str, npt.NDArray[np.bool_]]) -> dict[str, Places]:
    found = {name: np.flatnonzero(mask) for name, mask in masks.items()}
    return {name: rows for name, rows in found.items() if len(rows) >= ROWS}


def _widened(ours: Matrix, theirs: Matrix, parts: list[Places], seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    means = np.empty((2, len(parts), _DRAWS))
    for i, rows in enumerate(parts):
        drawn = rows[rng.integers(0, len(rows), (_DRAWS, len(rows)))]
        means[:, i] = ours[drawn].mean(axis=1), theirs[drawn].mean(axis=1)
    gaps = means.max(axis=1) - means.min(axis=1)
    exact = [[float(losses[rows].mean()) for rows in parts] for losses in (ours, theirs)]
    return {
        "gap": max(exact[0]) - min(exact[0]),
        "champion_gap": max(exact[1]) - min(exact[1]),
        "probability_wider": float((gaps[0] > gaps[1] + _WIDER).mean()),
    }
