"""Collects what a run learns from: the rows of its snapshot, column by column."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from monitor.core.spec import FeatureType, ModelSpec, Task

HEAD = "features."

Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled rows, oldest first: an Arrow table with the columns of a snapshot."""

    table: Any

    @property
    def rows(self) -> int:
        """How many."""
        return int(self.table.num_rows)

    @property
    def features(self) -> list[str]:
        """Names of the feature columns."""
        return [n.removeprefix(HEAD) for n in self.table.column_names if n.startswith(HEAD)]

    def feature(self, name: str) -> Any:
        """One feature column, an Arrow array; nulls where the snapshot has no such column."""
        if HEAD + name not in self.table.column_names:
            return pa.nulls(self.rows)
        return self.table[HEAD + name].combine_chunks()

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column that is no feature, shape (rows,): float (NaN where missing) or object."""
        values = self.table[name]
        return np.asarray(values.to_numpy())

    @property
    def timestamps(self) -> npt.NDArray[np.int64]:
        """Event times, shape (rows,), microseconds since 1970."""
        stamps = self.table["timestamp"].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        return np.asarray(stamps.to_numpy(), np.int64)

    def part(self, start: int, end: int) -> "Examples":
        """Rows [start, end)."""
        return Examples(self.table.slice(start, end - start))

    def chosen(self, rows: npt.NDArray[Any]) -> "Examples":
        """Rows by a mask, shape (rows,), or by index."""
        if rows.dtype == bool:
            return Examples(self.table.filter(pa.array(rows)))
        return Examples(self.table.take(pa.array(rows)))

    def write(self, path: Path) -> None:
        """Put them in a Parquet file; the same rows give the same bytes."""
        part = path.with_name(path.name + ".part")
        pq.write_table(self.table, part, compression="zstd")
        part.replace(path)


def read(path: Path) -> Examples:
    """The rows of a snapshot file."""
    return Examples(pq.read_table(path))


def types(spec: ModelSpec, examples: Examples) -> dict[str, FeatureType]:
    """The type of each feature that has a column: as the spec says, else as Arrow says."""
    found = {}
    for name in examples.features:
        declared = spec.features[name].type if name in spec.features else None
        found[name] = declared or _of_arrow(examples.table[HEAD + name].type)
    return found


def _of_arrow(kind: Any) -> FeatureType:
    if pa.types.is_boolean(kind):
        return FeatureType.BOOLEAN
    if pa.types.is_timestamp(kind):
        return FeatureType.TIMESTAMP
    if pa.types.is_list(kind):
        return FeatureType.EMBEDDING
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return FeatureType.NUMBER
    return FeatureType.CATEGORY


@dataclass(frozen=True, slots=True)
class Target:
    """What the actuals of a model can be: class labels, the positive one last; none for numbers."""

    task: Task
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: ModelSpec, examples: Examples) -> "Target":
        """Learned from rows. Raises ValueError if they cannot be learned from."""
        if spec.task is Task.REGRESSION:
            return cls(spec.task)
        labels = sorted(set(examples.column("actual")) - {None})
        if len(labels) < 2:
            raise ValueError(f"all rows have the same actual ({labels}): nothing to tell apart")
        if spec.task is Task.BINARY:
            if len(labels) > 2:
                raise ValueError(f"a binary model cannot have {len(labels)} classes: {labels[:10]}")
            labels.sort(key=lambda label: (label == spec.positive, label))
        return cls(spec.task, tuple(labels))

    def encode(self, examples: Examples) -> Matrix:
        """Actuals as numbers, shape (rows,): the number itself, or the place of the label.

        A label that was not learned is -1.
        """
        actual = examples.column("actual")
        if self.task is Task.REGRESSION:
            return np.asarray(actual, np.float64)
        places = {label: float(i) for i, label in enumerate(self.labels)}
        return np.array([places.get(a, -1.0) for a in actual], np.float64)
