"""Chunked Arrow columns in one piece, whatever dictionaries they came with."""

from typing import Any

import pyarrow as pa


def whole(column: Any) -> Any:
    """A chunked column in one piece; dictionaries that do not go together are written out."""
    try:
        return column.combine_chunks()
    except pa.ArrowInvalid:
        kind = _written_out(column.type)
        if kind == column.type:
            raise
        return pa.array(column.to_pylist(), kind)


def _written_out(kind: pa.DataType) -> pa.DataType:
    """The type without dictionaries in it."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return pa.struct([f.with_type(_written_out(f.type)) for f in fields])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_written_out(kind.value_type))
    return kind
