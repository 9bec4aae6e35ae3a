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


class UnreachableError(ServiceError):
    """Nobody answers."""


class BusyError(ServiceError):
    """The service is full (429, 503) and says in how many seconds a repeat may succeed."""

    def __init__(self, problem: str, retry_after: float = 1.0) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


class Connection:
    """One service and one key; closed by `with`."""

    def __init__(self, url: str, api_key: str | None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.url = url.rstrip("/")
        if not (api_key or "").isascii():
            raise click.UsageError("the key holds characters that no HTTP header may hold")
        try:
            self._client = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT)
        except (httpx.InvalidURL, ValueError) as problem:
            raise click.UsageError(f"{url!r} is no address: {problem}") from problem

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *ended: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer.

        Raises ServiceError with the problem's words (BusyError with the wait that was asked for,
        UnreachableError if nobody answers), UsageError for what cannot be sent at all.
        """
        return self._document(self._answer(method, path, **options))

    def text(self, path: str, **options: Any) -> str:
        """The text of an answer that is no JSON. Raises what `ask` does."""
        return self._answer("GET", path, **options).text

    def _answer(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as problem:
            raise UnreachableError(
                f"cannot reach {self.url}: {problem}; is `watchkeeper serve` running?"
            ) from problem
        except (httpx.InvalidURL, ValueError) as problem:
            raise click.UsageError(f"cannot send this to {self.url}{path}: {problem}") from problem
        if answer.is_success:
            return answer
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:200]
        said = f"{answer.status_code}: {detail}"
        if answer.status_code in {429, 503}:
            raise BusyError(said, _seconds(answer.headers.get("Retry-After", "")))
        raise ServiceError(said)

    def _document(self, answer: httpx.Response) -> Any:
        try:
            return answer.json() if answer.content else None
        except ValueError as problem:
            raise ServiceError(f"what answers at {self.url} is no Watchkeeper") from problem


def _seconds(text: str) -> float:
    """The seconds that `Retry-After` names; 1 where it is missing or a date."""
    return float(text) if text.isdecimal() else 1.0


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
