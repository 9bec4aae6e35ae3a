"""The client: what a program calls to say what its model answered, and what turned out true."""

import hashlib
import os
import re
import time
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from watchkeeper import exits, frames
from watchkeeper.bodies import actual_bodies, frame_bodies
from watchkeeper.counters import Counters, spelt
from watchkeeper.limits import Limits, default_directory
from watchkeeper.sender import Sender
from watchkeeper.transport import Transport
from watchkeeper.wire import Actual, Prediction, frozen, frozen_mapping, single

MODEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def new_id() -> str:
    """A random id of 128 bits; cheaper than a UUID, and another one after a fork or a seed."""
    return os.urandom(16).hex()


class Client:
    """Logs the rows of one model in the background.

    `log`, `log_batch` and `actual` never raise: what cannot be sent is counted in `counters` and
    said in the logger `watchkeeper`, one line a kind a minute. Safe to use from several threads
    and after a fork.

    `spool_dir` is where rows wait on disk while the server is away, each server and model in a
    folder of its own; by default `WATCHKEEPER_SPOOL_DIR`, else the user's state directory.
    `limits` bounds memory, batches and disk; `Limits(spool_bytes=0)` never writes to disk.
    `sigterm` sends what is left before SIGTERM ends the process, unless the program handles it.

    Raises ValueError if the url or the model's name cannot be one.
    """

    def __init__(
        self,
        url: str,
        model: str,
        api_key: str | None = None,
        *,
        version: str | None = None,
        spool_dir: str | os.PathLike[str] | None = None,
        timeout: float = 10.0,
        compress: bool = False,
        limits: Limits | None = None,
        sigterm: bool = True,
    ) -> None:
        if not MODEL.fullmatch(model):
            raise ValueError(f"model {model!r}: use 1 to 63 of a-z, 0-9, '-' and '_'")
        limits = limits or Limits()
        key = api_key or os.environ.get("WATCHKEEPER_API_KEY")
        transport = Transport(url, model, key, timeout=timeout, compress=compress)
        self.url = url
        self.model = model
        self.version = version
        self._sender = Sender(transport, _directory(spool_dir, url, model), limits)
        weakref.finalize(self, self._sender.retire).atexit = False
        if sigterm:
            exits.on_sigterm(self._sender, limits.exit_timeout)

    def log(
        self,
        features: Mapping[str, Any],
        prediction: Any = None,
        *,
        score: Any = None,
        prediction_id: str | None = None,
        timestamp: Any = None,
        version: str | None = None,
        latency_ms: float | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> str:
        """Log one prediction and return its id at once. The values are copied.

        `timestamp` is event time: a datetime (naive is UTC), epoch milliseconds or RFC 3339 text;
        by default now. `score` is the probability of the positive class, or a mapping of classes
        to probabilities. A pandas Series will do for `features`.
        """
        row_id = new_id() if prediction_id is None else _text(prediction_id)
        try:
            kept, size = frozen_mapping(_mapping(features))
            tags, more = frozen(tags)
            row = Prediction(
                row_id,
                time.time_ns() // 1_000_000 if timestamp is None else timestamp,
                kept,
                self.version if version is None else version,
                single(prediction),
                single(score),
                latency_ms,
                tags,
            )
            self._sender.put("predictions", row, size + more)
        except Exception as error:  # the user's program goes on, whatever it gave us
            self.complain("log()", error)
        return row_id

    def log_batch(
        self,
        frame: Any,
        *,
        prediction: str = "prediction",
        score: str = "score",
        prediction_id: str = "prediction_id",
        timestamp: str = "timestamp",
        features: Sequence[str] | None = None,
        version: str | None = None,
        wait: float = 10.0,
    ) -> list[str]:
        """Log the rows of a frame and return their ids, in order.

        A frame is a pandas or polars DataFrame, an Arrow table, a list of dicts, or a dict of
        columns; the arguments name its columns, and `features` those that are features (by
        default all the others). It is written down before the call returns. While memory is full
        the call waits for room, `wait` seconds at most. A frame that cannot be read whole, such
        as one of unequal columns, is counted as dropped and gives no ids.
        """
        names = frames.Names(prediction, score, prediction_id, timestamp, features)
        try:
            deadline = time.monotonic() + wait
            rows = frames.size_of(frame)
            if not rows:
                return []
            ids = frames.ids_of(frame, names, [new_id() for _ in range(rows)])
            version = self.version if version is None else version
            made = frame_bodies(frame, names, ids, version, partial(self.complain, "log_batch()"))
            self._sender.put_requests(made, deadline)
        except Exception as error:  # as in log()
            self.complain("log_batch()", error, frames.size_of(frame))
            return []
        return ids

    def actual(self, prediction_id: str, value: Any, timestamp: Any = None) -> None:
        """Log what turned out to be true of a prediction, before or after it, any number of times.

        The latest by `timestamp`, by default now, counts. 0, False and "" are values; None is not.
        """
        try:
            if value is None:
                raise ValueError(f"the actual of {prediction_id!r} is None")  # noqa: TRY301
            if timestamp is None:
                timestamp = time.time_ns() // 1_000_000
            row = Actual(_text(prediction_id), timestamp, single(value))
            self._sender.put("actuals", row, 300)
        except Exception as error:  # as in log()
            self.complain("actual()", error)

    def actual_batch(
        self,
        prediction_ids: Sequence[str],
        values: Sequence[Any],
        timestamps: Sequence[Any] | None = None,
        *,
        wait: float = 10.0,
    ) -> None:
        """Log the actuals of many predictions; waits for room as `log_batch` does."""
        try:
            deadline = time.monotonic() + wait
            complain = partial(self.complain, "actual_batch()")
            made = actual_bodies(prediction_ids, values, timestamps, complain)
            self._sender.put_requests(made, deadline)
        except Exception as error:  # as in log()
            rows_lost = frames.size_of({"id": prediction_ids, "value": values})
            self.complain("actual_batch()", error, rows_lost)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the server has answered for all that was logged; False if time ran out.

        Rows that wait in the spool count as not answered.
        """
        return self._sender.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left, by default for 5 s at most, and end the thread.

        What the server has not taken by then goes to the spool, and is sent by the next client of
        this server and model. False if something had to be dropped.
        """
        return self._sender.close(timeout)

    @property
    def counters(self) -> Counters:
        """What became of the rows so far."""
        return self._sender.counters()

    def complain(self, where: str, error: Exception, rows: int = 1) -> None:
        """Count rows as dropped by an error on this side, and say so; for integrations."""
        self._sender.complain("unreadable", rows, f"{where}: {spelt(error)}")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r}, model={self.model!r})"  # never the key


def _mapping(features: Any) -> Mapping[Any, Any]:
    if not isinstance(features, Mapping) and hasattr(features, "to_dict"):
        features = features.to_dict()
    if not isinstance(features, Mapping):
        raise TypeError(
            f"features are a {type(features).__name__}, not a mapping of names to values"
        )
    return features


def _text(value: Any) -> str:
    """The id as text; a new one in place of an id that cannot be written."""
    try:
        return str(value)
    except Exception:
        return new_id()


def _directory(named: str | os.PathLike[str] | None, url: str, model: str) -> Path | None:
    """The folder of one server and model; None where the system has no place for it."""
    try:
        root = default_directory() if named is None else Path(named)
    except RuntimeError:  # no home directory
        return None
    key = hashlib.sha256(f"{url.rstrip('/')}\n{model}".encode()).hexdigest()[:16]
    return root / f"{model}-{key}"
