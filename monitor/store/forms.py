"""In which form a value was sent, where its column cannot tell.

A column of numbers holds 1 and 1.0 alike, one of categories 1 and "1", and null stands both for
null as sent and for nothing. Most rows have the usual form of their feature, which is kept once;
what differs is kept in the row, four bytes a cell. A cell that is null with no form was not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.core.rows import EPOCH, MICROSECOND
from monitor.core.spec import FeatureType

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]

_TELLING = 100
"""Rows that are enough to say what is usual although none of them shows its form."""


class Form(IntEnum):
    """How a value stood in its body. Texts of times have several."""

    NULL = 1
    BOOLEAN = 2
    INTEGER = 3
    FLOAT = 4
    TEXT = 5
    ZULU = 6
    OFFSET = 7
    LOCAL = 8
    SPACED = 9
    DATE = 10
    MILLIS = 11


SPELLINGS = (Form.ZULU, Form.OFFSET, Form.MILLIS, Form.LOCAL, Form.SPACED, Form.DATE)
NATURAL = {
    FeatureType.NUMBER: Form.FLOAT,
    FeatureType.BOOLEAN: Form.BOOLEAN,
    FeatureType.CATEGORY: Form.TEXT,
    FeatureType.TEXT: Form.TEXT,
    FeatureType.TIMESTAMP: Form.ZULU,
    FeatureType.EMBEDDING: Form.FLOAT,
}
"""The form that a value has where nobody knows another."""
_TEXTS = frozenset({FeatureType.CATEGORY, FeatureType.TEXT})


def spelled(moment: datetime, form: Form) -> str:
    """A time, UTC without saying so, as text.

    >>> [spelled(datetime(2026, 1, 2), form) for form in (Form.ZULU, Form.MILLIS, Form.DATE)]
    ['2026-01-02T00:00:00Z', '2026-01-02T00:00:00.000Z', '2026-01-02']
    """
    match form:
        case Form.OFFSET:
            return f"{moment.isoformat()}+00:00"
        case Form.LOCAL:
            return moment.isoformat()
        case Form.SPACED:
            return moment.isoformat(" ")
        case Form.DATE:
            return moment.isoformat()[:10]
        case Form.MILLIS:
            return f"{moment.isoformat(timespec='milliseconds')}Z"
    return f"{moment.isoformat()}Z"


def spelling(moment: datetime, text: str) -> Form | None:
    """The form in which a text spells a time; None if in none of ours."""
    return next((form for form in SPELLINGS if spelled(moment, form) == text), None)


def restored(value: Any, kind: FeatureType, form: Form) -> Any:
    """The value as sent, from what a column of a type holds; None stays None.

    >>> restored(1.0, FeatureType.NUMBER, Form.INTEGER), restored("1", FeatureType.TEXT, Form.FLOAT)
    (1, 1.0)
    """
    if value is None:
        return None
    if kind in _TEXTS:
        return _from_text(value, form)
    if kind is FeatureType.TIMESTAMP:
        return _from_moment(value, form)
    if form is Form.INTEGER and (kind is FeatureType.BOOLEAN or float(value).is_integer()):
        return int(value)
    return float(value) if form is Form.FLOAT and kind is FeatureType.BOOLEAN else value


def _from_text(text: str, form: Form) -> object:
    match form:
        case Form.INTEGER:
            return int(text)
        case Form.FLOAT:
            return float(text)
        case Form.BOOLEAN:
            return text == "true"
    return text


def _from_moment(moment: datetime, form: Form) -> object:
    if form not in (Form.INTEGER, Form.FLOAT):
        return spelled(moment, form)
    since = (moment - EPOCH.replace(tzinfo=None)) // MICROSECOND
    return since // 1000 if form is Form.INTEGER else since / 1000


@dataclass(frozen=True, slots=True)
class Sent:
    """How the values of a typed column were sent: all in one form, or each in its own.

    A code is a Form, 0 where the value is null or did not fit.
    """

    kind: FeatureType
    values: pa.Array
    form: Form | None = None
    codes: Codes | None = None

    def usual(self) -> Form | None:
        """The most frequent form; None where the values do not show it yet."""
        if self.form is not None and len(self.values) >= _TELLING:
            return self.form
        shows = self._shows()
        if not shows.any():
            return None
        if self.codes is None:
            return self.form
        counts = np.bincount(self.codes[shows])
        counts[0] = 0
        return Form(int(counts.argmax())) if counts.any() else None

    def odd(self, usual: Form) -> tuple[Ints, Codes]:
        """Rows whose value has another form than the usual one, and which."""
        if self.codes is not None:
            rows = np.flatnonzero(self._shows() & (self.codes != usual) & (self.codes != 0))
            return rows, self.codes[rows]
        if self.form in (None, usual):
            return np.empty(0, np.int64), np.empty(0, np.uint8)
        rows = np.flatnonzero(self._shows())
        return rows, np.full(len(rows), self.form, np.uint8)

    def _shows(self) -> npt.NDArray[np.bool_]:
        """Where values of two forms would be held alike."""
        if self.kind is FeatureType.EMBEDDING:
            return np.zeros(len(self.values), bool)
        if self.kind is not FeatureType.NUMBER:
            return np.asarray(self.values.is_valid().to_numpy(zero_copy_only=False), bool)
        values = pc.fill_null(self.values, np.nan).to_numpy(zero_copy_only=False)
        return np.asarray(np.isfinite(values) & (values == np.floor(values)), bool)


@dataclass(frozen=True, slots=True)
class Cells:
    """Forms that are not the usual ones, of one column: row by row."""

    number: int
    rows: Ints
    codes: Codes


def packed(cells: Sequence[Cells], size: int) -> pa.Array:
    """The cells of each row in one value, null where a row has none: 4 bytes each, number and form.

    >>> held = packed([Cells(7, np.array([1]), np.array([3], np.uint8))], 2)
    >>> held.null_count, unpacked(held[1].as_py())
    (1, {7: <Form.INTEGER: 3>})
    """
    cells = [c for c in cells if len(c.rows)]
    if not cells:
        return pa.nulls(size, pa.large_binary())
    rows = np.concatenate([c.rows for c in cells])
    words = np.concatenate([(c.number << 8 | c.codes.astype(np.int64)) for c in cells])
    order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=size)
    ends = np.concatenate([[0], np.cumsum(counts) * 4]).astype(np.int64)
    valid = np.packbits(counts > 0, bitorder="little")
    data = np.ascontiguousarray(words[order].astype("<u4"))
    buffers = [pa.py_buffer(valid), pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), size, buffers)


def unpacked(held: bytes | None) -> dict[int, Form]:
    """The forms of one row by the number of the column."""
    words = np.frombuffer(held or b"", "<u4").tolist()
    return {word >> 8: Form(word & 255) for word in words}


def of_column(held: pa.Array, number: int) -> tuple[Ints, Codes]:
    """The rows in which one column has a form of its own, and which, from packed cells."""
    rows, words = _words(held)
    chosen = words >> 8 == number
    return rows[chosen], (words[chosen] & 255).astype(np.uint8)


def joined(held: pa.Array, number: int, cells: Sequence[Cells]) -> pa.Array:
    """Packed cells without those of one column, and with others."""
    rows, words = _words(held)
    kept = [
        Cells(int(other), rows[words >> 8 == other], (words[words >> 8 == other] & 255))
        for other in np.unique(words >> 8)
        if other != number
    ]
    return packed([*kept, *cells], len(held))


def _words(held: pa.Array) -> tuple[Ints, Ints]:
    """Every packed cell, and the row that it stands in."""
    held = held.cast(pa.large_binary())
    sizes = pc.fill_null(pc.binary_length(held), 0).to_numpy(zero_copy_only=False) // 4
    words = np.frombuffer(b"".join(pc.drop_null(held).to_pylist()), "<u4").astype(np.int64)
    return np.repeat(np.arange(len(held)), sizes), words
