"""The principal axes of vectors: few directions that hold most of how they differ."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.extmath import randomized_svd

from monitor.core.windows import Numbers

VARIANCE = 0.95
"""Share of the reference's variance on the axes that are looked at."""
MOST_AXES = 50
_EXACT = 256


@dataclass(frozen=True, slots=True)
class Axes:
    """The principal axes of a reference: its middle, directions and their deviations."""

    centre: Numbers
    directions: Numbers
    deviations: Numbers

    @classmethod
    def of(cls, before: Numbers) -> "Axes":
        """Those that hold 95 % of the variance, at most 50 and one for ten rows.

        Of more than 256 dimensions only the first 50 axes are computed, by random projections (N.
        Halko et al., SIAM Rev. 53 (2011) 217).
        """
        centre = before.mean(0)
        off = before - centre
        if min(off.shape) > _EXACT:
            _, singular, directions = randomized_svd(off, MOST_AXES, random_state=0)
        else:
            _, singular, directions = np.linalg.svd(off, full_matrices=False)
        variance = np.square(singular) / max(1, len(before) - 1)
        total = max(float(np.square(off).sum()) / max(1, len(before) - 1), 1e-300)
        held = int(np.sum(variance > 1e-12 * total))
        parts = np.cumsum(variance) / total
        count = int(np.searchsorted(parts, VARIANCE)) + 1
        count = min(count, held, MOST_AXES, max(1, len(before) // 10))
        return cls(centre, directions[:count], np.sqrt(variance[:count]))

    def places(self, rows: Numbers) -> Numbers:
        """Where rows lie on the axes, shape (rows, axes), in deviations."""
        return np.asarray((rows - self.centre) @ self.directions.T / self.deviations)
