"""Speaks to a service over HTTP, for the commands that need one."""

from collections.abc import Callable
from typing import Any

import click
import httpx

from monitor.core.errors import WatchkeeperError

DEFAULT_URL = "http://127.0.0.1:8000"
_TIMEOUT = httpx.Timeout(300, connect=5)


class ServiceError(WatchkeeperError):
    """The service cannot be reached, or answered with a problem."""


class Connection:
    """One service and one key."""

    def __init__(self, url: str, api_key: str | None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer. Raises ServiceError with the problem's words."""
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as problem:
            raise ServiceError(
                f"cannot reach {self.url}: {problem}; is `watchkeeper serve` running?"
            ) from problem
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:200]
        raise ServiceError(f"{answer.status_code}: {detail}")


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a service."""
    command = click.option(
        "--api-key", envvar="WATCHKEEPER_API_KEY", help="The key, where the service wants one."
    )(command)
    return click.option(
        "--url",
        envvar="WATCHKEEPER_URL",
        default=DEFAULT_URL,
        show_default=True,
        help="Address of the service.",
    )(command)
