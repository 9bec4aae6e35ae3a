"""CSV files as parts: names and ids are ours, every other cell stays as it was written."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from monitor.cli.columns import Columns
from monitor.cli.files import CSV, MadeIds, unpacked
from monitor.cli.parts import LONGEST, Part, Record, bodies

_LEFT_OUT = "left out."


def csv_parts(file: Path, columns: Columns, ids: MadeIds) -> Iterator[Part]:
    """The parts of a CSV file with a header."""
    size = max(1, file.stat().st_size)
    with unpacked(file) as (content, raw):
        # surrogateescape: bytes that are no UTF-8 arrive as they are, and the service says so
        text = io.TextIOWrapper(content, "utf-8", "surrogateescape", newline="")
        records = _records(iter(partial(text.readline, LONGEST), ""))
        names, _, _ = next(records, ([], "", 0))
        if not names:
            return
        names[0] = names[0].removeprefix("\ufeff")
        columns.check(names, file.name)
        named = [name or f"{_LEFT_OUT}{i}" for i, name in enumerate(columns.named(names))]
        place = names.index(columns.id) if columns.id in names else None
        head = _line(named if place is not None else ["prediction_id", *named])
        rows = _csv_rows(records, place, ids)
        yield from bodies((Record(r, n, raw.tell() / size) for r, n in rows), CSV, head)


def _csv_rows(
    records: Iterable[tuple[list[str], str, int]], place: int | None, ids: MadeIds
) -> Iterator[tuple[bytes, int]]:
    """Each record with its id; one that has it is as it was written."""
    for number, (cells, text, line) in enumerate(records):
        ended = text if text.endswith(("\n", "\r")) else f"{text}\n"
        if place is None:
            yield _encoded(f"{ids[number]},{ended}"), line
        elif place < len(cells) and not cells[place]:
            cells[place] = ids[number]
            yield _line(cells), line
        else:
            yield _encoded(ended), line


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return _encoded(text.getvalue())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _records(lines: Iterable[str]) -> Iterator[tuple[list[str], str, int]]:
    """Cells, text and first line of each record; a cell may hold line ends."""
    taken: list[str] = []

    def take() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    begin = 1
    for cells in csv.reader(take()):
        if cells:
            yield cells, "".join(taken), begin
        begin += len(taken)
        taken.clear()
