"""Rows that were sent again under other ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.quality.rows import Ints, columns, drawn, hashes, in_time
from monitor.detectors.shares import excess

FEWEST = 20
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in order of time, without those that hold no value, and a mark of what each holds."""

    order: Ints
    marks: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, sample: Sample) -> "_Rows":
        held = columns(sample)
        order = in_time(sample)
        full = np.any([column >= 0 for column in held.values()], axis=0)
        order = order[full[order]]
        return cls(order, hashes(held, sample.rows)[order])

    def again(self, chosen: Ints) -> list[tuple[int, int]]:
        """Rows among the chosen that repeat an earlier one, and that one, in order of time."""
        among = np.isin(self.order, chosen)
        rows, marks = self.order[among], self.marks[among]
        _, first, place = np.unique(marks, return_index=True, return_inverse=True)
        origin = first[place]
        later = np.flatnonzero(origin != np.arange(len(rows)))
        return [(int(rows[i]), int(rows[origin[i]])) for i in later]


@dataclass(frozen=True, slots=True)
class Duplicate(SampleDetector):
    """Share of rows that have all features of an earlier row of the window.

        value = (rows - different rows) / rows

    Text and embeddings are not compared, and rows without any value do not count. Where the window
    is a sample, both rows of a pair are in it less often than one is; the value makes up for it.

    Value    share, 0 to 1; worse above.
    Needs    20 rows in the window and as many in the reference.
    Noise    where features have few values, rows are equal by chance: as often as in parts of the
             reference of the same size, and the p-value is `excess` over those.
    Source   definition.
    """

    name: ClassVar[str] = "quality.duplicate"

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """At most one measurement, whose evidence shows rows and what they repeat."""
        size = min(current.rows, reference.rows)
        if size < FEWEST or not _comparable(reference, current):
            return
        rows, before = _Rows.of(current), _Rows.of(reference)
        again = rows.again(drawn(current)[:size])
        hits = len(again)
        parts = reference.rows // size
        order = drawn(reference)
        known = sum(len(before.again(order[i * size : (i + 1) * size])) for i in range(parts))
        seen = max(1.0, current.total / size)
        yield Measurement(
            "share",
            min(1.0, hits / size * seen),
            expected=min(1.0, known / (parts * size) * seen),
            p_value=excess(hits, size, known, parts * size),
            evidence={"rows": _shown(current, again)},
        )


def _comparable(*samples: Sample) -> bool:
    return all(sample.numbers or sample.labels for sample in samples)


def _shown(sample: Sample, again: list[tuple[int, int]]) -> list[dict[str, str]]:
    return [
        {
            "prediction_id": sample.prediction_ids[row],
            "repeats": sample.prediction_ids[origin],
        }
        for row, origin in again[:_SHOWN]
    ]
