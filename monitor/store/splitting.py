"""Rows of many features, or of ever other ones, in stretches that fit into memory.

Columns hold a cell for each row and each feature that any row has. A few thousand rows that have
no feature in common would need thousands of millions.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate, chain
from typing import Any

from monitor.core.rows import Column, Rows, Scattered
from monitor.store.gathering import Part

CELLS = 8_000_000
"""Cells that are held at once."""


def bounded(
    parts: Iterable[Part], known: Callable[[], Collection[str]], cells: int = CELLS
) -> Iterator[list[Part]]:
    """Parts that go together, in order: never more cells at once, if a row has not more itself.

    What is `known` when a group begins has a column, and so a cell in each row, sent or not.
    """
    group: list[Part] = []
    names, rows = set(known()), 0
    for part in chain.from_iterable(_pieces(part, known(), cells) for part in parts):
        new = part.rows.features.keys() - names
        if group and (len(names) + len(new)) * (rows + part.rows.size) > cells:
            yield group
            group, names, rows = [], set(known()), 0
        names |= part.rows.features.keys()
        rows += part.rows.size
        group.append(part)
    if group:
        yield group


def _pieces(part: Part, known: Collection[str], cells: int) -> Iterator[Part]:
    """The part, or its rows in stretches of which none has too many cells."""
    features = part.rows.features
    if isinstance(features, Scattered):
        for first, last in features.stretches(len(known), cells):
            yield _piece(part, first, last, *features.stretch(first, last))
        return
    width = len(known) + sum(name not in known for name in features)
    step = max(1, cells // max(1, width))
    if part.rows.size <= step:
        yield part
        return
    for first in range(0, part.rows.size, step):
        last = min(first + step, part.rows.size)
        yield _piece(
            part,
            first,
            last,
            {name: _sliced(column, first, last) for name, column in features.items()},
            {name: mask[first:last] for name, mask in part.rows.absent.items()},
        )


def _piece(
    part: Part, first: int, last: int, features: Mapping[str, Column], absent: Mapping[str, Any]
) -> Part:
    """The rows from `first` up to `last`, of whichever bodies they are."""
    rows = part.rows
    ends = list(accumulate(part.sizes))
    held = [
        (index, max(first, end - size), min(last, end), end - size)
        for index, (end, size) in enumerate(zip(ends, part.sizes, strict=True))
        if end > first and end - size < last
    ]
    firsts = part.firsts or [0] * len(part.sizes)
    return Part(
        Rows(
            last - first,
            {name: _sliced(column, first, last) for name, column in rows.columns.items()},
            features,
            absent,
            [replace(r, index=r.index - first) for r in rows.rejected if first <= r.index < last],
        ),
        [index - first for index in part.skipped if first <= index < last],
        [end - begin for _, begin, end, _ in held],
        [part.received_at[index] for index, *_ in held],
        [part.names[index] for index, *_ in held],
        [firsts[index] + begin - start for index, begin, _, start in held],
    )


def _sliced(column: Column, first: int, last: int) -> Column:
    return column[first:last] if isinstance(column, list) else column.slice(first, last - first)
