"""`watchkeeper model`: registers models, shows them, gives them a reference."""

import json
from pathlib import Path
from typing import Any

import click

from monitor.cli.connection import Connection, connected
from monitor.cli.files import encoding, media_type
from monitor.cli.period import rows_of
from monitor.core.spec import Task

_LIMIT = 4 << 30
"""Bytes of a file from which a spec is inferred."""


@click.group()
def model() -> None:
    """Register models and look at them.

    Example: watchkeeper model put loans spec.json
    """


@model.command("put")
@click.argument("name")
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@connected
def put(name: str, spec: Path, url: str, api_key: str | None) -> None:
    """Register or update model NAME with the JSON file SPEC.

    Example: watchkeeper model put loans spec.json
    """
    try:
        document = json.loads(spec.read_text(), parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise click.UsageError(f"{spec} is no JSON: {problem}") from problem
    answer = Connection(url, api_key).ask("PUT", f"/v1/models/{name}", json=document)
    click.echo(json.dumps(answer, indent=2))


def _no_number(word: str) -> float:
    raise ValueError(f"it holds {word}, which is no number of JSON")


@model.command("show")
@click.argument("name")
@connected
def show(name: str, url: str, api_key: str | None) -> None:
    """Show what holds for model NAME, with everything inferred and every default.

    Example: watchkeeper model show loans
    """
    click.echo(json.dumps(Connection(url, api_key).ask("GET", f"/v1/models/{name}"), indent=2))


@model.command("list")
@connected
def list_models(url: str, api_key: str | None) -> None:
    """List the registered models.

    Example: watchkeeper model list
    """
    for item in Connection(url, api_key).ask("GET", "/v1/models")["items"]:
        click.echo(item["model"])


@model.command("reference")
@click.argument("name")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--from", "start", help="Take rows from this event time on, in place of a FILE.")
@click.option("--to", "end", help="Take rows before this event time, in place of a FILE.")
@connected
def reference(
    name: str,
    file: Path | None,
    start: str | None,
    end: str | None,
    url: str,
    api_key: str | None,
) -> None:
    """Say what is normal for model NAME: rows of FILE, or those of a period that were sent before.

    FILE may be Parquet, CSV, NDJSON, JSON or Arrow.

    Example: watchkeeper model reference loans reference.parquet
    """
    if (file is None) == (start is None and end is None):
        raise click.UsageError("name either a file, or a period by --from and --to")
    with Connection(url, api_key) as service:
        sent: dict[str, Any]
        if file is None:
            sent = {"json": rows_of(service, name, start, end)}
        else:
            kinds = {"Content-Type": media_type(file), "Content-Encoding": encoding(file)}
            sent = {"content": file.read_bytes(), "headers": kinds}
        done = service.ask("PUT", f"/v1/models/{name}/reference", **sent)
    click.echo(f"{done['accepted']} rows, {len(done['rejected'])} rejected")


@model.command("infer")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--task", type=click.Choice([str(t) for t in Task]), default="binary", show_default=True
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
def infer(file: Path, task: str, output: Path | None) -> None:
    """Write the spec that the rows of FILE show: types, ranges, categories. Needs no service.

    It is what a service would infer from FILE as reference: edit it, then `model put` it.

    Example: watchkeeper model infer january.parquet -o spec.json
    """
    from monitor.cli.inferring import inferred  # noqa: PLC0415  a store: the others need none

    spec, rows = inferred(file, Task(task), _LIMIT)
    text = json.dumps(spec, indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n")
        click.echo(f"{rows} rows, {len(spec['features'])} features: {output}")
