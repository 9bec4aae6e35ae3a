"""A row, a sample, a store: in one call each."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from monitor.core.profile import Profiles
from monitor.core.rows import Body, Kind
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.service.decoder import BodyDecoder
from monitor.store.store import Store, open_store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, as rows carry them."""
    return round(moment.timestamp() * 1000)


def prediction(number: int, **parts: object) -> dict[str, object]:
    """Prediction `p<number>`, a minute after the one before; parts given stand instead."""
    row: dict[str, object] = {
        "prediction_id": f"p{number}",
        "timestamp": milliseconds(NOON + timedelta(minutes=number)),
        "version": "1",
        "features": {"age": 20.0 + number % 50, "city": ["Rome", "Oslo"][number % 2]},
        "prediction": number % 2,
        "score": 0.25 + 0.5 * (number % 2),
    }
    return row | parts


def predictions(count: int, start: int = 0, **parts: object) -> list[dict[str, object]]:
    """Consecutive predictions."""
    return [prediction(number, **parts) for number in range(start, start + count)]


def body(rows: object) -> Body:
    """A JSON body."""
    return Body(json.dumps(rows).encode())


def keep_types(
    spec: ModelSpec, reference: Profiles, types: Mapping[str, FeatureType], sample: Sample
) -> ModelSpec:
    """An inference that learns the types and nothing else."""
    return ModelSpec(spec.task, {name: FeatureSpec(type=kind) for name, kind in types.items()})


def store_at(directory: Path, **options: object) -> Store:
    """A real store in a directory."""
    settings: dict[str, object] = {
        "decoder": BodyDecoder(),
        "infer": keep_types,
        "clock": lambda: datetime.now(UTC),
    }
    return open_store(directory, **(settings | options))  # type: ignore[arg-type]


def store_with(directory: Path, spec: ModelSpec | None = None, model: str = "m") -> Store:
    """A store in which one model is registered."""
    store = store_at(directory)
    store.catalog.declare(model, spec or ModelSpec(Task.BINARY))
    return store


def sent(store: Store, rows: Sequence[object], kind: Kind = Kind.PREDICTIONS, model: str = "m"):
    """Send rows, wait until they can be read, and give the answer."""
    done = store.predictions.append(model, kind, body(rows)).result(10)
    store.predictions.wait_folded(timedelta(seconds=10))
    return done


def actual(number: int, value: object, **parts: object) -> dict[str, object]:
    """The actual of prediction `p<number>`."""
    return {"prediction_id": f"p{number}", "actual": value} | parts


def generator(seed: int = 0) -> np.random.Generator:
    """A seeded generator."""
    return np.random.default_rng(seed)
