"""JSON rows whose features are known → columns, many bodies at once.

msgspec reads each row into a struct with a place for each feature, which costs half of what a
dictionary does. A body that does not fit the struct is left to `bodies_json`, which reads anything.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Union

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.core.rows import PARTS, Column, Kind, Rows
from monitor.core.spec import FeatureType
from monitor.service.row_parts import RULED, Faults, lines_of, part, rows_of

MOST = 512
"""Features up to which a struct is faster: it finds a key by looking at its places in order."""
_TYPES: Mapping[FeatureType, Any] = {
    FeatureType.NUMBER: int | float | None,
    FeatureType.EMBEDDING: list[float] | None,
}
_PLAIN = (pa.string(), pa.bool_(), pa.null())
_KEPT: Mapping[FeatureType, tuple[pa.DataType, ...]] = {
    FeatureType.NUMBER: (pa.float64(), pa.int64(), pa.null()),
    FeatureType.EMBEDDING: (pa.list_(pa.float64()), pa.null()),
}
"""What Arrow makes of values without changing any, by the type of the feature; else `_PLAIN`."""
_UNNAMABLE = re.compile(r'["\\\x00-\x1f]')
_UNREADABLE = (pa.ArrowException, TypeError, ValueError, OverflowError)
_FLOATS = {float, type(None)}


class KnownRows:
    """Reads bodies of predictions that hold no feature but those of some types."""

    def __init__(self, types: tuple[tuple[str, FeatureType], ...]) -> None:
        self._types = types
        places = [f"f{i}" for i in range(len(types))]
        features = msgspec.defstruct(
            "Features",
            [
                (place, Union[_TYPES.get(kind, Any), msgspec.UnsetType], msgspec.UNSET)  # noqa: UP007
                for place, (_, kind) in zip(places, types, strict=True)
            ],
            rename=dict(zip(places, (name for name, _ in types), strict=True)),
            forbid_unknown_fields=True,
            gc=False,
        )
        row = msgspec.defstruct(
            "Row",
            [("features", features), *((name, Any, None) for name in PARTS[Kind.PREDICTIONS])],
            gc=False,
        )
        self._places = places
        self._decode = msgspec.json.Decoder(row | list[row]).decode  # type: ignore[valid-type]
        self._decode_line = msgspec.json.Decoder(row).decode

    def rows(self, content: bytes, *, lines: bool = False) -> list[Any] | None:
        """The rows of one body as structs; None if it must be read another way."""
        try:
            if lines:
                return [self._decode_line(line) for line in lines_of(content)]
            read = self._decode(content)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None
        return read if isinstance(read, list) else [read]

    def columns(self, rows: Sequence[Any]) -> Rows | None:
        """The columns of rows, of one body or of many; None if one of them is to be rejected."""
        faults: Faults = {}
        columns: dict[str, Column] = {}
        for name in PARTS[Kind.PREDICTIONS]:
            values = list(map(attrgetter(name), rows))
            if any(value is not None for value in values):
                columns[name] = part(name, values, faults) if name in RULED else _answer(values)
        if faults:
            return None
        features: dict[str, Column] = {}
        absent: dict[str, npt.NDArray[np.bool_]] = {}
        held = list(map(attrgetter("features"), rows))
        for place, (name, kind) in zip(self._places, self._types, strict=True):
            values = list(map(attrgetter(place), held))
            made = _arrow(values, _KEPT.get(kind, _PLAIN))
            if made is not None:
                features[name] = values if _hides_integers(made, values) else made
                continue
            kept, gone = _without(values)
            if not gone.all():
                features[name] = kept
                if gone.any():
                    absent[name] = gone
        return rows_of(len(rows), columns, features, absent, faults)


def can_be_known(names: Iterable[str]) -> bool:
    r"""Whether msgspec takes all of the names for keys; it refuses what JSON would have to escape.

    >>> can_be_known(["age", "größe", ""]), can_be_known(["a\"b"]), can_be_known(["a\x02"])
    (True, False, False)
    """
    return not any(map(_UNNAMABLE.search, names))


@lru_cache(32)
def known_rows(types: tuple[tuple[str, FeatureType], ...]) -> KnownRows:
    """The reader for these features, made once."""
    return KnownRows(types)


def _answer(values: list[Any]) -> Column:
    """What a model answered, as Arrow where no value changes by it: 1, 1.0 and true are three."""
    made = _arrow(values, (*_PLAIN, pa.int64(), pa.float64()))
    if made is None or (made.type == pa.float64() and not set(map(type, values)) <= _FLOATS):
        return values
    return made


def _arrow(values: list[Any], kept: tuple[pa.DataType, ...]) -> pa.Array | None:
    """The values as Arrow has them, None where that would change one."""
    try:
        made = pa.array(values)
    except _UNREADABLE:
        return None
    return made if made.type in kept else None


def _hides_integers(made: pa.Array, values: list[Any]) -> bool:
    """Whether an Arrow column of floats holds what were integers: 1 and 1.0 are two."""
    if made.type != pa.float64():
        return False
    numbers = made.fill_null(np.nan).to_numpy(zero_copy_only=False)
    return bool((numbers == np.floor(numbers)).any()) and int in set(map(type, values))


def _without(values: list[Any]) -> tuple[list[Any], npt.NDArray[np.bool_]]:
    """The values with None for what was not sent, and where that is."""
    gone = np.fromiter((v is msgspec.UNSET for v in values), bool, len(values))
    return [None if v is msgspec.UNSET else v for v in values], gone
