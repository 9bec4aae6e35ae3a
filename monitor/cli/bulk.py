"""Sends files part by part, shows how far it is, and says how to go on where it stopped."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.cli.columns import Columns
from monitor.cli.connection import BusyError, Connection, ServiceError, UnreachableError
from monitor.cli.files import ARROW
from monitor.cli.parts import Part
from monitor.cli.reading import parts
from monitor.core.errors import BodyError

SHOWN = 10
"""Rejected rows that are shown one by one."""
_PLAIN_SECONDS = 5.0
_AWAY_SECONDS = 30.0
_LONGEST_WAIT = 60.0


class Shown(Protocol):
    """Shows how far it is."""

    def say(self, line: str) -> None:
        """A line that stays."""

    def tell(self, file: Path, rows: int, done: float) -> None:
        """So many rows of a file were sent, and so much of it was read (0 to 1)."""


class Bar:
    """A bar for each file, on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[Path, Any] = {}

    def say(self, line: str) -> None:
        """A line above the bars."""
        self._progress.console.print(line, markup=False, highlight=False)

    def tell(self, file: Path, rows: int, done: float) -> None:
        """Move the bar of a file."""
        if file not in self._tasks:
            self._tasks[file] = self._progress.add_task(file.name, total=1.0, rows=0)
        self._progress.update(self._tasks[file], completed=done, rows=rows)


@dataclass(slots=True)
class Lines:
    """A line every few seconds, elsewhere."""

    at: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        """A line on stderr."""
        click.echo(line, err=True)

    def tell(self, file: Path, rows: int, done: float) -> None:
        """A line, unless there was one a moment ago."""
        if time.monotonic() - self.at >= _PLAIN_SECONDS:
            self.at = time.monotonic()
            share = f", {done:.0%}" if done else ""
            self.say(f"{file.name}: {rows} rows{share}")


@dataclass(slots=True)
class Count:
    """What became of the rows."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All that the service has answered for."""
        return self.accepted + self.duplicates + self.rejected


def send(connection: Connection, route: str, files: Sequence[Path], columns: Columns) -> Count:
    """Send files; the answer is what became of their rows.

    Raises ServiceError, BodyError, each with a line on how to go on where something was sent.
    """
    count = Count()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        disable=not sys.stderr.isatty(),
    )
    with bar as progress:
        shown: Shown = Lines() if progress.disable else Bar(progress)
        for file in files:
            try:
                _send_file(connection, route, file, columns, count, shown)
            except (ServiceError, BodyError) as problem:
                raise type(problem)(f"{problem}{_go_on(count)}") from problem
            except KeyboardInterrupt:
                shown.say(f"stopped in {file.name}{_go_on(count)}")
                raise click.exceptions.Exit(130) from None
    return count


def _go_on(count: Count) -> str:
    if not count.rows:
        return ""
    return (
        f" ({count.rows} rows were sent; run the same command again to go on: "
        "rows that are stored already are counted and change nothing)"
    )


def _send_file(
    connection: Connection,
    route: str,
    file: Path,
    columns: Columns,
    count: Count,
    shown: Shown,
) -> None:
    before = count.rows
    for part in parts(file, columns):
        done = _deliver(connection, route, part, count.rows > 0, shown)
        count.accepted += done["accepted"]
        count.duplicates += done["duplicates"]
        for row in done["rejected"]:
            _reject(file, part, row, count, shown)
        shown.tell(file, count.rows - before, part.done)
    shown.tell(file, count.rows - before, 1.0)


def _reject(file: Path, part: Part, row: Any, count: Count, shown: Shown) -> None:
    count.rejected += 1
    reason = str(row["error"]).partition(":")[0]
    count.reasons[reason] = count.reasons.get(reason, 0) + 1
    if count.rejected <= SHOWN:
        index = row["index"]
        place = part.places[index] if index < len(part.places) else index
        where = f" row {place}" if part.media_type == ARROW else f":{place}"
        shown.say(f"{file.name}{where}: {row['error']}")
        if count.rejected == SHOWN:
            shown.say("further rejected rows are counted only")


def _deliver(connection: Connection, route: str, part: Part, is_known: bool, shown: Shown) -> Any:
    """The answer for a part; waits while the service is full, and for a while where it is away."""
    deadline = time.monotonic() + (_AWAY_SECONDS if is_known else 0)
    told = False
    while True:
        try:
            headers = {"Content-Type": part.media_type}
            return connection.ask("POST", route, content=part.content, headers=headers)
        except BusyError as problem:
            wait, said = min(problem.retry_after, _LONGEST_WAIT), "the service is full"
        except UnreachableError:
            if time.monotonic() >= deadline:
                raise
            wait, said = 1.0, "the service is away"
        if not told:
            shown.say(f"{said}; waiting")
            told = True
        time.sleep(wait)
