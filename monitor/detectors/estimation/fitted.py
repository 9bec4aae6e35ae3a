"""What was learned of references, kept: learning one takes seconds, asking it milliseconds."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np

from monitor.core.detector import Expectation, losses
from monitor.core.spec import FeatureType, ModelSpec, Task
from monitor.core.windows import Numbers, Sample
from monitor.detectors.estimation.classes import ClassEstimator
from monitor.detectors.estimation.encoding import Floats
from monitor.detectors.estimation.numbers import NumberEstimator
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.performance.estimates import Estimate
from monitor.detectors.performance.groups import rows_of
from monitor.detectors.performance.realized import estimates

Estimator = ClassEstimator | NumberEstimator
_LEARNED = 20_000
"""Rows of a reference that are learned from: more would cost the round more than they tell."""
_ESTIMATORS, _EXPECTATIONS = 32, 1_000
"""How many are kept; an estimator holds its reference, an expectation next to nothing."""
_LEAST = 0.05
"""Rise of the loss, relative and eased, that is borne: about a tenth of the loss."""
_ERRORS = 3.0
"""Standard errors of the reference that are borne too."""
_DIGITS = 6
"""Digits of a relative loss: how many rows are asked together moves the last bits of a float."""

_Kept = TypeVar("_Kept")


@dataclass(slots=True)
class Fitted:
    """Estimators and expectations by the content of their reference, each learned once.

    Safe to ask from several threads; two that ask for the same wait for one of them to learn it.
    """

    _lock: threading.RLock = field(default_factory=threading.RLock)
    _keys: OrderedDict[int, tuple[Sample, str]] = field(default_factory=OrderedDict)
    _estimators: OrderedDict[str, Estimator | Refusal] = field(default_factory=OrderedDict)
    _usual: OrderedDict[str, Mapping[str, Estimate]] = field(default_factory=OrderedDict)
    _expectations: OrderedDict[str, Expectation | None] = field(default_factory=OrderedDict)

    def estimator(self, spec: ModelSpec, reference: Sample) -> Estimator | Refusal:
        """What estimates KPIs, learned from the labelled rows of a reference; or why not."""
        with self._lock:
            key = self._key(spec, reference)
            return _remembered(self._estimators, key, _ESTIMATORS, partial(_fit, spec, reference))

    def usual(self, spec: ModelSpec, reference: Sample) -> Mapping[str, Estimate]:
        """The KPIs of the labelled rows of a reference."""
        with self._lock:
            key = self._key(spec, reference)
            return _remembered(self._usual, key, _EXPECTATIONS, partial(estimates, spec, reference))

    def expectation(self, spec: ModelSpec, reference: Sample) -> Expectation | None:
        """Losses relative to what the reference lets expect; None if it lets expect nothing."""
        with self._lock:
            key = self._key(spec, reference)

            def made() -> Expectation | None:
                found = self.estimator(spec, reference)
                return None if isinstance(found, Refusal) else _expectation(found, key)

            return _remembered(self._expectations, key, _EXPECTATIONS, made)

    def _key(self, spec: ModelSpec, reference: Sample) -> str:
        known = self._keys.get(id(reference))
        if known is None or known[0] is not reference:
            known = (reference, _content(reference))
            self._keys[id(reference)] = known
            while len(self._keys) > _ESTIMATORS:
                self._keys.popitem(last=False)
        timed = sorted(n for n, f in spec.features.items() if f.type is FeatureType.TIMESTAMP)
        return f"{spec.task}:{spec.positive}:{timed}:{known[1]}"


def _remembered(
    kept: OrderedDict[str, _Kept], key: str, limit: int, made: Callable[[], _Kept]
) -> _Kept:
    if key not in kept:
        kept[key] = made()
    kept.move_to_end(key)
    while len(kept) > limit:
        kept.popitem(last=False)
    return kept[key]


def _content(sample: Sample) -> str:
    """A digest of the rows: who they are, what was said of them, and what came."""
    told = hashlib.sha256()
    for column in (sample.prediction, sample.actual, *sample.labels.values()):
        told.update(repr(None if column is None else column.tolist()).encode())
    told.update(repr(list(sample.prediction_ids)).encode())
    for numbers in (sample.score, *sample.scores.values(), *sample.numbers.values()):
        told.update(b"-" if numbers is None else np.ascontiguousarray(numbers).tobytes())
    told.update(repr([*sample.numbers, *sample.labels, *sample.scores]).encode())
    return told.hexdigest()[:16]


def _fit(spec: ModelSpec, reference: Sample) -> Estimator | Refusal:
    if reference.rows > _LEARNED:
        rows = np.arange(_LEARNED) * reference.rows // _LEARNED
        reference = rows_of(reference, rows)
    if spec.task is Task.REGRESSION:
        return NumberEstimator.fit(spec, reference)
    return ClassEstimator.fit(spec, reference)


def _expectation(estimator: Estimator, key: str) -> Expectation:
    """How far losses lie from what was expected on rows that were not learned says the baseline."""
    came, expected = estimator.unseen_losses()
    ease = float(np.mean(expected))
    rows = _eased(came, expected, ease)
    error = float(np.std(rows)) / len(rows) ** 0.5
    baseline = round(1 + max(_LEAST, _ERRORS * error), _DIGITS)
    relative = partial(_relative, estimator.without_rows(), ease)
    return Expectation(relative, baseline, key)


def _relative(estimator: Estimator, ease: float, sample: Sample) -> Numbers:
    if not sample.rows:
        return np.empty(0)
    found = _eased(losses(estimator.spec, sample), estimator.expected_losses(sample), ease)
    return np.round(found, _DIGITS)


def _eased(came: Floats, expected: Floats, ease: float) -> Floats:
    """(loss + ease) / (expected + ease): mean 1 where losses are as expected.

    The ease, a mean loss, keeps rows that should hardly ever be wrong from outweighing all others.
    """
    return np.asarray((came + ease) / (np.maximum(0.0, expected) + ease), np.float64)
