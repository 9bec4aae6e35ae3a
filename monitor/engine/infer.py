"""A spec from a reference: what was left out, filled in from what the rows look like."""

from collections.abc import Mapping
from dataclasses import replace
from math import isnan, nan

import numpy as np

from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Numbers, Sample
from monitor.engine.tails import reach

MOST_CATEGORIES = 200
"""More distinct values than this are no list that a person would keep."""
_UNSEEN = 0.01
"""Categories are a law only if so small a share of the next rows will have one never seen."""
_TEXT_SHARE = 0.5
_COUNTED = 1000
"""Rows from which it is no chance that whole numbers are all different."""


def infer(
    spec: ModelSpec,
    reference: Profiles,
    types: Mapping[str, FeatureType],
    sample: Sample,
) -> ModelSpec:
    """The spec with everything filled in that the reference shows; what is declared stays.

    `types` are what the values of each feature can be read as, a text column counting as a
    category. `sample` holds rows of the reference: its labels and scores tell the positive one.
    """
    names = [*spec.features, *(name for name in types if name not in spec.features)]
    features = {
        name: _feature(
            spec.features.get(name, FeatureSpec()),
            reference.features.get(name),
            types.get(name),
            counted=is_count(sample.numbers.get(name)),
        )
        for name in names
    }
    positive = spec.positive_label
    if positive is None and spec.task is Task.BINARY:
        positive = positive_label(scores_by_label(sample))
    return replace(spec, features=features, positive_label=positive)


def positive_label(labels: Mapping[str, float]) -> str | None:
    """The label whose probability the score is; None where "1" is a label or none is known.

    It is the one whose rows have the higher scores; without scores the last in order, as in
    scikit-learn's `classes_`.

    >>> positive_label({"no": 0.2, "yes": 0.7}), positive_label({"0": 0.2, "1": 0.7})
    ('yes', None)
    """
    if not labels or "1" in labels:
        return None
    scored = {label: score for label, score in labels.items() if not isnan(score)}
    if len(set(scored.values())) < 2:
        return max(labels)
    return max(scored, key=lambda label: scored[label])


def scores_by_label(sample: Sample) -> Mapping[str, float]:
    """Each label of a sample, with the mean score of its rows; NaN where none has a score.

    A label is the actual, or where no row has one, the prediction.
    """
    for column in (sample.actual, sample.prediction):
        known = [] if column is None else [i for i, label in enumerate(column) if label is not None]
        if known and column is not None:
            break
    else:
        return {}
    scores: dict[str, list[float]] = {str(column[i]): [] for i in known}
    for i in known:
        if sample.score is not None and not isnan(sample.score[i]):
            scores[str(column[i])].append(float(sample.score[i]))
    return {label: sum(held) / len(held) if held else nan for label, held in scores.items()}


def is_count(values: Numbers | None) -> bool:
    """Whether numbers only name rows: all whole, no two the same, and over a thousand.

    >>> is_count(np.arange(5000.0)), is_count(np.linspace(0, 1, 5000)), is_count(np.ones(5000))
    (True, False, False)
    """
    if values is None or len(values) < _COUNTED or not np.isfinite(values).all():
        return False
    return bool((values == np.floor(values)).all() and len(np.unique(values)) == len(values))


def _feature(
    declared: FeatureSpec,
    profile: Profile | None,
    read_as: FeatureType | None,
    *,
    counted: bool = False,
) -> FeatureSpec:
    if declared.type is None:
        declared = replace(declared, type=_type(profile, read_as))
    if profile is None or profile.type is not read_as:
        return declared
    if declared.type is FeatureType.NUMBER and not counted:
        low, high = reach(profile)
        return replace(
            declared,
            min=_declared_or(declared.min, low, below=declared.max),
            max=_declared_or(declared.max, high, above=declared.min),
        )
    if declared.type is FeatureType.CATEGORY and declared.categories is None:
        return replace(declared, categories=_categories(profile))
    return declared


def _type(profile: Profile | None, read_as: FeatureType | None) -> FeatureType | None:
    if read_as is not FeatureType.CATEGORY or profile is None:
        return read_as
    distinct = len(profile.categories)
    is_text = distinct > MOST_CATEGORIES and distinct > _TEXT_SHARE * profile.finite
    return FeatureType.TEXT if is_text else FeatureType.CATEGORY


def _declared_or(
    declared: float | None,
    inferred: float | None,
    *,
    below: float | None = None,
    above: float | None = None,
) -> float | None:
    """What is declared, else what is inferred unless it contradicts the other bound."""
    if declared is not None or inferred is None:
        return declared
    crossed = (below is not None and inferred > below) or (above is not None and inferred < above)
    return None if crossed else inferred


def _categories(profile: Profile) -> tuple[str, ...] | None:
    """Every value seen, or None where many more are to be expected.

    The share of rows with a value never seen is about that of the values seen once (I. J. Good,
    Biometrika 40 (1953) 237).
    """
    counts = profile.categories
    rows = sum(counts.values())
    if not rows or len(counts) > MOST_CATEGORIES:
        return None
    once = sum(count == 1 for count in counts.values())
    return tuple(sorted(counts)) if once / rows <= _UNSEEN else None
