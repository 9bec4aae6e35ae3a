"""What a spec must keep beyond its types: rules between its parts, and names that must be known."""

import math
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from monitor.core.errors import SpecError, nearest
from monitor.core.rule_parser import parse
from monitor.core.rules import ANY, KINDS, PARTS
from monitor.core.spec import Bound, FeatureSpec, FeatureType, ModelSpec, Task
from monitor.service.comparison_rules import reference_problems, segment_problems

_MOST_RULES = 100
_RULE_NAME = re.compile(r"[\w-]{1,63}")


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a spec may use: KPIs, methods of drift, experiments of a run."""

    kpis: Set[str]
    methods: Set[str]
    experiments: Set[str] = frozenset()


def problems(spec: ModelSpec, known: Known) -> Iterator[str]:
    """Every rule that the spec breaks, a plain sentence each."""
    for name, feature in spec.features.items():
        yield from _feature_problems(f"features.{name}", feature, known)
    yield from segment_problems(spec)
    for kpi, bound in spec.kpis.items():
        if kpi not in known.kpis:
            yield _unknown("kpis", "KPI", kpi, known.kpis)
        yield from _bound_problems(f"kpis.{kpi}", bound)
    yield from _rule_problems(spec)
    if spec.positive_label is not None and spec.task is not Task.BINARY:
        yield "positive_label: only a binary task has one"
    for experiment in spec.retrain.experiments:
        if experiment not in known.experiments:
            yield _unknown("retrain.experiments", "experiment", experiment, known.experiments)
    yield from _gain_problems(spec)
    yield from _section_problems(spec)


def _gain_problems(spec: ModelSpec) -> Iterator[str]:
    if spec.gains and spec.task is Task.REGRESSION:
        yield "gains: a regression has no classes"
    for actual, row in spec.gains.items():
        for predicted, gain in row.items():
            if not math.isfinite(gain):
                yield f"gains.{actual}.{predicted}: must be a finite number"


def _rule_problems(spec: ModelSpec) -> Iterator[str]:
    kinds = PARTS | {n: KINDS[f.type] if f.type else ANY for n, f in spec.features.items()}
    if len(spec.rules) > _MOST_RULES:
        yield f"rules: at most {_MOST_RULES}"
    for name, text in spec.rules.items():
        if not _RULE_NAME.fullmatch(name):
            yield f"rules.{name}: a name has up to 63 letters, digits, hyphens and underscores"
        try:
            named = parse(text, kinds).names()
        except SpecError as problem:
            yield f"rules.{name}: {problem}"
            continue
        for feature in named if spec.features else ():
            if feature not in kinds:
                yield _unknown(f"rules.{name}", "feature", feature, kinds.keys())


def _section_problems(spec: ModelSpec) -> Iterator[str]:
    zero = timedelta()
    rules = {
        "window.every: must be 1s or more": spec.window.every >= timedelta(seconds=1),
        "window.every: must be 366d or less": spec.window.every <= timedelta(days=366),
        "window.min_rows: must be 1 or more": spec.window.min_rows >= 1,
        "labels.expected_within: must be more than 0s": spec.labels.expected_within > zero,
        "alerts.false_alarms_per_month: must be a number above 0": (
            0 < spec.alerts.false_alarms_per_month < math.inf
        ),
        "retrain.min_labels: must be 1 or more": spec.retrain.min_labels >= 1,
        "retrain.budget: must be more than 0s": spec.retrain.budget > zero,
        "concept.run_length: must be from 100 to 1000000000": (
            spec.concept.run_length is None or 100 <= spec.concept.run_length <= 1e9
        ),
        "retrain.canary: must be a share, 0 or more and below 1": 0 <= spec.retrain.canary < 1,
    }
    yield from (sentence for sentence, holds in rules.items() if not holds)
    yield from reference_problems(spec)


def _feature_problems(place: str, feature: FeatureSpec, known: Known) -> Iterator[str]:
    yield from _bound_problems(place, feature)
    if feature.method is not None and feature.method not in known.methods:
        yield _unknown(f"{place}.method", "method", feature.method, known.methods)
    if feature.categories is not None:
        if not feature.categories:
            yield f"{place}.categories: must name at least one"
        if feature.type not in {None, FeatureType.CATEGORY, FeatureType.BOOLEAN}:
            yield f"{place}.categories: a feature of type {feature.type} has none"
        for synonym, target in feature.synonyms.items():
            if target not in feature.categories:
                yield f"{place}.synonyms.{synonym}: {target!r} is none of the categories"


_Bounded = TypeVar("_Bounded", FeatureSpec, Bound)


def _bound_problems(place: str, bound: _Bounded) -> Iterator[str]:
    for end in ("min", "max"):
        value = getattr(bound, end)
        if value is not None and not math.isfinite(value):
            yield f"{place}.{end}: must be a finite number"
    if bound.min is not None and bound.max is not None and bound.min > bound.max:
        yield f"{place}: min {bound.min:g} is above max {bound.max:g}"


def _unknown(place: str, noun: str, name: str, known: Set[str]) -> str:
    listed = ", ".join(sorted(known))
    return f"{place}: no {noun} {name!r}; {nearest(name, known)}known: {listed}"
