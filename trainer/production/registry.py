"""The registry: runs, versions, which one is the champion, and how it came to be so."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from monitor.core.errors import (
    NoChampionError,
    NothingToRollBackToError,
    StalePromotionError,
    UnknownRunError,
    UnknownVersionError,
)
from monitor.core.ports import Training
from trainer.production.registry_file import RegistryFile
from trainer.production.trial_book import TrialBook
from trainer.records import Run, Status

_CHAMPION, _CHALLENGER, _ARCHIVED = "champion", "challenger", "archived"


@dataclass(frozen=True, slots=True)
class Version:
    """A packaged model that passed the gate. `artefact` lies below the data directory."""

    model: str
    name: str
    run: str
    artefact: str
    hash: str
    created_at: datetime
    alias: str = _ARCHIVED


class Registry:
    """Runs, versions and aliases in one file; any thread may call."""

    def __init__(self, path: Path) -> None:
        self._file = RegistryFile(path)
        self.trials = TrialBook(self._file)
        self._trainings: dict[str, tuple[int, Training]] = {}

    def close(self) -> None:
        """Close the file; nobody may call afterwards."""
        self._file.close()

    # Runs

    def open_run(self, run: Run) -> str:
        """Add a run; the answer is its id, or that of the one already going for the model."""
        with self._file.writing() as connection:
            going = connection.execute(
                "SELECT id FROM run WHERE model = ? AND status IN (?, ?)",
                (run.request.model, Status.QUEUED, Status.RUNNING),
            ).fetchone()
            if going:
                return str(going[0])
            connection.execute(
                "INSERT INTO run (id, model, status, content) VALUES (?, ?, ?, ?)",
                (run.id, run.request.model, run.status, msgspec.json.encode(run)),
            )
        return run.id

    def save_run(self, run: Run) -> None:
        """Replace what is known about a run."""
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE run SET status = ?, content = ? WHERE id = ?",
                (run.status, msgspec.json.encode(run), run.id),
            )

    def runs(self, model: str, limit: int = 1000) -> Sequence[Run]:
        """Newest first."""
        found = self._file.read(
            "SELECT content FROM run WHERE model = ? ORDER BY number DESC LIMIT ?", model, limit
        )
        return [_run(content) for (content,) in found]

    def run(self, model: str, run: str) -> Run:
        """Raises UnknownRunError."""
        found = self._file.read("SELECT content FROM run WHERE model = ? AND id = ?", model, run)
        if not found:
            raise UnknownRunError(model, run)
        return _run(found[0][0])

    def with_status(self, status: Status) -> Sequence[Run]:
        """Runs of all models that stand so, oldest first."""
        found = self._file.read("SELECT content FROM run WHERE status = ? ORDER BY number", status)
        return [_run(content) for (content,) in found]

    # Versions

    def add_version(
        self, version: Version, seen: Sequence[str] = (), *, challenges: bool = True
    ) -> Version:
        """Number a packaged model and make it the challenger; the answer has its name.

        One that does not challenge is archived at once. `seen` are versions that predictions came
        from: the new number is larger than theirs.
        """
        used = [int(name) for name in seen if name.isdecimal() and len(name) < 16]
        with self._file.writing() as connection:
            (largest,) = connection.execute(
                "SELECT coalesce(max(number), 0) FROM version WHERE model = ?", (version.model,)
            ).fetchone()
            number = max(largest, *used, 0) + 1
            connection.execute(
                "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?)",
                (
                    version.model,
                    number,
                    version.run,
                    version.artefact,
                    version.hash,
                    version.created_at.isoformat(),
                ),
            )
            if challenges:
                _point(connection, version.model, _CHALLENGER, number)
        return self.version(version.model, str(number))

    def versions(self, model: str) -> Sequence[Version]:
        """Newest first."""
        aliases = dict(self._file.read("SELECT version, name FROM alias WHERE model = ?", model))
        found = self._file.read(
            "SELECT number, run, artefact, hash, created_at FROM version WHERE model = ? "
            "ORDER BY number DESC",
            model,
        )
        return [
            Version(
                model=model,
                name=str(number),
                run=run,
                artefact=artefact,
                hash=digest,
                created_at=datetime.fromisoformat(created),
                alias=aliases.get(number, _ARCHIVED),
            )
            for number, run, artefact, digest, created in found
        ]

    def version(self, model: str, name: str) -> Version:
        """Raises UnknownVersionError."""
        known = self.versions(model)
        for version in known:
            if version.name == name:
                return version
        raise UnknownVersionError(model, name, [v.name for v in known])

    def champion(self, model: str) -> Version | None:
        """The version that answers; None before the first."""
        return next((v for v in self.versions(model) if v.alias == _CHAMPION), None)

    def first_champion(self, model: str) -> Version | None:
        """The version that was the champion first: it stays, whatever follows; None before that."""
        found = self._file.read(
            "SELECT version FROM history WHERE model = ? ORDER BY number LIMIT 1", model
        )
        return self.version(model, str(found[0][0])) if found else None

    def models(self) -> Sequence[str]:
        """Models that have a champion."""
        found = self._file.read("SELECT model FROM alias WHERE name = ? ORDER BY model", _CHAMPION)
        return [model for (model,) in found]

    def generation(self, model: str) -> int:
        """How often the champion has changed: what a promotion must name to take effect."""
        found = self._file.read(
            "SELECT generation FROM alias WHERE model = ? AND name = ?", model, _CHAMPION
        )
        return int(found[0][0]) if found else 0

    # Promotion

    def promote(self, model: str, name: str, generation: int, now: datetime) -> Version:
        """Make a version the champion, if the champion is still that of a generation.

        Raises UnknownVersionError, or StalePromotionError, and then nothing has changed.
        """
        self.version(model, name)
        self._swap(model, int(name), "promote", generation, now)
        return self.version(model, name)

    def roll_back(self, model: str, name: str, generation: int, now: datetime) -> Version:
        """Make an earlier champion the champion again, under the same condition."""
        self.version(model, name)
        self._swap(model, int(name), "rollback", generation, now)
        return self.version(model, name)

    def _swap(self, model: str, number: int, action: str, generation: int, now: datetime) -> None:
        with self._file.writing() as connection:
            current = connection.execute(
                "SELECT version, generation FROM alias WHERE model = ? AND name = ?",
                (model, _CHAMPION),
            ).fetchone()
            if (current[1] if current else 0) != generation:
                raise StalePromotionError(model)
            connection.execute(
                "INSERT INTO history (model, action, version, previous, happened_at) "
                "VALUES (?, ?, ?, ?, ?)",
                (model, action, number, current[0] if current else None, now.isoformat()),
            )
            connection.execute(
                "DELETE FROM alias WHERE model = ? AND name = ? AND version = ?",
                (model, _CHALLENGER, number),
            )
            _point(connection, model, _CHAMPION, number)

    def earlier(self, model: str) -> Sequence[Version]:
        """Champions before this one, last first, as promotions led from one to the next.

        A rollback leads to the one before; it is no promotion and never leads forward again.
        Raises NoChampionError, or NothingToRollBackToError if it is empty.
        """
        champion = self.champion(model)
        if champion is None:
            raise NoChampionError(model)
        before = dict(
            self._file.read(
                "SELECT version, previous FROM history WHERE model = ? AND action = 'promote' "
                "ORDER BY number",
                model,
            )
        )
        chain: list[int] = []
        number = before.get(int(champion.name))
        while number is not None and number not in chain and str(number) != champion.name:
            chain.append(number)
            number = before.get(number)
        if not chain:
            raise NothingToRollBackToError(model)
        known = {version.name: version for version in self.versions(model)}
        return [known[str(number)] for number in chain]

    def training(self, model: str) -> Training:
        """The past of a model's retraining; read again only where something was written since."""
        written = self._file.writes
        held = self._trainings.get(model)
        if held is None or held[0] != written:
            held = self._trainings[model] = written, self._training(model)
        return held[1]

    def _training(self, model: str) -> Training:
        champion, runs = self.champion(model), self.runs(model, 100)
        history = self._file.read(
            "SELECT version, happened_at FROM history WHERE model = ? ORDER BY number", model
        )
        judged = [_is_held_back(run) for run in runs if _is_judged(run)]
        begun = next((run for run in runs if run.started_at is not None), None)
        return Training(
            champion=champion.name if champion else None,
            promoted_at=datetime.fromisoformat(history[-1][1]) if history else None,
            last_started_at=begun.started_at if begun else None,
            last_event_at=_event_time(begun) if begun else None,
            last_request=begun.request if begun else None,
            rejected_in_row=next((i for i, held in enumerate(judged) if not held), len(judged)),
            running=any(run.status in {Status.QUEUED, Status.RUNNING} for run in runs),
            retired=frozenset(str(v) for v, _ in history) - {champion.name if champion else ""},
        )


def _point(connection: sqlite3.Connection, model: str, alias: str, number: int) -> None:
    connection.execute(
        "INSERT INTO alias VALUES (?, ?, ?, 1) ON CONFLICT (model, name) DO UPDATE "
        "SET version = excluded.version, generation = generation + 1",
        (model, alias, number),
    )


def _is_judged(run: Run) -> bool:
    return run.status in {Status.SUCCEEDED, Status.REJECTED}


def _is_held_back(run: Run) -> bool:
    """Whether the gate was sure that the challenger is worse; else more rows may tell soon."""
    verdict = run.record.verdict
    surely = verdict is None or verdict.zone in {"reject", "first"}
    return run.status is Status.REJECTED and surely


def _event_time(run: Run) -> datetime | None:
    """How far event time had come when a run was asked for; else the newest row it learned from."""
    newest = run.record.snapshot.get("to")
    if run.request.event_time is None and isinstance(newest, str):
        return datetime.fromisoformat(newest)
    return run.request.event_time


def _run(content: bytes) -> Run:
    return msgspec.json.decode(content, type=Run)
