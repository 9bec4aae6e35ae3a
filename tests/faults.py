"""Batches with one fault each: what happened to the feed, and who has to say so of what."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from feed import ABSENT, Feed

from monitor.core.findings import Finding

Rng = np.random.Generator
Change = Callable[[Any], Any]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong in a feed.

    `detector` has to alert, naming one of `features` (none: the window as a whole).
    """

    name: str
    detector: str
    features: tuple[str, ...]
    happen: Callable[[Feed, Rng], Feed]

    def is_named_by(self, alert: Finding) -> bool:
        """Whether an alert is of the right detector and names the right feature."""
        if alert.detector != self.detector:
            return False
        if self.detector == "anomaly.row":
            worst = [f for row in alert.measured.evidence["rows"] for f in row["features"][:2]]
            return bool(set(self.features) & set(worst))
        return not self.features or alert.measured.feature in self.features


def _in_rows(feature: str, change: Change, share: float) -> Callable[[Feed, Rng], Feed]:
    """Change values of a feature in a share of rows, one at least; 1 is all."""

    def happen(feed: Feed, rng: Rng) -> Feed:
        values = list(feed.features[feature])
        known = [row for row, value in enumerate(values) if value is not None]
        count = max(1, round(share * feed.rows))
        for row in rng.permutation(known)[:count]:
            values[row] = change(values[row])
        return feed.with_features(**{feature: values})

    return happen


def _without(feature: str) -> Callable[[Feed, Rng], Feed]:
    def happen(feed: Feed, rng: Rng) -> Feed:
        kept = {n: v for n, v in feed.features.items() if n != feature}
        return Feed(kept, feed.timestamps, feed.ids, feed.window)

    return happen


def _with_column(name: str) -> Callable[[Feed, Rng], Feed]:
    return lambda feed, rng: feed.with_features(**{name: rng.random(feed.rows).tolist()})


def _swapped(one: str, other: str, share: float = 1.0) -> Callable[[Feed, Rng], Feed]:
    def happen(feed: Feed, rng: Rng) -> Feed:
        left, right = list(feed.features[one]), list(feed.features[other])
        for row in rng.permutation(feed.rows)[: round(share * feed.rows)]:
            left[row], right[row] = right[row], left[row]
        return feed.with_features(**{one: left, other: right})

    return happen


def _repeated(share: float, *, block: bool) -> Callable[[Feed, Rng], Feed]:
    """Rows sent again under other ids: a block in a row, or single ones."""

    def happen(feed: Feed, rng: Rng) -> Feed:
        count = round(share * feed.rows)
        half = feed.rows // 2
        places = np.arange(count) if block else rng.permutation(half)[:count]
        features = {
            name: [*values[: feed.rows - count], *(values[p] for p in places)]
            for name, values in feed.features.items()
        }
        return Feed(features, feed.timestamps, feed.ids, feed.window)

    return happen


def _stuck(feature: str, share: float) -> Callable[[Feed, Rng], Feed]:
    """From some moment on the feature has one value, for a share of the rows."""

    def happen(feed: Feed, rng: Rng) -> Feed:
        values = list(feed.features[feature])
        count = round(share * feed.rows)
        first = int(rng.integers(0, feed.rows - count + 1))
        values[first : first + count] = [values[first]] * count
        return feed.with_features(**{feature: values})

    return happen


def _renamed(old: str, new: str) -> Callable[[Feed, Rng], Feed]:
    return lambda feed, rng: feed.renamed({old: new})


def _cents_and_commas(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def _fahrenheit(value: float) -> float:
    return round(value * 1.8 + 32, 1)


def _day_first(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%d/%m/%Y")


def _years(text: str, years: int) -> str:
    return (datetime.fromisoformat(text) + timedelta(days=365 * years)).isoformat()


_ROW, _LOW = 0.0, 0.01
_VALUES: Mapping[str, tuple[str, str, Change, float]] = {
    # impossible values, in a single row
    "age negative": ("quality.range", "age", lambda v: -5, _ROW),
    "age 100000": ("quality.range", "age", lambda v: 100_000, _ROW),
    "age 999": ("quality.range", "age", lambda v: 999, _ROW),
    "income -999": ("quality.range", "income", lambda v: -999, _ROW),
    "income 1e12": ("quality.range", "income", lambda v: 1e12, _ROW),
    "rate 1.7": ("quality.range", "rate", lambda v: 1.7, _ROW),
    "rate in percent": ("quality.range", "rate", lambda v: 100 * max(v, 0.05), _ROW),
    "height 0": ("quality.range", "height", lambda v: 0, _ROW),
    "visits -1": ("quality.range", "visits", lambda v: -1, _ROW),
    "temperature 999.9": ("quality.range", "temperature", lambda v: 999.9, _ROW),
    "balance NaN": ("quality.missing", "balance", lambda v: float("nan"), _ROW),
    "income infinite": ("quality.missing", "income", lambda v: float("inf"), _ROW),
    # unknown categories, in a single row
    "gender Mail": ("quality.category", "gender", lambda v: "Mail", _ROW),
    "gender Girl": ("quality.category", "gender", lambda v: "Girl", _ROW),
    "gender lower case": ("quality.category", "gender", lambda v: v.lower(), _ROW),
    "city misspelt": ("quality.category", "city", lambda v: "Berlim", _ROW),
    "city with space": ("quality.category", "city", lambda v: v + " ", _ROW),
    "city new": ("quality.category", "city", lambda v: "Lisbon", _ROW),
    "product unknown": ("quality.category", "product", lambda v: "Unknown", _ROW),
    "payment empty": ("quality.category", "payment", lambda v: "", _ROW),
    # values of another type, at 1 %
    "age n/a": ("quality.type", "age", lambda v: "n/a", _ROW),
    "income decimal comma": ("quality.type", "income", _cents_and_commas, _LOW),
    "income thousands": ("quality.type", "income", lambda v: f"{v:,.2f}", _LOW),
    "income with currency": ("quality.type", "income", lambda v: f"${v}", _LOW),
    "age as text": ("quality.type", "age", str, _LOW),
    "active yes": ("quality.type", "active", lambda v: "yes" if v else "no", _LOW),
    "signup day first": ("quality.type", "signup", _day_first, _LOW),
    # holes, at 1 %
    "age null": ("quality.missing", "age", lambda v: None, _LOW),
    "city null": ("quality.missing", "city", lambda v: None, _LOW),
    "balance holes doubled": ("quality.missing", "balance", lambda v: None, 0.05),
    "income not sent": ("quality.schema", "income", lambda v: ABSENT, _LOW),
    # units
    "height in metres": ("quality.range", "height", lambda v: v / 100, _LOW),
    "weight in grams": ("quality.range", "weight", lambda v: v * 1000, _LOW),
    "rate all in percent": ("quality.range", "rate", lambda v: 100 * v, 1),
    "income in thousands": ("quality.range", "income", lambda v: v / 1000, 1),
    "income in cents": ("quality.range", "income", lambda v: v * 100, 1),
    "temperature in Fahrenheit": ("quality.range", "temperature", _fahrenheit, 1),
    "weight in pounds": ("quality.range", "weight", lambda v: v * 2.2046, 1),
    # time
    "signup in the future": ("quality.freshness", "signup", lambda v: _years(v, 5), _ROW),
    "signup at the epoch": (
        "quality.freshness",
        "signup",
        lambda v: "1970-01-01T00:00:00+00:00",
        _LOW,
    ),
    # rows that are odd only as rows
    "heavy for the height": ("anomaly.row", "weight", lambda v: v + 60, _LOW),
}


def library() -> Iterator[Fault]:
    """Every fault."""
    for name, (detector, feature, change, share) in _VALUES.items():
        yield Fault(name, detector, (feature,), _in_rows(feature, change, share))
    yield Fault("income vanished", "quality.schema", ("income",), _without("income"))
    yield Fault("city vanished", "quality.schema", ("city",), _without("city"))
    yield Fault("new column", "quality.schema", ("tariff",), _with_column("tariff"))
    yield Fault(
        "income renamed", "quality.schema", ("income", "Income"), _renamed("income", "Income")
    )
    numeric, named = ("height", "weight"), ("product", "payment")
    yield Fault("numbers swapped", "quality.schema", numeric, _swapped(*numeric))
    yield Fault("categories swapped", "quality.schema", named, _swapped(*named))
    yield Fault("numbers swapped in 1 %", "anomaly.row", numeric, _swapped(*numeric, share=_LOW))
    yield Fault("rows repeated", "quality.duplicate", (), _repeated(_LOW, block=False))
    yield Fault("block repeated", "quality.duplicate", (), _repeated(0.1, block=True))
    yield Fault("sensor stuck", "quality.constant", ("temperature",), _stuck("temperature", _LOW))
    yield Fault("income stuck", "quality.constant", ("income",), _stuck("income", 1))
    yield Fault("city stuck", "quality.constant", ("city",), _stuck("city", 1))
    yield Fault("active stuck", "quality.constant", ("active",), _stuck("active", 1))
