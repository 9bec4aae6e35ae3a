"""Measures how often the detectors of River alarm on errors that do not change, by their setting.

    python benchmarks/detection/run_lengths.py [--events 1000000]

Prints the table that `monitor/detectors/streaming/run_lengths.py` holds. For each setting streams
of 20,000 0/1 errors at rates .1, .2 and .5 run through; only alarms where the level rose count. The
run length is the events between two alarms at the rate where that is least; a setting without 5
alarms is left out. Streams begin anew because some detectors alarm in their beginning only.
"""

import argparse

import numpy as np

from monitor.detectors.streaming.table import RIVER

# ruff: noqa: T201 - a measurement prints

LENGTH = 20_000
BEGINNING = {"ddm": 5_000}
"""DDM alarms in its beginning above all: its streams begin more often."""
RATES = (0.1, 0.2, 0.5)
SETTINGS = {
    "adwin": (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95),
    "page_hinkley": (5.0, 8.0, 12.0, 16.0, 20.0, 25.0, 32.0, 40.0, 50.0, 70.0, 100.0),
    "ddm": (1.8, 2.0, 2.2, 2.4, 2.7, 3.0, 3.3, 3.6),
    "hddm": (0.001, 0.003, 0.01, 0.02, 0.04, 0.08),
}


def run_length(method: str, value: float, events: int) -> tuple[float, int]:
    """Events between two alarms at the worst rate, and how many alarms that rests on."""
    found, length = [], BEGINNING.get(method, LENGTH)
    for rate in RATES:
        rng = np.random.default_rng(int(rate * 10))
        alarms = 0
        for _ in range(max(1, events // length)):
            errors = (rng.random(length) < rate).astype(float)
            alarms += len(RIVER[method].set_to(value).update_many(errors))
        found.append((events / max(1, alarms), alarms))
    return min(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    for method, values in SETTINGS.items():
        rows = [(value, *run_length(method, value, events)) for value in values]
        pairs = [(value, round(length)) for value, length, alarms in rows if alarms >= 5]
        print(f'"{method}": {tuple(pairs)},', flush=True)


if __name__ == "__main__":
    main()
