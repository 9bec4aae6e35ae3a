"""What the rooms ask of each other. `app.py` hands each room who answers.

Every method raises UnknownModelError where it names a model that nobody registered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monitor.core.decisions import Decision, Incident, RetrainRequest
from monitor.core.findings import Finding
from monitor.core.halves import Half
from monitor.core.profile import Profiles
from monitor.core.rows import Accepted, Body, Kind, Rows
from monitor.core.spec import FeatureType, ModelSpec
from monitor.core.windows import Sample, Traffic, Window

Json = dict[str, Any]
Told = Callable[[Accepted | Exception], None]
"""Takes what became of a body; it must return at once."""


class Clock(Protocol):
    """What time it is."""

    def __call__(self) -> datetime:
        """Now, aware UTC."""


class Decoder(Protocol):
    """Reads bodies."""

    def look(self, body: Body, kind: Kind) -> Rows:
        """The rows without their features: of predictions only ids, times and versions.

        It rejects the same rows as `read`. Raises BodyError or a child of it if the body cannot be
        read as a whole.
        """

    def read(self, body: Body, kind: Kind) -> Rows:
        """The rows of the body. Raises what `look` does."""

    def reread(
        self, bodies: Sequence[Body], kind: Kind, types: Mapping[str, FeatureType]
    ) -> Iterator[tuple[int, Rows]]:
        """The rows of bodies that `look` has let in before, perhaps under other limits.

        Each item holds the rows of so many bodies that stand together. Bodies whose features are
        all among `types` are read fastest.
        """


class SpecBook(Protocol):
    """Which models are watched, and how."""

    def declare(self, model: str, spec: ModelSpec) -> ModelSpec:
        """Register or update what the user declared; the answer is what now holds.

        Raises ModelNameError or SpecError.
        """

    def consider(self, model: str, spec: ModelSpec) -> ModelSpec:
        """What would hold if it were declared; nothing changes.

        Raises SpecError also where what is stored of the rows cannot be judged by it: other types
        of features, or windows that cut through what is counted together.
        """

    def get(self, model: str) -> ModelSpec:
        """What holds: declared, else inferred, else default."""

    def names(self) -> Sequence[str]:
        """Every registered model, in order of name."""


class PredictionLog(Protocol):
    """The rows: in at the door, out by id or by window."""

    def append(self, model: str, kind: Kind, body: Body) -> "Future[Accepted]":
        """Store predictions or actuals; when the future has its result they are on disk.

        Raises BodyError at once if the body is unreadable; the future raises JournalFullError.
        """

    def submit(self, model: str, kind: Kind, body: Body, told: Told) -> None:
        """The same with a call in place of a future, which costs more than all the rest.

        Another thread calls `told` once, when the rows are on disk or cannot be stored. It begins
        with that at the next `flush` at the latest.
        """

    def flush(self) -> None:
        """Let what was submitted be written now."""

    def wait_folded(self, timeout: timedelta) -> None:
        """Return once all that was acknowledged before this call can be read.

        Raises UnavailableError when that takes longer.
        """

    def by_id(self, model: str, ids: Sequence[str]) -> Sequence[Json]:
        """The stored rows of these ids, as the contract's predictions route shows them."""

    def by_time(
        self, model: str, span: Window, limit: int, after: str | None = None
    ) -> tuple[Sequence[Json], str | None]:
        """Stored rows, oldest first, and the cursor of the next page if there is one.

        Raises QueryError if the cursor is not one of ours.
        """

    def sample(
        self, model: str, version: str, window: Window, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the window; `labelled` takes only those with an actual.

        `Sample.total` counts all rows of the window and version, labelled or not.
        """


class HalfLog(Protocol):
    """Halves of predictions that come apart, until they meet."""

    def add(self, halves: Sequence[Half]) -> "Future[Sequence[bool]]":
        """Keep halves; when the future has its result they are on disk. False marks a duplicate.

        Raises UnavailableError at once; the future raises JournalFullError.
        """


class ProfileBook(Protocol):
    """What features looked like over a span."""

    def profiles(
        self, model: str, span: Window, every: timedelta
    ) -> Iterator[tuple[Window, str, Profiles]]:
        """Each window of the span that has rows, oldest first, with each version in it."""

    def profile(self, model: str, span: Window) -> Profiles:
        """One profile of all rows in the span, to the microsecond, whatever their version."""

    def traffic(self, model: str, span: Window, every: timedelta) -> Sequence[Traffic]:
        """Each window that starts in the span and has rows, of whatever version, oldest first."""

    def extent(self, model: str) -> Window | None:
        """The span of event time that holds every row; None without rows."""


class ReferenceBook(Protocol):
    """The rows that count as normal."""

    def put(self, model: str, body: Body) -> Accepted:
        """Replace the reference of all versions; on disk when it returns."""

    def adopt(self, model: str, version: str, snapshot: Path) -> None:
        """Make the snapshot of a promoted version its reference (see trainer/development)."""

    def reference(self, model: str, version: str) -> Profiles:
        """Profiles of the version's reference, else the model's; no rows where there is none."""

    def reference_sample(
        self, model: str, version: str, limit: int, *, labelled: bool = False
    ) -> Sample:
        """At most `limit` rows of the version's reference, else the model's."""


@dataclass(frozen=True, slots=True)
class FindingQuery:
    """Which findings: those that match all that is given."""

    model: str
    span: Window | None = None
    detector: str | None = None
    feature: str | None = None
    alert: bool | None = None
    limit: int = 100
    before: int | None = None
    """Only findings with a smaller number: the cursor."""


class FindingLog(Protocol):
    """What was judged."""

    def save(self, findings: Sequence[Finding]) -> None:
        """Add findings; one of the same identity is replaced, and gets a new number."""

    def find(self, query: FindingQuery) -> Sequence[Finding]:
        """Findings that match, newest first."""

    def latest(self) -> Sequence[Finding]:
        """Of each model, detector, feature, segment and method the one of the newest window."""

    def alerts_after(self, model: str, number: int) -> Sequence[Finding]:
        """Alerts with a larger number, oldest first."""


class IncidentLog(Protocol):
    """What is wrong, and what was decided about it."""

    def save_incident(self, incident: Incident) -> None:
        """Add or replace."""

    def incident(self, model: str, incident: str) -> Incident:
        """Raises UnknownIncidentError."""

    def incidents(self, model: str | None = None, *, only_open: bool = False) -> Sequence[Incident]:
        """Newest first."""

    def record(self, decision: Decision) -> None:
        """Keep what the policy decided."""

    def decisions(self, model: str, limit: int = 100) -> Sequence[Decision]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the engine came with a model."""

    labelled: int = 0
    """Rows up to this place of the store went through the streaming detectors."""
    alerts: int = 0
    """Alerts up to this number have reached the incidents."""
    states: Mapping[str, bytes] = field(default_factory=dict)
    """The state of each streaming detector, by a key that names version and settings."""


@dataclass(frozen=True, slots=True)
class LabelledStream:
    """Labelled rows in the order in which each became complete."""

    upto: int
    """The place to remember: everything before it is in here or came earlier."""
    rows: Mapping[str, Sample] = field(default_factory=dict)
    """By version, arrival order."""
    corrected: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    """By version, event times in microseconds of rows that had an actual, and got another."""


class Ledger(Protocol):
    """What is due, and how far the engine came. Written together with the findings it led to."""

    def transaction(self) -> AbstractContextManager[None]:
        """All writes of this thread inside it take effect together, or none."""

    def due(self, model: str, now: datetime) -> Sequence[Window]:
        """Windows with rows not yet checked whose time is over, oldest first.

        A window is over when a row after its end has come, or the traffic has stopped.
        """

    def done(self, model: str, window: Window, upto: int) -> None:
        """The window was checked with all rows that were folded up to a place."""

    def folded_upto(self) -> int:
        """The place up to which rows can be read now."""

    def progress(self, model: str) -> Progress:
        """As last saved; the beginning at first."""

    def advance(self, model: str, progress: Progress) -> None:
        """Save how far the engine came."""

    def newly_labelled(self, model: str, after: int) -> LabelledStream:
        """Rows that have both prediction and actual now, and had not at `after`."""


class RequestQueue(Protocol):
    """Requests for a new model, until a run has taken them."""

    def ask(self, request: RetrainRequest) -> int:
        """Add a request; the answer is its id."""

    def waiting(self) -> Sequence[RetrainRequest]:
        """Oldest first."""

    def taken(self, request: int) -> None:
        """Forget a request: its run exists."""


@dataclass(frozen=True, slots=True)
class Training:
    """What the registry knows of the past of a model's retraining."""

    champion: str | None = None
    promoted_at: datetime | None = None
    last_started_at: datetime | None = None
    last_event_at: datetime | None = None
    """The `event_time` of the request that the last run was started for."""
    last_request: RetrainRequest | None = None
    """What that run was started for."""
    rejected_in_row: int = 0
    running: bool = False
    retired: frozenset[str] = frozenset()
    """Versions that were the champion before; what they did is history."""


class SnapshotSource(Protocol):
    """Rows to learn from."""

    def export(self, model: str, destination: Path, excluded: Sequence[Window]) -> Json:
        """Write every labelled row, oldest first, as Parquet; the answer is its manifest.

        Columns: `prediction_id`, `timestamp` (UTC), `origin` (reference or prediction), `version`,
        `prediction`, `score`, `actual` (text for classes, float for regression), and
        `features.NAME` for each feature of the spec. Rows in `excluded` windows stay out, and so
        do rows of the reference whose id was also predicted.
        """

    def label_counts(self, model: str) -> Mapping[str, int]:
        """How many labelled rows there are, by class; `""` counts all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the champion says to one row."""

    prediction: str | int | float
    score: float | Mapping[str, float] | None
    version: str


class Champion(Protocol):
    """The version of each model that answers."""

    def answer(self, model: str, features: Sequence[Mapping[str, object]]) -> Sequence[Answer]:
        """One answer a row, in order. Raises NoChampionError."""

    def training(self, model: str) -> Training:
        """The past of a model's retraining."""


class TrainingDesk(Protocol):
    """Runs and versions, as the contract's routes show them (JSON values)."""

    def runs(self, model: str) -> Sequence[Json]:
        """Newest first."""

    def run(self, model: str, run: str) -> Json:
        """Raises UnknownRunError."""

    def start(self, request: RetrainRequest) -> str:
        """The id of a new run, or of the one that is already going for the model."""

    def versions(self, model: str) -> Sequence[Json]:
        """Newest first: `version`, `alias` (champion, challenger, archived), `created_at`, ..."""

    def promote(self, model: str, version: str) -> Json:
        """Make a version the champion. Raises UnknownVersionError, StalePromotionError."""

    def rollback(self, model: str) -> Json:
        """Make the last champion before this one the champion again.

        Raises NoChampionError, NothingToRollBackToError.
        """
