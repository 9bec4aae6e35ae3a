"""Which segments a change comes from: what is left of it when the rows of each are left out."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.core.profile import Profile, Profiles
from monitor.detectors.drift.effects import Effect, effect

CLEAR = 1e-3
"""A change is explained where its p-value is at most this."""
LEAST, SHOWN = 0.1, 5
"""A segment is named that explains so large a part, and so many at most."""


def explained(
    found: Effect,
    reference: Profiles,
    current: Profiles,
    pick: Callable[[Profiles], Profile | None],
) -> Mapping[str, object]:
    """The segments without which a distance is smaller, the largest part first, as evidence.

        explains = 1 - distance without the rows of the segment on both sides / distance

    Value    shares, up to 1; a change that all segments share is explained by none.
    Source   leave-one-out; segments overlap where several features name them, so shares need not
             add up to 1.
    """
    before, now = pick(reference), pick(current)
    if found.p_value > CLEAR or not found.value or before is None or now is None:
        return {}
    named = []
    for segment in sorted(current.segments.keys() & reference.segments.keys()):
        parts = pick(reference.segments[segment]), pick(current.segments[segment])
        if parts[0] is None or parts[1] is None:
            continue
        left = effect(found.method, without(before, parts[0]), without(now, parts[1]))
        if isinstance(left, Effect) and 1 - left.value / found.value >= LEAST:
            named.append(
                {
                    "segment": segment,
                    "rows": parts[1].rows,
                    "without": left.value,
                    "explains": 1 - left.value / found.value,
                }
            )
    named.sort(key=lambda s: (-float(str(s["explains"])), str(s["segment"])))
    return {"segments": named[:SHOWN]} if named else {}


def without(whole: Profile, part: Profile) -> Profile:
    """The profile of the rows that are not in a part; its ends stay those of the whole."""
    same = len(whole.counts) == len(part.counts)
    return replace(
        whole,
        rows=whole.rows - part.rows,
        missing=whole.missing - part.missing,
        nonfinite=whole.nonfinite - part.nonfinite,
        total=whole.total - part.total,
        squares=whole.squares - part.squares,
        counts=whole.counts - part.counts if same else whole.counts,
        categories={
            name: left
            for name, count in whole.categories.items()
            if (left := count - part.categories.get(name, 0)) > 0
        },
    )
