"""`watchkeeper demo`: the closed loop on a real stream, from first decay to recovery."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.cli.connection import Connection
from monitor.cli.replay import Replay, Stream, Told, elec2
from monitor.cli.service import own_service

MODEL = "elec2"
WEEK = 7 * 48
WEEKS = 75
"""Of the stream, by default: two minutes on two cores; all of it takes four."""
LEAST_GAIN = 3.0
"""Points of accuracy that the loop must gain over never retraining."""

SPEC: dict[str, Any] = {
    "task": "binary",
    "window": {"every": "7d", "min_rows": 200},
    "labels": {"expected_within": "1d"},
    "alerts": {"false_alarms_per_month": 1},
    "retrain": {
        "policy": "on_performance",
        "cooldown": "21d",
        "min_labels": 1000,
        "promote": "auto",
        "budget": "500ms",
    },
}


@click.command()
@click.option("--stay", is_flag=True, help="Keep the service up until Ctrl-C.")
@click.option(
    "--weeks",
    type=click.IntRange(1),
    default=WEEKS,
    show_default=True,
    help="Stop after so many weeks of the stream, which has 130 to play.",
)
def demo(stay: bool, weeks: int) -> None:
    """Watch a model decay on a real stream, and see it noticed, retrained, and recover.

    Replays the first weeks of Elec2, half-hours of the electricity market of New South Wales (1996
    to 1998), through the client over HTTP. A model trained on the first three weeks answers; its
    actuals come a day late. Exits 1 if the loop does not gain 3 points of accuracy over never
    retraining.

    Example: watchkeeper demo --stay
    """
    console = Console(highlight=False)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-demo-") as directory:
        console.print("starting a service on a free port ...")
        with own_service(Path(directory)) as url:
            console.print(f"service {url}  (status page /, API /docs, metrics /metrics)")
            replay = _prepared(url, elec2(), weeks, Path(directory) / "spool")
            _play(replay, console)
            gain = _summary(replay, console, time.monotonic() - began)
            if stay:
                _wait(console, url)
    if weeks >= WEEKS and gain < LEAST_GAIN:
        raise click.exceptions.Exit(1)


def _prepared(url: str, stream: Stream, weeks: int, spool: Path) -> Replay:
    """A registered model with a reference, and a replay that starts after it."""
    import watchkeeper  # noqa: PLC0415  the client, as a user's program imports it

    connection = Connection(url, None)
    own = deployed(stream, 3 * WEEK)
    first = 4 * WEEK
    last = min(stream.rows, first + weeks * WEEK)
    connection.ask("PUT", f"/v1/models/{MODEL}", json=SPEC)
    connection.ask(
        "PUT",
        f"/v1/models/{MODEL}/reference",
        json=[_reference_row(stream, own, i) for i in range(first)],
    )
    client = watchkeeper.Client(url, model=MODEL, spool_dir=spool)
    return Replay(connection, client, MODEL, stream, own, first, last)


def deployed(stream: Stream, rows: int) -> npt.NDArray[np.float64]:
    """Scores of the model that its owner deployed, trained on the first rows and never again."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  costs a second
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(stream.features[:rows], stream.actual[:rows])
    scores: npt.NDArray[np.float64] = model.predict_proba(stream.features)[:, 1]
    return scores


def _reference_row(stream: Stream, own: npt.NDArray[np.float64], i: int) -> dict[str, object]:
    """A row of the first four weeks; answers only in the fourth, which was not learned from."""
    row: dict[str, object] = {
        "prediction_id": stream.id(i),
        "timestamp": stream.moment(i).isoformat(),
        "features": stream.row(i),
        "actual": int(stream.actual[i]),
    }
    if i >= 3 * WEEK:
        row |= {"version": "1", "prediction": int(own[i] >= 0.5), "score": float(own[i])}
    return row


def _play(replay: Replay, console: Console) -> None:
    total = replay.last - replay.first
    with _bar(console, total) as advance:
        for told in replay.play(advance):
            console.print(line(told), soft_wrap=True)
    replay.client.close()


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Any]:
    """A progress bar on a terminal; nothing elsewhere, where every line is progress enough."""
    columns = (TextColumn("{task.completed} of {task.total} rows"), BarColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("replay", total=total)
        yield lambda rows: bar.advance(task, rows)


_COLOURS = {"noticed": "yellow", "promoted": "green", "resolved": "green", "failed": "red"}


def line(told: Told) -> str:
    """One line of the story."""
    colour = _COLOURS.get(told.kind, "cyan" if told.kind == "retrain" else "dim")
    text = told.text.replace("[", r"\[")
    return f"{told.at:%Y-%m-%d}  [{colour}]{told.kind:<9}[/] {text}"


def _summary(replay: Replay, console: Console, seconds: float) -> float:
    """Tell how it ended; the answer is the gain in points."""
    span = slice(replay.first, replay.last)
    actual = replay.stream.actual
    with_loop = 100 * float(np.mean(replay.right))
    never = 100 * float(np.mean((replay.own[span] >= 0.5) == actual[span]))
    same = 100 * float(np.mean(actual[replay.first - 1 : replay.last - 1] == actual[span]))
    states = [run["status"] for run in replay.runs]
    gain = with_loop - never
    console.print()
    console.print(f"rows replayed                       {len(replay.right):>8,}")
    console.print(f"runs (promoted, kept back, failed)  {len(states):>8}  ({_counted(states)})")
    console.print(f"accuracy, never retrained           {never:>8.2f} %")
    console.print(f"accuracy, with the loop             {with_loop:>8.2f} %")
    console.print(f"gained by the loop                  {gain:>+8.2f} points")
    console.print(f"time                                {seconds:>8.0f} s")
    console.print(
        f"\nFor comparison: answering what came half an hour before is right in {same:.1f} %. "
        "It needs the actual at once;\nhere actuals come a day late, as they do in most places."
    )
    return gain


def _counted(states: list[str]) -> str:
    return ", ".join(str(states.count(s)) for s in ("succeeded", "rejected", "failed"))


def _wait(console: Console, url: str) -> None:
    console.print(f"\nthe service stays at {url} until Ctrl-C")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("stopping")
