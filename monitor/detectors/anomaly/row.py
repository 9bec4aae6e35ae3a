"""Single rows unlike the reference, and which features make them so."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from monitor.core.detector import SampleDetector
from monitor.core.findings import Measurement
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample
from monitor.detectors.anomaly.norm import Normal
from monitor.detectors.anomaly.yardstick import Yardstick
from monitor.detectors.shares import excess

SHARE = 0.01
"""A row is unlike the reference if at most this share of the held-out rows is as unlike."""
SHOWN, NAMED = 20, 3


@dataclass(frozen=True, slots=True)
class Row(SampleDetector):
    """Share of rows that are as unlike the reference as its own least likely 1 %.

        share = rows past the held-out 1 % / rows    extreme = rows past all held-out rows / rows

    Half of the reference says what is normal (`norm.py`), the other half how unlike normal rows
    get. Which half a row is in depends on its id.

    Value    share, 0 to 1; about .01 if nothing changed, `extreme` about 0; worse above.
    Needs    100 reference rows in each half, one row now, one feature that varies and is no
             timestamp.
    Noise    at most a share a of p-values is below a, whatever the distribution: if k rows lie
             above the r-th largest held-out score, r - 1 of the k + r - 1 largest are held out.
    Source   V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005).
    """

    name: ClassVar[str] = "anomaly.row"

    def measure(self, spec: ModelSpec, reference: Sample, current: Sample) -> Iterable[Measurement]:
        """At most one measurement a method, whose evidence shows the least likely rows."""
        if not current.rows:
            return
        shared = [f for f in (*reference.numbers, *reference.labels) if _has(current, f)]
        known = Yardstick.of(spec, reference, shared)
        if known is None:
            return
        scores = known.normal.scores(current, np.ones(current.rows, bool))
        held = known.held
        for method, rank in (("share", int(SHARE * (len(held) + 1))), ("extreme", 1)):
            unlike = scores > held[-rank]
            hits = int(unlike.sum())
            yield Measurement(
                method,
                hits / current.rows,
                expected=rank / (len(held) + 1),
                p_value=excess(hits, current.rows, rank - 1, len(held)),
                evidence={"rows": _shown(known.normal, current, scores, unlike)},
            )


def _has(sample: Sample, feature: str) -> bool:
    return feature in sample.numbers or feature in sample.labels


def _shown(
    normal: Normal, sample: Sample, scores: npt.NDArray[np.float64], unlike: npt.NDArray[np.bool_]
) -> list[dict[str, object]]:
    """The least likely rows, worst first, each with the features that make it so."""
    ids = np.asarray(sample.prediction_ids, object)
    order = np.lexsort((ids.astype(str), -scores))
    chosen = order[unlike[order]][:SHOWN]
    guilty = normal.guilty(sample, chosen)
    return [
        {
            "prediction_id": str(ids[row]),
            "score": float(scores[row]),
            "features": [normal.features[f] for f in worst[:NAMED]],
        }
        for row, worst in zip(chosen, guilty, strict=True)
    ]
