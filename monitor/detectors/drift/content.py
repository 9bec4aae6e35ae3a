"""A changed distribution of a text or an embedding: `drift.univariate` of what has no profile."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.spec import FeatureType, ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.drift.embedding import embedding
from monitor.detectors.drift.telling import FEWEST, Ints, drawn
from monitor.detectors.drift.text import text


@dataclass(frozen=True, slots=True)
class Content(SampleDetector):
    """How far texts and embeddings are from the reference's; a profile of those holds no counts.

    Value    as `text.py` and `embedding.py` say; worse above.
    Needs    100 rows and the window's `min_rows` of each side; for texts 200 of the reference.
    Noise    the p-value says how often rows that do not depend on each other do that unchanged.
    Source   `text.py`, `embedding.py`.
    """

    name: ClassVar[str] = "drift.univariate"

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """Two or three measurements of each text or embedding."""
        if current.rows < max(FEWEST, spec.window.min_rows):
            return
        ordered = [(side, drawn(side.prediction_ids, side.rows)) for side in (reference, current)]
        for feature in sorted(reference.vectors.keys() & current.vectors.keys()):
            before, now = (side.vectors[feature][turn] for side, turn in ordered)
            if before.shape[1] == now.shape[1]:
                yield from embedding(before, now, feature)
        for feature in sorted(n for n, f in spec.features.items() if f.type is FeatureType.TEXT):
            old, new = (_lines(side, feature, turn) for side, turn in ordered)
            if len(new) >= spec.window.min_rows:
                yield from text(old, new, feature)


def _lines(sample: Sample, feature: str, turn: Ints) -> list[str]:
    """The texts that are there, in this order."""
    column = sample.texts.get(feature, sample.labels.get(feature))
    held = [] if column is None else column[turn].tolist()
    return [line for line in held if line is not None]
