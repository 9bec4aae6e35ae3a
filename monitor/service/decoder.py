"""Reads bodies for the store: at the door only what it needs there, when folding many at once."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from monitor.core.rows import Body, Kind, Rows
from monitor.core.spec import FeatureType
from monitor.service.bodies import LIMIT, decode, media_type_of, unpack
from monitor.service.bodies_arrow import read_table
from monitor.service.known_rows import MOST, KnownRows, can_be_known, known_rows
from monitor.service.table_rows import named_columns, table_rows

_JSON = frozenset({"application/json", "application/x-ndjson"})
_ARROW = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True, slots=True)
class BodyDecoder:
    """Keeps Decoder. `limit` bounds the unpacked size of a body in bytes."""

    limit: int = LIMIT

    def look(self, body: Body, kind: Kind) -> Rows:
        """The rows without their features: of predictions only ids, times and versions."""
        return decode(body, kind, shallow=True, limit=self.limit)

    def read(self, body: Body, kind: Kind) -> Rows:
        """The rows of the body."""
        return decode(body, kind, limit=self.limit)

    def reread(
        self, bodies: Sequence[Body], kind: Kind, types: Mapping[str, FeatureType]
    ) -> Iterator[tuple[int, Rows]]:
        """The rows of bodies that were let in before, under whatever limit."""
        known = None
        if kind is Kind.PREDICTIONS and 0 < len(types) <= MOST and can_be_known(types):
            known = known_rows(tuple(types.items()))
        run: list[Body] = []
        for body in bodies:
            if run and _form(run[-1]) != _form(body):
                yield from _together(run, kind, known)
                run = []
            run.append(body)
        yield from _together(run, kind, known)


def _form(body: Body) -> str:
    return f"{body.media_type};{body.encoding}"


def _together(
    run: Sequence[Body], kind: Kind, known: KnownRows | None
) -> Iterator[tuple[int, Rows]]:
    """Bodies of one form; what does not go together is read alone."""
    if not run:
        return
    media_type = media_type_of(run[0])
    if known is not None and media_type in _JSON:
        yield from _json(run, known)
    elif kind is not Kind.REFERENCE and media_type == _ARROW:
        yield from _arrow(run, kind)
    else:
        for body in run:
            yield 1, _alone(body, kind)


def _alone(body: Body, kind: Kind = Kind.PREDICTIONS) -> Rows:
    return decode(body, kind, limit=sys.maxsize)


def _json(run: Sequence[Body], known: KnownRows) -> Iterator[tuple[int, Rows]]:
    fitting: list[Body] = []
    rows: list[Any] = []
    for body in run:
        content = unpack(body.content, body.encoding, sys.maxsize)
        read = known.rows(content, lines=media_type_of(body) != "application/json")
        if read is not None:
            fitting.append(body)
            rows += read
            continue
        yield from _fitted(fitting, rows, known)
        fitting, rows = [], []
        yield 1, _alone(body)
    yield from _fitted(fitting, rows, known)


def _fitted(
    bodies: Sequence[Body], rows: Sequence[Any], known: KnownRows
) -> Iterator[tuple[int, Rows]]:
    if not bodies:
        return
    made = known.columns(rows)
    if made is not None:
        yield len(bodies), made
        return
    for body in bodies:
        yield 1, _alone(body)


def _arrow(run: Sequence[Body], kind: Kind) -> Iterator[tuple[int, Rows]]:
    tables: list[Any] = []
    for body in run:
        table = (
            read_table(unpack(body.content, body.encoding, sys.maxsize)) if body.content else None
        )
        if tables and (table is None or not tables[-1].schema.equals(table.schema)):
            yield _joined(tables, kind)
            tables = []
        if table is None:
            yield 1, Rows(0)
        else:
            tables.append(table)
    if tables:
        yield _joined(tables, kind)


def _joined(tables: Sequence[Any], kind: Kind) -> tuple[int, Rows]:
    table = pa.concat_tables(tables)
    return len(tables), table_rows(named_columns(table), table.num_rows, kind, shallow=False)
