"""Logs what an API of a BentoML service answers."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from watchkeeper.answers import answers_of
from watchkeeper.calls import Call
from watchkeeper.client import Client
from watchkeeper.columns import columns_of, rows_in
from watchkeeper.monitoring import Look, named_arguments, watching

Function = TypeVar("Function", bound=Callable[..., Any])


def monitored(client: Client) -> Callable[[Function], Function]:
    """Log each row of each call; stands between `bentoml.api` and the function, sync or async.

        @bentoml.api
        @monitored(client)
        def predict(self, frame: pd.DataFrame) -> np.ndarray: ...

    The rows are those of the function's one argument: a frame, an array, rows, columns by name, or
    the one row that a mapping of values is. Several arguments are the features of one row, or its
    columns where they are all of one length. An answer with a `prediction`, and perhaps a `score`,
    is taken apart; any other is the prediction. With `batchable=True` the rows are those of the
    batch. The answer stays as it is, and a call that raises is not logged. Each worker that
    BentoML starts imports the service and so has a client of its own.

    Raises TypeError for a generator function: when it is called it has not answered yet.
    """

    def look(function: Callable[..., Any]) -> Look:
        return Calls(client, named_arguments(function))

    return watching(look, client)


class Calls:
    """Logs calls by their rows."""

    def __init__(self, client: Client, named: Callable[..., Mapping[str, Any]]) -> None:
        self._client = client
        self._named = named

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        """Copy the rows of a call."""

        def read() -> Any:
            return columns_of(_rows(self._named(*args, **kwargs)))

        everything = [*args, *kwargs.values()]
        return Call(self._client, "bentoml", read, rows_in(everything[-1]) if everything else 1)

    def after(self, asked: Call, result: Any, _seconds: float) -> None:
        """Log the rows with their answers."""
        asked.answered(lambda: answers_of(result, asked.rows))


def _rows(named: Mapping[str, Any]) -> Any:
    features = {name: value for name, value in named.items() if not _is_context(value)}
    return next(iter(features.values())) if len(features) == 1 else features


def _is_context(value: Any) -> bool:
    """BentoML hands a function that asks for it the context of the request."""
    return type(value).__module__.partition(".")[0] == "bentoml"
