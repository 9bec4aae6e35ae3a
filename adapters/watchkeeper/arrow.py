"""Writes frames as Arrow bodies, and cuts bodies of either format in two.

Needs pyarrow, and does without where the program has none: then JSON has to do.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from watchkeeper.frames import FrameError, Names, parts_of, titles_of
from watchkeeper.wire import ARROW, BATCH_BYTES, Request, known, text

FROM_ROWS = 20
"""An Arrow body has a fixed cost of some 100 µs and 3 KB: below this JSON is cheaper."""
PART_ROWS = 10_000
PART_BYTES = BATCH_BYTES * 3 // 4
"""The columns of a part; with what Arrow puts around them a body stays below a mebibyte, which is
what a proxy in front of the service may take at most."""


def arrow_requests(
    frame: Any, names: Names, row_ids: Sequence[str], now: int, version: str | None
) -> list[Request] | None:
    """The frame as Arrow bodies; None where it is small, or Arrow is absent or cannot hold it."""
    columnar = isinstance(frame, Mapping) or hasattr(frame, "__arrow_c_stream__")
    if len(row_ids) < FROM_ROWS or not columnar:
        return None
    try:
        import pyarrow as pa  # noqa: PLC0415 - only where the program has it
    except ImportError:
        return None
    try:
        table = _arrow_rows(pa, frame, names, row_ids, (now, version))
    except (pa.ArrowException, FrameError, TypeError, OverflowError):
        return None  # such as a column of mixed types: JSON keeps each value, or says what is wrong
    return [_arrow_request(pa, part) for part in _slices(table)]


def _arrow_rows(
    pa: Any, frame: Any, names: Names, row_ids: Sequence[str], constants: tuple[int, str | None]
) -> Any:
    """The table with the columns of the contract: the parts, and `features.NAME`."""
    now, version = constants
    held = _arrow_columns(pa, frame)
    rows = {
        "prediction_id": pa.array(row_ids, pa.string()),
        "timestamp": _times(pa, held.get(names.timestamp), len(row_ids), now),
    }
    if version is not None:
        rows["version"] = pa.array([version] * len(row_ids), pa.string())
    for part in ("prediction", "score"):
        if names.parts[part] in held:
            rows[part] = _usual(pa, held[names.parts[part]])
    features = {f"features.{name}": held[name] for name in names.chosen(list(held))}
    return pa.table(rows | {name: _usual(pa, column) for name, column in features.items()})


def _arrow_columns(pa: Any, frame: Any) -> dict[str, Any]:
    """Arrow columns by name. Raises FrameError if two have one name."""
    titles = titles_of(frame)
    if len(set(titles)) < len(titles):
        raise FrameError("two columns have one name")
    if isinstance(frame, Mapping) or hasattr(frame, "iloc"):
        # One by one: pandas' own way would bring the index along, and stumble over names.
        columns = [pa.array(_shallow(column)) for column in parts_of(frame)]
    else:
        columns = pa.table(frame).columns
    return {name: _plain(pa, column) for name, column in zip(titles, columns, strict=True)}


def _shallow(column: Any) -> Any:
    """The column, if its values are single ones, or lists of such. Raises TypeError otherwise.

    Arrow follows what is nested without end, and takes the whole program along when its stack is
    used up: it must not see a list that holds itself, or lists some thousand deep.
    """
    typed = hasattr(column, "to_pylist") or str(getattr(column, "dtype", "object")) != "object"
    for kind in () if typed else set(map(type, column)):
        if kind in (list, tuple):
            inner = {type(part) for value in column if type(value) is kind for part in value}
            if not any(map(_is_container, inner)):
                continue
        elif not _is_container(kind) or (kind.__name__ == "ndarray" and _is_flat(column)):
            continue
        raise TypeError(f"a column of {kind.__name__} goes as JSON")
    return column


def _is_container(kind: type) -> bool:
    return hasattr(kind, "__len__") and not issubclass(kind, (str, bytes))


def _is_flat(column: Any) -> bool:
    """Whether the arrays in a column hold numbers and not objects."""
    return all(value.dtype.kind != "O" for value in column if hasattr(value, "dtype"))


def _times(pa: Any, column: Any, size: int, now: int) -> Any:
    if column is None:
        return pa.array([now] * size, pa.int64())
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        zone = getattr(column.type, "tz", None)
        utc = pa.timestamp("us", "UTC")
        column = column.cast(utc if zone else pa.timestamp("us"), safe=False).cast(utc)
        return column.fill_null(pa.scalar(now * 1000, pa.int64()).cast(utc))
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column  # the server reads the text, and takes a missing one for its arrival
    return column.fill_null(pa.scalar(now, pa.int64()).cast(column.type, safe=False))


def _plain(pa: Any, column: Any) -> Any:
    """Without the encodings that not every reader of Arrow knows: dictionaries and views."""
    if pa.types.is_dictionary(column.type):
        if pa.types.is_string_view(column.type.value_type):  # polars; Arrow cannot unpack it
            return pa.array(column.to_pylist(), pa.large_string())
        column = column.cast(column.type.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    return column


def _usual(pa: Any, column: Any) -> Any:
    """The column if JSON has its values too, else these spelt as JSON spells them.

    So a span of time, a decimal or a day reads alike in large frames and in small ones. Raises
    TypeError for what is nested, or of a type that its library made up.
    """
    kind, types = column.type, pa.types
    held = kind.value_type if types.is_list(kind) or types.is_large_list(kind) else kind
    if types.is_nested(held) or isinstance(kind, pa.BaseExtensionType):
        raise TypeError(f"a column of {kind} goes as JSON")
    looks = (types.is_integer, types.is_floating, types.is_boolean, types.is_string)
    also = (types.is_large_string, types.is_null, types.is_timestamp)
    if any(look(held) for look in looks + also):
        return column
    return pa.array([None if v is None else known(v) for v in column.to_pylist()])


def _slices(table: Any) -> Iterator[Any]:
    size = max(1, table.nbytes // max(1, table.num_rows))
    step = max(1, min(PART_ROWS, PART_BYTES // size))
    for start in range(0, table.num_rows, step):
        yield table.slice(start, step)


def _arrow_request(pa: Any, table: Any) -> Request:
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return Request("predictions", stream.getvalue(), table.num_rows, ARROW)


def halves(request: Request) -> list[Request]:
    """The request as two, to find the row that spoils it; nothing if it cannot be cut."""
    if request.rows < 2:
        return []
    try:
        return _arrow_halves(request) if request.media_type == ARROW else _json_halves(request)
    except (ImportError, ValueError, OSError):  # no pyarrow here, or a body that nobody can read
        return []


def _json_halves(request: Request) -> list[Request]:
    rows = json.loads(request.body)
    middle = len(rows) // 2
    return [Request(request.kind, text(part), len(part)) for part in (rows[:middle], rows[middle:])]


def _arrow_halves(request: Request) -> list[Request]:
    import pyarrow as pa  # noqa: PLC0415 - as above; the body may have been spooled elsewhere

    table = pa.ipc.open_stream(request.body).read_all()
    middle = table.num_rows // 2
    return [_arrow_request(pa, part) for part in (table.slice(0, middle), table.slice(middle))]
