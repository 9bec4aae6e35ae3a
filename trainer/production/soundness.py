"""Whether scores can be believed, and whether a feature knows what nobody can know in time."""

import numpy as np

from trainer.losses import calibration_error
from trainer.production.evidence import Calibration, Evidence
from trainer.records import Reason
from trainer.research.collect import Matrix

_CALIBRATION, _ALONE = 0.1, 0.2
_WORSE = 0.05
_LEVEL = 0.01
_LEAK = 0.99
_DRAWS = 200


def miscalibration(classes: int, y: Matrix, answers: Matrix, seed: int = 0) -> tuple[float, float]:
    """How far answers are off, and the chance of so much where they are calibrated.

        classes   expected calibration error of the most probable class (binary: of the positive)
        numbers   |mean(answer - actual)| / deviation of the actual

    Value    0 to 1 for classes, in deviations for numbers; 0 is perfect.
    Noise    classes: actuals are drawn from the scores 200 times; numbers: means of blocks of
             sqrt(rows) neighbours, taken as normal.
    Source   M. P. Naeini, G. Cooper, M. Hauskrecht, AAAI 2015; the test by drawing,
             J. Vaicenavicius et al., AISTATS 2019.

    >>> value, p = miscalibration(2, np.arange(400) % 2.0, np.full((400, 2), 0.5))
    >>> value, p > 0.5
    (0.0, True)
    """
    if not classes:
        return _bias(y, answers[:, 0])
    score = answers[:, 1] if classes == 2 else answers.max(axis=1)
    right = y == 1 if classes == 2 else answers.argmax(axis=1) == y
    value = calibration_error(right, score)
    rng = np.random.default_rng(seed)
    drawn = [calibration_error(rng.random(len(score)) < score, score) for _ in range(_DRAWS)]
    return value, (1 + sum(d >= value for d in drawn)) / (_DRAWS + 1)


def _bias(y: Matrix, answers: Matrix) -> tuple[float, float]:
    off = answers - y
    spread = float(y.std())
    if not spread:
        return 0.0, 1.0
    means = np.array([part.mean() for part in np.array_split(off, max(2, round(len(y) ** 0.5)))])
    error = float(means.std(ddof=1)) / len(means) ** 0.5
    z = abs(float(off.mean())) / error if error else 0.0
    return abs(float(off.mean())) / spread, float(np.exp(-z * z / 2))


def calibration(evidence: Evidence) -> list[Reason]:
    """Scores mean what they say: blocks where they are off by far, surely, and more than before.

    Far is .1 beside a champion, .2 where there is none: a soft vote of few rows is off by .1.
    """
    found: Calibration | None = evidence.calibration
    if found is None:
        return []
    before = float("inf") if found.champion is None else found.champion
    most = _ALONE if found.champion is None else _CALIBRATION
    off = found.value > most and found.p_value <= _LEVEL
    worse = found.champion is None or found.value > before + _WORSE
    detail = f"answers are off by {found.value:.3f} (p = {found.p_value:.2g})" + (
        "" if found.champion is None else f", those of the champion by {found.champion:.3f}"
    )
    told = {
        "calibration_error": found.value,
        "p_value": found.p_value,
        "champion": found.champion,
    }
    return [Reason("calibration", not (off and worse), detail, told)]


def leak(evidence: Evidence) -> Reason:
    """No feature alone gives the actual away: such a one is mostly known only afterwards."""
    leaks = {n: s for n, s in evidence.signals.items() if s is not None and s > _LEAK}
    detail = (
        f"{', '.join(leaks)} alone all but gives the actual away (AUC above {_LEAK}): known only "
        "afterwards?"
        if leaks
        else "no feature alone gives the actual away"
    )
    strongest = max((s for s in evidence.signals.values() if s is not None), default=None)
    return Reason("leak", not leaks, detail, {**leaks, "strongest": strongest})
