"""`watchkeeper dashboards`: writes what Prometheus and Grafana are given."""

from pathlib import Path

import click

from monitor.core.errors import DataDirectoryError


@click.group()
def dashboards() -> None:
    """Rules for Prometheus, boards and provisioning for Grafana.

    Example: watchkeeper dashboards build --out ./dashboards
    """


@dashboards.command("build")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dashboards"),
    show_default=True,
    help="Folder to write to; files of the same name are replaced.",
)
@click.option("--runbooks", help="Address of docs/runbooks.md, for the links of the alerts.")
@click.option("--prometheus", help="Address of Prometheus, as Grafana sees it.")
def build(out: Path, runbooks: str | None, prometheus: str | None) -> None:
    """Write every file, made of the tables in the code.

    Example: watchkeeper dashboards build --out ./dashboards --prometheus http://localhost:9090
    """
    from monitor.dashboards.files import files  # noqa: PLC0415  --help need not wait for it

    given = {"runbooks": runbooks, "prometheus": prometheus}
    for place, content in files(**{k: v for k, v in given.items() if v is not None}).items():
        file = out / place
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        except OSError as problem:
            raise DataDirectoryError(f"cannot write {file}: {problem.strerror}") from problem
        click.echo(str(file))
