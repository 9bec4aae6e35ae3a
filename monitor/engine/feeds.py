"""What streaming detectors see of labelled rows: losses, in a form that only the concept moves.

Where the reference says what is to be expected of each row, losses come relative to that: shifted
features move both. Else they come as they are, those of regression as ranks, see `ranks.py`.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from monitor.core.detector import Beginning, Expect, Expectation, StreamDetector, losses
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Numbers, Sample
from monitor.engine.ranks import Ranks
from monitor.engine.thresholds import STREAM_SHARE

RANKS = "ranks"
"""Names the known losses among the states, beside the methods."""
LOSS, RANK, RELATIVE = "loss", "rank of the loss", "loss over expectation"
"""What is watched."""

_log = logging.getLogger(__name__)

Reference = Callable[[str], Sample]
"""Labelled rows of a version's reference."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Values for a detector, shape (rows,), what they are `of`, how it begins, and its state's key.

    The key changes with everything that gives the values or the limit another meaning.
    """

    values: Numbers
    of: str
    beginning: Beginning
    key: str


@dataclass(slots=True)
class Feeds:
    """The feeds of one version's batch; `kept` are the states, where known losses are put."""

    spec: ModelSpec
    version: str
    sample: Sample
    kept: dict[str, bytes]
    reference: Reference
    expect: Expect | None
    _ranked: Numbers | None = None
    _expectation: list[Expectation | None] = field(default_factory=list)

    def feed(self, kind: type[StreamDetector]) -> Feed:
        """What a detector of this kind sees."""
        begins = Beginning(
            run_length=self.spec.concept.run_length,
            alarms_per_month=self.spec.alerts.false_alarms_per_month * STREAM_SHARE,
        )
        expected = None if kind.bounded else self._expected()
        if expected is not None:
            begins = replace(begins, baseline=expected.baseline)
            values = expected.relative(self.sample)
            return Feed(values, RELATIVE, begins, self._key(kind, begins, expected.identity))
        of = RANK if self.spec.task is Task.REGRESSION else LOSS
        return Feed(self._plain(), of, begins, self._key(kind, begins, of))

    def _plain(self) -> Numbers:
        """Losses as they come, ranked for a regression; known losses go to `kept`.

        Without known losses, what detectors have seen was on another scale: they start afresh.
        """
        if self.spec.task is not Task.REGRESSION:
            return losses(self.spec, self.sample)
        if self._ranked is None:
            place = f"{RANKS}:{self.version}"
            ranks = _ranks(self.kept.get(place))
            if ranks is None:
                ranks = Ranks()
                for key in self.states():
                    del self.kept[key]
            own = losses(self.spec, self.sample)
            self._ranked = ranks.of(own, self._known)
            self.kept[place] = ranks.dump()
        return self._ranked

    def _known(self) -> Numbers:
        return losses(self.spec, self.reference(self.version))

    def states(self) -> list[str]:
        """The keys of the states that the version's detectors have left."""
        parts = [(key, *key.partition(":")[::2]) for key in self.kept]
        return [k for k, head, version in parts if version == self.version and head != RANKS]

    def _key(self, kind: type[StreamDetector], begins: Beginning, of: str) -> str:
        settings = repr((kind.method, begins, of)).encode()
        return f"{kind.method}#{hashlib.sha256(settings).hexdigest()[:12]}:{self.version}"

    def _expected(self) -> Expectation | None:
        if not self._expectation:
            found = self.expect and self.expect(self.spec, self.reference(self.version))
            self._expectation.append(found or None)
        return self._expectation[0]


def _ranks(state: bytes | None) -> Ranks | None:
    if state is None:
        return None
    try:
        return Ranks.load(state)
    except ValueError as problem:
        _log.warning("losses are ranked afresh: %s", problem)
        return None
