"""What a spec must keep that says with what, and in which parts, drift is looked for."""

from collections.abc import Iterator
from datetime import timedelta

from monitor.core.errors import nearest
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec

_UNDIVIDED = frozenset({FeatureType.TEXT, FeatureType.EMBEDDING, FeatureType.TIMESTAMP})


def segment_problems(spec: ModelSpec) -> Iterator[str]:
    """Features that cannot divide rows."""
    for features in spec.segment_features:
        if len(set(features)) < len(features):
            yield f"segments: {features[0]!r} is named twice; a pair needs two features"
        for name in features:
            if spec.features and name not in spec.features:
                hint = nearest(name, spec.features)
                yield f"segments: no feature {name!r}; {hint}known: {', '.join(spec.features)}"
            elif (kind := spec.features.get(name, FeatureSpec()).type) in _UNDIVIDED:
                yield f"segments: {name!r} is of type {kind}, whose values divide no rows"


def reference_problems(spec: ModelSpec) -> Iterator[str]:
    """Spans that no reference can have."""
    rolling, weeks = spec.reference.rolling, spec.reference.same_hour_of_week
    if rolling is not None and weeks is not None:
        yield "reference: either rolling or same_hour_of_week, not both"
    if rolling is not None and not spec.window.every <= rolling <= timedelta(days=366):
        yield "reference.rolling: must be as long as a window or longer, and 366d or less"
    if weeks is not None and not timedelta(weeks=1) <= weeks <= timedelta(weeks=52):
        yield "reference.same_hour_of_week: must be from 7d to 364d"
    if weeks is not None and spec.window.every > timedelta(weeks=1):
        yield "reference.same_hour_of_week: wants windows of a week or less"
