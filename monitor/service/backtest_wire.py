"""A backtest on the wire: the question in, and what each spec would have said out."""

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.core.backtests import Caught, Fault, FaultKind, Question, Tally, Trial
from monitor.core.errors import BodyError, SpecError, UnknownKeyError, nearest
from monitor.core.ports import Json
from monitor.core.spec import ModelSpec
from monitor.service.answers import finding_json
from monitor.service.deps import Rooms, span_of
from monitor.service.spec_wire import SPEC_EXAMPLE, spec_from, spec_json
from monitor.service.wire import asked

CURRENT = "current"
SHOWN = 1000
"""Findings that an answer holds at most."""
_MOST_FAULTS = 20
_FAULT_KEYS = ("kind", "feature", "size", "from", "to")
_TIME: Json = {"type": ["string", "number", "null"]}
EXAMPLE: Json = {
    "from": "2026-03-01T00:00:00Z",
    "to": "2026-03-31T00:00:00Z",
    "spec": SPEC_EXAMPLE,
    "against": CURRENT,
    "faults": [
        {"kind": "shift", "feature": "age", "size": 0.5, "from": "2026-03-20T00:00:00Z"},
        {"kind": "missing", "feature": "gender", "size": 0.1, "from": "2026-03-25T00:00:00Z"},
    ],
}
_FAULT: Json = {
    "type": "object",
    "required": ["kind", "size"],
    "additionalProperties": False,
    "properties": {
        "kind": {"type": "string", "enum": [str(kind) for kind in FaultKind]},
        "feature": {"type": ["string", "null"]},
        "size": {"type": "number"},
        "from": _TIME,
        "to": _TIME,
    },
}


QUESTION: Json = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "properties": {
        "from": _TIME | {"description": "RFC 3339, or epoch milliseconds."},
        "to": _TIME | {"description": "RFC 3339, or epoch milliseconds."},
        "spec": {
            "type": ["object", "null"],
            "description": "As in PUT of the model, but the task may be left out; what holds now "
            "where there is none.",
        },
        "against": {
            "anyOf": [{"type": "object"}, {"type": "null"}, {"const": CURRENT}],
            "description": "Another spec to try beside it; `current` is what holds now.",
        },
        "faults": {"type": ["array", "null"], "items": _FAULT, "maxItems": _MOST_FAULTS},
    },
}


def question_of(document: object, model: str, rooms: Rooms) -> Question:
    """What a body asks. Raises BodyError, QueryError, SpecError, UnknownKeyError."""
    given = asked(document, ["from", "to", "spec", "against", "faults"])
    against = given.get("against")
    return Question(
        spec=_spec(given.get("spec"), "spec", model, rooms),
        span=span_of(given.get("from"), given.get("to")),
        against=None if against is None else _spec(against, "against", model, rooms),
        faults=_faults(given.get("faults")),
    )


def _spec(document: object, place: str, model: str, rooms: Rooms) -> ModelSpec:
    held = rooms.specs.get(model)
    if document is None or document == CURRENT:
        return held
    if not isinstance(document, dict):
        raise SpecError(f"{place}: must be an object, or {CURRENT!r} for what holds now")
    try:
        return spec_from({"task": str(held.task)} | document, rooms.known)
    except SpecError as problem:
        raise SpecError(f"{place}: {problem}") from None


def _faults(given: object) -> tuple[Fault, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_FAULTS:
        raise BodyError(f"faults: must be an array of up to {_MOST_FAULTS}")
    return tuple(_fault(f"faults.{i}", part) for i, part in enumerate(given))


def _fault(place: str, given: Any) -> Fault:
    if not isinstance(given, dict):
        raise SpecError(f"{place}: must be an object")
    for key in given:
        if key not in _FAULT_KEYS:
            raise UnknownKeyError(place, key, _FAULT_KEYS)
    kind, size, feature = given.get("kind"), given.get("size"), given.get("feature")
    if kind not in list(FaultKind):
        known = ", ".join(FaultKind)
        near = nearest(str(kind), [str(k) for k in FaultKind])
        raise SpecError(f"{place}.kind: no fault {kind!r}; {near}known: {known}")
    if isinstance(size, bool) or not isinstance(size, int | float):
        raise SpecError(f"{place}.size: must be a number")
    if not isinstance(feature, str | None):
        raise SpecError(f"{place}.feature: must be text")
    return Fault(FaultKind(kind), float(size), feature, span_of(given.get("from"), given.get("to")))


def backtest_json(model: str, trials: Sequence[Trial]) -> Json:
    """The answer: alerts of the first spec, and every count side by side."""
    first, *rest = trials
    newest = list(reversed(first.shown))
    return {
        "model": model,
        "items": [finding_json(f) for f in newest[:SHOWN]],
        "more": max(0, len(newest) - SHOWN),
        "spec": _trial_json(first),
        "against": _trial_json(rest[0]) if rest else None,
    }


def _trial_json(trial: Trial) -> Json:
    span = trial.span
    return {
        "spec": spec_json(trial.spec),
        "from": span.start if span else None,
        "to": span.end if span else None,
        "windows": trial.windows,
        "rows": trial.rows,
        "months": trial.months,
        "findings": trial.findings,
        "alerts": trial.alerts,
        "alarms": trial.alarms,
        "incidents": len(trial.incidents),
        "alarms_per_month": trial.a_month(trial.alarms),
        "incidents_per_month": trial.a_month(len(trial.incidents)),
        "budget_per_month": trial.spec.alerts.false_alarms_per_month,
        "titles": list(trial.incidents[-SHOWN:]),
        "detectors": _tallies_json(trial.detectors),
        "faults": [_caught_json(c) for c in trial.caught],
        "cpu_seconds": trial.seconds,
    }


def _tallies_json(tallies: Mapping[str, Tally]) -> list[Json]:
    return [
        {
            "detector": name,
            "findings": tally.findings,
            "alerts": tally.alerts,
            "failures": tally.failures,
            "seconds": tally.seconds,
        }
        for name, tally in sorted(tallies.items())
    ]


def _caught_json(caught: Caught) -> Json:
    fault = caught.fault
    return {
        "kind": str(fault.kind),
        "feature": fault.feature,
        "size": fault.size,
        "from": fault.span.start if fault.span else None,
        "to": fault.span.end if fault.span else None,
        "seen": bool(caught.detectors),
        "detectors": list(caught.detectors),
        "delay_seconds": caught.delay.total_seconds() if caught.delay else None,
        "windows": caught.windows,
    }
