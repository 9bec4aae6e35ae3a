"""`watchkeeper report`: writes a page about a span that one can keep or send."""

from pathlib import Path

import click

from monitor.cli.connection import Connection, connected


@click.command()
@click.argument("model")
@click.option("--from", "start", help="First event time, RFC 3339; default: the first row.")
@click.option("--to", "end", help="Event time to stop before; default: after the last row.")
@click.option(
    "-o",
    "--output",
    default="report.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.",
)
@click.option("--check", "anew", is_flag=True, help="Check every window of the span first.")
@connected
def report(
    model: str,
    start: str | None,
    end: str | None,
    output: Path,
    anew: bool,
    url: str,
    api_key: str | None,
) -> None:
    """Write one self-contained HTML page about MODEL: what drifted, how it looks, when it began.

    Where no window of the span has been checked yet, all are checked first.

    Example: watchkeeper report loans --from 2026-11-01T00:00:00Z -o report.html
    """
    span = {name: value for name, value in (("from", start), ("to", end)) if value}
    place = f"/v1/models/{model}"
    with Connection(url, api_key) as service:
        if (
            anew
            or not service.ask("GET", f"{place}/findings", params={**span, "limit": 1})["items"]
        ):
            service.ask("POST", f"{place}/check", json=span)
        page = service.text(f"{place}/report", params=span)
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise click.ClickException(f"cannot write {output}: {problem.strerror}") from problem
    click.echo(f"wrote {output}")
