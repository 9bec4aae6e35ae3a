"""Where numbers of a reference end, so that a few far ones do not hide all others."""

import numpy as np

from monitor.core.windows import Numbers


def within(before: Numbers, categorical: list[bool], *sides: Numbers) -> list[Numbers]:
    """Numbers far off the reference's as if they stood at its edge: one is not to hide the rest.

    The edge is as far again from the middle 99.8 % of the reference as that is wide.
    """
    held = np.flatnonzero(~np.array(categorical) & ~np.isnan(before).all(0))
    if not len(held):
        return list(sides)
    inside = np.clip(before[:, held], -1e100, 1e100)
    low, high = np.nanquantile(inside, (0.001, 0.999), axis=0, method="nearest")
    edges = low - (high - low), high + (high - low)
    clipped = [side.copy() for side in sides]
    for side in clipped:
        side[:, held] = np.clip(side[:, held], *edges)
    return clipped
