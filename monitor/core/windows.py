"""Spans of event time, and the rows inside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from monitor.core.rows import EPOCH

Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Half-open span [start, end) of event time, both aware UTC."""

    start: datetime
    end: datetime

    @classmethod
    def holding(cls, moment: datetime, every: timedelta) -> "Window":
        """The window that holds a moment, where windows are counted from 1970."""
        start = EPOCH + ((moment - EPOCH) // every) * every
        return cls(start, start + every)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many rows a window has, of which version most, and how late they came.

    `lag` is the mean of arrival less event time in seconds, NaN where that is not known.
    """

    window: Window
    rows: int
    lag: float = float("nan")
    version: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """How many rows were looked at, how many break a rule, and some of their ids, oldest first."""

    rows: int
    hits: int
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a window, column by column, oldest first; at most so many, drawn by a seed.

    `numbers` holds features of type number, boolean (0 and 1) and timestamp (seconds since 1970),
    NaN where missing; `labels` holds categories and `texts` texts, None where missing; `vectors`
    embeddings, shape (rows, dimensions), NaN where missing or of another length. A labelled sample
    has neither texts nor vectors. `prediction` and
    `actual` hold `core.rows.label` text for classes and float for regression, None or NaN where
    missing. `score` is the probability of the positive class, NaN where missing; for many
    classes `scores` holds one such column a class. `total` counts the rows of the window.
    """

    total: int
    prediction_ids: Sequence[str] = ()
    timestamps: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    labels: Mapping[str, Labels] = field(default_factory=dict)
    prediction: Labels | Numbers | None = None
    score: Numbers | None = None
    scores: Mapping[str, Numbers] = field(default_factory=dict)
    actual: Labels | Numbers | None = None
    texts: Mapping[str, Labels] = field(default_factory=dict)
    vectors: Mapping[str, Numbers] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows the sample holds."""
        return len(self.prediction_ids)
