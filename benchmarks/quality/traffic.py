"""False alarms and power of what is said about traffic, on simulated weeks: run by hand.

PYTHONPATH=. python benchmarks/quality/traffic.py
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import click
import numpy as np

from monitor.core.spec import ModelSpec, Task, WindowSpec
from monitor.core.windows import Traffic, Window
from monitor.detectors import TRAFFIC
from monitor.engine.thresholds import TRAFFIC_SHARE, Place, judge, level

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCALES = ((HOUR, 2000, 1000), (HOUR, 20, 1000), (HOUR, 2, 1000), (DAY, 5000, 400))
"""Length of a window, rows at a middling hour, windows."""
NOISES = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.9), (0.5, 0.5))
"""Deviation of the logarithm beyond chance, and how it depends on the window before."""


def traffic(
    seed: int, every: timedelta, mean: float, size: int, noise: float, kept: float
) -> list[Traffic]:
    """Windows with a day, a weekend, and noise that depends on the window before."""
    rng = np.random.default_rng(seed)
    hours = np.arange(size) * (every / HOUR)
    season = 1.2 * np.sin(2 * np.pi * hours / 24) - 0.7 * (hours // 24 % 7 >= 5)
    off, state = np.zeros(size), 0.0
    for place in range(size):
        state = kept * state + np.sqrt(1 - kept**2) * noise * rng.normal()
        off[place] = state
    counts = rng.poisson(mean * np.exp(season + off))
    lags = rng.lognormal(1.6, 0.5, size)
    return [
        Traffic(Window(START + i * every, START + (i + 1) * every), int(n), float(lag), "1")
        for i, (n, lag) in enumerate(zip(counts, lags, strict=True))
    ]


def alerts(spec: ModelSpec, history: list[Traffic], current: Traffic) -> bool:
    """Whether anything is said of the window."""
    place = Place("m", "1", current.window, current.rows)
    found = [(d.name, m) for d in TRAFFIC for m in d.measure(spec, history, current)]
    limit = level(spec, len(found), share=TRAFFIC_SHARE)
    return any(judge(spec, place, name, m, limit).alert for name, m in found)


def main() -> None:
    """Print one line for each kind of traffic."""
    for (every, mean, size), (noise, kept) in product(SCALES, NOISES):
        spec = ModelSpec(Task.BINARY, window=WindowSpec(every=every))
        counts = np.zeros(6, int)
        for seed in range(4):
            held = traffic(seed, every, mean, size, noise, kept)
            for place in range(21, len(held)):
                before, now = held[max(0, place - 840) : place], held[place]
                counts[:2] += [1, alerts(spec, before, now)]
                if place % 40 == 1:
                    twice = replace(now, rows=2 * now.rows + 1)
                    counts[2:] += [
                        1,
                        alerts(spec, before, replace(now, rows=0)),
                        alerts(spec, before, twice),
                        alerts(spec, before, replace(now, lag=every.total_seconds())),
                    ]
        tests, false, tried, gone, doubled, late = counts
        click.echo(
            f"{every} windows of about {mean} rows, noise {noise}, kept {kept}: "
            f"{false} false alarms of {tests}; seen of {tried}: "
            f"{gone} vanished, {doubled} doubled, {late} late"
        )


if __name__ == "__main__":
    main()
