"""Keeps incidents, decisions, and requests for a new model."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from monitor.core.decisions import Decision, Incident, RetrainRequest
from monitor.core.errors import UnknownIncidentError
from monitor.core.rows import microseconds
from monitor.store.database import Database


class Incidents:
    """Keeps IncidentLog and RequestQueue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save_incident(self, incident: Incident) -> None:
        """Add or replace."""
        with self._database.transaction():
            found = self._database.read(
                "SELECT number FROM incident WHERE id = $id", id=incident.id
            )
            number = found or self._database.read("SELECT nextval('incident_number')")
            self._database.write("DELETE FROM incident WHERE id = $id", id=incident.id)
            self._database.write(
                "INSERT INTO incident VALUES ($number, $id, $model, $open, $document)",
                number=number[0][0],
                id=incident.id,
                model=incident.model,
                open=incident.is_open,
                document=msgspec.json.encode(incident).decode(),
            )

    def incident(self, model: str, incident: str) -> Incident:
        """Raises UnknownIncidentError."""
        found = self._database.read(
            "SELECT document FROM incident WHERE model = $model AND id = $id",
            model=model,
            id=incident,
        )
        if not found:
            raise UnknownIncidentError(model, incident)
        return msgspec.json.decode(found[0][0], type=Incident)

    def incidents(self, model: str | None = None, *, only_open: bool = False) -> Sequence[Incident]:
        """Newest first."""
        found = self._database.read(
            """
            SELECT document FROM incident
            WHERE coalesce(model = $model, true) AND (open OR NOT $only_open)
            ORDER BY number DESC
            """,
            model=model,
            only_open=only_open,
        )
        return [msgspec.json.decode(document, type=Incident) for (document,) in found]

    def record(self, decision: Decision) -> None:
        """Keep what the policy decided."""
        self._database.write(
            "INSERT INTO decision VALUES ($model, make_timestamp($decided_at), $document)",
            model=decision.model,
            decided_at=microseconds(decision.decided_at),
            document=msgspec.json.encode(decision).decode(),
        )

    def decisions(self, model: str, limit: int = 100) -> Sequence[Decision]:
        """Newest first."""
        found = self._database.read(
            """
            SELECT document FROM decision WHERE model = $model
            ORDER BY decided_at DESC, rowid DESC LIMIT $limit
            """,
            model=model,
            limit=limit,
        )
        return [msgspec.json.decode(document, type=Decision) for (document,) in found]

    def ask(self, request: RetrainRequest) -> int:
        """Add a request; the answer is its id."""
        with self._database.transaction():
            ((number,),) = self._database.read("SELECT nextval('request_number')")
            self._database.write(
                "INSERT INTO request VALUES ($number, $document)",
                number=number,
                document=msgspec.json.encode(replace(request, id=number)).decode(),
            )
        return int(number)

    def waiting(self) -> Sequence[RetrainRequest]:
        """Oldest first."""
        found = self._database.read("SELECT document FROM request ORDER BY number")
        return [msgspec.json.decode(document, type=RetrainRequest) for (document,) in found]

    def taken(self, request: int) -> None:
        """Forget a request: its run exists."""
        self._database.write("DELETE FROM request WHERE number = $number", number=request)
