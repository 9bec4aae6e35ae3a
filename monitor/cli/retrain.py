"""`watchkeeper retrain` and `rollback`: a new model, or the one before."""

import time

import click

from monitor.cli.connection import Connection, connected

OVER = frozenset({"succeeded", "rejected", "failed", "on_trial"})
_POLL_SECONDS = 0.5


@click.command()
@click.argument("model")
@click.option("--reason", default="asked for by hand", show_default=True, help="Kept in the run.")
@click.option("--no-wait", is_flag=True, help="Only start the run and print its id.")
@connected
def retrain(model: str, reason: str, no_wait: bool, url: str, api_key: str | None) -> None:
    """Train a new version of MODEL. Exits 1 if the run failed or the gate kept it back.

    A run that is on_trial is decided by the actuals to come; that is no failure.

    Example: watchkeeper retrain loans --reason "new product line"
    """
    connection = Connection(url, api_key)
    run = connection.ask("POST", f"/v1/models/{model}/retrain", json={"reason": reason})
    click.echo(f"run {run['id']}")
    shown = 0
    while not no_wait and run["status"] not in OVER:
        time.sleep(_POLL_SECONDS)
        run = connection.ask("GET", f"/v1/models/{model}/runs/{run['id']}")
        over = [s for s in run["stages"] if s["status"] not in {"queued", "running"}]
        for stage in over[shown:]:
            click.echo(f"  {stage['name']}: {stage['status']} in {stage['seconds']:.1f} s")
        shown = max(shown, len(over))
    if no_wait:
        return
    for line in outcome(run):
        click.echo(line)
    if run["status"] not in {"succeeded", "on_trial"}:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("model")
@connected
def rollback(model: str, url: str, api_key: str | None) -> None:
    """Make the champion before this one answer for MODEL again.

    Example: watchkeeper rollback loans
    """
    done = Connection(url, api_key).ask("POST", f"/v1/models/{model}/rollback")
    click.echo(f"version {done['version']} answers for {model} now")


def outcome(run: dict[str, object]) -> list[str]:
    """What became of a run, line by line."""
    lines = [f"{run['status']}" + (f": {run['error']}" if run.get("error") else "")]
    verdict = run.get("verdict")
    if isinstance(verdict, dict):
        for reason in verdict["reasons"]:
            mark = "passed" if reason["passed"] else "FAILED"
            lines.append(f"  {mark}  {reason['check']}: {reason['detail']}")
    if run.get("version"):
        lines.append(f"version {run['version']}")
    return lines
