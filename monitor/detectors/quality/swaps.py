"""Columns that hold each other's values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureType
from monitor.detectors.quality.fitting import fits, moved

_GAP = 0.3
"""A distribution that moved less is no other feature's."""
_LIKE = 0.1
"""And one may be this far from that of the feature it is taken for."""
_THEIRS = 0.9
"""Of a feature's unknown categories so many have to be known to the other feature."""
_UNLIKELY = 1e-6


@dataclass(frozen=True, slots=True)
class Swap:
    """A feature whose values are those of another; share of rows, and chance if nothing moved."""

    feature: str
    like: str
    share: float
    p_value: float | None = None


def swaps(reference: Profiles, current: Profiles) -> Iterator[Swap]:
    """The features of a window that changed places, one entry each.

    A feature has another's values, that one too has another's: so columns that were shifted by one
    are found as well as two that were swapped.
    """
    shared = [n for n in current.features if n in reference.features]
    found = {s.feature: s for s in _of_sets(shared, reference, current)}
    for swap in _of_shapes(shared, reference, current):
        found.setdefault(swap.feature, swap)
    while gone := [name for name, swap in found.items() if swap.like not in found]:
        for name in gone:
            del found[name]
    yield from found.values()


def _of_sets(names: Sequence[str], reference: Profiles, current: Profiles) -> Iterator[Swap]:
    """Categories by their values: what is unknown here and known there."""
    texts = [n for n in names if current[n].type is FeatureType.CATEGORY and current[n].finite]
    known = {n: reference[n].categories.keys() for n in texts}
    strange = {
        n: {v: c for v, c in current[n].categories.items() if v not in known[n]} for n in texts
    }
    for name in texts:
        total = sum(strange[name].values())
        for other in texts:
            theirs = sum(c for v, c in strange[name].items() if v in known[other])
            if total and other != name and strange[other] and theirs >= _THEIRS * total:
                yield Swap(name, other, total / current[name].finite)
                break


def _of_shapes(names: Sequence[str], reference: Profiles, current: Profiles) -> Iterator[Swap]:
    """By their distributions: no longer like their own, and like another that has moved too."""
    gaps: Mapping[str, tuple[float, float]] = {
        n: moved(reference[n], current[n]) for n in names if current[n].type is reference[n].type
    }
    loose = [n for n, (gap, p_value) in gaps.items() if gap >= _GAP and p_value <= _UNLIKELY]
    for name in loose:
        for other in loose:
            if other != name and _alike(reference[other], current[name]):
                yield Swap(name, other, *gaps[name])
                break


def _alike(known: Profile, now: Profile) -> bool:
    if known.type is not now.type:
        return False
    if now.type is FeatureType.NUMBER:
        return fits(known, now)
    return now.type is FeatureType.CATEGORY and moved(known, now)[0] <= _LIKE
