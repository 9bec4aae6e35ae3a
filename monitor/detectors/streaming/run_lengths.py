"""How the detectors of River have to be set to keep a run length, as measured."""

from collections.abc import Mapping, Sequence

import numpy as np

RUN_LENGTHS: Mapping[str, Sequence[tuple[float, float]]] = {
    "adwin": (
        (0.03, 200000),
        (0.06, 66667),
        (0.1, 34483),
        (0.15, 20000),
        (0.2, 14493),
        (0.3, 9434),
        (0.45, 5650),
        (0.6, 3717),
        (0.8, 2336),
        (0.95, 1873),
    ),
    "page_hinkley": (
        (5.0, 148),
        (8.0, 333),
        (12.0, 724),
        (16.0, 1304),
        (20.0, 2066),
        (25.0, 3390),
        (32.0, 5988),
        (40.0, 10000),
        (50.0, 16393),
        (70.0, 40000),
    ),
    "ddm": (
        (1.8, 179),
        (2.0, 375),
        (2.2, 992),
        (2.4, 1946),
        (2.7, 5319),
        (3.0, 11364),
        (3.3, 31250),
        (3.6, 38462),
    ),
    "hddm": ((0.001, 71429), (0.003, 21277), (0.01, 5587), (0.02, 2976), (0.04, 1337), (0.08, 602)),
}
"""Settings and the values between two false alarms: the least of errors at rates .1, .2 and .5."""


def setting(method: str, run_length: float) -> float:
    """The setting with which a method has this run length, between measured ones in logarithms.

    Beyond what was measured the nearest measured setting is taken.

    Source   `benchmarks/detection/run_lengths.py` prints the table.
    """
    settings, lengths = (np.log(column) for column in zip(*RUN_LENGTHS[method], strict=True))
    order = np.argsort(lengths)
    return float(np.exp(np.interp(np.log(run_length), lengths[order], settings[order])))
