"""Rows put back together from the reference's principal axes, and how far off they come out.

Features that used to move together and no longer do, leave rows that the axes do not hold.
"""

from dataclasses import dataclass

import numpy as np

from monitor.core.windows import Numbers

VARIANCE = 0.65
"""Share of the reference's variance that the axes hold."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Axes of a reference, in units of its deviations.

    `fill` stands for missing values, shape (columns,); `frequencies` holds for each column of codes
    the share of rows of each code, missing last, else None.
    """

    frequencies: tuple[Numbers | None, ...]
    fill: Numbers
    centre: Numbers
    scale: Numbers
    axes: Numbers

    @classmethod
    def of(
        cls, columns: Numbers, categorical: list[bool], variance: float = VARIANCE
    ) -> "Reconstruction":
        """From the reference, shape (rows, columns), NaN where missing; categories are codes.

        A category counts as its frequency, so that no order is made up. As many axes as hold at
        least the share of variance, one at least.

        Source   K. Pearson, Phil. Mag. 2 (1901) 559.
        """
        frequencies = tuple(
            _frequencies(column) if coded else None
            for column, coded in zip(columns.T, categorical, strict=True)
        )
        known = _encoded(columns, frequencies)
        held = ~np.isnan(known)
        fill = np.where(held, known, 0).sum(0) / np.maximum(1, held.sum(0))
        known = np.where(held, known, fill)
        scale = known.std(0)
        scale[scale <= 1e-12 * np.maximum(1, np.abs(fill))] = 1.0
        centre = known.mean(0)
        spread, axes = np.linalg.eigh(
            np.cov(((known - centre) / scale).T).reshape((len(fill),) * 2)
        )
        spread, axes = np.maximum(0, spread[::-1]), axes[:, ::-1]
        total = spread.sum()
        parts = np.cumsum(spread) / total if total > 0 else np.ones(len(spread))
        count = int(np.searchsorted(parts, variance, side="right")) + 1
        return cls(frequencies, fill, centre, scale, axes[:, : min(count, len(fill))])

    def errors(self, columns: Numbers) -> Numbers:
        """The distance of each row from the one put back together, shape (rows,).

        Value    deviations of the reference, 0 and up; 0 where a row lies on the axes.
        """
        off = self._standard(columns)
        off = off - (off @ self.axes) @ self.axes.T
        return np.asarray(np.sqrt(np.square(off).sum(1)), np.float64)

    def by_column(self, columns: Numbers) -> Numbers:
        """The mean squared distance that each column adds, shape (columns,)."""
        off = self._standard(columns)
        return np.asarray(np.square(off - (off @ self.axes) @ self.axes.T).mean(0))

    def _standard(self, columns: Numbers) -> Numbers:
        known = _encoded(columns, self.frequencies)
        known = np.where(np.isnan(known), self.fill, known)
        return np.asarray((known - self.centre) / self.scale)


def _frequencies(codes: Numbers) -> Numbers:
    missing = np.isnan(codes)
    counts = np.bincount(codes[~missing].astype(np.int64)) if not missing.all() else np.zeros(1)
    return np.append(counts, missing.sum()) / len(codes)


def _encoded(columns: Numbers, frequencies: tuple[Numbers | None, ...]) -> Numbers:
    known = columns.astype(np.float64, copy=True)
    for k, shares in enumerate(frequencies):
        if shares is not None:
            codes = np.where(np.isnan(columns[:, k]), len(shares) - 1, columns[:, k])
            unseen = (codes >= len(shares) - 1) & ~np.isnan(columns[:, k])
            known[:, k] = np.where(
                unseen, 0.0, shares[np.minimum(codes, len(shares) - 1).astype(int)]
            )
    return known
