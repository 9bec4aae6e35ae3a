"""Bodies of predictions to send: rows of 20 features, each under an id that nobody sent before."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

FEATURES = 20
NUMBERS = 14
_POOL = 4_000
_ID_BYTES = 24
_LETTERS = np.array(list("abcdefgh"))

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True, slots=True)
class Form:
    """How rows are written: a media type, and bodies of `size` rows without end."""

    media_type: str
    bodies: Callable[[int, random.Random], Iterator[bytes]]


def _row(rng: random.Random) -> dict[str, object]:
    """14 numbers with all their digits, and 6 categories."""
    return {
        "features": {f"n{i}": rng.gauss(0, 1) for i in range(NUMBERS)}
        | {f"c{i}": rng.choice("abcdefgh") for i in range(FEATURES - NUMBERS)},
        "prediction": rng.randint(0, 1),
        "score": rng.random(),
    }


def _ids(size: int, rng: random.Random) -> list[str]:
    return [f"{rng.getrandbits(4 * _ID_BYTES):0{_ID_BYTES}x}" for _ in range(size)]


def json_bodies(size: int, rng: random.Random) -> Iterator[bytes]:
    """Arrays of objects; one row alone is an object. Rows repeat after 4,000, ids never."""
    tails = [msgspec.json.encode(_row(rng))[1:] for _ in range(_POOL)]
    while True:
        rows = [
            b'{"prediction_id":"%s",%s' % (name.encode(), tails[rng.randrange(_POOL)])
            for name in _ids(size, rng)
        ]
        yield rows[0] if size == 1 else b"[" + b",".join(rows) + b"]"


def arrow_bodies(size: int, rng: random.Random) -> Iterator[bytes]:
    """Streams of one record batch each."""
    numpy_rng = np.random.default_rng(rng.getrandbits(64))
    while True:
        columns = {f"n{i}": pa.array(numpy_rng.normal(size=size)) for i in range(NUMBERS)} | {
            f"c{i}": pa.array(_LETTERS[numpy_rng.integers(0, 8, size)])
            for i in range(FEATURES - NUMBERS)
        }
        batch = pa.record_batch(
            {
                "prediction_id": pa.array(_ids(size, rng)),
                "features": pa.StructArray.from_arrays(list(columns.values()), list(columns)),
                "prediction": pa.array(numpy_rng.integers(0, 2, size)),
                "score": pa.array(numpy_rng.random(size)),
            }
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        yield sink.getvalue().to_pybytes()


FORMS = {"JSON": Form(JSON, json_bodies), "Arrow": Form(ARROW, arrow_bodies)}
