"""Everything that can go wrong and be said to a user.

WatchkeeperError
├── NotFoundError                 404
│   ├── UnknownModelError
│   ├── UnknownVersionError
│   ├── UnknownIncidentError
│   ├── UnknownRunError
│   └── UnknownFileError
├── BodyError                     400
│   ├── BodyTooLargeError         413
│   └── MediaTypeError            415
├── QueryError                    400
├── SpecError                     422
│   ├── UnknownKeyError
│   └── ModelNameError
├── ConflictError                 409
│   ├── NoChampionError
│   ├── NoReferenceError
│   ├── NothingToRollBackToError
│   └── StalePromotionError
├── UnavailableError              503, with the seconds to wait
│   ├── NotReadyError
│   ├── JournalFullError
│   └── DiskError
├── JournalDamagedError           500; stops the start
├── DataDirectoryError            500; stops the start
└── SettingError                  500; stops the start
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


def nearest(name: str, known: Iterable[str]) -> str:
    """The sentence part that names the nearest known word, or nothing.

    >>> nearest("feautres", ["features", "task"])
    "did you mean 'features'? "
    """
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}? " if near else ""


class WatchkeeperError(Exception):
    """Base of all errors that we raise on purpose; its text is fit for a user."""

    status = 500
    title = "Internal error"


class NotFoundError(WatchkeeperError):
    """What the address names is not there."""

    status = 404
    title = "Not found"


class UnknownModelError(NotFoundError):
    """Nobody registered this model."""

    title = "Unknown model"

    def __init__(self, model: str, known: Iterable[str]) -> None:
        super().__init__(
            f"no model {model!r}; {nearest(model, known)}register it with PUT /v1/models/{model}"
        )


class UnknownVersionError(NotFoundError):
    """The registry holds no such version of the model."""

    title = "Unknown version"

    def __init__(self, model: str, version: str, known: Iterable[str]) -> None:
        listed = ", ".join(known) or "none yet"
        super().__init__(f"model {model!r} has no version {version!r}; known: {listed}")


class UnknownIncidentError(NotFoundError):
    """The model has no such incident."""

    title = "Unknown incident"

    def __init__(self, model: str, incident: str) -> None:
        super().__init__(f"model {model!r} has no incident {incident!r}")


class UnknownRunError(NotFoundError):
    """The model has no such run."""

    title = "Unknown run"

    def __init__(self, model: str, run: str) -> None:
        super().__init__(f"model {model!r} has no run {run!r}")


class UnknownFileError(NotFoundError):
    """The run has left no such file, or not yet."""

    title = "Unknown file"

    def __init__(self, run: str, name: str, known: Iterable[str]) -> None:
        listed = ", ".join(known) or "none yet"
        super().__init__(f"run {run!r} has no file {name!r}; {nearest(name, known)}known: {listed}")


class BodyError(WatchkeeperError):
    """The body as a whole cannot be read."""

    status = 400
    title = "Unreadable body"


class BodyTooLargeError(BodyError):
    """The body, as sent or unpacked, is larger than the service takes."""

    status = 413
    title = "Body too large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes; send it in parts")


class MediaTypeError(BodyError):
    """The body is of a type or encoding that nobody here reads."""

    status = 415
    title = "Unsupported media type"

    def __init__(self, media_type: str, known: Iterable[str]) -> None:
        super().__init__(f"cannot read {media_type!r}; known: {', '.join(sorted(known))}")


class QueryError(WatchkeeperError):
    """A parameter of the address cannot be read."""

    status = 400
    title = "Unreadable parameter"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


class SpecError(WatchkeeperError):
    """The spec does not say what to watch in a way that we understand."""

    status = 422
    title = "Invalid spec"


class UnknownKeyError(SpecError):
    """The spec has a key that nobody reads."""

    def __init__(self, place: str, key: str, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(
            f"{place}: unknown key {key!r}; {nearest(key, known)}known: {', '.join(known)}"
        )


class ModelNameError(SpecError):
    """The name cannot stand in an address."""

    title = "Invalid model name"

    def __init__(self, model: str) -> None:
        super().__init__(
            f"model name {model!r}: use 1 to 63 of a-z, 0-9, '-' and '_', a letter or digit first"
        )


class ConflictError(WatchkeeperError):
    """The request is sound, but not now."""

    status = 409
    title = "Conflict"


class NoReferenceError(ConflictError):
    """The model has no reference, or too small a one, that rows could be compared with."""

    title = "No reference"

    def __init__(self, model: str, why: str) -> None:
        super().__init__(
            f"rows of model {model!r} cannot be judged: {why}; PUT /v1/models/{model}/reference"
        )


class NoChampionError(ConflictError):
    """The model has no version that could answer."""

    title = "No champion"

    def __init__(self, model: str) -> None:
        super().__init__(
            f"model {model!r} has no champion yet; POST /v1/models/{model}/retrain trains one"
        )


class NothingToRollBackToError(ConflictError):
    """No earlier version was ever the champion."""

    title = "Nothing to roll back to"

    def __init__(self, model: str) -> None:
        super().__init__(f"model {model!r} has no earlier champion to go back to")


class StalePromotionError(ConflictError):
    """Someone else promoted a version since the decision was taken."""

    title = "Stale promotion"

    def __init__(self, model: str) -> None:
        super().__init__(f"the champion of {model!r} has changed since; look again, then repeat")


class UnavailableError(WatchkeeperError):
    """The service cannot do it now, and a repeat may succeed."""

    status = 503
    title = "Unavailable"
    retry_after = 1

    def __init__(self, problem: str, retry_after: int = 1) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


class NotReadyError(UnavailableError):
    """The service is starting or stopping."""

    title = "Not ready"


class JournalFullError(UnavailableError):
    """The journal cannot be written, so nothing can be acknowledged."""

    title = "Cannot write"


class DiskError(UnavailableError):
    """The disk does not take, or give, what the database needs; rows wait in the journal."""

    title = "Disk unusable"

    def __init__(self, said: str) -> None:
        super().__init__(f"the disk is full or failing: {said}; try again later", 2)
        self.said = said


class JournalDamagedError(WatchkeeperError):
    """A record in the middle of the journal is not what was written."""

    title = "Journal damaged"

    def __init__(self, segment: Path, offset: int, following: int | None = None) -> None:
        rest = f"the next whole record begins at byte {following}"
        super().__init__(
            f"journal segment {segment} is damaged at byte {offset}, before its end: "
            f"{'no whole record follows in it' if following is None else rest}; restore the data "
            f"directory from a backup, or run `watchkeeper repair --data-dir "
            f"{segment.parent.parent}`, which sets aside what is damaged and keeps the rest"
        )


class DataDirectoryError(WatchkeeperError):
    """The data directory cannot be used."""

    title = "Data directory unusable"


class SettingError(WatchkeeperError):
    """A setting cannot be read."""

    title = "Invalid setting"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"setting {name}: {problem}")
