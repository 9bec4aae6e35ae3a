"""The command line: starts the service, or talks to it over HTTP."""

import os
import sys
from collections.abc import Callable, Mapping

import click

from monitor.cli.backtest import backtest
from monitor.cli.backup import backup, restore
from monitor.cli.check import check
from monitor.cli.dashboards import dashboards
from monitor.cli.data import actuals, log
from monitor.cli.demo import demo
from monitor.cli.key import key
from monitor.cli.model import model
from monitor.cli.repair import repair
from monitor.cli.report import report
from monitor.cli.retrain import retrain, rollback
from monitor.cli.serve import serve
from monitor.cli.serve_model import serve_model
from monitor.core.errors import WatchkeeperError

COMMANDS: tuple[click.Command, ...] = (
    serve,
    serve_model,
    demo,
    model,
    log,
    actuals,
    check,
    backtest,
    report,
    retrain,
    rollback,
    dashboards,
    key,
    backup,
    restore,
    repair,
)


THREADS: Mapping[str, str] = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""What numerical libraries read once, when they load: rows come in beside what they compute, and
threads that spin while they wait for each other took twenty times as long on a busy machine."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="watchkeeper-server", prog_name="watchkeeper")
def watchkeeper() -> None:
    """Watches deployed models, says what went wrong, and trains the better one.

    Example: watchkeeper serve --data-dir ./watchkeeper-data

    Commands that talk to a service take its address from --url or WATCHKEEPER_URL and its key from
    --api-key or WATCHKEEPER_API_KEY.
    """


for command in COMMANDS:
    watchkeeper.add_command(command)


def main() -> None:
    """Run the command line: 0 is success, 1 an error or a failed check, 2 wrong usage."""
    sys.exit(run(watchkeeper.main))


def run(command: Callable[..., object]) -> int:
    """The exit code of a command; an error of ours is one line on stderr."""
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    try:
        code = command(standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        return 1
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except WatchkeeperError as problem:
        click.echo(f"watchkeeper: {problem}", err=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return code if isinstance(code, int) else 0
