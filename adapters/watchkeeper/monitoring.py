"""The decorator that logs each call of a predict function."""

import functools
import inspect
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from watchkeeper.client import Client

Function = TypeVar("Function", bound=Callable[..., Any])
DEFAULT_URL = "http://localhost:8000"


def monitor(
    model: str,
    *,
    url: str | None = None,
    api_key: str | None = None,
    version: str | None = None,
    client: Client | None = None,
    features: Callable[..., Mapping[str, Any]] | None = None,
    answer: Callable[[Any], Mapping[str, Any]] | None = None,
) -> Callable[[Function], Function]:
    """Log each call of a function, sync or async, with what it answered and how long it took.

    The features are the function's one argument if that is a mapping, else its arguments by name;
    `features(*args, **kwargs)` says otherwise. The answer is the prediction, or a mapping with a
    `prediction`, and perhaps a `score`; `answer(result)` says otherwise: it returns arguments of
    `Client.log`, among them `prediction_id` where the function knows it.

    What the function returns or raises is left as it is; a call that raises is not logged. The
    address is `url`, else `WATCHKEEPER_URL`, else http://localhost:8000. The client is the
    attribute `client` of the decorated function.

    >>> @monitor(model="loans")
    ... def predict(age, income):
    ...     return income > 1000 * age
    >>> predict.client
    Client('http://localhost:8000', model='loans')
    """
    if client is None:
        address = url or os.environ.get("WATCHKEEPER_URL") or DEFAULT_URL
        client = Client(address, model, api_key, version=version)

    def decorate(function: Function) -> Function:
        seen = Seen(client, features or argument_reader(function), answer or parts_of)
        wrapped = _async(function, seen) if _is_async(function) else _sync(function, seen)
        wrapped.client = client
        return wrapped  # type: ignore[no-any-return]

    return decorate


class Seen:
    """Logs calls that were seen; whatever goes wrong in here stays in here."""

    def __init__(
        self,
        client: Client,
        features: Callable[..., Mapping[str, Any]],
        answer: Callable[[Any], Mapping[str, Any]],
    ) -> None:
        self._client = client
        self._features = features
        self._answer = answer

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The features of a call, copied: the function may change them."""
        try:
            return dict(self._features(*args, **kwargs))
        except Exception as error:  # the decorated function must run all the same
            self._client.complain("monitor: the features", error)
            return None

    def after(self, features: Mapping[str, Any] | None, result: Any, seconds: float) -> None:
        """Log the call."""
        if features is None:
            return
        try:
            parts = {"latency_ms": seconds * 1000, **self._answer(result)}
            self._client.log(features, **parts)
        except Exception as error:  # as above
            self._client.complain("monitor: the answer", error)


def argument_reader(function: Callable[..., Any]) -> Callable[..., Mapping[str, Any]]:
    """A function that reads features off the arguments of a call of `function`.

    >>> argument_reader(lambda age, income=0: None)(41)
    {'age': 41, 'income': 0}
    >>> argument_reader(lambda row: None)({"age": 41})
    {'age': 41}
    """
    signature = inspect.signature(function)

    def read(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        named = {name: v for name, v in bound.arguments.items() if name not in {"self", "cls"}}
        for name, parameter in signature.parameters.items():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                named |= named.pop(name)
        only = next(iter(named.values())) if len(named) == 1 else None
        return only if isinstance(only, Mapping) else named

    return read


def parts_of(result: Any) -> Mapping[str, Any]:
    """What `Client.log` takes of an answer.

    >>> parts_of({"prediction": 1, "score": 0.8, "took": 3}), parts_of(7)
    ({'prediction': 1, 'score': 0.8}, {'prediction': 7})
    """
    if isinstance(result, Mapping) and "prediction" in result:
        return {name: result[name] for name in ANSWER_PARTS if name in result}
    return {"prediction": result}


ANSWER_PARTS = ("prediction", "score", "prediction_id", "version", "timestamp", "tags")


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )


def _sync(function: Callable[..., Any], seen: Seen) -> Any:
    @functools.wraps(function)
    def monitored(*args: Any, **kwargs: Any) -> Any:
        features = seen.before(args, kwargs)
        start = time.perf_counter()
        result = function(*args, **kwargs)
        seen.after(features, result, time.perf_counter() - start)
        return result

    return monitored


def _async(function: Callable[..., Any], seen: Seen) -> Any:
    @functools.wraps(function)
    async def monitored(*args: Any, **kwargs: Any) -> Any:
        features = seen.before(args, kwargs)
        start = time.perf_counter()
        result = await function(*args, **kwargs)
        seen.after(features, result, time.perf_counter() - start)
        return result

    return monitored
