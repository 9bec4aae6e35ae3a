"""`watchkeeper check`: runs the detectors now and says what they find."""

import json

import click
from rich.console import Console
from rich.table import Table

from monitor.cli.connection import Connection, connected


@click.command()
@click.argument("model")
@click.option("--from", "start", help="First event time, RFC 3339; default: the first row.")
@click.option("--to", "end", help="Event time to stop before; default: after the last row.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--all", "everything", is_flag=True, help="Show findings that are no alert too.")
@connected
def check(
    model: str,
    start: str | None,
    end: str | None,
    as_json: bool,
    everything: bool,
    url: str,
    api_key: str | None,
) -> None:
    """Check every window of MODEL that starts in a span. Exits 1 if there is an alert.

    Example: watchkeeper check loans --from 2026-11-01T00:00:00Z
    """
    span = {name: value for name, value in (("from", start), ("to", end)) if value}
    found = Connection(url, api_key).ask("POST", f"/v1/models/{model}/check", json=span)["items"]
    alerts = [item for item in found if item["alert"]]
    if as_json:
        click.echo(json.dumps(found if everything else alerts, indent=2))
    else:
        _show(found if everything else alerts)
        click.echo(f"{len(alerts)} alerts in {len(found)} findings")
    if alerts:
        raise click.exceptions.Exit(1)


def _show(findings: list[dict[str, object]]) -> None:
    table = Table("window", "detector", "severity", "message")
    for item in findings:
        window = item["window"]
        start = window["start"] if isinstance(window, dict) else ""
        table.add_row(
            str(start), str(item["detector"]), str(item["severity"]), str(item["message"])
        )
    if findings:
        Console().print(table)
