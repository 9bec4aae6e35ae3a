"""The decorator that logs each call of a predict function."""

import functools
import inspect
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from watchkeeper.client import Client
from watchkeeper.wire import frozen_mapping

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

    What the function returns or raises is left as it is; a call that raises is not logged. What
    is logged is what the function was given, even if it changes that. Methods are logged without
    their object, also over `staticmethod` and `classmethod`. The address is `url`, else
    `WATCHKEEPER_URL`, else http://localhost:8000. The client is the attribute `client` of the
    decorated function.

    Raises TypeError for a generator function: when a call returns it has not answered yet.

    >>> @monitor(model="loans")
    ... def predict(age, income):
    ...     return income > 1000 * age
    >>> predict.client
    Client('http://localhost:8000', model='loans')
    """
    if client is None:
        address = url or os.environ.get("WATCHKEEPER_URL") or DEFAULT_URL
        client = Client(address, model, api_key, version=version)

    def look(function: Callable[..., Any]) -> Look:
        return Seen(client, features or argument_reader(function), answer or parts_of)

    return watching(look, client)


class Look(Protocol):
    """What is done around each call of a function."""

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Remember what was asked; the result is handed to `after`."""

    def after(self, asked: Any, result: Any, seconds: float) -> None:
        """Log what was asked and answered. Neither may raise."""


def watching(
    look: Callable[[Callable[..., Any]], Look], client: Client
) -> Callable[[Function], Function]:
    """A decorator that looks on at each call; `look` says how, for a function.

    Raises TypeError where it decorates a generator function.
    """

    def decorate(function: Any) -> Any:
        if isinstance(function, staticmethod | classmethod):
            return type(function)(decorate(function.__func__))
        if _is_generator(function):
            raise TypeError(
                f"{function!r} is a generator, which answers bit by bit: "
                "decorate the function that has the whole answer"
            )
        make = _async if _is_async(function) else _sync
        monitored = make(function, look(function))
        monitored.client = client
        return monitored

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
            return frozen_mapping(self._features(*args, **kwargs))[0]
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
    named = named_arguments(function)

    def read(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
        arguments = named(*args, **kwargs)
        only = next(iter(arguments.values())) if len(arguments) == 1 else None
        return only if isinstance(only, Mapping) else arguments

    return read


def named_arguments(function: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """A function that names the arguments of a call of `function`, but for its own object.

    >>> named_arguments(lambda self, age, **more: None)(None, 41, income=3)
    {'age': 41, 'income': 3}
    """
    signature = inspect.signature(function)
    first = next(iter(signature.parameters), "")

    def read(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        named = dict(bound.arguments)
        if first in {"self", "cls"}:
            del named[first]
        for name, parameter in signature.parameters.items():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                named |= named.pop(name)
        return named

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


def _is_generator(function: Callable[..., Any]) -> bool:
    call = getattr(function, "__call__", None)  # noqa: B004 - as below
    return any(
        look(candidate)
        for look in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        for candidate in (function, call)
    )


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )


def _sync(function: Callable[..., Any], seen: Look) -> Any:
    @functools.wraps(function)
    def monitored(*args: Any, **kwargs: Any) -> Any:
        asked = seen.before(args, kwargs)
        start = time.perf_counter()
        result = function(*args, **kwargs)
        seen.after(asked, result, time.perf_counter() - start)
        return result

    return monitored


def _async(function: Callable[..., Any], seen: Look) -> Any:
    @functools.wraps(function)
    async def monitored(*args: Any, **kwargs: Any) -> Any:
        asked = seen.before(args, kwargs)
        start = time.perf_counter()
        result = await function(*args, **kwargs)
        seen.after(asked, result, time.perf_counter() - start)
        return result

    return monitored
