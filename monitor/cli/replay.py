"""A recorded stream, replayed as live traffic: answers now, actuals a day late, a check a week.

The replay's clock waits while a run is going: training takes seconds, and half an hour passes
between two rows of the stream.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.cli.connection import Connection
from monitor.cli.retrain import OVER
from monitor.core.rows import EPOCH

_POLL_SECONDS = 0.1
_RUN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows in the order in which they came: `features` (n, k), `actual` (n,) of 0 and 1."""

    names: Sequence[str]
    features: npt.NDArray[np.float64]
    actual: npt.NDArray[np.int64]
    start: datetime
    step: timedelta

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.actual)

    def moment(self, index: int) -> datetime:
        """When a row came."""
        return self.start + index * self.step

    def row(self, index: int) -> dict[str, float]:
        """The features of a row."""
        return dict(zip(self.names, self.features[index].tolist(), strict=True))

    @staticmethod
    def id(index: int) -> str:
        """The prediction id of a row."""
        return f"row-{index}"


@dataclass(frozen=True, slots=True)
class Told:
    """Something to tell: when it was in the stream, what kind of news, and the words."""

    at: datetime
    kind: str
    text: str


@dataclass(slots=True)
class Replay:
    """Plays rows `first` to `last` of a stream as the traffic of a model.

    `own` gives the score of every row, shape (n,): the model that its owner deployed. It answers
    until there is a champion.
    """

    connection: Connection
    client: Any  # watchkeeper.Client
    model: str
    stream: Stream
    own: npt.NDArray[np.float64]
    first: int
    last: int
    late: timedelta = timedelta(days=1)
    check_every: timedelta = timedelta(days=7)
    right: list[bool] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    champion: str | None = None
    _incidents: dict[str, str] = field(default_factory=dict)

    def play(self, advance: Callable[[int], None]) -> Iterator[Told]:
        """Play it, and tell what happens as it happens."""
        day = round(timedelta(days=1) / self.stream.step)
        late = round(self.late / self.stream.step)
        for start in range(self.first, self.last, day):
            end = min(start + day, self.last)
            self._answer(range(start, end))
            self._tell_actuals(range(max(self.first, start - late), max(self.first, end - late)))
            if self._is_over(end) or end == self.last:
                yield from self._look(end)
            advance(end - start)

    def _is_over(self, end: int) -> bool:
        """Whether a window of the model has ended within the day before: it is checked once."""
        ended = (self.stream.moment(end) - EPOCH) % self.check_every
        return ended < timedelta(days=1)

    def _answer(self, rows: range) -> None:
        if self.champion is None:
            labels = (self.own >= 0.5).astype(int)
            for i in rows:
                self.client.log(
                    self.stream.row(i),
                    int(labels[i]),
                    score=float(self.own[i]),
                    prediction_id=self.stream.id(i),
                    timestamp=self.stream.moment(i),
                    version="1",
                )
                self.right.append(bool(labels[i] == self.stream.actual[i]))
            return
        sent = [
            {
                "prediction_id": self.stream.id(i),
                "timestamp": self.stream.moment(i).isoformat(),
                "features": self.stream.row(i),
            }
            for i in rows
        ]
        answers = self.connection.ask("POST", f"/v1/models/{self.model}/predict", json=sent)
        for i, answer in zip(rows, answers["items"], strict=True):
            self.right.append(int(answer["prediction"]) == self.stream.actual[i])

    def _tell_actuals(self, rows: range) -> None:
        for i in rows:
            came = self.stream.moment(i) + self.late
            self.client.actual(self.stream.id(i), int(self.stream.actual[i]), timestamp=came)

    def _look(self, end: int) -> Iterator[Told]:
        """Have the last week checked, tell what is new, and wait for a run that it led to."""
        now = self.stream.moment(end)
        self.client.flush(60)
        span = {"from": (now - self.check_every).isoformat(), "to": now.isoformat()}
        self.connection.ask("POST", f"/v1/models/{self.model}/check", json=span)
        yield from self._tell_incidents(now)
        for run in self._new_runs():
            yield Told(now, "retrain", f"run {run['id']}: {run['reason']}")
            yield from self._tell_run(now, self._finished(run["id"]))

    def _tell_incidents(self, now: datetime) -> Iterator[Told]:
        found = self.connection.ask("GET", f"/v1/models/{self.model}/incidents")["items"]
        for incident in reversed(found):
            state = incident["state"]
            if self._incidents.get(incident["id"]) == state:
                continue
            if incident["id"] not in self._incidents:
                yield Told(now, "noticed", incident["title"])
                for cause in incident["causes"][:1]:
                    yield Told(now, "why", cause["text"])
            elif state == "resolved" and "taken over" not in incident["note"]:
                yield Told(now, "resolved", f"{incident['title']} ({incident['note']})")
            self._incidents[incident["id"]] = state

    def _new_runs(self) -> list[dict[str, Any]]:
        known = {run["id"] for run in self.runs}
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            listed = self.connection.ask("GET", f"/v1/models/{self.model}/runs")["items"]
            new = [run for run in reversed(listed) if run["id"] not in known]
            if new or not self._is_asked():
                return new
            time.sleep(_POLL_SECONDS)
        return []

    def _is_asked(self) -> bool:
        """Whether a request for a new model waits for its run to begin."""
        listed = self.connection.ask("GET", f"/v1/models/{self.model}/runs")
        return bool(listed.get("waiting"))

    def _finished(self, run: str) -> dict[str, Any]:
        deadline = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < deadline:
            record: dict[str, Any] = self.connection.ask(
                "GET", f"/v1/models/{self.model}/runs/{run}"
            )
            if record["status"] in OVER:
                break
            time.sleep(_POLL_SECONDS)
        self.runs.append(record)
        return record

    def _tell_run(self, now: datetime, run: dict[str, Any]) -> Iterator[Told]:
        reasons = (run.get("verdict") or {}).get("reasons", ())
        for reason in reasons:
            if reason["blocks"] and not reason["passed"]:
                yield Told(now, "gate", f"{reason['check']} not passed: {reason['detail']}")
        if run["status"] == "failed":
            yield Told(now, "failed", run["error"])
        elif run["status"] == "succeeded":
            self.champion = str(run["version"])
            against = {r["check"]: r["detail"] for r in reasons}
            why = against.get("outside") or against.get("better", "")
            yield Told(now, "promoted", f"version {self.champion} answers now: {why}")
        elif run["status"] == "on_trial":
            version, now_answers = run["version"], self.champion or 1
            yield Told(now, "on trial", f"version {version} beside {now_answers}, which answers")
        elif run["status"] == "rejected":
            yield Told(now, "kept", f"version {self.champion or 1} goes on answering")


def elec2() -> Stream:
    """The bundled stream Elec2; see stream/README.md for its source."""
    from importlib.resources import as_file, files  # noqa: PLC0415  only the demo needs it

    import pyarrow.parquet as pq  # noqa: PLC0415

    with as_file(files("monitor.cli") / "stream" / "elec2.parquet") as path:
        table = pq.read_table(path)
    names = [name for name in table.column_names if name != "class"]
    features = np.column_stack([table[name].to_numpy() for name in names]).astype(np.float64)
    actual = table["class"].to_numpy().astype(np.int64)
    start = datetime(1996, 5, 7, tzinfo=UTC)
    return Stream(names, features, actual, start, timedelta(minutes=30))
