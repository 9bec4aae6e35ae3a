"""What the detectors say of the library of faults, and of clean batches: run by hand.

PYTHONPATH=.:adapters:tests python benchmarks/quality/library.py [clean batches, 200]
"""

import sys
from collections import Counter
from time import perf_counter

import click
import numpy as np
from faults import library
from feed import Watch, clean

REFERENCE, BATCH = 20_000, 2_000


def main(batches: int) -> None:
    """Print each fault with what was said, then how often clean batches raise an alarm."""
    watch = Watch(clean(np.random.default_rng(0), REFERENCE, 0))
    faults = list(library())
    caught = 0
    for number, fault in enumerate(faults):
        rng = np.random.default_rng(100 + number)
        alerts = watch.alerts(fault.happen(clean(rng, BATCH, 2), rng))
        named = [alert.message for alert in alerts if fault.is_named_by(alert)]
        caught += bool(named)
        click.echo(f"{'caught' if named else 'MISSED'}  {fault.name}: {', '.join(named[:1])}")
    click.echo(f"{caught} of {len(faults)} caught by the right detector, naming the right feature")
    alarms: Counter[str] = Counter()
    began = perf_counter()
    for number in range(batches):
        feed = clean(np.random.default_rng(5000 + number), BATCH, 3 + number)
        alarms.update(alert.message for alert in watch.alerts(feed))
    seconds = perf_counter() - began
    click.echo(f"{alarms.total()} alarms in {batches} clean batches ({seconds:.0f} s)")
    for message, count in alarms.items():
        click.echo(f"  {count}  {message}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
