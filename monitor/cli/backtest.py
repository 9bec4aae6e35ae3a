"""`watchkeeper backtest`: tries a spec on history or on a file: what would have alerted."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from monitor.cli.bulk import send
from monitor.cli.columns import Columns
from monitor.cli.connection import Connection, connected
from monitor.cli.files import encoding, media_type
from monitor.cli.service import own_service
from monitor.core.rows import Kind

CURRENT = "current"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FAULT = re.compile(
    r"(?P<kind>[a-z_]+):((?P<feature>.+):)?(?P<size>[-+\d.eE]+)(@(?P<from>[^@/]*)(/(?P<to>[^@/]*))?)?"
)
_SPEC = "JSON file with the spec to try; default: what holds now."
_AGAINST = "A second spec to try beside it: a JSON file, or `current` for what holds now."
_FAULTS = (
    "A fault to put in, KIND:FEATURE:SIZE or wrong:SIZE, and since when if not throughout: "
    "shift:age:0.5@2026-03-20T00:00:00Z/2026-03-25T00:00:00Z. Repeat it for more."
)
_ROWS = "Try it on this file of predictions in place of a service's history; needs --spec."
_REFERENCE = "With --file: the rows that are normal."
_ACTUALS = "With --file: a file of actuals; may be the same one."


@click.command()
@click.argument("model", default="backtest")
@click.option("--spec", type=_FILE, help=_SPEC)
@click.option("--against", help=_AGAINST)
@click.option("--from", "start", help="First event time, RFC 3339; default: the first row.")
@click.option("--to", "end", help="Event time to stop before; default: after the last row.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help=_FAULTS)
@click.option("--file", "rows", type=_FILE, help=_ROWS)
@click.option("--reference", type=_FILE, help=_REFERENCE)
@click.option("--actuals", type=_FILE, help=_ACTUALS)
@click.option("--at-most", type=float, help="Exit 1 if there are more alarms a month than this.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the API.")
@connected
def backtest(
    model: str,
    spec: Path | None,
    against: str | None,
    start: str | None,
    end: str | None,
    faults: tuple[str, ...],
    rows: Path | None,
    reference: Path | None,
    actuals: Path | None,
    at_most: float | None,
    as_json: bool,
    url: str,
    api_key: str | None,
) -> None:
    """Try a spec on the history of MODEL; nothing is stored.

    Says how many alarms a month it would have given, which detectors raised them, what that costs,
    and of faults that are put in, which are seen and how soon. Kinds of faults: missing, shift,
    scale, stuck, new_value, text, wrong. Exits 1 if a fault is not seen.

    Example: watchkeeper backtest loans --spec stricter.json --against current --fault shift:age:0.5
    """
    if rows is None and (reference or actuals):
        raise click.UsageError("--reference and --actuals belong to --file")
    if rows is not None and spec is None:
        raise click.UsageError("--file needs --spec")
    question: dict[str, Any] = {
        "from": start,
        "to": end,
        "spec": None if spec is None else _document(spec),
        "against": against if against in {None, CURRENT} else _document(Path(str(against))),
        "faults": [_fault(text) for text in faults],
    }
    with _connection(url, api_key, model, question, rows, reference, actuals) as connection:
        answer = connection.ask("POST", f"/v1/models/{model}/backtest", json=question)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        _show(answer)
    missed = any(not fault["seen"] for fault in answer["spec"]["faults"])
    many = at_most is not None and (answer["spec"]["alarms_per_month"] or 0) > at_most
    if missed or many:
        raise click.exceptions.Exit(1)


def _document(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except OSError as problem:
        raise click.UsageError(f"cannot read {file}: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:
        raise click.UsageError(f"{file} is no JSON: {problem}") from problem


def _fault(text: str) -> dict[str, Any]:
    found = _FAULT.fullmatch(text)
    try:
        return found.groupdict() | {"size": float(found["size"])}  # type: ignore[index, union-attr]
    except (TypeError, AttributeError, ValueError):
        said = f"--fault {text!r}: write KIND:FEATURE:SIZE, say shift:age:0.5"
        raise click.UsageError(said) from None


@contextmanager
def _connection(
    url: str,
    api_key: str | None,
    model: str,
    question: dict[str, Any],
    rows: Path | None,
    reference: Path | None,
    actuals: Path | None,
) -> Iterator[Connection]:
    """The service to ask; for a file one of our own that is gone afterwards."""
    if rows is None:
        with Connection(url, api_key) as connection:
            yield connection
        return
    with (
        tempfile.TemporaryDirectory(prefix="watchkeeper-backtest-") as directory,
        own_service(Path(directory)) as address,
        Connection(address, None) as connection,
    ):
        place = f"/v1/models/{model}"
        connection.ask("PUT", place, json=question["spec"])
        if reference is not None:
            connection.ask(
                "PUT",
                f"{place}/reference",
                content=reference.read_bytes(),
                headers={
                    "Content-Type": media_type(reference),
                    "Content-Encoding": encoding(reference),
                },
            )
        send(connection, f"{place}/predictions", [rows], Columns(Kind.PREDICTIONS, {}, ()))
        if actuals is not None:
            send(connection, f"{place}/actuals", [actuals], Columns(Kind.ACTUALS, {}))
        yield connection


def _show(answer: dict[str, Any]) -> None:
    trials = [answer["spec"], *([answer["against"]] if answer["against"] else [])]
    console = Console(highlight=False)
    table = Table("", "spec", *(["against"] if len(trials) > 1 else []))
    for name, key in _LINES:
        table.add_row(name, *(_said(trial[key]) for trial in trials))
    table.add_section()
    for detector in dict.fromkeys(d["detector"] for t in trials for d in t["detectors"]):
        table.add_row(detector, *(_tally(trial, detector) for trial in trials))
    console.print(table)
    for fault in answer["spec"]["faults"]:
        click.echo(_sentence(fault))
    for title in answer["spec"]["titles"]:
        click.echo(f"incident: {title}")


_LINES = (
    ("windows", "windows"),
    ("rows", "rows"),
    ("findings that alert", "alerts"),
    ("windows that alert", "alarms"),
    ("alarms a month", "alarms_per_month"),
    ("incidents a month", "incidents_per_month"),
    ("budget a month", "budget_per_month"),
    ("CPU seconds", "cpu_seconds"),
)


def _said(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def _tally(trial: dict[str, Any], detector: str) -> str:
    for tally in trial["detectors"]:
        if tally["detector"] == detector:
            failed = f", failed {tally['failures']} times" if tally["failures"] else ""
            return (
                f"{tally['alerts']} of {tally['findings']} alert{failed}, {tally['seconds']:.2f} s"
            )
    return "-"


def _sentence(fault: dict[str, Any]) -> str:
    what = f"{fault['kind']} of {fault['size']:g}"
    if fault["feature"]:
        what += f" in {fault['feature']}"
    if not fault["seen"]:
        return f"{what}: not seen"
    return (
        f"{what}: seen in window {fault['windows']}, after {fault['delay_seconds'] / 3600:.3g} h, "
        f"by {', '.join(fault['detectors'])}"
    )
