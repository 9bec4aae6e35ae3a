"""A model's spec on the wire: JSON in, a checked ModelSpec out, and back with every default."""

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from monitor.core.errors import SpecError, UnknownKeyError, nearest
from monitor.core.ports import Json
from monitor.core.rows import label
from monitor.core.spec import (
    AlertSpec,
    Bound,
    FeatureSpec,
    FeatureType,
    LabelSpec,
    ModelSpec,
    RetrainSpec,
    Task,
    WindowSpec,
    span,
    span_text,
)

_SECTIONS = {
    "window": WindowSpec,
    "labels": LabelSpec,
    "alerts": AlertSpec,
    "retrain": RetrainSpec,
}
_SPANS = {
    "window": ("every",),
    "labels": ("expected_within",),
    "retrain": ("cooldown", "budget"),
}
_ADAPTER = TypeAdapter(ModelSpec)
SPEC_EXAMPLE: Json = {
    "task": "binary",
    "features": {
        "age": {"type": "number", "min": 0, "max": 120},
        "gender": {
            "type": "category",
            "categories": ["Female", "Male"],
            "synonyms": {"Girl": "Female"},
        },
    },
    "segments": ["gender"],
    "positive_label": "1",
    "window": {"every": "1h", "min_rows": 200},
    "labels": {"expected_within": "7d"},
    "kpis": {"roc_auc": {"min": 0.8}},
    "alerts": {"false_alarms_per_month": 1},
    "retrain": {"policy": "on_alert", "cooldown": "1d", "min_labels": 2000, "promote": "auto"},
}
"""A spec that says nearly everything that can be said."""


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a spec may use: KPIs, and methods of drift."""

    kpis: Set[str]
    methods: Set[str]


def spec_from(data: object, known: Known) -> ModelSpec:
    """The spec that a JSON document declares. A null says nothing, as if it were left out.

    Raises UnknownKeyError for a key that nobody reads, and SpecError with a plain sentence for
    everything else that does not make sense.
    """
    spec = _validated(_prepared(data))
    for problem in _problems(spec, known):
        raise SpecError(problem)
    return spec


def spec_json(spec: ModelSpec) -> Json:
    """The document that declares a spec, with every default filled in.

    Spans are text ("1h"); `positive_label` is null unless the task is binary.
    """
    binary = spec.task is Task.BINARY
    return {
        "task": str(spec.task),
        "features": {name: _feature_json(f) for name, f in spec.features.items()},
        "segments": list(spec.segments),
        "positive_label": spec.positive if binary else None,
        "window": _section_json(spec.window),
        "labels": _section_json(spec.labels),
        "kpis": {name: _section_json(bound) for name, bound in spec.kpis.items()},
        "alerts": _section_json(spec.alerts),
        "retrain": _section_json(spec.retrain),
    }


def _section_json(part: Any) -> Json:
    values = {f.name: getattr(part, f.name) for f in fields(part)}
    return {k: span_text(v) if isinstance(v, timedelta) else v for k, v in values.items()}


def _feature_json(feature: FeatureSpec) -> Json:
    shown = _section_json(feature)
    shown["synonyms"] = dict(feature.synonyms)
    shown["categories"] = None if feature.categories is None else list(feature.categories)
    return shown


def _prepared(data: object) -> Json:
    """The document with known keys only, spans read, labels as text and nulls left out."""
    document = _object("spec", data, ModelSpec)
    for name, kind in _SECTIONS.items():
        if name in document:
            section = _object(name, document[name], kind)
            for key in _SPANS.get(name, ()):
                if key in section:
                    section[key] = _span(f"{name}.{key}", section[key])
            document[name] = section
    for name, kind in (("features", FeatureSpec), ("kpis", Bound)):
        if name in document:
            named = _mapping(name, document[name])
            document[name] = {k: _object(f"{name}.{k}", v, kind) for k, v in named.items()}
    for feature in document.get("features", {}).values():
        if isinstance(feature.get("categories"), list):
            feature["categories"] = [_label(c) for c in feature["categories"]]
    if "positive_label" in document:
        document["positive_label"] = _label(document["positive_label"])
    return document


def _mapping(place: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(f"{place}: must be an object")
    return value


def _object(place: str, value: object, kind: type[Any]) -> Json:
    known = [f.name for f in fields(kind)]
    for key in _mapping(place, value):
        if key not in known:
            raise UnknownKeyError(place, key, known)
    return {key: v for key, v in _mapping(place, value).items() if v is not None}


def _span(place: str, value: object) -> timedelta:
    if not isinstance(value, str):
        raise SpecError(f"{place}: must be a span of time such as '30s', '15m', '1h' or '7d'")
    try:
        return span(value)
    except SpecError as problem:
        raise SpecError(f"{place}: {problem}") from None


def _label(value: object) -> object:
    """A class as text where it may be one; the rest is left for the validation to refuse."""
    return label(value) if isinstance(value, str | int | float) else value


def _validated(document: Json) -> ModelSpec:
    if "task" not in document:
        raise SpecError(f"task: is required; one of {', '.join(Task)}")
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"][:1].lower() + first["msg"][1:]
        raise SpecError(f"{place}: {said}; got {_shown(first['input'])}") from None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _problems(spec: ModelSpec, known: Known) -> Iterator[str]:
    for name, feature in spec.features.items():
        yield from _feature_problems(f"features.{name}", name, feature, known)
    for segment in spec.segments:
        if spec.features and segment not in spec.features:
            hint = nearest(segment, spec.features)
            yield f"segments: no feature {segment!r}; {hint}known: {', '.join(spec.features)}"
    for kpi, bound in spec.kpis.items():
        if kpi not in known.kpis:
            yield _unknown("kpis", "KPI", kpi, known.kpis)
        yield from _bound_problems(f"kpis.{kpi}", bound)
    if spec.positive_label is not None and spec.task is not Task.BINARY:
        yield "positive_label: only a binary task has one"
    yield from _section_problems(spec)


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
    }
    yield from (sentence for sentence, holds in rules.items() if not holds)


def _feature_problems(place: str, name: str, feature: FeatureSpec, known: Known) -> Iterator[str]:
    if not name:
        yield "features: a feature needs a name"
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


def spec_schema() -> Json:
    """The JSON schema of a spec, for OpenAPI."""
    schema = _ADAPTER.json_schema()
    definitions = schema.pop("$defs")
    return cast(Json, _inlined(schema, definitions)) | {"description": ModelSpec.__doc__}


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with each definition in its place, and spans as the text that they are."""
    if isinstance(node, list):
        return [_inlined(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = definitions[node["$ref"].rpartition("/")[2]]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _inlined({**named, **rest}, definitions)
    if node.get("format") == "duration":
        return {"type": "string", "examples": ["1h"], "title": node.get("title", "Span")}
    return {key: _inlined(value, definitions) for key, value in node.items()}
