"""The parts of a run's rows: which train, tune and judge, and which count as normal afterwards."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.core.spec import Task
from trainer.development.package import Packaged
from trainer.development.snapshot import Split
from trainer.directory import RunDirectory
from trainer.records import Experiment
from trainer.research import collect, experiments, track
from trainer.research.collect import Examples, Target

_REFERENCE = 20_000


@dataclass(frozen=True, slots=True)
class Parts:
    """The clean rows, how they are split, and what may be answered."""

    rows: Examples
    cut: Split
    target: Target

    @classmethod
    def of(cls, path: RunDirectory) -> "Parts":
        """As the clean stage left them; the labels are those of rows that may be learned from."""
        rows, cut = collect.read(path / "clean.parquet"), path.read("split.json", Split)
        return cls(rows, cut, Target.of(path.assignment.spec, rows.part(0, cut.tune_end)))

    @property
    def train(self) -> Examples:
        """The rows that candidates learn from."""
        return self.rows.part(0, self.cut.train)

    @property
    def tune(self) -> Examples:
        """The rows that they are chosen on."""
        return self.rows.part(self.cut.tune, self.cut.tune_end)

    @property
    def gate(self) -> Examples:
        """The rows that the challenger is judged on."""
        return self.rows.part(self.cut.gate, self.cut.rows)

    def learned(self, path: RunDirectory, chosen: Experiment) -> tuple[int, Examples]:
        """The rows that the challenger learns from, and the place of the first."""
        changed_at = path.assignment.changed_at
        start = experiments.windows(self.train.timestamps, changed_at)[chosen.window]
        return start, self.rows.part(start, self.cut.tune_end)


def answered_rows(path: RunDirectory, parts: Parts, packaged: Packaged) -> Examples:
    """The newest 20,000 rows used, with answers to those that the answering model never saw.

    Tune rows carry the answers of the model that was chosen on them, gate rows those of the
    challenger; other rows none.
    """
    start, _ = parts.learned(path, track.chosen(path))
    start = max(start, parts.cut.rows - _REFERENCE)
    said: list[Any] = [(None, None)] * parts.cut.rows
    said[parts.cut.tune : parts.cut.tune_end] = packaged.worded(np.load(path / "tuned.npy"))
    gate_answers = packaged.model.answer(packaged.encoder.table(parts.gate))
    said[parts.cut.gate :] = packaged.worded(gate_answers)
    predictions, scores = zip(*said[start:], strict=True)
    table = parts.rows.part(start, parts.cut.rows).table
    if parts.target.task is not Task.REGRESSION:
        predictions = tuple(None if p is None else str(p) for p in predictions)
    answered = {
        "version": pa.nulls(table.num_rows, pa.string()),
        "prediction": pa.array(predictions, table["prediction"].type),
        "score": pa.array(scores, pa.float64() if parts.target.task is Task.BINARY else None),
    }
    for name, values in answered.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return Examples(table)
