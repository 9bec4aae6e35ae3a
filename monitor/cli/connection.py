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
        if not (api_key or "").isascii():
            raise click.UsageError("the key holds characters that no HTTP header may hold")
        try:
            self._client = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT)
        except (httpx.InvalidURL, ValueError) as problem:
            raise click.UsageError(f"{url!r} is no address: {problem}") from problem

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer.

        Raises ServiceError with the problem's words, UsageError for what cannot be sent at all.
        """
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as problem:
            raise ServiceError(
                f"cannot reach {self.url}: {problem}; is `watchkeeper serve` running?"
            ) from problem
        except (httpx.InvalidURL, ValueError) as problem:
            raise click.UsageError(f"cannot send this to {self.url}{path}: {problem}") from problem
        if answer.is_success:
            return self._document(answer)
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:200]
        raise ServiceError(f"{answer.status_code}: {detail}")

    def _document(self, answer: httpx.Response) -> Any:
        try:
            return answer.json() if answer.content else None
        except ValueError as problem:
            raise ServiceError(f"what answers at {self.url} is no Watchkeeper") from problem


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
