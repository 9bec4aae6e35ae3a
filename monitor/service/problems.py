"""Every error as a problem document (RFC 9457)."""

import http
import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError

from monitor.core.errors import UnavailableError, WatchkeeperError

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger(__name__)
_OPEN_INFERENCE = "/v2"
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def problem(
    status: int,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    path: str = "",
) -> Response:
    """An answer that says what is wrong; `type` is an URN made of the title.

    Clients of the Open Inference Protocol look for `error`: it is there under `/v2`.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    document = {
        "type": f"urn:watchkeeper:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail.encode("utf-8", "replace").decode(),
    }
    if path.startswith(_OPEN_INFERENCE):
        document["error"] = document["detail"]
    return Response(
        msgspec.json.encode(document), status, dict(headers or {}), media_type=MEDIA_TYPE
    )


def install_errors(app: FastAPI) -> None:
    """Make the app answer every error with a problem document, and no traceback."""
    app.add_exception_handler(WatchkeeperError, _ours)
    for refused in (404, 405, HTTPException):  # the first two come from below the framework
        app.add_exception_handler(refused, _of_the_framework)
    app.add_exception_handler(RequestValidationError, _of_a_parameter)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Any) -> Response:
    return refusal(error, request.method, request.url.path)


def refusal(error: Exception, method: str, path: str) -> Response:
    """The answer to a request that failed; only what is no fault of its sender is logged."""
    if not isinstance(error, WatchkeeperError):
        _LOG.error("%s %s failed", method, path, exc_info=error)
        return problem(
            500,
            "Internal error",
            "this is a fault of the service; its log says what happened",
            path=path,
        )
    headers = {}
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = str(error.retry_after)
    if error.status >= 500 and not headers:
        _LOG.error("%s %s failed", method, path, exc_info=error)
    return problem(error.status, error.title, str(error), headers, path)


async def _of_the_framework(request: Request, error: Any) -> Response:
    title = http.HTTPStatus(error.status_code).phrase
    detail = f"{request.method} {request.url.path}: {error.detail.lower()}; see /docs"
    headers = dict(error.headers or {})
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return problem(error.status_code, title, detail, headers, request.url.path)


def _methods(request: Request) -> list[str]:
    """What may be done at an address (RFC 9110, 10.2.1); the framework names one route's alone."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0].name == "FULL"
            for route in request.app.routes
        )
    ]


async def _of_a_parameter(request: Request, error: Any) -> Response:  # noqa: ARG001
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or "request"
    said = first["msg"][:1].lower() + first["msg"][1:]
    return problem(400, "Unreadable parameter", f"{name}: {said}")


async def _unexpected(request: Request, error: Any) -> Response:
    return refusal(error, request.method, request.url.path)
