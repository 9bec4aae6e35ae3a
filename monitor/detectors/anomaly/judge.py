"""Rows judged one by one, as they come."""

from collections.abc import Sequence

import numpy as np

from monitor.core.spec import ModelSpec
from monitor.core.verdicts import Misfits, RowVerdict
from monitor.core.windows import Sample
from monitor.detectors.anomaly.row import NAMED
from monitor.detectors.anomaly.values import problems
from monitor.detectors.anomaly.yardstick import FEWEST, Yardstick

_KEPT = 16
"""References whose yardstick is kept: learning one takes a tenth of a second."""


class Judge:
    """Keeps RowJudge. What it has learned of a reference is kept as long as that is asked for."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sample, ModelSpec, Yardstick | None]] = {}

    def __call__(
        self, spec: ModelSpec, reference: Sample, current: Sample, misfits: Misfits
    ) -> Sequence[RowVerdict]:
        """One verdict a row."""
        known = self._yardstick(spec, reference)
        if known is None:
            raise ValueError(
                f"its reference has under {2 * FEWEST} rows, or no number or category that varies"
            )
        everyone = np.ones(current.rows, bool)
        scores = known.normal.scores(current, everyone)
        p_values = known.p_values(scores)
        guilty = known.normal.guilty(current, np.arange(current.rows))
        names = known.normal.features
        return [
            RowVerdict(
                float(scores[row]),
                float(p_values[row]),
                [names[f] for f in guilty[row][:NAMED]],
                list(problems(spec, reference, current, misfits, row)),
            )
            for row in range(current.rows)
        ]

    def _yardstick(self, spec: ModelSpec, reference: Sample) -> Yardstick | None:
        held = self._known.get(id(reference))
        if held is None or held[0] is not reference or held[1] != spec:
            made = Yardstick.of(spec, reference, [*reference.numbers, *reference.labels])
            kept = dict(list(self._known.items())[1 - _KEPT :])
            self._known = kept | {id(reference): (reference, spec, made)}
            return made
        return held[2]
