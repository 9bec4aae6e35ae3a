"""Profiles on the wire: counts, moments, quantiles, a histogram to look at, top categories."""

from collections import Counter

import numpy as np

from monitor.core.ports import Json
from monitor.core.profile import Profile, Profiles

_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BINS = 30
_CATEGORIES = 50


def profiles_json(profiles: Profiles) -> Json:
    """`rows` and a profile for each feature; of the model's answers too, where there are any."""
    answers = {
        "prediction": profiles.prediction,
        "score": profiles.score,
        "latency_ms": profiles.latency,
    }
    return {
        "rows": profiles.rows,
        "features": {name: _profile(p) for name, p in profiles.features.items()},
        **{name: _profile(p) for name, p in answers.items() if p is not None and p.rows},
    }


def _profile(profile: Profile) -> Json:
    top = Counter(profile.categories).most_common(_CATEGORIES)
    counted = len(profile.counts) > 0 and profile.finite > 0
    moments = np.isfinite(profile.minimum)
    return {
        "type": str(profile.type),
        "rows": profile.rows,
        "missing": profile.missing,
        "absent": profile.absent,
        "nonfinite": profile.nonfinite,
        "misfits": profile.misfits,
        "mean": profile.mean if moments else None,
        "std": profile.deviation if moments else None,
        "min": profile.minimum if moments else None,
        "max": profile.maximum if moments else None,
        "quantiles": {str(s): profile.quantile(s) for s in _SHARES} if counted else None,
        "histogram": _histogram(profile) if counted else None,
        "categories": [{"value": value, "count": count} for value, count in top] or None,
    }


def _histogram(profile: Profile) -> Json | None:
    """At most 30 bins that neighbour each other: `counts[i]` lie from `edges[i]` to `edges[i+1]`.

    The outer bins end at what was seen.
    """
    if profile.bins is None:
        return None
    edges = np.concatenate([[profile.minimum], profile.bins.edges, [profile.maximum]])
    edges = np.clip(edges, profile.minimum, profile.maximum)
    held = np.flatnonzero((np.diff(edges) > 0) | (profile.counts > 0))
    starts = held[:: -(-len(held) // _BINS)]
    counts = np.add.reduceat(profile.counts, starts)
    return {"edges": [*edges[starts].tolist(), float(edges[-1])], "counts": counts.tolist()}
