"""A model's spec on the wire: JSON in, a checked ModelSpec out, and back with every default."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from monitor.core.errors import SpecError, UnknownKeyError
from monitor.core.ports import Json
from monitor.core.rows import label
from monitor.core.spec import (
    AlertSpec,
    Bound,
    ConceptSpec,
    FeatureSpec,
    LabelSpec,
    ModelSpec,
    ReferenceSpec,
    RetrainSpec,
    Task,
    WindowSpec,
    span,
    span_text,
)
from monitor.service.spec_rules import Known, problems

__all__ = ["SPEC_EXAMPLE", "Known", "spec_from", "spec_json", "spec_schema"]

_SECTIONS = {
    "window": WindowSpec,
    "labels": LabelSpec,
    "alerts": AlertSpec,
    "retrain": RetrainSpec,
    "concept": ConceptSpec,
    "reference": ReferenceSpec,
}
_SPANS = {
    "window": ("every",),
    "labels": ("expected_within",),
    "retrain": ("cooldown", "budget"),
    "reference": ("rolling", "same_hour_of_week"),
}
_ADAPTER = TypeAdapter(ModelSpec)
_CLASS: Json = {"type": ["string", "number", "boolean"]}
"""A class may be written as any of these; it is the same one."""
_CLASSES: Mapping[str, Json] = {
    "categories": {"type": "array", "items": _CLASS},
    "positive_label": _CLASS,
}
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
    "rules": {"adult": "age >= 18 OR gender IS NULL"},
    "alerts": {"false_alarms_per_month": 1},
    "retrain": {"policy": "on_alert", "cooldown": "1d", "min_labels": 2000, "promote": "auto"},
}
"""A spec that says nearly everything that can be said."""


def spec_from(data: object, known: Known) -> ModelSpec:
    """The spec that a JSON document declares. A null says nothing, as if it were left out.

    Raises UnknownKeyError for a key that nobody reads, and SpecError with a plain sentence for
    everything else that does not make sense.
    """
    spec = _validated(_prepared(data))
    for problem in problems(spec, known):
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
        "segments": [s if isinstance(s, str) else list(s) for s in spec.segments],
        "positive_label": spec.positive if binary else None,
        "reference": _section_json(spec.reference),
        "window": _section_json(spec.window),
        "labels": _section_json(spec.labels),
        "kpis": {name: _section_json(bound) for name, bound in spec.kpis.items()},
        "alerts": _section_json(spec.alerts),
        "retrain": _section_json(spec.retrain),
        "concept": _section_json(spec.concept),
        "gains": {actual: dict(row) for actual, row in spec.gains.items()},
        "rules": dict(spec.rules),
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
    if isinstance(document.get("gains"), dict):
        for actual, gains in document["gains"].items():
            if isinstance(gains, dict):
                _check_numbers(f"gains.{actual}", gains)
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
    if kind is not ModelSpec:
        _check_numbers(place, value)
    return {key: v for key, v in _mapping(place, value).items() if v is not None}


def _check_numbers(place: str, value: object) -> None:
    """Nothing in a spec but a class is a boolean, which would pass for 0 or 1."""
    for key, part in _mapping(place, value).items():
        if isinstance(part, bool):
            raise SpecError(f"{place}.{key}: must not be a boolean; got {str(part).lower()}")


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
    made = {key: _inlined(value, definitions) for key, value in node.items()}
    if node.get("additionalProperties") is False:
        required = node.get("required", [])
        made["properties"] = {
            name: part if name in required else _or_null(_CLASSES.get(name, part))
            for name, part in made["properties"].items()
        }
    return made


def _or_null(schema: Json) -> Json:
    """A null says nothing, as if the key were left out."""
    if "anyOf" in schema:
        return schema
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    made = schema | {"type": [*kinds, "null"]}
    return made | {"enum": [*schema["enum"], None]} if "enum" in schema else made
