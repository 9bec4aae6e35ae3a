"""CloudEvents of KServe's logger → halves of predictions.

Each request and each response is an event of its own; both have the same id. In binary mode the
attributes are headers and the body is the payload; structured mode has both in one JSON document.
Source: CloudEvents 1.0, HTTP protocol binding; KServe, inference logger.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from monitor.core.errors import BodyError, MediaTypeError
from monitor.core.halves import Half, Side
from monitor.core.ports import Json
from monitor.core.rows import Body
from monitor.core.spec import ModelSpec
from monitor.service.bodies import unpack
from monitor.service.inference import (
    answered_rows,
    asked_rows,
    check_growth,
    read_payload,
    version_of,
)
from monitor.service.row_parts import event_time

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
SIDES: Mapping[str, Side] = {
    "org.kubeflow.serving.inference.request": Side.REQUEST,
    "org.kubeflow.serving.inference.response": Side.RESPONSE,
}
TAGS = ("namespace", "endpoint", "component")
"""Attributes that become tags of the rows."""
_LONGEST = 1024
_BINARY_LENGTH = "inference-header-content-length"

Specs = Callable[[str], ModelSpec]
"""The spec of a model. Raises UnknownModelError."""


@dataclass(frozen=True, slots=True)
class Event:
    """Attributes, and the payload: JSON that is read already, or bytes."""

    attributes: Mapping[str, Any]
    payload: Any

    def text(self, name: str, *, required: bool = False) -> str:
        """An attribute, empty where it is missing. Raises BodyError."""
        value = self.attributes.get(name)
        if value is None or value == "":
            if required:
                raise BodyError(f"{name}: the event lacks it")
            return ""
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise BodyError(f"{name}: must be text of at most {_LONGEST} characters")
        return value


def events_of(body: Body, headers: Mapping[str, str], limit: int) -> list[Event]:
    """The events of a request; `headers` have names in lower case.

    `limit` bounds the unpacked size in bytes. Raises BodyError, BodyTooLargeError, MediaTypeError.
    """
    content = unpack(body.content, body.encoding, limit)
    media_type = body.media_type.split(";", 1)[0].strip().lower()
    if media_type == STRUCTURED:
        return [_structured(read_payload(content))]
    if media_type == BATCH:
        batch = read_payload(content)
        if not isinstance(batch, list):
            raise BodyError("a batch must be an array of events")
        return [_structured(event) for event in batch]
    if _BINARY_LENGTH in headers or media_type == "application/octet-stream":
        raise MediaTypeError("binary tensors", ["application/json", STRUCTURED, BATCH])
    found = {n.removeprefix("ce-"): unquote(v) for n, v in headers.items() if n.startswith("ce-")}
    return [Event(found, content)]


def _structured(document: object) -> Event:
    if not isinstance(document, dict):
        raise BodyError("an event must be an object")
    if "data_base64" not in document:
        return Event(document, document.get("data"))
    try:
        return Event(document, b64decode(document["data_base64"], validate=True))
    except (ValueError, TypeError) as problem:
        raise BodyError(f"data_base64: {problem}") from None


def half_of(event: Event, model: str | None, specs: Specs, limit: int) -> Half:
    """The half that an event holds, of a model that is named, else of the inference service.

    Raises BodyError, BodyTooLargeError, UnknownModelError.
    """
    side = SIDES.get(event.text("type", required=True))
    if side is None:
        raise BodyError(f"type: {event.text('type')!r} is neither of {', '.join(SIDES)}")
    name = event.text("id", required=True)
    model = model or event.text("inferenceservicename", required=True)
    spec = specs(model)
    content = event.payload
    payload = read_payload(content) if isinstance(content, bytes) else content
    read = asked_rows if side is Side.REQUEST else answered_rows
    rows = read(payload, spec, limit)
    shared = _shared(event, payload)
    check_growth(len(rows), _texts(name, shared), limit)
    return Half(model, name, event.text("component"), side, _time(event), rows, shared)


def _shared(event: Event, payload: object) -> Json:
    shared: Json = {}
    if tags := {name: text for name in TAGS if (text := event.text(name))}:
        shared["tags"] = tags
    if version := version_of(payload):
        shared["version"] = version
    return shared


def _texts(name: str, shared: Json) -> Sequence[str]:
    return [name, shared.get("version", ""), *shared.get("tags", {}).values()]


def _time(event: Event) -> int | None:
    sent = event.text("time")
    try:
        return event_time(sent) if sent else None
    except ValueError as problem:
        raise BodyError(f"time: {problem}") from None
